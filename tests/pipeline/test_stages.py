"""Our sending stage: what it counts, and what it tells the owner, with a provider that behaves as it may."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from send.world import START, Clock, config, kit, seed

from digest.errors import ProviderError
from digest.pipeline import send as pipeline
from digest.pipeline.stages import OURS
from digest.store import Database, tables
from digest.testing import Fault, MailServer

pytestmark = pytest.mark.anyio


class Counted:
    """What was counted."""

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}
        self.late: list[tuple[str, float]] = []
        self.asked: list[str] = []

    def answered(self, provider: str, seconds: float) -> None:
        self.asked.append(provider)
        assert 0 < seconds < 60

    def settled(self, outcome: str, count: int) -> None:
        self.sent[outcome] = self.sent.get(outcome, 0) + count

    def finished(self, newsletter: str, seconds: float) -> None:
        self.late.append((newsletter, seconds))


class Running:
    """A clock that runs: who waits for a time waits for it in vain where it stands."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def __call__(self) -> datetime:
        return START + timedelta(seconds=time.monotonic() - self.began)


async def told(database: Database) -> list[str]:
    async with database.read() as connection:
        found = await connection.execute(tables.notice.select().where(tables.notice.c.way == "log"))
        return [row.about for row in found]


async def send(database: Database, tmp_path, *faults: Fault, provider: str = "resend", readers: int = 7) -> Counted:
    meter = Counted()
    issue_id = await seed(database, readers=readers)
    async with MailServer(tmp_path / "log", faults=faults) as server:
        here = kit(config(tmp_path, provider=provider, base_url=server.url), database, Clock())
        here = replace(here, meter=meter, now=Running())
        await OURS.send(here, issue_id, asyncio.Event())
    return meter


async def test_what_was_sent_is_counted_and_how_late(database: Database, tmp_path, caplog) -> None:
    caplog.set_level("INFO", "digest.pipeline.stages")
    meter = await send(database, tmp_path)
    (said,) = [record for record in caplog.records if record.message == "sending ended"]
    assert (said.accepted, said.unknown, said.pending) == (7, 0, 0)
    assert meter.sent == {"accepted": 7}
    assert meter.late == [("morning", pytest.approx(0.0, abs=30))]
    assert meter.asked == ["resend"]
    assert await told(database) == []


async def test_what_may_not_have_arrived_is_for_the_owner(database: Database, tmp_path) -> None:
    issue_id = await seed(database, readers=2)
    async with MailServer(tmp_path / "log") as server:
        here = replace(kit(config(tmp_path, base_url=server.url), database, Clock()), now=Running())
        await pipeline.plan(here, issue_id)
        lost = tables.delivery.update().where(tables.delivery.c.subscriber_id == 2).values(state="unknown", batch=1)
        async with database.write() as connection:
            await connection.execute(tables.batch.insert().values(issue_id=issue_id, number=1, state="done"))
            await connection.execute(lost)
        await OURS.send(here, issue_id, asyncio.Event())
    assert [taken.to for taken in server.taken()] == ["reader-1@example.org"]
    assert await told(database) == ["issue:1:unknown"]


async def test_an_account_that_is_refused_is_for_the_owner_and_said_once(database: Database, tmp_path) -> None:
    with pytest.raises(ProviderError):
        await send(database, tmp_path, Fault.UNAUTHORIZED)
    assert await told(database) == ["issue:1:refused"]
