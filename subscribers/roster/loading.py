"""Many rows at once, in the caller's transaction: INSERT of many on SQLite, COPY on PostgreSQL.

COPY knows no ON CONFLICT: where rows may be there already they go through a table of the transaction's own.
"""

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import JSON, Dialect, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.roster.rows import insert

Values = Sequence[Any]  # one for each column
_NOTHING = object()


async def load(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Values],
    *,
    unique: Sequence[str] = (),
    changed: Collection[str] = (),
) -> None:
    """Adds these rows, each with one value for each of `columns`.

    A row that is there already by its `unique` columns stays as it is but for its `changed` columns. Without `unique`
    it is an error, as ever.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        await _copied(connection, table, columns, rows, unique=unique, changed=changed)
        return
    made = insert(connection, table)
    if unique and changed:
        made = made.on_conflict_do_update(index_elements=unique, set_={name: made.excluded[name] for name in changed})
    elif unique:
        made = made.on_conflict_do_nothing(index_elements=unique)
    compiled = made.compile(dialect=connection.dialect, column_keys=list(columns))
    places = [columns.index(name) for name in compiled.positiontup or ()]
    ways = [_way(connection.dialect, table, columns[place]) for place in places]
    given = [tuple(way(row[place]) for place, way in zip(places, ways, strict=True)) for row in rows]
    await connection.exec_driver_sql(str(compiled), given)


def _way(dialect: Dialect, table: Table, name: str) -> Callable[[Any], Any]:
    """How a value of that column is written, as SQLAlchemy does, whose own work on each parameter takes thrice as long.

    The value before is remembered: times and newsletters are the same in every row.
    """
    kind = table.c[name].type
    written = kind.dialect_impl(dialect).bind_processor(dialect)
    if written is None:
        return _as_it_is
    known: list[Any] = [_NOTHING, None]

    def way(value: Any) -> Any:
        if value is not known[0]:
            known[:] = (value, written(value))
        return known[1]

    return way


def _as_it_is(value: Any) -> Any:
    return value


async def _copied(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Values],
    *,
    unique: Sequence[str],
    changed: Collection[str],
) -> None:
    quote = connection.dialect.identifier_preparer.quote
    name, names = quote(table.name), ", ".join(map(quote, columns))
    if not unique:
        await _copy(connection, f"{name} ({names})", _written(table, columns, rows))
        return
    heap = quote(f"incoming_{table.name}")
    made = f"CREATE TEMPORARY TABLE IF NOT EXISTS {heap} ON COMMIT DROP AS SELECT {names} FROM {name} WITH NO DATA"  # noqa: S608 — our own names
    await connection.execute(text(made))
    await _copy(connection, f"{heap} ({names})", _written(table, columns, rows))
    keys, sets = ", ".join(map(quote, unique)), ", ".join(f"{quote(c)} = excluded.{quote(c)}" for c in changed)
    conflict = f"ON CONFLICT ({keys}) DO " + (f"UPDATE SET {sets}" if changed else "NOTHING")
    await connection.execute(text(f"INSERT INTO {name} ({names}) SELECT {names} FROM {heap} {conflict}"))  # noqa: S608 — our own names
    await connection.execute(text(f"TRUNCATE {heap}"))


async def _copy(connection: AsyncConnection, target: str, rows: Sequence[Values]) -> None:
    raw: Any = (await connection.get_raw_connection()).driver_connection
    error: type[Exception] = connection.dialect.loaded_dbapi.Error
    statement = f"COPY {target} FROM STDIN"
    try:
        async with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                await copy.write_row(row)
    except error as raised:  # as SQLAlchemy would have raised it: callers know a lost connection by that
        raise DBAPIError.instance(statement, None, raised, error, dialect=connection.dialect) from raised


def _written(table: Table, columns: Sequence[str], rows: Sequence[Values]) -> Sequence[Values]:
    """As COPY takes them: JSON as text."""
    places = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, JSON)]
    if not places:
        return rows
    lists = [list(row) for row in rows]
    for row in lists:
        for place in places:
            row[place] = None if row[place] is None else json.dumps(row[place], ensure_ascii=False)
    return lists
