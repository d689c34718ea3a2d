"""Rows past SQLAlchemy are the rows that it would have written, to the byte and the type."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, text, update

from digest.model import Article, FeedRecord, FeedState, Image, TextSource, Validators
from digest.store import Database, articles, driver, feeds
from digest.store.articles import Stored
from digest.store.tables import article, feed

NOW = datetime(2026, 11, 23, 6, 30, 1, 250, tzinfo=UTC)
PLAIN = Article(feed_url="https://e.org/f", link="https://e.org/1", title="One", first_seen=NOW)
FULL = Article(
    feed_url="https://e.org/f",
    link="https://e.org/2",
    title="Zwei – “2”",
    authors=("Ann", "Bö"),
    published=datetime(2026, 11, 22, 9, 0, tzinfo=timezone(timedelta(hours=2))),
    first_seen=NOW,
    language="de",
    image=Image(url="https://e.org/i.png", alt='A "b"', width=3),
    tags=("x",),
    text=("Erster Absatz.", "第二段。", "\U0001f600"),
    excerpt="Erster",
    source=TextSource.PAGE,
)
ROWS = [
    Stored(article=PLAIN, guid=None, updated=None, content_hash=b"", fingerprint=None),
    Stored(
        article=FULL,
        guid="g",
        updated=NOW,
        content_hash=b"\0h",
        fingerprint=-(2**63),
        hash_changes=3,
        held=True,
        lines=b"12345678",
    ),
]


async def raw(database: Database, table: str) -> Sequence[tuple[object, ...]]:
    async with database.read() as connection:
        columns = [row[1] for row in await connection.execute(text(f"PRAGMA table_info({table})"))]
        shown = ", ".join(f"typeof({name}), {name}" for name in columns)
        return [tuple(row) for row in await connection.execute(text(f"SELECT {shown} FROM {table} ORDER BY id"))]


async def test_articles_are_stored_as_sqlalchemy_stores_them() -> None:
    found = []
    for is_direct in (True, False):
        async with Database("sqlite+aiosqlite:///:memory:") as database:
            async with database.write() as connection:
                await connection.execute(insert(feed), [{"id": 1, "url": "u", "requested_url": "u"}])
                if is_direct:
                    assert await articles.add(connection, 1, ROWS) == [1, 2]
                else:
                    values = [{"id": n, **articles._values(1, row)} for n, row in enumerate(ROWS, 1)]
                    await connection.execute(insert(article), values)
            found.append(await raw(database, "article"))
            async with database.read() as connection:
                assert {a.title for a in await articles.listed(connection)} == {"One", FULL.title}
    assert found[0] == found[1]


async def test_feeds_are_saved_as_sqlalchemy_saves_them() -> None:
    record = FeedRecord(id=1, url="https://e.org/new", requested_url="u", title="T", silent_from=NOW, last_checked=NOW)
    later = replace(
        record,
        validators=Validators(etag='W/"1"', last_modified="yesterday"),
        body_hash=b"\0\1",
        state=FeedState.BACKOFF,
        last_error="é",
        error_count=2,
    )
    found = []
    for is_direct in (True, False):
        async with Database("sqlite+aiosqlite:///:memory:") as database:
            async with database.write() as connection:
                await connection.execute(
                    insert(feed), [{"id": n, "url": str(n), "requested_url": str(n)} for n in (1, 2)]
                )
                for values in (record, later):
                    if is_direct:
                        await feeds.save(connection, values)
                    else:
                        await connection.execute(update(feed).where(feed.c.id == 1).values(feeds._values(values)))
            found.append(await raw(database, "feed"))
    assert found[0] == found[1]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        driver.moment(datetime(2026, 11, 23))  # noqa: DTZ001 — the case
