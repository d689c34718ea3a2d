"""The articles: what was collected, what is not yet told, what is known of one to recognize it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import Article, Image, Seen, TextSource
from digest.store.driver import Rows
from digest.store.tables import article, feed, issue_article

_PAGE = 400  # bound values in one statement
_ROWS = Rows(article)
_SEEN = (
    article.c.id,
    article.c.title,
    article.c.link,
    article.c.published,
    article.c.fingerprint,
    article.c.content_hash,
    article.c.hash_changes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article's row beside the article itself: what the next poll compares with."""

    article: Article
    guid: str | None
    updated: datetime | None
    content_hash: bytes
    fingerprint: int | None
    hash_changes: int = 0
    held: bool = False
    lines: bytes = b""  # 8 for each raw line


async def add(connection: AsyncConnection, feed_id: int, rows: Sequence[Stored]) -> list[int]:
    """Stores new articles of one feed; their ids in the order given."""
    return await add_all(connection, [(feed_id, row) for row in rows])


async def add_all(connection: AsyncConnection, rows: Sequence[tuple[int, Stored]]) -> list[int]:
    """Stores new articles, each with the id of its feed; their ids in the order given."""
    if not rows:
        return []
    if connection.dialect.name == "sqlite":
        return await _add_numbered(connection, rows)
    values = [_values(feed_id, row) for feed_id, row in rows]
    statement = insert(article).returning(article.c.id, sort_by_parameter_order=True)
    return [int(found) for found in (await connection.execute(statement, values)).scalars()]


async def _add_numbered(connection: AsyncConnection, rows: Sequence[tuple[int, Stored]]) -> list[int]:
    """With ids of our own: SQLite has one writer, and would take each row in a statement of its own to tell its id."""
    last = (await connection.execute(select(func.coalesce(func.max(article.c.id), 0)))).scalar_one()
    ids = [int(last) + 1 + place for place in range(len(rows))]
    bound = [_ROWS.bound({"id": i, **_values(feed_id, row)}) for i, (feed_id, row) in zip(ids, rows, strict=True)]
    await connection.exec_driver_sql(_ROWS.insert, bound)
    return ids


async def revise(connection: AsyncConnection, rows: Mapping[int, Stored]) -> None:
    """Writes edited articles over their older texts; when they were first seen, their place and whether held stay."""
    if not rows:
        return
    kept = {"feed_id", "first_seen", "sort_at", "held", "published"}
    values = [{"b_id": i, **{k: v for k, v in _values(0, row).items() if k not in kept}} for i, row in rows.items()]
    await connection.execute(update(article).where(article.c.id == bindparam("b_id")), values)


async def unsent(
    connection: AsyncConnection,
    newsletter: str,
    feed_urls: Sequence[str],
    *,
    cadences: Collection[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
) -> list[Article]:
    """The articles of those feeds (as configured) that no issue of that newsletter has dealt with, newest first.

    What a first poll or a flood held back is not among them. `cadences`: whose issues count (None: all);
    `since`, `until`: seen first at or after the one, at or before the other.
    """
    told = select(issue_article.c.article_id).where(
        issue_article.c.newsletter == newsletter, issue_article.c.article_id == article.c.id
    )
    if cadences is not None:
        told = told.where(issue_article.c.cadence.in_(cadences))
    query = _query().where(article.c.held == 0, ~told.exists())
    if since is not None:
        query = query.where(article.c.first_seen >= since)
    if until is not None:
        query = query.where(article.c.first_seen <= until)
    return await _of_feeds(connection, query, feed_urls, limit)


async def listed(
    connection: AsyncConnection, feed_urls: Sequence[str] | None = None, limit: int | None = None
) -> list[Article]:
    """Everything stored of those feeds (None: of all), newest first."""
    return await _of_feeds(connection, _query(), feed_urls, limit)


async def get(connection: AsyncConnection, ids: Collection[int]) -> dict[int, Article]:
    """Those articles by id; what is not there is left out."""
    found: dict[int, Article] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), _PAGE):
        rows = await connection.execute(_query().where(article.c.id.in_(wanted[start : start + _PAGE])))
        found.update({row.id: _article(row) for row in rows})
    return found


