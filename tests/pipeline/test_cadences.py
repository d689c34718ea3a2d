"""Cadences: each tells what is new in its own window, whatever the others told; by the daemon's ledger and by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule.world import Clock, kit_of
from schedule.world import config as configured
from sqlalchemy import select

from digest.cli import building
from digest.errors import NothingToDo, UsageError
from digest.model import Article, Due
from digest.pipeline import build, steps
from digest.pipeline.kit import Kit
from digest.schedule.ledger import Ledger
from digest.store import Database, articles, feeds, issues, tables
from digest.store.articles import Stored

pytestmark = pytest.mark.anyio
FEED = "https://example.org/feed.xml"
START = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOTH = f'title = "M"\nfeeds = ["{FEED}"]\ncadences = {{ daily = "30 7 * * *", weekly = "0 8 * * sun" }}'


class Town:
    """A newsletter whose articles come when the test says so, and whose issues tell whatever they may."""

    def __init__(self, database: Database, table: str = BOTH) -> None:
        self.database, self.clock = database, Clock(START)
        self.kit = kit_of(database, self.clock, settings=configured(morning=table))
        self.ledgers: dict[str, Ledger] = {}
        self.count = 0
        self.waiting: list[Article] = []

    @property
    def letter(self):
        return self.kit.config.newsletters["morning"]

    def publish(self, at: datetime, *, seen: datetime | None = None) -> str:
        """An article of that time; it is collected then, or later."""
        self.count += 1
        title, link = f"Story {self.count}", f"https://example.org/{self.count}"
        self.waiting.append(Article(feed_url=FEED, link=link, title=title, published=at, first_seen=seen or at))
        return title

    async def collect(self) -> None:
        """Stores what is out by now."""
        out = [article for article in self.waiting if article.first_seen <= self.clock.at]
        self.waiting = [article for article in self.waiting if article not in out]
        async with self.database.write() as connection:
            (record,) = await feeds.ensure(connection, [FEED])
            await articles.add(connection, record.id, [_stored(article) for article in out])

    async def sweep(self) -> None:
        """What the daemon does each minute, until nothing is left to do."""
        await self.collect()
        for cadence in self.letter.timetable:
            ledger = self.ledgers.setdefault(cadence, Ledger(self.clock.at))
            while todo := await ledger.sweep(self.kit, self.letter, cadence):
                for step in todo:
                    await steps.run(self.kit, step, steps.Stages(collect=_nothing, make=self.make, send=_nothing))

    async def make(self, kit: Kit, newsletter, due: Due, held: issues.Claim) -> None:
        due = await build.since_last(kit, newsletter, due)
        found = await build.candidates(kit, newsletter, due)
        if not found:
            raise NothingToDo("no new story")
        async with self.database.write() as connection:
            told = [(article.id, 0) for article in found]
            now = self.clock.at
            await issues.freeze(connection, held, title="M", content={}, told=told, made_at=now, expires_at=now + DAY)

    async def told(self) -> dict[tuple[str, str], set[str]]:
        """The titles of each issue by cadence and slot."""
        i, a, t = tables.issue.c, tables.article.c, tables.issue_article
        joined = t.join(tables.issue, i.id == t.c.issue_id).join(tables.article, a.id == t.c.article_id)
        async with self.database.read() as connection:
            rows = await connection.execute(select(i.cadence, i.slot, a.title).select_from(joined))
            found: dict[tuple[str, str], set[str]] = {}
            for cadence, slot, title in rows:
                found.setdefault((cadence, slot), set()).add(title)
        return found

    async def live(self, until: datetime, *, off: frozenset[int] = frozenset()) -> None:
        """Day by day, but for those on which the program does not run."""
        while self.clock.at < until:
            if (self.clock.at - START).days not in off:
                await self.sweep()
            self.clock.at += DAY


def _stored(article: Article) -> Stored:
    title = article.title
    return Stored(article=article, guid=title, updated=None, content_hash=title.encode(), fingerprint=None)


async def _nothing(*_: object) -> None:
    return None


async def test_the_weekly_tells_its_week_whatever_the_daily_told(database: Database) -> None:
    town = Town(database)
    await town.sweep()
    titles = [town.publish(START + n * DAY + 12 * HOUR) for n in range(13)]  # from Monday on, each at 18:00
    for n in range(13):
        town.clock.at = START + n * DAY + 2 * HOUR + timedelta(minutes=1)
        await town.sweep()
    told = await town.told()
    for n in range(12):
        slot = (START + (n + 1) * DAY).strftime("%Y-%m-%dT07:30")
        assert told[("daily", slot)] == {titles[n]}, slot
    assert told[("weekly", "2026-11-22T08:00")] == set(titles[:6])
    assert ("weekly", "2026-11-29T08:00") not in told


async def test_a_newsletter_that_gets_cadences_tells_its_readers_nothing_twice(database: Database) -> None:
    before = Town(database, f'title = "M"\nfeeds = ["{FEED}"]\nschedule = "30 7 * * *"')
    await before.sweep()
    old = [before.publish(START + n * DAY) for n in range(5)]
    await before.live(START + 5 * DAY + 2 * HOUR)
    assert set().union(*(await before.told()).values()) == set(old)
    after = Town(database)
    after.clock.at, after.count = START + 5 * DAY, 5
    new = after.publish(START + 5 * DAY + HOUR)
    await after.live(START + 8 * DAY)
    told = await after.told()
    assert set().union(*(titles for (cadence, _), titles in told.items() if cadence == "daily")) == {new}
    assert told[("weekly", "2026-11-22T08:00")] == {*old, new}
    async with database.read() as connection:
        numbers = [record.number for record in await issues.listed(connection)]
    assert len(set(numbers)) == len(numbers)


async def test_the_first_weekly_does_not_tell_a_month(database: Database) -> None:
    town = Town(database)
    town.publish(START - 30 * DAY)
    late = town.publish(START - 30 * DAY, seen=START + HOUR)  # the publisher's clock, or a feed added now
    inside = town.publish(START - HOUR)
    await town.live(START + 8 * DAY)
    assert (await town.told())[("weekly", "2026-11-22T08:00")] == {late, inside}


async def test_after_a_gap_one_weekly_covers_it(database: Database) -> None:
    town = Town(database)
    await town.sweep()
    titles = [town.publish(START + n * DAY + HOUR) for n in range(20)]
    town.clock.at = START + 21 * DAY
    await town.sweep()
    told = await town.told()
    assert told[("weekly", "2026-12-06T08:00")] >= set(titles)
    async with database.read() as connection:
        states = {(r.cadence, r.slot): r.state for r in await issues.listed(connection)}
    assert states[("weekly", "2026-11-22T08:00")] == "missed"


async def test_catching_up_on_all_each_week_tells_its_own(database: Database) -> None:
    town = Town(database, BOTH + '\ncatch_up = "all"')
    await town.sweep()
    titles = [town.publish(START + n * DAY + HOUR) for n in range(13)]
    town.clock.at = START + 14 * DAY
    await town.sweep()
    told = await town.told()
    assert told[("weekly", "2026-11-22T08:00")] == set(titles[:7])
    assert told[("weekly", "2026-11-29T08:00")] == set(titles[7:])


moments = st.lists(st.integers(0, 24 * 12 - 1), max_size=10, unique=True)


@settings(max_examples=6, deadline=None)
@given(hours=moments, off=st.frozensets(st.integers(1, 10), max_size=5))
async def test_each_cadence_tells_every_article_once(hours: list[int], off: frozenset[int]) -> None:
    async with Database("sqlite+aiosqlite:///:memory:") as database:
        town = Town(database)
        await town.sweep()
        for hour in sorted(hours):
            town.publish(START + hour * HOUR)
        await town.live(START + 16 * DAY, off=off)
        told = await town.told()
    for cadence in ("daily", "weekly"):
        listed = [title for (name, _), titles in told.items() if name == cadence for title in titles]
        assert sorted(listed) == sorted(f"Story {n + 1}" for n in range(len(hours))), cadence


# ------------------------------------------------------------------ by hand


async def by_hand(town: Town, **given: str) -> Due:
    return await building.due(town.kit, town.letter, given.get("at"), given.get("cadence"))


async def test_by_hand_the_one_that_has_been_due_longest(database: Database) -> None:
    town = Town(database)
    await town.sweep()  # it starts here
    town.clock.at = START + 6 * DAY + 3 * HOUR  # Sunday, 09:00
    due = await by_hand(town)
    assert (due.cadence, due.slot) == ("daily", "2026-11-22T07:30")
    due = await by_hand(town, cadence="weekly")
    assert (due.cadence, due.slot, due.since, due.until) == ("weekly", "2026-11-22T08:00", START - DAY + 2 * HOUR, None)


async def test_by_hand_where_none_is_due_the_usual_one_of_the_present_minute(database: Database) -> None:
    town = Town(database)
    assert (await by_hand(town)).cadence == "daily"
    due = await by_hand(town, cadence="weekly")
    assert (due.slot, due.since) == ("2026-11-16T06:00", START - 7 * DAY)


async def test_a_past_slot_tells_its_window_alone(database: Database) -> None:
    town = Town(database)
    seen = START + 20 * DAY  # all collected long after
    for n in range(20):
        town.publish(START + n * DAY, seen=seen)
    town.clock.at = seen
    await town.collect()
    due = await by_hand(town, at="2026-11-29T08:00")
    assert due.cadence == "weekly"
    found = await build.candidates(town.kit, town.letter, due)
    assert {article.title for article in found} == {f"Story {n + 1}" for n in range(7, 14)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cadence": "monthly"}, "there are: daily, weekly"),
        ({"at": "2026-11-15T09:00"}, "no cadence of morning"),
        ({"at": "2027-01-01T07:30"}, "still to come"),
    ],
)
async def test_what_cannot_be_meant_is_said(database: Database, given: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        await by_hand(Town(database), **given)


async def test_a_slot_of_two_cadences_wants_a_name(database: Database) -> None:
    town = Town(database, f'title = "M"\nfeeds = ["{FEED}"]\ncadences = {{ a = "0 8 * * *", b = "0 8 * * sun" }}')
    with pytest.raises(UsageError, match="a and b"):
        await by_hand(town, at="2026-11-15T08:00")
    assert (await by_hand(town, at="2026-11-15T08:00", cadence="b")).cadence == "b"


async def test_without_cadences_all_is_as_it_was(database: Database) -> None:
    town = Town(database, f'title = "M"\nfeeds = ["{FEED}"]')
    assert await by_hand(town) == build.by_hand(town.letter, START)
    assert await by_hand(town, at="2026-11-15T09:00") == Due(slot="2026-11-15T09:00", at=START - DAY + 3 * HOUR)
    with pytest.raises(UsageError, match="but one schedule"):
        await by_hand(town, cadence="daily")
