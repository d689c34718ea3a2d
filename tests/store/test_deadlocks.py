"""Two transactions that wait for one another: PostgreSQL undoes one of them, which is then done again."""

import asyncio
import contextlib
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store import Database
from digest.store.tables import host

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]
_RAISE = text("UPDATE host SET closed_until = closed_until + interval '1 day' WHERE name = :name")
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def _until_one_waits(connection: AsyncConnection) -> None:
    while not await connection.scalar(_WAITING):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_what_a_deadlock_undid_is_done_again(database: Database, now: datetime) -> None:
    """As where a sender writes down a batch while the provider reports of the same readers, in another order."""
    async with database.write() as connection:
        for name in ("here", "there"):
            await connection.execute(host.insert(), {"name": name, "closed_until": now})
    tries = 0

    def work(connection: Connection) -> str:
        nonlocal tries
        tries += 1
        connection.execute(_RAISE, {"name": "there"})
        connection.execute(_RAISE, {"name": "here"})
        return "done"

    with contextlib.suppress(DBAPIError):  # it is undone itself where it came too late to be waited for
        async with database.write() as other:
            await other.execute(text("SET LOCAL deadlock_timeout = '60s'"))  # whoever looks first is undone
            await other.execute(_RAISE, {"name": "here"})
            working = asyncio.create_task(database.at_once(work))
            async with database.read() as looking:
                await _until_one_waits(looking)
            await other.execute(_RAISE, {"name": "there"})
    assert await working == "done"
    assert tries == 2
    async with database.read() as connection:
        assert set(await connection.scalars(select(host.c.closed_until))) == {now + timedelta(days=2)}
