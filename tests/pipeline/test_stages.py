"""Our sending stage: what it counts, and what it tells the owner, with a provider that behaves as it may."""

import asyncio
from dataclasses import replace

import pytest
from send.world import Clock, config, kit, seed

from digest.errors import ProviderError
from digest.pipeline.stages import OURS
from digest.store import Database, tables
from digest.testing import Fault, MailServer

pytestmark = pytest.mark.anyio


class Counted:
    """What was counted."""

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}
        self.late: list[tuple[str, float]] = []

    def answered(self, provider: str, seconds: float) -> None:
        """Not asked for here."""

    def settled(self, outcome: str, count: int) -> None:
        self.sent[outcome] = self.sent.get(outcome, 0) + count

    def finished(self, newsletter: str, seconds: float) -> None:
        self.late.append((newsletter, seconds))


async def told(database: Database) -> list[str]:
    async with database.read() as connection:
        found = await connection.execute(tables.notice.select().where(tables.notice.c.way == "log"))
        return [row.about for row in found]


async def send(database: Database, tmp_path, *faults: Fault, provider: str = "resend", readers: int = 7) -> Counted:
    clock, meter = Clock(), Counted()
    issue_id = await seed(database, readers=readers)
    async with MailServer(tmp_path / "log", faults=faults) as server:
        here = replace(kit(config(tmp_path, provider=provider, base_url=server.url), database, clock), meter=meter)
        await OURS.send(here, issue_id, asyncio.Event())
    return meter


async def test_what_was_sent_is_counted_and_how_late(database: Database, tmp_path) -> None:
    meter = await send(database, tmp_path)
    assert meter.sent == {"accepted": 7}
    assert meter.late == [("morning", 0.0)]
    assert await told(database) == []


async def test_what_may_not_have_arrived_is_for_the_owner(database: Database, tmp_path) -> None:
    meter = await send(database, tmp_path, Fault.CUT_AFTER, provider="mailpit", readers=2)
    assert meter.sent == {"accepted": 1, "unknown": 1}
    assert await told(database) == ["issue:1:unknown"]


async def test_an_account_that_is_refused_is_for_the_owner_and_said_once(database: Database, tmp_path) -> None:
    with pytest.raises(ProviderError):
        await send(database, tmp_path, Fault.UNAUTHORIZED)
    assert await told(database) == ["issue:1:refused"]
