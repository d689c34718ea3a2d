"""Our stages, for the steps: each a module of this package that joins the packages below."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from digest.config import Newsletter
from digest.errors import ProviderError
from digest.model import Due
from digest.pipeline import build, collect, notices, send, wording
from digest.pipeline.kit import Kit
from digest.pipeline.steps import Stages
from digest.store import issues
from digest.store.notices import Words

log = logging.getLogger(__name__)

_OUTCOMES = ("accepted", "rejected", "unknown", "suppressed", "expired")


async def _collect(kit: Kit, newsletter: Newsletter) -> None:
    report = await collect.newsletter_feeds(kit, newsletter.feeds, everything=False)
    if asked := [feed for feed in report.feeds if feed.asked]:
        counts = {"feeds": len(asked), "failed": len(report.failed), "articles": report.articles}
        log.info("collected", extra=counts)


async def _make(kit: Kit, newsletter: Newsletter, due: Due, held: issues.Claim) -> None:
    await build.make(kit, newsletter, await build.since_last(kit, newsletter, due), held)


async def _send(kit: Kit, issue_id: int, stop: asyncio.Event) -> None:
    """Sends; the owner hears where the account is refused, and where it is for a person to say what arrived."""
    before = await send.report(kit, issue_id)
    try:
        report = await send.issue(kit, issue_id, base_url=kit.mailbox_url or None, stop=stop)
    except ProviderError as error:
        await _say(kit, issue_id, partial(wording.refused, why=str(error)))
        _count(kit, before, await send.report(kit, issue_id))
        raise
    _count(kit, before, report)
    log.info("sending ended", extra={name: getattr(report, name) for name in (*_OUTCOMES, "pending")})
    if not report.is_over:
        return
    async with kit.database.read() as connection:
        record = await issues.by_id(connection, issue_id)
    if record is not None and report.accepted:
        kit.meter.finished(record.newsletter, (kit.now() - record.due_at).total_seconds())
    if report.unknown:
        await _say(kit, issue_id, partial(wording.unknown, count=report.unknown))


def _count(kit: Kit, before: send.SendReport, after: send.SendReport) -> None:
    """What became of deliveries meanwhile. Where several processes send one issue, each counts the others' too."""
    for outcome in _OUTCOMES:
        if (more := getattr(after, outcome) - getattr(before, outcome)) > 0:
            kit.meter.settled(outcome, more)


async def _say(kit: Kit, issue_id: int, words: Callable[[issues.IssueRecord], Words]) -> None:
    async with kit.database.write() as connection:
        record = await issues.by_id(connection, issue_id)
        if record is not None:
            await notices.say(kit, connection, words(record))


OURS = Stages(collect=_collect, make=_make, send=_send, tell=notices.post)
