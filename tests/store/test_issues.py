"""One issue a slot, whoever asks in whatever order; a claim that was lost writes nothing. On both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from conftest import empty
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from digest.model import IssueState
from digest.store import Database, issues
from digest.store.tables import article, feed, issue_article

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
LEASE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


async def claim(database, slot="2026-11-23T07:30", *, owner="a", name="morning", now=NOW, **more):
    async with database.write() as connection:
        return await issues.claim(
            connection,
            name=name,
            slot=slot,
            due_at=more.pop("due_at", NOW),
            owner=owner,
            lease_until=now + LEASE,
            begun_at=now,
            **more,
        )


async def freeze(database, held, *, told=(), **more) -> bool:
    async with database.write() as connection:
        return await issues.freeze(
            connection, held, title="Morning", content={"stories": []}, told=told, made_at=NOW, expires_at=None, **more
        )


async def one(database, held) -> issues.IssueRecord:
    async with database.read() as connection:
        return await issues.by_id(connection, held.issue_id)


async def take_over(database, *, owner="b", now=NOW, dead=(), name=None):
    async with database.write() as connection:
        return await issues.take_over(connection, owner=owner, lease_until=now + LEASE, now=now, dead=dead, name=name)


async def test_a_slot_is_claimed_once(database) -> None:
    first = await claim(database)
    assert (first.number, first.owner) == (1, "a")
    assert await claim(database) is None
    assert await claim(database, owner="b") is None
    record = await one(database, first)
    assert (record.state, record.owner, record.name) == (IssueState.BUILDING, "a", "morning/1")


async def test_of_many_who_ask_at_once_one_gets_it(database) -> None:
    found = await asyncio.gather(*(claim(database, owner=f"o{n}") for n in range(8)))
    assert sum(held is not None for held in found) == 1


async def test_slots_asked_for_at_once_get_numbers_without_a_gap(database) -> None:
    found = await asyncio.gather(*(claim(database, f"2026-11-{n:02}T07:30") for n in range(1, 9)))
    assert sorted(held.number for held in found) == list(range(1, 9))


async def test_newsletters_and_cadences_count_apart(database) -> None:
    assert (await claim(database)).number == 1
    assert (await claim(database, name="evening")).number == 1
    assert (await claim(database, cadence="weekly")).number == 2
    assert await claim(database, cadence="weekly") is None


async def test_frozen_it_is_ready_with_what_it_tells(database) -> None:
    held = await claim(database)
    told = await articles(database, 3)
    assert await freeze(database, held, told=[(told[0], 0), (told[2], 1)])
    record = await one(database, held)
    assert (record.state, record.owner, record.lease_until, record.content) == (
        IssueState.READY,
        None,
        None,
        {"stories": []},
    )
    async with database.read() as connection:
        rows = (await connection.execute(select(issue_article.c.article_id, issue_article.c.newsletter))).all()
    assert sorted(map(tuple, rows)) == sorted([(told[0], "morning"), (told[2], "morning")])


async def test_a_lost_claim_writes_nothing(database) -> None:
    held = await claim(database)
    await take_over(database, now=NOW + 2 * LEASE)
    assert not await freeze(database, held, told=[(a, 0) for a in await articles(database, 1)])
    async with database.write() as connection:
        assert not await issues.close(connection, held, state=IssueState.FAILED, note="x")
        assert not await issues.postpone(connection, held, until=NOW, note="x")
        await issues.release(connection, held)
        assert (await connection.execute(select(issue_article))).all() == []
    record = await one(database, held)
    assert (record.state, record.owner, record.note) == (IssueState.BUILDING, "b", None)


async def test_a_made_issue_is_never_made_again(database) -> None:
    held = await claim(database)
    await freeze(database, held)
    assert not await freeze(database, held)
    assert await take_over(database, now=NOW + 100 * LEASE, dead=["a"]) == []
    async with database.write() as connection:
        await issues.release(connection, held)
    assert (await one(database, held)).state is IssueState.READY


async def test_only_the_dead_and_the_lapsed_are_taken_over(database) -> None:
    await claim(database, "2026-11-20T07:30", owner="alive")
    await claim(database, "2026-11-21T07:30", owner="dead")
    await claim(database, "2026-11-22T07:30", owner="lapsed", now=NOW - 2 * LEASE)
    await claim(database, "2026-11-23T07:30", owner="b", now=NOW - 2 * LEASE)  # one's own
    found = await take_over(database, dead=["dead"])
    assert [(record.slot, record.owner) for record in found] == [("2026-11-21T07:30", "b"), ("2026-11-22T07:30", "b")]
    assert [record.slot for record in await take_over(database, owner="c", dead=["dead"])] == ["2026-11-23T07:30"]


async def test_taking_over_keeps_to_a_newsletter(database) -> None:
    await claim(database, name="evening", now=NOW - 2 * LEASE)
    assert await take_over(database, name="morning") == []
    assert len(await take_over(database, name="evening")) == 1


async def test_of_many_who_take_over_one_gets_it(database) -> None:
    await claim(database, owner="dead")
    found = await asyncio.gather(*(take_over(database, owner=f"o{n}", dead=["dead"]) for n in range(6)))
    assert sum(map(len, found)) == 1


async def test_a_lease_that_is_renewed_does_not_lapse(database) -> None:
    await claim(database)
    async with database.write() as connection:
        await issues.renew(connection, owner="a", lease_until=NOW + 9 * LEASE)
    assert await take_over(database, now=NOW + 2 * LEASE) == []


async def test_postponed_it_is_anybodys_from_then_on(database) -> None:
    held = await claim(database)
    async with database.write() as connection:
        assert await issues.postpone(connection, held, until=NOW + MINUTE, note="busy")
        assert not await issues.is_taken(connection, "morning", "2026-11-23T07:30")
        assert await issues.owners(connection) == []
    assert await take_over(database, now=NOW) == []
    (record,) = await take_over(database, now=NOW + 2 * MINUTE)
    assert (record.owner, record.number, record.note) == ("b", 1, "busy")
    assert not await freeze(database, held)


async def test_by_hand_a_postponed_slot_is_had_at_once(database) -> None:
    held = await claim(database)
    async with database.write() as connection:
        await issues.postpone(connection, held, until=NOW + 15 * MINUTE, note="busy")
    again = await claim(database, owner="hand")
    assert (again.issue_id, again.number, again.owner) == (held.issue_id, 1, "hand")
    assert await claim(database, owner="c") is None


async def test_released_the_slot_is_free_as_before(database) -> None:
    held = await claim(database)
    async with database.write() as connection:
        await issues.release(connection, held)
        assert await issues.next_number(connection, "morning") == 1
    assert (await claim(database)).number == 1


async def test_a_slot_passed_over_is_taken(database) -> None:
    async with database.write() as connection:
        named = {"name": "morning", "slot": "2026-11-23T07:30", "due_at": NOW, "note": "off"}
        assert await issues.pass_over(connection, **named)
        assert not await issues.pass_over(connection, **named)
        assert await issues.slots(connection, "morning", after=NOW - MINUTE) == {"2026-11-23T07:30": NOW}
        assert await issues.slots(connection, "morning", after=NOW) == {}
    assert await claim(database) is None


async def test_a_postponed_issue_may_be_passed_over(database) -> None:
    held = await claim(database)
    async with database.write() as connection:
        await issues.postpone(connection, held, until=NOW, note="busy")
        await issues.pass_over(connection, name="morning", slot="2026-11-23T07:30", due_at=NOW, note="off")
    assert (await one(database, held)).state is IssueState.MISSED


async def test_what_was_missed_and_is_still_to_come_is_given_back(database) -> None:
    async with database.write() as connection:
        for days in (-1, 0, 1):
            at = NOW + timedelta(days=days)
            await issues.pass_over(connection, name="morning", slot=f"{at:%Y-%m-%d}T07:30", due_at=at, note="off")
        await issues.unmiss(connection, "morning", after=NOW)
        assert len(await issues.listed(connection)) == 2


async def test_the_first_start_stands_and_is_never_to_come(database) -> None:
    async with database.write() as connection:
        assert await issues.first_start(connection, "morning") is None
        assert await issues.started(connection, "morning", now=NOW) == NOW
        assert await issues.started(connection, "morning", now=NOW + MINUTE) == NOW
        assert await issues.started(connection, "morning", now=NOW - MINUTE) == NOW - MINUTE
        assert await issues.first_start(connection, "morning") == NOW - MINUTE


async def test_hold_and_approve(database) -> None:
    held = await claim(database)
    await freeze(database, held)
    async with database.write() as connection:
        assert not await issues.approve(connection, held.issue_id)
        assert await issues.hold(connection, held.issue_id)
        assert await issues.unsent(connection) == []
        assert not await issues.hold(connection, held.issue_id)
        assert await issues.approve(connection, held.issue_id)
        assert [record.id for record in await issues.unsent(connection, "morning")] == [held.issue_id]


async def test_before_its_time_it_does_not_leave(database) -> None:
    held = await claim(database, send_at=NOW + MINUTE)
    await freeze(database, held)
    async with database.read() as connection:
        assert await issues.unsent(connection, now=NOW) == []
        assert len(await issues.unsent(connection, now=NOW + MINUTE)) == 1
        assert len(await issues.unsent(connection)) == 1
        assert await issues.unsent(connection, "evening") == []


async def test_the_owner_hears_of_each_state_once(database) -> None:
    failed, sent, fine = [
        await claim(database, f"2026-11-{day}T07:30", due_at=NOW + timedelta(days=day)) for day in (21, 22, 23)
    ]
    await freeze(database, fine)
    await freeze(database, sent, state=IssueState.HELD)
    async with database.write() as connection:
        await issues.close(connection, failed, state=IssueState.FAILED, note="too large")
        found = await issues.untold(connection, now=NOW)
        assert [(r.slot[8:10], r.state, r.note) for r in found] == [("21", "failed", "too large"), ("22", "held", None)]
        assert await issues.notified(connection, found[0])
        assert not await issues.notified(connection, found[0])
        assert [r.id for r in await issues.untold(connection, now=NOW)] == [sent.issue_id]


async def test_listed_found_and_told(database) -> None:
    early, late = [await claim(database, f"2026-11-{d}T07:30", due_at=NOW + timedelta(days=d)) for d in (1, 2)]
    await freeze(database, early)
    async with database.read() as connection:
        assert [r.number for r in await issues.listed(connection)] == [2, 1]
        assert [r.number for r in await issues.listed(connection, "morning", limit=1)] == [2]
        assert await issues.listed(connection, "evening") == []
        assert (await issues.found(connection, "morning", 2)).id == late.issue_id
        assert await issues.found(connection, "morning", 3) is None
        assert await issues.by_id(connection, 99) is None
        assert (await issues.last_told(connection, "morning")).id == early.issue_id
        assert await issues.last_told(connection, "morning", cadences=["weekly"]) is None
        assert [r.id for r in await issues.being_made(connection, "morning")] == [late.issue_id]


ACTS = st.sampled_from(["claim", "over", "freeze", "postpone", "release", "close", "pass"])


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ACTS, st.sampled_from("abc"), st.integers(0, 2), st.integers(0, 12)), max_size=30))
def test_in_any_order_a_slot_is_made_once(tmp_path_factory, acts) -> None:
    made = asyncio.run(play(acts, f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('any') / 'd.db'}"))
    assert len(made) == len(set(made))


@pytest.mark.postgres
@settings(deadline=None, max_examples=10)
@given(st.lists(st.tuples(ACTS, st.sampled_from("abc"), st.integers(0, 2), st.integers(0, 12)), max_size=30))
def test_in_any_order_a_slot_is_made_once_on_postgresql(postgres_kept: str, acts) -> None:
    asyncio.run(empty(postgres_kept))
    made = asyncio.run(play(acts, postgres_kept))
    assert len(made) == len(set(made))


async def play(acts, url: str) -> list[str]:
    """Three owners do these things at these times; the slots whose freezing was allowed."""
    claims: dict[tuple[str, int], issues.Claim] = {}
    made = []
    async with Database(url) as database:
        for act, who, number, minute in acts:
            now, held = NOW + minute * MINUTE, claims.get((who, number))
            slot = f"2026-11-2{number}T07:30"
            if act == "claim" and (got := await claim(database, slot, owner=who, now=now)):
                claims[who, number] = got
            elif act == "over":
                for record in await take_over(
                    database, owner=who, now=now, dead=["a"] if minute % 2 and who != "a" else ()
                ):
                    claims[who, int(record.slot[9])] = issues.Claim(issue_id=record.id, number=record.number, owner=who)
            elif act == "freeze" and held and await freeze(database, held):
                made.append(slot)
            elif act in {"postpone", "release", "close", "pass"}:
                async with database.write() as connection:
                    await other(connection, act, held, slot)
            async with database.read() as connection:
                found = [record.slot for record in await issues.listed(connection)]
                assert len(found) == len(set(found))
    return made


async def other(connection, act, held, slot) -> None:
    if act == "pass":
        await issues.pass_over(connection, name="morning", slot=slot, due_at=NOW, note="off")
    elif held and act == "postpone":
        await issues.postpone(connection, held, until=NOW, note="busy")
    elif held and act == "release":
        await issues.release(connection, held)
    elif held:
        await issues.close(connection, held, state=IssueState.SKIPPED, note="nothing new")


async def articles(database, count: int) -> list[int]:
    """The ids of so many articles."""
    async with database.write() as connection:
        made = insert(feed).values(requested_url="https://e.org", url="https://e.org").returning(feed.c.id)
        feed_id = (await connection.execute(made)).scalar_one()
        values = {"feed_id": feed_id, "link": "l", "title": "t", "authors": [], "first_seen": NOW, "sort_at": NOW}
        values |= {"tags": [], "text": [], "source": "feed", "content_hash": b""}
        return [
            (await connection.execute(insert(article).values(**values).returning(article.c.id))).scalar_one()
            for _ in range(count)
        ]
