"""Retention: what [privacy] says is not kept for ever goes, in small pieces, so that nobody waits for it."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.pipeline.kit import Kit
from digest.store import retention
from subscribers import roster

log = logging.getLogger(__name__)

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_AGAIN = timedelta(days=2)  # looked at again, for what was still open the last time
Piece = Callable[..., Awaitable[int]]


class Keeper:
    """One process's sweeps: the first goes through everything, the later ones through what has become old since."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    async def sweep(self, kit: Kit) -> dict[str, int]:
        """Lets go of what is too old; how much of what."""
        privacy = kit.config.privacy
        found = {
            "deliveries": await self._spans(kit, "deliveries", privacy.deliveries_days, retention.blank_deliveries),
            "texts": await self._spans(kit, "texts", privacy.texts_days, retention.drop_texts),
            "sources": await self._spans(kit, "sources", privacy.sources_days, roster.forget_sources),
            "events": await _pieces(kit, privacy.events_days, retention.drop_events),
            "pending": await _once(kit, privacy.pending_days),
        }
        if any(found.values()):
            log.info("let go of what is old", extra={what: count for what, count in found.items() if count})
        return found

    async def _spans(self, kit: Kit, what: str, days: int, piece: Piece) -> int:
        """Of what has a span of time of its own."""
        if not days:
            return 0
        before = kit.now() - timedelta(days=days)
        since = self._until.get(what, _BEGINNING)

        async def work(connection: AsyncConnection, *, before: datetime) -> int:
            return await piece(connection, since=min(since, before), before=before)

        count = await _pieces(kit, days, work)
        self._until[what] = before - _AGAIN
        return count


async def _pieces(kit: Kit, days: int, piece: Piece) -> int:
    """One piece after another, each in a transaction of its own, until nothing is left or the program stops."""
    total = 0
    while days and not kit.stopping.is_set():
        async with kit.database.write() as connection:
            count = await piece(connection, before=kit.now() - timedelta(days=days))
        total += count
        if not count:
            break
    return total


async def _once(kit: Kit, days: int) -> int:
    """Requests that nobody confirmed."""
    if not days:
        return 0
    async with kit.database.write() as connection:
        return await roster.forget_pending(connection, before=kit.now() - timedelta(days=days))
