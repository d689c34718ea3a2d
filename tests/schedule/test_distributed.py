"""The distributed engine on a real PostgreSQL: each step once, with its transaction, and again after a killed worker."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import postgres_database
from procrastinate import PsycopgConnector, exceptions, sql
from psycopg import OperationalError
from schedule import world
from send.world import seed
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Config, General, Mail
from digest.errors import DatabaseAway, NewerDatabase, SendError
from digest.model import Step
from digest.pipeline.kit import Kit
from digest.schedule import ledger
from digest.schedule.daemon import Daemon
from digest.schedule.distributed import Distributed
from digest.store import Database, crew, issues, owner, queue, tables

pytestmark = pytest.mark.postgres


def step(name: str, key: str) -> Step:
    return Step(name=name, key=f"{name}:{key}", args={"of": key})


class Pipeline:
    """Steps that only count: a collect leads to three builds, a build to a send."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    async def run(self, kit: Kit, one: Step) -> Sequence[Step]:
        self.done[one.key] += 1
        if one.name == "collect":
            return [step("make", f"{one.args['of']}-{n}") for n in range(3)]
        if one.name == "make":
            return [step("send", str(one.args["of"]))]
        if one.args["of"] == "bad":
            raise SendError("the provider is away")
        return ()


@pytest.fixture
async def kit(postgres: str, tmp_path: Path) -> AsyncIterator[Kit]:
    async with postgres_database(postgres) as url, Database(url) as database:
        config = Config(
            path=tmp_path / "digest.toml",
            digest=General(database=url.replace("+psycopg", ""), engine="procrastinate"),
            mail=Mail(sender="A <a@example.org>"),
        )
        workers: Any = SimpleNamespace()  # no step here needs any
        yield Kit(config=config, database=database, workers=workers, fetcher=workers, now=lambda: datetime.now(UTC))


async def queues(kit: Kit) -> Mapping[str, Mapping[str, int]]:
    async with kit.database.read() as connection:
        found = (await queue.standing(connection)).queues
    return {name: status for name, status in found.items() if name != "care"}


async def work_off(kit: Kit, engine: Distributed) -> None:
    """Until nothing waits: a worker that need not wait ends while a step may still lead to others."""
    while any(status["todo"] for status in (await queues(kit)).values()):
        await engine.work(wait=False)


async def execute(kit: Kit, statement: str, **values: object) -> None:
    async with kit.database.write() as connection:
        await connection.execute(text(statement), values)


