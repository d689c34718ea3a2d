"""What articles are known by: several keys each, unique within a feed."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.tables import article_key

Key = tuple[str, bytes]  # (kind, hash)
_INSERT = "INSERT OR IGNORE INTO article_key (feed_id, kind, key, article_id) VALUES (?, ?, ?, ?)"
_INSERT_ALL = (
    "INSERT INTO article_key (feed_id, kind, key, article_id)"
    " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::bigint[]) ON CONFLICT DO NOTHING"
)
_PAGE = 400  # bound values in one statement


async def owners(connection: AsyncConnection, feed_id: int, keys: Sequence[Key]) -> dict[Key, int]:
    """Whose each of those keys is, where it is anyone's in that feed."""
    return await connection.run_sync(owners_of, feed_id, keys)


def owners_of(connection: Connection, feed_id: int, keys: Sequence[Key]) -> dict[Key, int]:
    """The same within `Database.look`."""
    found: dict[Key, int] = {}
    wanted = frozenset(keys)
    hashes = list({value for _, value in keys})
    for start in range(0, len(hashes), _PAGE):
        page = hashes[start : start + _PAGE]
        columns = select(article_key.c.kind, article_key.c.key, article_key.c.article_id)
        rows = connection.execute(columns.where(article_key.c.feed_id == feed_id, article_key.c.key.in_(page)))
        found.update({(kind, value): owner for kind, value, owner in rows if (kind, value) in wanted})
    return found


async def add(connection: AsyncConnection, feed_id: int, owned: Mapping[Key, int]) -> None:
    """Gives each key to its article; a key that belongs to an article stays there."""
    await add_all(connection, {feed_id: owned})


async def add_all(connection: AsyncConnection, owned: Mapping[int, Mapping[Key, int]]) -> None:
    """The same for the keys of several feeds."""
    rows = [
        (feed_id, kind, value, article_id)
        for feed_id, keys in owned.items()
        for (kind, value), article_id in keys.items()
    ]
    if not rows:
        return
    if connection.dialect.name == "sqlite":  # as the driver takes them: four keys an article add up
        await connection.exec_driver_sql(_INSERT, rows)
    else:  # one statement for all: an execution each was a tenth of a worker's time
        await connection.exec_driver_sql(_INSERT_ALL, tuple(list(column) for column in zip(*rows, strict=True)))


async def move(connection: AsyncConnection, feed_id: int, owned: Mapping[Key, int]) -> None:
    """Gives each key to its article, also where it was another's: an id that is used again."""
    for kind, value in owned:
        gone = delete(article_key).where(
            article_key.c.feed_id == feed_id, article_key.c.kind == kind, article_key.c.key == value
        )
        await connection.execute(gone)
    rows = [{"feed_id": feed_id, "kind": k, "key": v, "article_id": i} for (k, v), i in owned.items()]
    if rows:
        await connection.execute(insert(article_key), rows)
