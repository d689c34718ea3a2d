"""Storing what polls brought: several feeds in one transaction, each of them whole or not at all.

A commit of its own for each feed costs more than its rows. So a poll that is done waits until sixteen are, or until no
other is at work, or for a second; where one feed's rows break the transaction, each is tried alone.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.collect import policy
from digest.collect.identity import Key
from digest.errors import DatabaseAway
from digest.model import FeedRecord
from digest.pipeline.kit import Kit
from digest.pipeline.texts import Drafts, Found, Poll
from digest.store import articles, keys
from digest.store import feeds as rows

_MOST = 16  # feeds in one transaction
_MOST_WAIT_S = 1.0  # a poll may be at work for as long as an attack can hold it up: nobody waits for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A poll that brought something, as far as it goes without the store."""

    poll: Poll
    found: Found
    drafts: Drafts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A poll's end; what brought entries is stored already, what did not is judged and stored with the others."""

    before: FeedRecord
    result: policy.Polled | policy.Failed | None = None  # None: stored already
    after: FeedRecord | None = None
    new: int = 0
    warnings: tuple[str, ...] = ()


class Storing:
    """One cycle's way into the store."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._at_work = 0
        self._waiting: list[tuple[Ready, asyncio.Future[Outcome]]] = []
        self._flushing: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Around a poll before it is ready: nobody's rows wait for longer than polls are at work."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            if not self._at_work:
                asyncio.get_running_loop().call_soon(self._wake)

    async def store(self, ready: Ready) -> Outcome:
        """Stores it, with others; what came of it. Raises what the store raised for these rows."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((ready, future))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(_MOST_WAIT_S, self._wake_late, future)
        if len(self._waiting) >= _MOST or not self._at_work:
            await self._flush()
        return await future

    def _wake(self) -> None:
        """The last poll at work ended with nothing to store: who waits need not wait any longer."""
        if self._waiting and not self._at_work:
            self._flushing = asyncio.ensure_future(self._flush())

    def _wake_late(self, first: "asyncio.Future[Outcome]") -> None:
        """A second has passed since the first of those who wait began to."""
        if any(future is first for _, future in self._waiting):
            self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            await self._write(batch)

    async def _write(self, batch: Sequence[tuple[Ready, "asyncio.Future[Outcome]"]]) -> None:
        """Gives each its outcome, or its failure."""
        try:
            async with self._kit.database.write() as connection:
                outcomes = await stored(connection, [ready for ready, _ in batch])
        except DatabaseAway as away:
            for _, future in batch:
                if not future.done():
                    future.set_exception(away)
            return
        except Exception as error:  # noqa: BLE001 — the one whose rows break it is named, the others are stored
            if len(batch) > 1:
                for one in batch:
                    await self._write([one])
            else:
                batch[0][1].set_exception(error)
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)


async def stored(connection: AsyncConnection, batch: Sequence[Ready]) -> list[Outcome]:
    """Entries, keys, lines and validators of all; nothing of a feed that another process polled meanwhile."""
    current = await rows.locked(connection, [ready.poll.record.id for ready in batch])
    mine = [ready for ready in batch if _is_unpolled(ready, current.get(ready.poll.record.id))]
    new = [(ready.poll.record.id, row) for ready in mine for row in _fresh(ready)]
    ids = iter(await articles.add_all(connection, new))
    await articles.revise(connection, {i: row for ready in mine for i, row in _revised(ready).items()})
    owned = {ready.poll.record.id: _owned(ready, ids) for ready in mine}
    for ready in mine:
        moved = {key: owned[ready.poll.record.id][key] for key in ready.found.reused()}
        await keys.move(connection, ready.poll.record.id, moved)
    await keys.add_all(connection, owned)
    after = await _after(connection, mine)
    await rows.save(connection, *after.values())
    return [_outcome(ready, after.get(ready.poll.record.id), current) for ready in batch]


def _is_unpolled(ready: Ready, current: FeedRecord | None) -> bool:
    return current is not None and current.last_checked == ready.poll.record.last_checked


def _fresh(ready: Ready) -> list[articles.Stored]:
    return [ready.drafts.stored[m.entry] for m in ready.found.fresh if m.entry in ready.drafts.stored]


def _revised(ready: Ready) -> dict[int, articles.Stored]:
    return {m.article_id: ready.drafts.stored[m.entry] for m in ready.found.edited if m.article_id is not None}


def _owned(ready: Ready, ids: Iterator[int]) -> dict[Key, int]:
    """Every key an entry has now: those it was not known by yet are added, so that ids may change one at a time."""
    found, drafts = ready.found, ready.drafts
    by_place = {m.entry: m.article_id for m in found.matches if m.article_id is not None}
    by_place.update((m.entry, next(ids)) for m in found.fresh if m.entry in drafts.stored)
    by_place.update(drafts.twins.stored)
    by_place.update((place, by_place[other]) for place, other in drafts.twins.fresh.items() if other in by_place)
    owned = {key: by_place[m.entry] for m in found.matches if m.entry in by_place for key in m.marks.keys}
    owned.update({key: by_place[place] for place, key in drafts.canonical.items()})
    return owned


async def _after(connection: AsyncConnection, batch: Sequence[Ready]) -> dict[int, FeedRecord]:
    """The feeds' rows after these polls."""
    after: dict[int, FeedRecord] = {}
    taken: set[str] = set()
    for ready in batch:
        record = ready.poll.record
        result = await with_target(connection, record, _polled(ready), taken)
        after[record.id] = policy.after(record, result, now=ready.poll.now, jitter=chance())
    return after


def _polled(ready: Ready) -> policy.Polled:
    read, answer = ready.poll.read, ready.poll.answer
    return policy.Polled(
        title=read.feed.title,
        site_url=read.feed.site_url,
        validators=answer.fetched.validators,
        body_hash=answer.body_hash,
        published=tuple(piece.entry.published for piece in read.pieces if piece.entry.published),
        max_age=answer.fetched.max_age,
        permanent_url=answer.fetched.permanent_url,
        note=ready.found.note,
    )


async def with_target(
    connection: AsyncConnection, record: FeedRecord, result: policy.Polled, taken: set[str]
) -> policy.Polled:
    """The result, knowing whether the address it moves to is another subscription's; `taken` is added to."""
    target = result.permanent_url
    if target is None:
        return result
    is_taken = target in taken or await rows.is_taken(connection, target, by_other_than=record.id)
    taken.add(target)
    return replace(result, is_taken=is_taken)


def chance() -> float:
    """A number in [0, 1), for jitter."""
    return random.random()  # noqa: S311 — no secret


def _outcome(ready: Ready, after: FeedRecord | None, current: dict[int, FeedRecord]) -> Outcome:
    record = ready.poll.record
    if after is None:
        return Outcome(before=record, after=current.get(record.id, record))
    warnings = tuple(filter(None, (ready.found.note, *ready.drafts.warnings)))
    return Outcome(before=record, after=after, new=len(_fresh(ready)), warnings=warnings)