async def test_each_step_and_those_that_follow_run_once(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        await engine.submit([step("collect", "a"), step("collect", "a"), step("collect", "b")])
        await engine.submit([step("collect", "a")])
        await work_off(kit, engine)
    assert set(pipeline.done.values()) == {1}
    assert Counter(key.partition(":")[0] for key in pipeline.done) == {"collect": 2, "make": 6, "send": 6}


async def test_a_step_exists_exactly_when_its_transaction_commits(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        with pytest.raises(RuntimeError):
            async with kit.database.write() as connection:
                await engine.submit([step("send", "lost")], connection)
                raise RuntimeError
        async with kit.database.write() as connection:
            await engine.submit([step("send", "kept")], connection)
        await engine.work(wait=False)
    assert pipeline.done == {"send:kept": 1}


async def test_a_clash_leaves_the_transaction_whole(kit: Kit) -> None:
    async with Distributed(kit, run=Pipeline().run) as engine:
        await engine.submit([step("send", "1")])
        async with kit.database.write() as connection:
            await engine.submit([step("send", "1"), step("send", "2")], connection)
            assert await connection.scalar(text("SELECT 1")) == 1
        assert (await queues(kit))["send"]["todo"] == 2


async def test_a_step_that_fails_stops_no_other(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        await engine.submit([step("send", "bad"), step("send", "good")])
        await engine.work(wait=False)
        assert (await queues(kit)).get("send", {}).get("failed", 0) == 0
    assert pipeline.done == {"send:bad": 1, "send:good": 1}


async def test_a_worker_of_one_queue_leaves_the_others(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        await engine.submit([step("collect", "a"), step("send", "x")])
        await engine.work(queues=["send"], wait=False)
        assert pipeline.done == {"send:x": 1}
        assert (await queues(kit))["collect"]["todo"] == 1


async def test_two_open_it_at_once(kit: Kit) -> None:
    run = Pipeline().run
    async with Distributed(kit, run=run), Distributed(kit, run=run):
        assert await queues(kit) == {}


# ------------------------------------------------------------------ the dead and those that live on

DEAD = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"
LOSE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def begin_and_die(kit: Kit, one: Step) -> None:
    """A worker that was killed in that step."""
    async with Distributed(kit, run=Pipeline().run) as engine:
        await engine.submit([one])
        manager = engine._app.job_manager
        assert await manager.fetch_job(queues=None, worker_id=await manager.register_worker())
    await execute(kit, DEAD)


@pytest.mark.parametrize("waits_again", [False, True])
async def test_a_step_of_a_dead_worker_is_done_by_another(kit: Kit, waits_again: bool) -> None:
    await begin_and_die(kit, step("send", "1"))
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        if waits_again:  # the sweep has asked for it meanwhile
            await engine.submit([step("send", "1")])
        await engine.work(wait=False)
        assert not pipeline.done
        async with kit.database.read() as connection:
            assert (await queue.standing(connection)).stalled == 1
        await engine._retry_stalled()
        await engine.work(wait=False)
    assert pipeline.done == {"send:1": 1}
    assert await queues(kit) == {}


async def test_a_step_of_a_living_worker_is_left_to_it(kit: Kit) -> None:
    async with Distributed(kit, run=Pipeline().run) as engine:
        await engine.submit([step("send", "1")])
        manager = engine._app.job_manager
        assert await manager.fetch_job(queues=None, worker_id=await manager.register_worker())
        await engine._retry_stalled()
    assert (await queues(kit))["send"]["doing"] == 1


@asynccontextmanager
async def at_work(engine: Distributed, **settings: Any) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(engine.work(**settings))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(done: Callable[[], bool], within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        while not done():
            await asyncio.sleep(0.02)


async def test_upkeep_has_a_place_while_every_other_is_taken(kit: Kit) -> None:
    entered, free, swept = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def long(kit: Kit, one: Step) -> Sequence[Step]:
        entered.set()
        await free.wait()
        return ()

    async def sweep() -> None:
        swept.set()

    async with Distributed(kit, run=long) as engine:
        engine._care("often", "* * * * * *", sweep)
        await engine.submit([step("send", "1")])
        async with at_work(engine, concurrency=1):
            await asyncio.wait_for(entered.wait(), 20)
            swept.clear()
            await asyncio.wait_for(swept.wait(), 20)
            free.set()


async def test_a_worker_outlives_its_connections(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine, at_work(engine) as worker:
        for number in range(3):
            await engine.submit([step("send", f"{number}-a")])
            await until(lambda n=number: pipeline.done[f"send:{n}-a"])
            with contextlib.suppress(DatabaseAway):
                await execute(kit, LOSE)
            await engine.submit([step("send", f"{number}-b")])
            await until(lambda n=number: pipeline.done[f"send:{n}-b"])
        assert not worker.done()
    assert set(pipeline.done.values()) == {1}


async def test_a_step_whose_database_went_away_is_begun_again(kit: Kit) -> None:
    tries = Counter()

    async def run(kit: Kit, one: Step) -> Sequence[Step]:
        tries[one.key] += 1
        if tries[one.key] == 1:
            raise DatabaseAway("gone")
        return ()

    async with Distributed(kit, run=run) as engine:
        await engine.submit([step("send", "1")])
        await engine.work(wait=False)
    assert tries == {"send:1": 2}
    assert await queues(kit) == {}


async def test_a_job_that_was_fetched_and_forgotten_is_given_back(kit: Kit) -> None:
    """The answer to a fetch may be lost with its connection: nobody would ever do that job, its worker being alive."""
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        await engine.submit([step("send", "1")])
        connector, fetch = engine._app.connector, sql.queries["fetch_job"]
        worker_id = await engine._app.job_manager.register_worker()
        answers = iter([exceptions.ConnectorException(), None])

        async def cut(query: str, **arguments: Any) -> Any:
            answer = await PsycopgConnector.execute_query_one_async(connector, query, **arguments)
            if error := next(answers, None):
                raise error from OperationalError("server closed the connection unexpectedly")
            return answer

        row = await connector._tried(cut, fetch, {"queues": None, "worker_id": worker_id})
    assert row["args"]["key"] == "send:1"
    assert (await queues(kit))["send"]["doing"] == 1


async def test_a_worker_stands_on_the_list_while_it_works(kit: Kit) -> None:
    async with Distributed(kit, run=Pipeline().run) as engine:
        async with at_work(engine, queues=["send"], concurrency=3):
            async with asyncio.timeout(20):
                while not (found := await sighted(kit)):
                    await asyncio.sleep(0.05)
        assert (found[0].worker.queues, found[0].worker.concurrency) == (("send",), 3)
    assert not await sighted(kit)


async def test_a_worker_ends_where_a_newer_program_upgraded_the_database(kit: Kit) -> None:
    begun, free = asyncio.Event(), asyncio.Event()

    async def run(_kit: Kit, _step: Step) -> Sequence[Step]:
        begun.set()
        await free.wait()
        return ()

    async with Distributed(kit, run=run) as engine, at_work(engine) as task:
        await engine.submit([step("send", "1")])
        async with asyncio.timeout(20):
            await begun.wait()
        await execute(kit, "UPDATE digest_schema SET version_num = '9999'")
        await asyncio.wait([task], timeout=7)
        assert not task.done()  # what is in flight is finished
        free.set()
        with pytest.raises(NewerDatabase, match="digest 9999"):
            await task
    assert (await queues(kit)).get("send", {}).get("doing", 0) == 0
    assert not await sighted(kit)


async def sighted(kit: Kit) -> Sequence[crew.Sighting]:
    async with kit.database.read() as connection:
        return await crew.listed(connection)


async def test_a_slot_is_taken_and_its_making_waits_in_one_transaction(kit: Kit) -> None:
    at = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    settings = world.config().model_copy(update={"digest": kit.config.digest})
    there = replace(kit, config=settings, now=lambda: at)
    async with Distributed(there, run=Pipeline().run) as engine:
        async with there.database.write() as connection:
            await issues.started(connection, "morning", now=at - timedelta(days=1))
        book, morning = ledger.Ledger(at), settings.newsletters["morning"]
        found = await book.sweep(engine.kit, morning, "")
        assert [one.name for one in found] == ["make"]
        assert (await queues(kit))["make"]["todo"] == 1  # though nobody has submitted what the sweep returned

        async def breaks(steps: Sequence[Step], connection: AsyncConnection) -> None:
            await engine.submit(steps, connection)
            raise RuntimeError

        tomorrow = replace(engine.kit, now=lambda: at + timedelta(days=1), follow=breaks)
        await execute(kit, "UPDATE issue SET state = 'sent', owner = NULL")
        await execute(kit, "DELETE FROM procrastinate_jobs")
        with pytest.raises(RuntimeError):
            await book.sweep(tomorrow, morning, "")
    assert await queues(kit) == {}
    async with kit.database.read() as connection:
        assert len(await issues.listed(connection)) == 1


async def test_what_one_sweeper_claimed_any_other_goes_on_with(kit: Kit) -> None:
    """The claim is the queue's: it does not fall when the process that swept ends, and no sweep takes it from another."""
    at = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    settings = world.config().model_copy(update={"digest": kit.config.digest})
    there = replace(kit, config=settings, now=lambda: at)
    async with there.database.write() as connection:
        await issues.started(connection, "morning", now=at - timedelta(days=1))
    async with Distributed(there, run=Pipeline().run) as one, Distributed(there, run=Pipeline().run) as other:
        for engine in (one, other, one):
            await Daemon(engine.kit, engine).sweep()
        assert (await queues(kit))["make"]["todo"] == 1
    async with kit.database.read() as connection:
        (record,) = await issues.listed(connection)
    assert (record.owner, owner.is_dead(queue.HOLDER)) == (queue.HOLDER, False)


@pytest.mark.parametrize(("heard_s", "expected"), [(31, "unknown"), (5, "sending")])
async def test_what_a_silent_worker_held_is_taken_as_unknown(kit: Kit, heard_s: int, expected: str) -> None:
    """Of another machine's processes nothing is known but what they say of themselves."""
    issue_id = await seed(kit.database)
    row = {"issue_id": issue_id, "number": 0, "state": "sending", "owner": "elsewhere:1:2/7", "attempts": 1}
    async with kit.database.write() as connection:
        now = await crew.clock(connection)
        there = crew.Worker(name="elsewhere:1:2", queues=("send",), concurrency=1, started_at=now)
        await crew.sign(connection, there, at=now - timedelta(seconds=heard_s))
        await connection.execute(tables.batch.insert().values(lease_until=now + timedelta(minutes=5), **row))
    async with Distributed(kit, run=Pipeline().run) as engine:
        await engine._retry_stalled()
    async with kit.database.read() as connection:
        found = (await connection.execute(select(tables.batch))).one()
    assert (found.state, found.next_at is not None) == (expected, expected == "unknown")


@pytest.mark.parametrize(("in_order", "expected"), [(False, "unknown"), (True, "sending")])
async def test_what_a_run_of_a_living_worker_left_behind_is_given_up(kit: Kit, in_order: bool, expected: str) -> None:
    """Nobody else can know that the run is over: its process lives, and a lease is five minutes."""
    holder, now = owner.of_run(), kit.now()
    row = {"issue_id": await seed(kit.database), "number": 0, "state": "sending", "owner": holder, "attempts": 1}
    async with kit.database.write() as connection:
        await connection.execute(tables.batch.insert().values(lease_until=now + timedelta(minutes=5), **row))
    owner.ended(holder, in_order=in_order)
    async with Distributed(kit, run=Pipeline().run) as engine:
        await engine._give_up()
    async with kit.database.read() as connection:
        assert (await connection.execute(select(tables.batch.c.state))).scalar_one() == expected
    assert holder not in owner.broken()


async def test_a_job_that_was_ended_by_another_harms_nobody(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """A worker that was out of breath for half a minute counts as dead, and comes back."""
    entered, free = asyncio.Event(), asyncio.Event()

    async def long(kit: Kit, one: Step) -> Sequence[Step]:
        entered.set()
        await free.wait()
        return ()

    async with Distributed(kit, run=long) as engine, at_work(engine) as worker:
        await engine.submit([step("send", "1")])
        await asyncio.wait_for(entered.wait(), 20)
        await execute(kit, "DELETE FROM procrastinate_jobs WHERE queue_name = 'send'")
        free.set()
        await until(lambda: "job ended elsewhere meanwhile" in caplog.text)
        await engine.submit([step("send", "2")])
        async with asyncio.timeout(20):
            while await queues(kit):
                await asyncio.sleep(0.02)
        assert not worker.done()
