import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from digest.model import FeedRecord, FeedState, Validators
from digest.store import Database, feeds, hosts

URL = "https://example.org/feed.xml"


async def test_a_feed_gets_one_row_however_often_it_is_named(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        (one,) = await feeds.ensure(connection, [URL], since=now)
        again = await feeds.ensure(connection, ["https://b.org/", URL, URL])
    assert [record.requested_url for record in again] == ["https://b.org/", URL]
    assert again[1] == one
    assert (one.url, one.state, one.since, one.validators) == (URL, FeedState.ACTIVE, now, Validators())


async def test_what_is_saved_is_read_again(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        (record,) = await feeds.ensure(connection, [URL])
        saved = replace(
            record,
            url="https://new.example.org/",
            title="T",
            site_url="https://example.org/",
            validators=Validators(etag='W/"1"', last_modified="yesterday"),
            body_hash=b"\x00\xff",
            last_checked=now,
            last_ok=now - timedelta(days=1),
            last_full=now - timedelta(days=2),
            next_check=now + timedelta(hours=1),
            error_count=3,
            last_error="no",
            last_error_kind="dns",
            state=FeedState.BACKOFF,
            redirect_target="https://c.org/",
            redirect_seen=2,
            gone_since=now,
            since=now,
            note="moved",
            noted_at=now,
            silent_from=now + timedelta(days=20),
        )
        await feeds.save(connection, saved)
    async with database.read() as connection:
        assert await feeds.get(connection, URL) == saved
        assert await feeds.listed(connection) == [saved]
        assert await feeds.listed(connection, [URL, "https://none.org/"]) == [saved]
        assert await feeds.locked(connection, [saved.id, 10_000]) == {saved.id: saved}
        assert await feeds.get(connection, "https://new.example.org/") is None


async def test_a_thousand_feeds_are_one_call(database: Database) -> None:
    urls = [f"https://example.org/{n}" for n in range(1_100)]
    async with database.write() as connection:
        assert [record.requested_url for record in await feeds.ensure(connection, urls)] == urls


async def test_a_removed_feed_is_forgotten(database: Database) -> None:
    async with database.write() as connection:
        await feeds.ensure(connection, [URL])
        assert await feeds.remove(connection, URL)
        assert not await feeds.remove(connection, URL)
        assert await feeds.listed(connection) == []


async def test_an_address_is_taken_by_another_row_only(database: Database) -> None:
    async with database.write() as connection:
        one, two = await feeds.ensure(connection, [URL, "https://b.org/"])
        await feeds.save(connection, replace(two, url="https://c.org/"))
        assert await feeds.is_taken(connection, "https://b.org/", by_other_than=one.id)
        assert await feeds.is_taken(connection, "https://c.org/", by_other_than=one.id)
        assert not await feeds.is_taken(connection, "https://c.org/", by_other_than=two.id)
        assert not await feeds.is_taken(connection, "https://d.org/", by_other_than=one.id)


async def test_since_is_chosen_before_the_first_poll_only(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        assert await feeds.start(connection, URL, since=now)
        assert await feeds.start(connection, URL, since=now - timedelta(days=1))
        record = await feeds.get(connection, URL)
        assert record is not None
        assert record.since == now - timedelta(days=1)
        await feeds.save(connection, replace(record, last_ok=now))
        assert not await feeds.start(connection, URL, since=now)


@pytest.mark.parametrize("since", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)])
async def test_all_and_none_are_instants_that_both_databases_keep(database: Database, since: datetime) -> None:
    async with database.write() as connection:
        await feeds.start(connection, URL, since=since)
    async with database.read() as connection:
        record = await feeds.get(connection, URL)
    assert record is not None
    assert record.since == since


async def test_a_host_stays_closed_until_its_time(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await hosts.close(connection, "a.org:443", until=now + timedelta(hours=1))
        await hosts.close(connection, "a.org:443", until=now + timedelta(hours=2))
        await hosts.close(connection, "b.org:443", until=now)
        assert await hosts.closed(connection, now=now) == {"a.org:443": now + timedelta(hours=2)}
        assert await hosts.closed(connection, now=now + timedelta(hours=2)) == {}
        await hosts.reopen(connection, ["a.org:443"])
        assert await hosts.closed(connection, now=now) == {}


async def test_two_processes_meet_the_same_feeds_at_once(database: Database) -> None:
    urls = [f"https://example.org/{n}.xml" for n in range(50)]

    async def meet(some: list[str]) -> list[str]:
        async with database.write() as connection:
            found = await feeds.ensure(connection, some)
            await asyncio.sleep(0)
            return [record.requested_url for record in found]

    assert await asyncio.gather(*(meet(order) for order in (urls, urls[::-1], urls))) == [urls, urls[::-1], urls]


async def test_two_processes_write_the_same_feeds_in_any_order(database: Database, now) -> None:
    async with database.write() as connection:
        records = await feeds.ensure(connection, [f"https://example.org/{n}.xml" for n in range(200)])

    async def save(some: list[FeedRecord]) -> None:
        async with database.write() as connection:
            await feeds.save(connection, *some)

    await asyncio.gather(*(save(order) for order in (records, records[::-1]) * 3))


async def test_two_processes_close_a_host_at_once(database: Database, now) -> None:
    async def close(minutes: int) -> None:
        async with database.write() as connection:
            await hosts.close(connection, "example.org:443", until=now + timedelta(minutes=minutes))

    await asyncio.gather(*(close(minutes) for minutes in (5, 5, 5)))
    async with database.read() as connection:
        assert await hosts.closed(connection, now=now) == {"example.org:443": now + timedelta(minutes=5)}
