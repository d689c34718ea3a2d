"""Readers who chose a language or sections: rendered once a variant, sent as chosen, nothing sent where nothing is in it."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest
from send.world import Clock, config, kit, reader
from sqlalchemy import select

from digest.config import Config, FeedSettings
from digest.model import Article, Due, Issue
from digest.pipeline import build, frozen, send, variants
from digest.pipeline.kit import Kit
from digest.store import Database, articles, deliveries, feeds, issues, renditions, sendings, tables
from digest.store.articles import Stored
from digest.testing import MailServer
from digest.workers import Workers
from subscribers import tables as people
from subscribers.model import Choice

pytestmark = pytest.mark.anyio
START = Clock().now()
TEXTS = {
    "World": (
        "The harbour of Port Ellin was closed on Monday after a crane fell onto the northern quay.",
        "Nobody was hurt, the harbour master said, and two ferries were sent to the southern quay.",
    ),
    "Arts": (
        "A painting by Mira Solberg was sold for nine million crowns at an auction in the old opera.",
        "The museum that had lent the picture said that it knew nothing of the buyer or his plans.",
    ),
}


def cadenced(folder, server: MailServer | None = None, **more: object) -> Config:
    made = config(folder, base_url=server.url if server else "https://api.example.org")
    sections = ("World", "Arts", "Sport")
    listed = tuple(FeedSettings(url=f"https://{name}.example/feed", section=name) for name in sections)
    letter = made.newsletters["morning"].model_copy(update={"feeds": listed, "language": "en", **more})
    return made.model_copy(update={"newsletters": {"morning": letter}})


async def publish(database: Database, *sections: str, at: datetime = START) -> None:
    async with database.write() as connection:
        for n, section in enumerate(sections):
            url = f"https://{section}.example/feed"
            (record,) = await feeds.ensure(connection, [url])
            title = f"{section} story: {TEXTS[section][n % 2][:40]}"
            article = Article(
                feed_url=url,
                feed_title=section,
                link=f"https://{section}.example/{n}",
                title=title,
                published=at - timedelta(hours=1),
                first_seen=at,
                text=TEXTS[section],
            )
            row = Stored(article=article, guid=title, updated=None, content_hash=title.encode(), fingerprint=None)
            await articles.add(connection, record.id, [row])


async def enroll(database: Database, **chosen: dict[str, object]) -> None:
    """Readers by name; what each chose: language, sections, cadence."""
    async with database.write() as connection:
        for n, (name, choice) in enumerate(chosen.items(), 1):
            address = f"{name}@example.org"
            who = {**reader(n), "address": address, "address_key": address, "language": choice.get("language")}
            on = {"subscriber_id": n, "newsletter": "morning", "state": "active", "since": START}
            on |= {"sections": choice.get("sections"), "cadence": choice.get("cadence", "")}
            await connection.execute(people.subscriber.insert().values(who))
            await connection.execute(people.subscription.insert().values(on))


def world(config: Config, database: Database, workers: Workers) -> Kit:
    made = kit(config, database, Clock())
    return replace(made, workers=workers)


def texts(server: MailServer) -> dict[str, str]:
    """The text part that each got, by name."""
    sent = [message for seen in server.seen for message in orjson.loads(seen.body)]
    return {message["to"][0].partition("@")[0].rpartition("<")[2]: message["text"] for message in sent}


async def test_each_gets_what_they_chose(database: Database, workers: Workers, tmp_path) -> None:
    await publish(database, "World", "Arts")
    await enroll(
        database,
        ann={},
        bea={"language": "de-AT"},
        carl={"sections": ["World"]},
        dora={"sections": ["World", "Arts"]},
        emil={"sections": ["Sport"]},
        fay={"sections": ["Gone"]},
        gil={"sections": ["World"], "language": "de"},
        hal={"language": "tlh"},
    )
    async with MailServer(tmp_path / "log") as server:
        town = world(cadenced(tmp_path, server), database, workers)
        record = await build.issue(town, town.config.newsletters["morning"], Due(slot="2026-11-23T07:30", at=START))
        report = await send.issue(town, record.id, sleep=Clock().sleep)
        assert (report.accepted, report.skipped, report.is_partial) == (7, 1, False)
        got = texts(server)
    stories = {name: sorted(set(re.findall(r"(World|Arts) story", body))) for name, body in got.items()}
    both = ["Arts", "World"]
    assert stories == {
        "ann": both, "bea": both, "carl": ["World"], "dora": both, "fay": both, "gil": ["World"], "hal": both
    }  # fmt: skip
    german = {name for name, body in got.items() if "Abmelden" in body or "abbestellen" in body.lower()}
    assert german == {"bea", "gil"}
    async with database.read() as connection:
        assert len(await renditions.known(connection, record.id)) == 4  # not one a reader
        assert (await sendings.find(connection, record.id)).state == "sent"


async def test_the_message_shown_is_the_readers_own(database: Database, workers: Workers, tmp_path) -> None:
    await publish(database, "World", "Arts")
    await enroll(database, ann={}, carl={"sections": ["World"]}, emil={"sections": ["Sport"]})
    town = world(cadenced(tmp_path), database, workers)
    record = await build.issue(town, town.config.newsletters["morning"], Due(slot="2026-11-23T07:30", at=START))
    own = await send.eml(town.config, database, record.id, "carl@example.org", now=START)
    neutral = await send.eml(town.config, database, record.id, None, now=START)
    assert b"Arts story" not in own
    assert b"Arts story" in neutral
    with pytest.raises(Exception, match="no recipient"):
        await send.eml(town.config, database, record.id, "emil@example.org", now=START)


async def test_who_comes_after_an_issue_that_had_no_reader_gets_it_as_they_chose(
    database: Database, workers: Workers, tmp_path
) -> None:
    await publish(database, "World", "Arts")
    async with MailServer(tmp_path / "log") as server:
        town = world(cadenced(tmp_path, server), database, workers)
        record = await build.issue(town, town.config.newsletters["morning"], Due(slot="2026-11-23T07:30", at=START))
        await enroll(database, carl={"sections": ["World"]}, ann={})
        await send.issue(town, record.id, sleep=Clock().sleep)
        got = texts(server)
    assert "Arts story" not in got["carl"]
    assert "Arts story" in got["ann"]


async def test_each_cadence_goes_to_its_readers(database: Database, workers: Workers, tmp_path) -> None:
    await publish(database, "World")
    await enroll(database, ann={}, wes={"cadence": "weekly"})
    async with MailServer(tmp_path / "log") as server:
        settings = cadenced(tmp_path, server, cadences={"daily": "30 7 * * *", "weekly": "0 8 * * sun"})
        town = world(settings, database, workers)
        letter = town.config.newsletters["morning"]
        daily = await build.issue(town, letter, Due(slot="2026-11-23T07:30", at=START, cadence="daily"))
        weekly = await build.issue(town, letter, Due(slot="2026-11-22T08:00", at=START, cadence="weekly"))
        assert (daily.name, daily.cadence, weekly.name, weekly.cadence) == ("morning/1", "daily", "morning/2", "weekly")
        assert (await send.dry_run(town, weekly.id)).pending == 1
        await send.issue(town, daily.id, sleep=Clock().sleep)
        assert [taken.to for taken in server.taken()] == ["ann@example.org"]
        await send.issue(town, weekly.id, sleep=Clock().sleep)
        assert [taken.to for taken in server.taken()] == ["ann@example.org", "wes@example.org"]


async def test_a_variant_that_must_not_leave_stops_the_issue(database: Database, workers: Workers, tmp_path) -> None:
    await publish(database, "World", "Arts")
    await enroll(database, ann={"language": "de"})
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "base.txt.j2").write_text("{% if language == 'de' %}nothing{% else %}{{ unsubscribe_url }}{% endif %}")
    settings = cadenced(tmp_path)
    general = settings.digest.model_copy(update={"templates": "templates"})
    town = world(settings.model_copy(update={"digest": general}), database, workers)
    with pytest.raises(Exception, match="unsubscribe"):
        await build.issue(town, town.config.newsletters["morning"], Due(slot="2026-11-23T07:30", at=START))
    async with database.read() as connection:
        assert await issues.listed(connection) == []
        assert (await connection.execute(select(tables.delivery))).all() == []
        assert await deliveries.counts(connection) == dict.fromkeys(await deliveries.counts(connection), 0)


async def test_choices_made_meanwhile_are_drawn_in_the_freezing_transaction(database, workers, tmp_path) -> None:
    await publish(database, "World", "Arts")
    town = world(cadenced(tmp_path), database, workers)
    letter = town.config.newsletters["morning"]
    made = await build.draft(town, letter, Due(slot="2026-11-23T07:30", at=START), number=1)
    read_as = variants.gathered(town, letter, made.issue, made.rendered)
    await variants.learned(town, letter, "", read_as)
    assert set(read_as.rendered) == {""}
    await enroll(database, carl={"sections": ["World"]})
    async with database.write() as connection:
        values = {"newsletter": "morning", "number": 1, "slot": "x", "due_at": START, "state": "ready"}
        key = (await connection.execute(tables.issue.insert().values(values))).inserted_primary_key[0]
        await variants.plan(connection, letter, read_as, issue_id=key, cadence="", size=9)
        assert len(await renditions.known(connection, key)) == 2
        found = await deliveries.person(connection, key, "carl@example.org")
    assert found.variant in read_as.rendered
    assert found.variant != ""


async def test_a_document_comes_back_whole(database: Database, workers: Workers, tmp_path) -> None:
    await publish(database, "World", "Arts")
    town = world(cadenced(tmp_path), database, workers)
    due = Due(slot="2026-11-23T07:30", at=START)
    made = await build.draft(town, town.config.newsletters["morning"], due, number=1)
    kept = frozen.load(frozen.dump(made.issue))
    assert all(article.text == () for story in kept.stories for article in story.articles)
    async with database.read() as connection:
        assert await frozen.whole(connection, kept) == made.issue


def test_a_choice_against_an_issue() -> None:
    made = Issue(
        newsletter="m", number=1, slot="s", title="M", made_at=START, language="en-GB", timezone="UTC", stories=()
    )
    assert variants.of(Choice(), made, ()).key == ""
    assert variants.of(Choice(language="en"), made, ()).key == ""
    assert variants.of(Choice(language="pt-br"), made, ()).key == "pt"
    assert variants.of(Choice(sections=("Gone",)), made, ("World",)).key == ""
