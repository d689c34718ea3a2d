"""Connections of one process are shared: who waits too long for one is told that the database is away."""

import contextlib

import pytest
from sqlalchemy import text

from digest.errors import DatabaseAway
from digest.store import Database

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_who_gets_no_connection_is_told_so_and_may_try_again(database: Database) -> None:
    pool = database._engine.pool
    assert pool.timeout() >= 120, "waiting its turn is no error"
    pool._timeout = 0.05
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(pool.size() + pool._max_overflow):
            held = await stack.enter_async_context(database.read())
            await held.execute(text("SELECT 1"))
        with pytest.raises(DatabaseAway, match="came free"):
            async with database.read():
                pass
        with pytest.raises(DatabaseAway, match="came free"):
            await database.at_once(lambda connection: connection.scalar(text("SELECT 1")))
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
