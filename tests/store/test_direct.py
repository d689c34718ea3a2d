"""A transaction in one trip: committed whole, undone whole, and never left half-way by who gives up."""

import asyncio
import threading

import pytest
from send.world import START
from sqlalchemy import Connection, insert, select

from digest.store import Database, tables

pytestmark = pytest.mark.anyio


def add(connection: Connection, name: str = "x") -> str:
    connection.execute(insert(tables.host).values(name=name, closed_until=START))
    return name


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.scalars(select(tables.host.c.name))).all())


async def test_what_is_done_is_committed_and_given(database: Database) -> None:
    assert await database.at_once(add) == "x"
    assert await names(database) == ["x"]


async def test_what_raises_leaves_nothing(database: Database) -> None:
    def work(connection: Connection) -> None:
        add(connection)
        raise LookupError("no")

    with pytest.raises(LookupError):
        await database.at_once(work)
    assert await names(database) == []
    assert await database.at_once(add) == "x", "the next one is not troubled"


async def test_both_kinds_of_writers_take_turns(database: Database) -> None:
    async def slowly(name: str) -> None:
        async with database.write() as connection:
            await connection.run_sync(add, name)
            await asyncio.sleep(0)

    await asyncio.gather(
        *(slowly(f"a{n}") for n in range(10)), *(database.at_once(lambda c, n=n: add(c, f"b{n}")) for n in range(10))
    )
    assert len(await names(database)) == 20


async def test_who_is_cancelled_leaves_nothing(tmp_path) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}") as database:
        began, go_on = threading.Event(), threading.Event()

        def work(connection: Connection) -> None:
            add(connection)
            began.set()
            go_on.wait(10)

        task = asyncio.create_task(database.at_once(work))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await names(database) == []
        assert await database.at_once(add) == "x"


async def test_a_database_in_memory_has_the_same_rows(tmp_path) -> None:
    async with Database("sqlite+aiosqlite:///:memory:") as database:
        await database.at_once(add)
        assert await names(database) == ["x"]


async def test_a_look_sees_what_is_committed_and_waits_for_no_writer(database: Database) -> None:
    def look(connection: Connection) -> list[str]:
        return list(connection.scalars(select(tables.host.c.name)).all())

    await database.at_once(add)
    async with database.write() as connection:
        await connection.run_sync(add, "not yet")
        async with asyncio.timeout(10):
            assert await database.look(look) == ["x"]
    assert sorted(await database.look(look)) == ["not yet", "x"]
