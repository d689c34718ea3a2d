"""How often a line stood in a feed's articles: what stands in three is the feed's furniture."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.tables import article

WINDOW = timedelta(days=30)
OFTEN = 3
_SIZE = 8  # bytes of a line's hash
_NEWEST = 200  # articles looked at


def packed(hashes: Iterable[bytes]) -> bytes:
    """An article's lines as its row keeps them: each once."""
    return b"".join(dict.fromkeys(hashes))


async def frequent(connection: AsyncConnection, feed_id: int, *, now: datetime) -> frozenset[bytes]:
    """The lines that stand in at least three of that feed's articles seen first within 30 days, of the newest 200."""
    return await connection.run_sync(frequent_in, feed_id, now=now)


def frequent_in(connection: Connection, feed_id: int, *, now: datetime) -> frozenset[bytes]:
    """The same within `Database.look`."""
    recent = (
        select(article.c.lines)
        .where(article.c.feed_id == feed_id, article.c.first_seen >= now - WINDOW, article.c.lines.is_not(None))
        .order_by(article.c.sort_at.desc())
        .limit(_NEWEST)
    )
    counted: Counter[bytes] = Counter()
    for lines in connection.execute(recent).scalars():
        counted.update(lines[start : start + _SIZE] for start in range(0, len(lines), _SIZE))
    return frozenset(line for line, count in counted.items() if count >= OFTEN)
