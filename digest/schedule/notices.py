"""What the owner hears of an issue, once: it failed, it is held, it is made and waits for its time."""

import logging
from collections.abc import Awaitable, Callable

from digest.pipeline.kit import Kit
from digest.store import issues

log = logging.getLogger(__name__)

Tell = Callable[[issues.IssueRecord], Awaitable[None]]  # the record's state says what there is to tell


async def to_log(record: issues.IssueRecord) -> None:
    """Tells whoever reads the log."""
    told = {"issue": record.name, "slot": record.slot, "state": str(record.state), "note": record.note or ""}
    log.warning("for the owner", extra=told)


async def tell(kit: Kit, say: Tell) -> None:
    """Tells of every issue that calls for it. What could not be told is told at the next sweep."""
    async with kit.database.read() as connection:
        found = await issues.untold(connection, now=kit.now())
    for record in found:
        await _tell(kit, say, record)


async def _tell(kit: Kit, say: Tell, record: issues.IssueRecord) -> None:
    async with kit.database.write() as connection:
        if not await issues.notified(connection, record):
            return  # another daemon was faster
    try:
        await say(record)
    except Exception:
        log.exception("the owner could not be told", extra={"issue": record.name})
        async with kit.database.write() as connection:
            await issues.unnotified(connection, record)
