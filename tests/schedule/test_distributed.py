"""The distributed engine on a real PostgreSQL: each step once, with its transaction, and again after a killed worker."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import postgres_database
from sqlalchemy import text

from digest.config import Config, General, Mail
from digest.errors import SendError
from digest.model import Step
from digest.pipeline.kit import Kit
from digest.schedule.distributed import Distributed
from digest.store import Database

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


async def test_each_step_and_those_that_follow_run_once(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        await engine.submit([step("collect", "a"), step("collect", "a"), step("collect", "b")])
        await engine.submit([step("collect", "a")])
        await engine.work(wait=False)
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
            await engine.submit([step("send", "1")], connection)
            assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_step_that_fails_stops_no_other(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        await engine.submit([step("send", "bad"), step("send", "good")])
        await engine.work(wait=False)
        assert (await engine.state())["send"]["failed"] == 0
    assert pipeline.done == {"send:bad": 1, "send:good": 1}


async def test_a_worker_of_one_queue_leaves_the_others(kit: Kit) -> None:
    pipeline = Pipeline()
    async with Distributed(kit, run=pipeline.run) as engine:
        await engine.submit([step("collect", "a"), step("send", "x")])
        await engine.work(queues=["send"], wait=False)
        assert pipeline.done == {"send:x": 1}
        assert (await engine.state())["collect"]["todo"] == 1


async def test_two_open_it_at_once(kit: Kit) -> None:
    run = Pipeline().run
    async with Distributed(kit, run=run), Distributed(kit, run=run) as second:
        assert await second.state() == {}
