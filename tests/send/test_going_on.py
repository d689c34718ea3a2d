"""An outcome and the next claim in one transaction: never the one undone for the other, never a claim left over."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from send.test_ledger import accepted, senders
from send.world import RENDERED, START, Clock, addresses, config, kit, seed
from sqlalchemy import Connection, event, select

from digest.errors import SendError
from digest.model import BatchState, Slot
from digest.pipeline import send
from digest.send.ledger import Leaving
from digest.send.outbox import Again, Settle
from digest.send.providers.base import Accepted, Retry
from digest.send.sender import Heard
from digest.store import Database, tables
from digest.testing import MailServer

pytestmark = pytest.mark.anyio


async def test_one_commit_writes_down_the_one_and_takes_the_other(database: Database, tmp_path: Path) -> None:
    world = await senders(database, tmp_path)
    ledger = await world.one()
    first = await ledger.take()
    commits: list[object] = []
    for engine in database.engines:
        event.listen(engine, "commit", commits.append)
    is_ours, following = await ledger.record_and_take(first, accepted(first))
    assert (len(commits), is_ours, isinstance(following, Leaving)) == (1, True, True)
    assert await world.counts() == {"accepted": 100, "sending": 100, "pending": 400}


@pytest.mark.parametrize(
    "heard",
    [
        Heard(decision=Again(after=None, reason="away", is_down=True)),
        Heard(decision=Settle(outcomes=(Accepted(),) * 99 + (Retry(reason="later"),))),
        Heard(decision=Settle(outcomes=(Accepted(),) * 100), held_until=START + timedelta(seconds=9)),
    ],
    ids=["not taken", "one to be tried again", "a window used up"],
)
async def test_after_trouble_nothing_is_taken_unasked(database: Database, tmp_path: Path, heard: Heard) -> None:
    world = await senders(database, tmp_path)
    ledger = await world.one()
    _, following = await ledger.record_and_take(await ledger.take(), heard)
    assert following is None
    assert "sending" not in await world.counts()


@pytest.mark.parametrize("allowed", [{"per_second": 0.1}, {"per_day": 100}], ids=["rate", "cap"])
async def test_what_may_not_leave_yet_is_not_taken(
    database: Database, tmp_path: Path, allowed: dict[str, float]
) -> None:
    world = await senders(database, tmp_path, **allowed)
    ledger = await world.one()
    first = await ledger.take()
    assert await ledger.record_and_take(first, accepted(first)) == (True, None)
    assert await world.counts() == {"accepted": 100, "pending": 500}


async def test_a_next_batch_that_cannot_be_made_undoes_no_outcome(database: Database, tmp_path: Path) -> None:
    world = await senders(database, tmp_path)
    ledger = await world.one()
    first = await ledger.take()
    strange = replace(
        RENDERED, html=replace(RENDERED.html, slots=(Slot(name="nobody's"), Slot(name="unsubscribe_url")))
    )
    ledger.job = replace(ledger.job, rendered={"": strange})
    assert await ledger.record_and_take(first, accepted(first)) == (True, None)
    assert await world.counts() == {"accepted": 100, "pending": 500}
    with pytest.raises(SendError):
        await ledger.take()


async def test_what_is_given_back_is_as_it_was(database: Database, tmp_path: Path) -> None:
    world = await senders(database, tmp_path, readers=100, per_day=100)
    ledger = await world.one()
    await ledger.give_back(await ledger.take())
    assert await world.counts() == {"pending": 100}
    again = await (await world.one()).take()
    assert isinstance(again, Leaving)
    assert (again.held.key, len(again.batch.recipients)) == (None, 100)


class Slow(Database):
    """The n-th transaction is done, and its caller does not hear of it yet."""

    def __init__(self, url: str, at: int) -> None:
        super().__init__(url)
        self.at, self.done, self.go_on = at, asyncio.Event(), asyncio.Event()

    async def at_once(self, work: Callable[[Connection], Any]) -> Any:
        found = await super().at_once(work)
        self.at -= 1
        if not self.at:
            self.done.set()
            await self.go_on.wait()
        return found


@pytest.mark.parametrize(
    "at", [4, 13], ids=["a claim", "an outcome and a claim"]
)  # eight tasks begin with a claim each
async def test_a_run_cancelled_while_it_takes_gives_back(at: int, tmp_path: Path) -> None:
    """Without keys, a claim left over would be held for the owner though it never left."""
    clock = Clock()
    async with (
        MailServer(tmp_path / "log", delay_s=0.2) as server,
        Slow(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}", at) as database,
    ):
        issue_id = await seed(database, readers=2000)
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        running = asyncio.create_task(send.issue(world, issue_id, sleep=clock.sleep))
        await database.done.wait()
        running.cancel()
        await asyncio.sleep(0)
        database.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with database.read() as connection:
            left = (await connection.scalars(select(tables.batch.c.state))).all()
        assert BatchState.SENDING not in left
        report = await send.issue(world, issue_id, sleep=clock.sleep)
    assert (report.accepted, report.unknown) == (2000, 0)
    assert sorted(taken.to for taken in server.taken()) == sorted(addresses(2000))
