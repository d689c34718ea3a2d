"""What [privacy] bounds goes in its time, and nothing else does."""

from datetime import timedelta

import pytest
from schedule.world import START, Clock, kit_of
from schedule.world import config as configured
from send.world import active, reader
from sqlalchemy import select

from digest.config import Privacy
from digest.errors import ConfigError
from digest.model import Article
from digest.pipeline.retention import Keeper
from digest.store import Database, articles, feeds, tables
from digest.store.articles import Stored
from subscribers import roster
from subscribers import tables as people

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
ALL = {"deliveries_days": 90, "events_days": 90, "sources_days": 90, "texts_days": 90, "pending_days": 90}


def town(database: Database, **days: int):
    clock = Clock(START)
    settings = configured().model_copy(update={"privacy": Privacy(**days)})
    return kit_of(database, clock, settings=settings), clock


async def fill(database: Database) -> None:
    """An issue, a delivery sent and one unknown, a report, an article, a consent with its source, a pending request."""
    async with database.write() as connection:
        issue = {"newsletter": "m", "number": 1, "slot": "s", "due_at": START, "state": "sent", "date": START}
        issue_id = (await connection.execute(tables.issue.insert().values(issue))).inserted_primary_key[0]
        for who, state in ((1, "accepted"), (2, "unknown")):
            values = {"issue_id": issue_id, "subscriber_id": who, "batch": 0, "address": f"{who}@x.org", "name": "N"}
            await connection.execute(tables.delivery.insert().values({**values, "state": state}))
        report = {"provider": "p", "event_id": "1", "kind": "bounced", "address": "1@x.org", "at": START}
        await connection.execute(tables.event.insert().values(report))
        (record,) = await feeds.ensure(connection, ["https://x.org/f"])
        article = Article(
            feed_url="https://x.org/f", link="l", title="T", first_seen=START, text=("One.",), excerpt="One"
        )
        row = Stored(article=article, guid="g", updated=None, content_hash=b"h", fingerprint=None, lines=b"12345678")
        await articles.add(connection, record.id, [row])
        await connection.execute(people.subscriber.insert().values(reader(7)))
        await connection.execute(people.subscription.insert().values(active(7)))
        await roster.subscribe(connection, address="p@x.org", newsletter="morning", at=START, remote="192.0.2.1")


async def kept(database: Database) -> dict[str, object]:
    async with database.read() as connection:
        d, a = tables.delivery.c, tables.article.c
        deliveries = await connection.execute(select(d.address).order_by(d.subscriber_id))
        texts = (await connection.execute(select(a.title, a.text, a.excerpt, a.lines))).one()
        return {
            "deliveries": list(deliveries.scalars()),
            "events": len((await connection.execute(tables.event.select())).all()),
            "text": tuple(texts),
            "sources": list((await connection.execute(select(people.consent.c.remote))).scalars()),
            "people": sorted((await connection.execute(select(people.subscriber.c.address))).scalars()),
        }


async def test_by_default_only_what_nobody_confirmed_goes(database: Database) -> None:
    await fill(database)
    before = await kept(database)
    kit, clock = town(database)
    clock.at = START + 89 * DAY
    assert sum((await Keeper().sweep(kit)).values()) == 0
    clock.at = START + 4000 * DAY
    assert {what for what, count in (await Keeper().sweep(kit)).items() if count} == {"pending"}
    assert await kept(database) == {**before, "people": ["reader-7@example.org"]}


async def test_each_goes_in_its_time(database: Database) -> None:
    await fill(database)
    kit, clock = town(database, **ALL)
    keeper = Keeper()
    clock.at = START + 90 * DAY
    assert sum((await keeper.sweep(kit)).values()) == 0
    clock.at = START + 90 * DAY + timedelta(seconds=1)
    assert await keeper.sweep(kit) == {"deliveries": 1, "texts": 1, "sources": 1, "events": 1, "pending": 1}
    assert await kept(database) == {
        "deliveries": ["", "2@x.org"],  # what may be sent again keeps its address
        "events": 0,
        "text": ("T", [], "", None),
        "sources": [None],
        "people": ["reader-7@example.org"],
    }
    assert sum((await keeper.sweep(kit)).values()) == 0


async def test_what_was_open_goes_later(database: Database) -> None:
    await fill(database)
    kit, clock = town(database, deliveries_days=90)
    keeper = Keeper()
    clock.at = START + 91 * DAY
    await keeper.sweep(kit)
    async with database.write() as connection:
        await connection.execute(tables.delivery.update().values(state="rejected", error="no such user 2@x.org"))
    await keeper.sweep(kit)
    assert (await kept(database))["deliveries"] == ["", ""]


def test_a_time_that_is_too_short_is_refused() -> None:
    with pytest.raises(ConfigError, match="At least 31"):
        configured_with("[privacy]\nevents_days = 7\n")


def configured_with(text: str):
    from pathlib import Path

    from digest.config import parse

    return parse('[mail]\nsender = "A <a@example.org>"\n' + text, path=Path("digest.toml"), environ={})
