"""Several feeds in one transaction, each whole or not at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from collect.making import entry
from pipeline.conftest import settings

from digest.collect import identity, reading
from digest.collect.fetch import Fetched
from digest.model import Article, Feed, FeedRecord
from digest.pipeline import texts
from digest.pipeline.kit import Kit
from digest.pipeline.sources import Answer
from digest.pipeline.storing import Outcome, Ready, Storing
from digest.store import articles, feeds, keys


def ready(record: FeedRecord, now: datetime, *, permanent: str | None = None, is_broken: bool = False) -> Ready:
    """A poll that brought one new entry; a broken one's row has a title that no database takes."""
    stated = entry(record.id)
    marks = identity.marks([stated], ["text"])[0]
    match = identity.Match(entry=0, marks=marks, article_id=None)
    article = Article(feed_url=record.requested_url, link=stated.link, title=stated.title, first_seen=now)
    row = articles.Stored(article=article, guid=None, updated=None, content_hash=marks.content_hash, fingerprint=None)
    if is_broken:
        row = replace(row, article=replace(article, title="\ud800"))
    fetched = Fetched(url=record.url, status=200, permanent_url=permanent)
    return Ready(
        poll=texts.Poll(
            record=record,
            settings=settings(record.url),
            answer=Answer(fetched=fetched, bodies=(b"x",), body_hash=b"hash"),
            read=reading.Reading(feed=Feed(url=record.url, title="Example"), pieces=()),
            now=now,
        ),
        found=texts.Found(
            matches=(match,), fresh=(match,), edited=(), stored={}, held=frozenset(), furniture=frozenset(), owners={}
        ),
        drafts=texts.Drafts(stored={0: row}, canonical={}),
    )


async def rows(kit: Kit, count: int) -> list[FeedRecord]:
    async with kit.database.write() as connection:
        return await feeds.ensure(connection, [f"https://example.org/{n}.xml" for n in range(count)])


async def together(kit: Kit, polls: Sequence[Ready]) -> list[Outcome | BaseException]:
    storing = Storing(kit)
    async with storing.at_work():
        tasks = [asyncio.ensure_future(storing.store(poll)) for poll in polls]
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def stored(kit: Kit) -> set[str]:
    async with kit.database.read() as connection:
        return {article.feed_url for article in await articles.listed(connection)}


async def test_each_feed_s_rows_validators_and_keys_are_stored(collect_kit: Kit, now: datetime) -> None:
    records = await rows(collect_kit, 3)
    outcomes = await together(collect_kit, [ready(record, now) for record in records])
    assert [outcome.new for outcome in outcomes if isinstance(outcome, Outcome)] == [1, 1, 1]
    assert await stored(collect_kit) == {record.requested_url for record in records}
    async with collect_kit.database.read() as connection:
        for record in await feeds.listed(connection):
            assert (record.body_hash, record.last_ok, record.title) == (b"hash", now, "Example")
            wanted = identity.marks([entry(record.id)], ["text"])[0].keys
            assert set(await keys.owners(connection, record.id, wanted)) == set(wanted)


async def test_rows_that_break_the_transaction_break_their_own_feed_alone(collect_kit: Kit, now: datetime) -> None:
    records = await rows(collect_kit, 5)
    polls = [ready(record, now, is_broken=place == 2) for place, record in enumerate(records)]
    outcomes = await together(collect_kit, polls)
    assert [isinstance(outcome, Outcome) for outcome in outcomes] == [True, True, False, True, True]
    assert await stored(collect_kit) == {r.requested_url for place, r in enumerate(records) if place != 2}
    async with collect_kit.database.read() as connection:
        kept = await feeds.get(connection, records[2].requested_url)
    assert kept == records[2]  # its validators are not saved: the next poll fetches it again


async def test_what_another_process_polled_meanwhile_is_left_alone(collect_kit: Kit, now: datetime) -> None:
    one, other = await rows(collect_kit, 2)
    async with collect_kit.database.write() as connection:
        await feeds.save(connection, replace(other, last_checked=now))
    outcomes = await together(collect_kit, [ready(one, now), ready(other, now)])
    assert [outcome.new for outcome in outcomes if isinstance(outcome, Outcome)] == [1, 0]
    assert await stored(collect_kit) == {one.requested_url}


async def test_two_feeds_never_move_to_one_address(collect_kit: Kit, now: datetime) -> None:
    target = "https://example.org/new.xml"
    async with collect_kit.database.write() as connection:
        made = await feeds.ensure(connection, ["https://example.org/a.xml", "https://example.org/b.xml"])
        twice = [replace(record, redirect_target=target, redirect_seen=2) for record in made]
        await feeds.save(connection, *twice)
    await together(collect_kit, [ready(record, now, permanent=target) for record in twice])
    async with collect_kit.database.read() as connection:
        assert [record.url for record in await feeds.listed(connection)] == [target, made[1].url]


@pytest.mark.parametrize("count", [1, 16, 17, 40])
async def test_nobody_waits_for_ever(collect_kit: Kit, now: datetime, count: int) -> None:
    records = await rows(collect_kit, count)
    outcomes = await asyncio.wait_for(together(collect_kit, [ready(record, now) for record in records]), 20)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    assert len(await stored(collect_kit)) == count


async def test_a_poll_that_ends_with_nothing_wakes_those_who_wait(collect_kit: Kit, now: datetime) -> None:
    (record,) = await rows(collect_kit, 1)
    storing = Storing(collect_kit)
    async with storing.at_work():
        waiting = asyncio.ensure_future(storing.store(ready(record, now)))
        await asyncio.sleep(0)
        assert not waiting.done()
    assert (await asyncio.wait_for(waiting, 10)).new == 1


async def test_nobody_waits_for_a_poll_that_is_held_up(collect_kit: Kit, now: datetime) -> None:
    (record,) = await rows(collect_kit, 1)
    storing = Storing(collect_kit)
    async with storing.at_work():  # and stays at work, as one that an attack holds up
        waiting = asyncio.ensure_future(storing.store(ready(record, now)))
        assert (await asyncio.wait_for(waiting, 10)).new == 1
    assert await stored(collect_kit) == {record.requested_url}
