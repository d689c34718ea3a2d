from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import Article, FeedRecord, Image, TextSource
from digest.store import Database, articles, feeds, keys, lines, tables
from digest.store.articles import Stored

URL = "https://example.org/feed.xml"
OTHER = "https://b.org/feed.xml"


def stored(number: int, now: datetime, *, held: bool = False, url: str = URL) -> Stored:
    return Stored(
        article=Article(
            feed_url=url,
            link=f"https://example.org/{number}",
            title=f"Story {number}",
            authors=("Ann", "Böb"),
            published=now - timedelta(hours=number),
            first_seen=now,
            language="en",
            image=Image(url="https://example.org/i.png", alt="A", width=3, height=2),
            tags=("x",),
            text=("One.", "Two\u2028."),
            excerpt="One",
            source=TextSource.PAGE,
        ),
        guid=f"g{number}",
        updated=None,
        content_hash=bytes([number % 256]),
        fingerprint=-(2**63) + number,
        held=held,
    )


async def feed(connection: AsyncConnection, url: str = URL) -> FeedRecord:
    (record,) = await feeds.ensure(connection, [url])
    await feeds.save(connection, replace(record, title=f"Title of {url}"))
    return record


async def test_what_is_added_is_listed_newest_first(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        record = await feed(connection)
        ids = await articles.add(connection, record.id, [stored(n, now) for n in (2, 0, 1)])
    async with database.read() as connection:
        found = await articles.listed(connection)
        assert [a.title for a in found] == ["Story 0", "Story 1", "Story 2"]
        assert [a.id for a in found] == [ids[1], ids[2], ids[0]]
        expected = replace(stored(0, now).article, id=ids[1], feed_title=f"Title of {URL}")
        assert found[0] == expected
        assert await articles.listed(connection, [URL], 2) == found[:2]
        assert await articles.listed(connection, [OTHER]) == []
        assert await articles.get(connection, [ids[1], 10_000]) == {ids[1]: expected}


async def test_unsent_leaves_out_what_is_held_told_or_later(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        record = await feed(connection)
        other = await feed(connection, OTHER)
        rows = [stored(n, now, held=n == 3) for n in range(5)]
        ids = await articles.add(connection, record.id, rows)
        late = replace(rows[0], article=replace(rows[0].article, first_seen=now + timedelta(hours=1), title="Late"))
        await articles.add(connection, other.id, [late])
        issue = {"newsletter": "morning", "number": 1, "slot": "2026-11-23T07:30", "due_at": now, "state": "ready"}
        made = await connection.execute(insert(tables.issue).returning(tables.issue.c.id), issue)
        told = {"issue_id": made.scalar_one(), "article_id": ids[1], "newsletter": "morning", "story": 0}
        await connection.execute(insert(tables.issue_article), told)
    async with database.read() as connection:

        async def titles(newsletter: str, **given: datetime) -> list[str]:
            found = await articles.unsent(connection, newsletter, [URL, OTHER], limit=10, **given)
            return [a.title for a in found]

        assert await titles("morning", until=now) == ["Story 0", "Story 2", "Story 4"]
        assert await titles("evening", until=now) == ["Story 0", "Story 1", "Story 2", "Story 4"]
        assert "Late" in await titles("morning")
        assert await titles("morning", since=now + timedelta(minutes=1)) == ["Late"]
        assert len(await articles.unsent(connection, "morning", [URL], limit=2)) == 2


async def test_a_revised_article_keeps_its_place(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        record = await feed(connection)
        (number,) = await articles.add(connection, record.id, [stored(1, now, held=True)])
        later = replace(stored(9, now + timedelta(days=1)), hash_changes=4)
        await articles.revise(connection, {number: later})
        (found,) = await articles.listed(connection)
        assert (found.id, found.title, found.link) == (number, "Story 9", "https://example.org/9")
        assert (found.first_seen, found.published) == (now, now - timedelta(hours=1))
        assert await articles.unsent(connection, "morning", [URL], limit=9) == []
        seen = (await articles.seen(connection, record.id))[number]
        assert (seen.title, seen.content_hash, seen.hash_changes) == ("Story 9", bytes([9]), 4)
        assert seen.fingerprint == -(2**63) + 9


async def test_seen_gives_the_newest_and_those_asked_for(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        record = await feed(connection)
        ids = await articles.add(connection, record.id, [stored(n, now) for n in range(6)])
        assert set(await articles.seen(connection, record.id, newest=2)) == set(ids[:2])
        assert set(await articles.those_seen(connection, [ids[5], ids[1], 10_000])) == {ids[1], ids[5]}
        assert await articles.those_seen(connection, []) == {}


async def test_keys_belong_to_one_article_until_moved(database: Database, now: datetime) -> None:
    guid, url = ("guid", b"\x00\x01"), ("url", b"\x00\x01")
    async with database.write() as connection:
        record = await feed(connection)
        one, two = await articles.add(connection, record.id, [stored(1, now), stored(2, now)])
        await keys.add(connection, record.id, {guid: one})
        await keys.add(connection, record.id, {guid: two, url: two})
        assert await keys.owners(connection, record.id, [guid, url, ("fp", b"none")]) == {guid: one, url: two}
        await keys.move(connection, record.id, {guid: two})
        assert await keys.owners(connection, record.id, [guid]) == {guid: two}
        await keys.add(connection, record.id, {})
        other = await feed(connection, OTHER)
        assert await keys.owners(connection, other.id, [guid]) == {}


async def test_more_keys_than_a_statement_takes(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        record = await feed(connection)
        (one,) = await articles.add(connection, record.id, [stored(1, now)])
        many = {("guid", str(n).encode()): one for n in range(1_500)}
        await keys.add(connection, record.id, many)
        assert await keys.owners(connection, record.id, list(many)) == many


async def test_a_line_is_furniture_from_its_third_article_on(database: Database, now: datetime) -> None:
    foot, other = b"the foot", b"no foot!"
    async with database.write() as connection:
        record = await feed(connection)
        rows = [replace(stored(n, now), lines=lines.packed([foot, foot, bytes([n]) * 8])) for n in range(2)]
        await articles.add(connection, record.id, rows)
        assert await lines.frequent(connection, record.id, now=now) == frozenset()
        (third,) = await articles.add(connection, record.id, [replace(stored(2, now), lines=lines.packed([foot]))])
        assert await lines.frequent(connection, record.id, now=now) == {foot}
        assert await lines.frequent(connection, (await feed(connection, OTHER)).id, now=now) == frozenset()
        await articles.revise(connection, {third: replace(stored(2, now), lines=lines.packed([other]))})
        assert await lines.frequent(connection, record.id, now=now) == frozenset()


async def test_lines_count_for_thirty_days(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        record = await feed(connection)
        rows = [replace(stored(n, now), lines=lines.packed([b"the foot"])) for n in range(3)]
        await articles.add(connection, record.id, rows)
        assert await lines.frequent(connection, record.id, now=now + timedelta(days=29)) == {b"the foot"}
        assert await lines.frequent(connection, record.id, now=now + timedelta(days=31)) == frozenset()


async def test_articles_of_several_feeds_are_one_call(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        one, two = await feed(connection), await feed(connection, OTHER)
        ids = await articles.add_all(
            connection, [(two.id, stored(3, now)), (one.id, stored(4, now)), (two.id, stored(5, now))]
        )
        await keys.add_all(connection, {one.id: {("guid", b"1"): ids[1]}, two.id: {("guid", b"1"): ids[0]}})
        found = {a.title: a.feed_url for a in await articles.listed(connection)}
        assert found == {"Story 3": OTHER, "Story 4": URL, "Story 5": OTHER}
        assert [(await articles.get(connection, ids))[i].title for i in ids] == ["Story 3", "Story 4", "Story 5"]
        assert await keys.owners(connection, one.id, [("guid", b"1")]) == {("guid", b"1"): ids[1]}
        assert await articles.add_all(connection, []) == []
