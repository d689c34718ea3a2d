"""Who is at work."""

from datetime import timedelta

import pytest

from digest.store import Database, crew

pytestmark = pytest.mark.anyio


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        return [found.worker.name for found in await crew.listed(connection)]


async def test_a_worker_signs_and_leaves(database: Database, now) -> None:
    here = crew.Worker(name="a:1:2", queues=("send", "make"), concurrency=4, started_at=now)
    for minute in range(3):
        async with database.write() as connection:
            await crew.sign(connection, here, at=now + timedelta(minutes=minute))
    async with database.read() as connection:
        assert await crew.listed(connection) == (crew.Sighting(worker=here, seen_at=now + timedelta(minutes=2)),)
    async with database.write() as connection:
        await crew.leave(connection, here.name)
    assert not await names(database)


async def test_one_not_heard_of_is_forgotten_when_another_comes(database: Database, now) -> None:
    for name, hours in (("old", 0), ("late", 0.5), ("new", 1.25)):
        at = now + timedelta(hours=hours)
        async with database.write() as connection:
            worker = crew.Worker(name=name, queues=("send",), concurrency=1, started_at=at)
            await crew.sign(connection, worker, at=at)
    assert await names(database) == ["late", "new"]


async def test_who_was_not_heard_of_for_half_a_minute_is_silent(database: Database, now) -> None:
    async with database.write() as connection:
        for name, seconds in (("here", 29), ("gone", 31)):
            worker = crew.Worker(name=name, queues=("send",), concurrency=1, started_at=now)
            await crew.sign(connection, worker, at=now - timedelta(seconds=seconds))
        assert await crew.silent(connection, at=now) == ("gone",)
        assert (await crew.clock(connection)).utcoffset() == timedelta(0)
