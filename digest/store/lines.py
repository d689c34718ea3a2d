"""How often a line stood in a feed's articles: what stands in three is the feed's furniture."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.tables import line

WINDOW = timedelta(days=30)
OFTEN = 3


async def add(
    connection: AsyncConnection, feed_id: int, articles: Sequence[tuple[int, Collection[bytes]]], *, at: datetime
) -> None:
    """Notes the lines of each (article's id, hashes) of one feed; noted again, they replace what was noted of it."""
    ids = [article_id for article_id, _ in articles]
    if ids:
        await connection.execute(delete(line).where(line.c.article_id.in_(ids)))
    rows = [
        {"feed_id": feed_id, "article_id": article_id, "hash": value, "seen_at": at}
        for article_id, hashes in articles
        for value in dict.fromkeys(hashes)
    ]
    if rows:
        await connection.execute(insert(line), rows)


async def frequent(connection: AsyncConnection, feed_id: int, *, now: datetime) -> frozenset[bytes]:
    """The lines that stood in at least three articles of that feed within 30 days."""
    often = (
        select(line.c.hash)
        .where(line.c.feed_id == feed_id, line.c.seen_at >= now - WINDOW)
        .group_by(line.c.hash)
        .having(func.count() >= OFTEN)
    )
    return frozenset((await connection.execute(often)).scalars())


async def forget(connection: AsyncConnection, *, now: datetime) -> int:
    """Drops what is older than the window; how many."""
    result = await connection.execute(delete(line).where(line.c.seen_at < now - WINDOW))
    return int(result.rowcount)