async def seen(connection: AsyncConnection, feed_id: int, *, newest: int = 500) -> dict[int, Seen]:
    """The newest articles of a feed, as far as recognizing them needs."""
    return await connection.run_sync(seen_of, feed_id, newest=newest)


def seen_of(connection: Connection, feed_id: int, *, newest: int = 500) -> dict[int, Seen]:
    """The same within `Database.look`."""
    latest = select(*_SEEN).where(article.c.feed_id == feed_id).order_by(article.c.sort_at.desc()).limit(newest)
    return {row.id: _seen(row) for row in connection.execute(latest)}


async def those_seen(connection: AsyncConnection, ids: Collection[int]) -> dict[int, Seen]:
    """Those articles likewise, however old."""
    return await connection.run_sync(seen_by_id, ids)


def seen_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Seen]:
    """The same within `Database.look`."""
    found: dict[int, Seen] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), _PAGE):
        rows = connection.execute(select(*_SEEN).where(article.c.id.in_(wanted[start : start + _PAGE])))
        found.update({row.id: _seen(row) for row in rows})
    return found


def _query() -> Select[Any]:
    return select(article, feed.c.requested_url, feed.c.title.label("feed_title")).join(
        feed, feed.c.id == article.c.feed_id
    )


async def _of_feeds(
    connection: AsyncConnection, query: Select[Any], feed_urls: Sequence[str] | None, limit: int | None
) -> list[Article]:
    """Newest first, over pages of feeds: a statement takes only so many values."""
    query = query.order_by(article.c.sort_at.desc(), article.c.id.desc())
    if limit is not None:
        query = query.limit(limit)
    if feed_urls is None:
        return [_article(row) for row in await connection.execute(query)]
    found: list[Article] = []
    urls = list(dict.fromkeys(feed_urls))
    for start in range(0, len(urls), _PAGE):
        page = query.where(feed.c.requested_url.in_(urls[start : start + _PAGE]))
        found += [_article(row) for row in await connection.execute(page)]
    found.sort(key=lambda a: (a.sort_at, a.id or 0), reverse=True)
    return found[:limit]


def _seen(row: Any) -> Seen:
    return Seen(
        id=row.id,
        title=row.title,
        link=row.link,
        published=row.published,
        fingerprint=row.fingerprint,
        content_hash=row.content_hash,
        hash_changes=row.hash_changes,
    )


def _article(row: Row[Any]) -> Article:
    return Article(
        id=row.id,
        feed_url=row.requested_url,
        feed_title=row.feed_title,
        link=row.link,
        title=row.title,
        authors=tuple(row.authors),
        published=row.published,
        first_seen=row.first_seen,
        language=row.language,
        image=Image(**row.image) if row.image else None,
        tags=tuple(row.tags),
        text=tuple(row.text),
        excerpt=row.excerpt,
        source=TextSource(row.source),
    )


def _values(feed_id: int, row: Stored) -> dict[str, Any]:
    told = row.article
    return {
        "feed_id": feed_id,
        "guid": row.guid,
        "link": told.link,
        "title": told.title,
        "authors": list(told.authors),
        "published": told.published,
        "updated": row.updated,
        "first_seen": told.first_seen,
        "sort_at": told.sort_at,
        "language": told.language,
        "image": asdict(told.image) if told.image else None,
        "tags": list(told.tags),
        "excerpt": told.excerpt,
        "text": list(told.text),
        "source": told.source.value,
        "content_hash": row.content_hash,
        "fingerprint": row.fingerprint,
        "hash_changes": row.hash_changes,
        "held": int(row.held),
        "lines": row.lines or None,
    }
