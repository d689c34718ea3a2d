"""Everything of one database into another, empty one, of either kind: row by row as it stands, in one transaction.

What is under way stays so: a claimed batch keeps its key and its bytes' hash, so that sending goes on where it was.
The job queue is not copied: what is undone stands in the tables, and the next sweep asks for it.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnClause, MetaData, Table, Text, cast, column, func, insert, select, text
from sqlalchemy import table as plain_table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import TableClause

import subscribers.tables as people
from digest.errors import StoreError, UsageError
from digest.model import BatchState
from digest.store import crew, instance, owner, tables
from digest.store.database import Database
from digest.store.queue import STALLED

_PAGE = 2_000  # rows at a time; SQLite binds at most 32,766 values at once, and takes many rows of one statement
_NOT_COPIED = frozenset({"worker"})  # who is at work there is not at work here
_EACH: Sequence[MetaData] = (people.metadata, tables.metadata)

Progress = Callable[[str, int], None]  # a table, its rows


async def to(source: Database, target: Database, *, now: datetime, progress: Progress | None = None) -> dict[str, int]:
    """Copies all tables; the rows of each, counted on both sides.

    UsageError where the target holds anything, or where somebody works on the source. StoreError where a row does not
    fit: nothing is written then.
    """
    copied: dict[str, int] = {}
    async with _at_rest(source, now) as old, target.write() as new:
        await _check_empty(new, target.shown)
        for each in _all():
            copied[each.name] = await _copy(old, new, each)
            if progress is not None:
                progress(each.name, copied[each.name])
        await _number_on(old, new)
        await _verify(old, new)
    if not target.is_sqlite:
        async with target.write() as connection:
            await connection.execute(text("ANALYZE"))
    return copied


@asynccontextmanager
async def _at_rest(source: Database, now: datetime) -> AsyncIterator[AsyncConnection]:
    """One view of the source, on which nobody works: SQLite's writers wait meanwhile."""
    async with instance.first(source) as is_alone, source.write() as connection:
        if not source.is_sqlite:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        if not is_alone:
            raise UsageError(f"{source.shown}: a daemon works on it: end `digest run` first")
        working = [s.worker.name for s in await crew.listed(connection) if now - s.seen_at < STALLED]
        if working:
            raise UsageError(f"{source.shown}: {working[0]} works on it: end `digest worker` first")
        sending = tables.batch.c.state == BatchState.SENDING, tables.batch.c.lease_until > now
        holders = (await connection.scalars(select(tables.batch.c.owner).where(*sending).distinct())).all()
        living = [name for name in holders if not owner.is_dead(name)]
        if living:
            raise UsageError(f"{source.shown}: {living[0]} is sending: end it, or wait until it has ended")
        yield connection


def _all() -> list[Table]:
    """Every table of both owners, those that others refer to first."""
    return [each for metadata in _EACH for each in metadata.sorted_tables if each.name not in _NOT_COPIED]


async def _check_empty(connection: AsyncConnection, shown: str) -> None:
    for each in _all():
        if (await connection.execute(select(each).limit(1))).first() is not None:
            raise UsageError(f"{shown} is not empty: {each.name} has rows; name a new database")


async def _copy(old: AsyncConnection, new: AsyncConnection, each: Table) -> int:
    write = _insert if new.dialect.name == "sqlite" else _stream
    count = 0
    try:
        async with old.stream(_asked(each)) as rows:
            async for page in rows.partitions(_PAGE):
                await write(new, each, [tuple(row) for row in page])
                count += len(page)
    except (DBAPIError, UnicodeError, _driver_error()) as error:
        said = " ".join(str(getattr(error, "orig", error)).split())
        raise StoreError(f"{each.name}: a row does not fit the new database ({said})") from error
    return count


def _driver_error() -> type[Exception]:
    try:
        from psycopg import Error
    except ImportError:  # between two files of SQLite
        return DBAPIError
    return Error


def _asked(each: Table) -> Any:
    """All of it in the order of its key; JSON as it is written, so that not a blank of it changes."""
    columns = [cast(c, Text).label(c.name) if isinstance(c.type, JSON) else c for c in each.columns]
    return select(*columns).order_by(*each.primary_key.columns)


def _plain(each: Table) -> TableClause:
    """The same table with JSON as text."""
    columns: list[ColumnClause[Any]] = [
        column(c.name, Text() if isinstance(c.type, JSON) else c.type) for c in each.columns
    ]
    return plain_table(each.name, *columns)


async def _insert(new: AsyncConnection, each: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    names = [c.name for c in each.columns]
    await new.execute(insert(_plain(each)), [dict(zip(names, row, strict=True)) for row in rows])


async def _stream(new: AsyncConnection, each: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """PostgreSQL's COPY: ten times the rows a second of INSERT. It takes no NUL in a text, and a text needs none."""
    quote = new.dialect.identifier_preparer.quote
    names = ", ".join(quote(c.name) for c in each.columns)
    raw: Any = (await new.get_raw_connection()).driver_connection
    async with raw.cursor() as cursor, cursor.copy(f"COPY {quote(each.name)} ({names}) FROM STDIN") as copy:
        for row in rows:
            await copy.write_row([v.replace("\0", "") if isinstance(v, str) else v for v in row])


async def _number_on(old: AsyncConnection, new: AsyncConnection) -> None:
    """The next number is the one it would have been: that of a removed person is never given again."""
    for each in _all():
        if (
            "id" in each.columns
            and each.columns["id"].autoincrement is not False
            and each.primary_key.columns.keys() == ["id"]
        ):
            newest = max(await _last_given(old, each), (await old.scalar(select(func.max(each.c.id)))) or 0)
            if newest:
                await _give_from(new, each, newest)


async def _last_given(connection: AsyncConnection, each: Table) -> int:
    if connection.dialect.name == "sqlite":
        if not await connection.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")):
            return 0
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    else:
        query = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id'))")
    found: int | None = await connection.scalar(query, {"name": each.name})
    return found or 0


async def _give_from(connection: AsyncConnection, each: Table, newest: int) -> None:
    named = {"name": each.name, "newest": newest}
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :newest)"), named)
    elif each.dialect_options["sqlite"]["autoincrement"]:
        await connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
        await connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :newest)"), named)


async def _verify(old: AsyncConnection, new: AsyncConnection) -> None:
    for each in _all():
        count = select(func.count()).select_from(each)
        before, after = await old.scalar(count), await new.scalar(count)
        if before != after:
            raise StoreError(f"{each.name}: {before} rows before, {after} after: nothing was copied")
