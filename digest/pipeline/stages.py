"""Our stages, for the steps: each a module of this package that joins the packages below."""

import asyncio
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


async def _collect(kit: Kit, newsletter: Newsletter) -> None:
    await collect.newsletter_feeds(kit, newsletter.feeds, everything=False)


async def _make(kit: Kit, newsletter: Newsletter, due: Due, held: issues.Claim, cadence: str) -> None:
    due = await build.since_last(kit, newsletter, due, cadence=cadence)
    await build.make(kit, newsletter, due, held)


async def _send(kit: Kit, issue_id: int, stop: asyncio.Event) -> None:
    """Sends; the owner hears where the account is refused, and where it is for a person to say what arrived."""
    try:
        report = await send.issue(kit, issue_id, base_url=kit.mailbox_url or None, stop=stop)
    except ProviderError as error:
        await _say(kit, issue_id, partial(wording.refused, why=str(error)))
        raise
    if report.unknown and report.is_over:
        await _say(kit, issue_id, partial(wording.unknown, count=report.unknown))


async def _say(kit: Kit, issue_id: int, words: Callable[[issues.IssueRecord], Words]) -> None:
    async with kit.database.write() as connection:
        record = await issues.by_id(connection, issue_id)
        if record is not None:
            await notices.say(kit, connection, words(record))


OURS = Stages(collect=_collect, make=_make, send=_send, tell=notices.post)
