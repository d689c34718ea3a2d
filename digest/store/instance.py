"""Whether another daemon works on the same database. A courtesy: nothing rests on it, two daemons are allowed."""

import contextlib
import fcntl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from digest.store.database import Database

_LOCK = 0x6469_6764  # PostgreSQL's advisory lock of the first daemon


@contextlib.asynccontextmanager
async def first(database: Database) -> AsyncIterator[bool]:
    """Holds the lock while the block runs; False where somebody else has it, or it cannot be had.

    SQLite: flock(2) on FILE.lock, which ends with the process; PostgreSQL: an advisory lock of a connection of its own.
    """
    async with contextlib.AsyncExitStack() as stack:
        if database.is_sqlite:
            yield stack.enter_context(_file(database.engine.url.database or ""))
        else:
            yield await stack.enter_async_context(_advisory(database))


@contextlib.contextmanager
def _file(name: str) -> Iterator[bool]:
    if not name or name == ":memory:":
        yield True
        return
    try:
        held = Path(f"{name}.lock").open("a", encoding="ascii")  # noqa: SIM115 — closed below, whoever has the lock
    except OSError:
        yield False
        return
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


@contextlib.asynccontextmanager
async def _advisory(database: Database) -> AsyncIterator[bool]:
    """The connection is thrown away: what a pool keeps would keep the lock."""
    connection = await database.engine.connect()
    try:
        found = await connection.scalar(text(f"SELECT pg_try_advisory_lock({_LOCK})"))
        await connection.commit()
        yield bool(found)
    finally:
        with contextlib.suppress(SQLAlchemyError, OSError):
            await connection.invalidate()
            await connection.close()
