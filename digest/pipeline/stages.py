"""Our stages, for the steps: each a module of this package that joins the packages below."""

import asyncio

from digest.config import Newsletter
from digest.model import Due
from digest.pipeline import build, collect, send
from digest.pipeline.kit import Kit
from digest.pipeline.steps import Stages
from digest.store import issues


async def _collect(kit: Kit, newsletter: Newsletter) -> None:
    await collect.newsletter_feeds(kit, newsletter.feeds, everything=False)


async def _make(kit: Kit, newsletter: Newsletter, due: Due, held: issues.Claim, cadence: str) -> None:
    due = await build.since_last(kit, newsletter, due, cadence=cadence)
    await build.make(kit, newsletter, due, held)


async def _send(kit: Kit, issue_id: int, stop: asyncio.Event) -> None:
    await send.issue(kit, issue_id, base_url=kit.mailbox_url or None, stop=stop)


OURS = Stages(collect=_collect, make=_make, send=_send)
