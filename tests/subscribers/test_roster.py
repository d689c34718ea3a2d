"""The roster, on both databases: what is written, what is refused, who is mailed."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store import Database
from subscribers import roster
from subscribers.errors import AddressError
from subscribers.model import Person, SubscriptionState, SuppressionReason
from subscribers.tables import consent, subscriber

pytestmark = pytest.mark.anyio

PENDING, ACTIVE, UNSUBSCRIBED = SubscriptionState.PENDING, SubscriptionState.ACTIVE, SubscriptionState.UNSUBSCRIBED


async def mailed(connection: AsyncConnection, newsletter: str = "morning") -> list[str]:
    return sorted(row.address for row in await connection.execute(roster.recipients(newsletter)))


async def states(connection: AsyncConnection, address: str) -> dict[str, str]:
    person = await roster.story(connection, address)
    return {s.newsletter: s.state.value for s in person.subscriptions} if person else {}


async def told(connection: AsyncConnection, address: str) -> Person:
    person = await roster.story(connection, address)
    assert person is not None
    return person


async def joined(connection: AsyncConnection, now: datetime, address: str = "ann@example.org", **more: object) -> int:
    given = {"name": "Ann", "newsletter": "morning", "state": ACTIVE, "source": "test", "at": now, **more}
    outcome = await roster.add(connection, address=address, **given)
    assert outcome.subscriber_id is not None
    return outcome.subscriber_id


async def test_an_active_person_is_a_recipient(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await joined(connection, now, address=" Ann@Example.org ", language="de")
        rows = (await connection.execute(roster.recipients("morning"))).all()
        wanted = (await connection.execute(roster.wanted("morning"))).scalars().all()
    assert [tuple(row) for row in rows] == [(number, "Ann@Example.org", "Ann", "de")]
    assert wanted == [number]


async def test_the_columns_of_recipients_have_their_names() -> None:
    names = [column.name for column in roster.recipients("x").selected_columns]
    assert names == ["subscriber_id", "address", "name", "language"]


async def test_a_pending_person_is_no_recipient_until_confirmed(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        asked = await roster.subscribe(connection, address="ann@example.org", newsletter="morning", at=now)
        assert asked.state is PENDING
        assert await mailed(connection) == []
        done = await roster.confirm(connection, asked.subscriber_id or 0, "morning", now, remote="192.0.2.1")
        assert done.changed
        assert await mailed(connection) == ["ann@example.org"]
        again = await roster.confirm(connection, asked.subscriber_id or 0, "morning", now)
        assert (again.changed, again.refusal) == (False, "")


async def test_leaving_the_weekly_does_not_leave_the_daily(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await joined(connection, now, newsletter="weekly")
        await joined(connection, now, newsletter="daily")
        assert await roster.unsubscribe(connection, number, "weekly", now)
        assert await mailed(connection, "weekly") == []
        assert await mailed(connection, "daily") == ["ann@example.org"]


async def test_leaving_all_leaves_all_and_twice_is_no_error(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await joined(connection, now, newsletter="weekly")
        await joined(connection, now, newsletter="daily")
        assert await roster.unsubscribe(connection, number, None, now)
        assert not await roster.unsubscribe(connection, number, None, now)
        assert await states(connection, "ann@example.org") == {"daily": "unsubscribed", "weekly": "unsubscribed"}


async def test_leaving_by_one_nobody_knows_changes_nothing(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        assert not await roster.unsubscribe(connection, 999, "morning", now)
        assert (await roster.confirm(connection, 999, "morning", now)).refusal


async def test_who_left_comes_back_by_asking_again_and_not_by_the_owner(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await joined(connection, now)
        await roster.unsubscribe(connection, number, "morning", now)
        refused = await roster.add(
            connection, address="ANN@example.org", newsletter="morning", state=ACTIVE, source="owner", at=now
        )
        assert refused.refusal
        assert await mailed(connection) == []
        await roster.subscribe(connection, address="ann@example.org", newsletter="morning", at=now)
        assert await mailed(connection) == []
        await roster.confirm(connection, number, "morning", now)
        assert await mailed(connection) == ["ann@example.org"]


async def test_an_old_confirmation_does_not_undo_a_later_leaving(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        asked = await roster.subscribe(connection, address="ann@example.org", newsletter="morning", at=now)
        number = asked.subscriber_id or 0
        await roster.unsubscribe(connection, number, "morning", now)
        assert (await roster.confirm(connection, number, "morning", now)).refusal
        assert await mailed(connection) == []


async def test_an_address_is_one_person_however_it_is_written(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        first = await joined(connection, now, address="Ann@Example.ORG")
        assert await joined(connection, now, address="ann@example.org") == first


async def test_a_name_is_kept_and_a_missing_one_filled(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await joined(connection, now, name="")
        await joined(connection, now, name="Ann\r\nBcc: x")
        await joined(connection, now, name="Other")
        assert (await told(connection, "ann@example.org")).subscriber.name == "Ann Bcc: x"


async def test_what_is_no_address_is_refused(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        with pytest.raises(AddressError, match="no e-mail address"):
            await joined(connection, now, address="not an address")


@pytest.mark.parametrize("reason", list(SuppressionReason))
async def test_a_suppressed_address_is_never_mailed_nor_active(database: Database, now: datetime, reason) -> None:
    async with database.write() as connection:
        number = await joined(connection, now)
        assert await roster.suppress(connection, "ANN@example.org", reason, now, detail="550 5.1.1")
        assert not await roster.suppress(connection, "ann@example.org", reason, now)
        assert await roster.is_suppressed(connection, "Ann@Example.org ")
        assert await mailed(connection) == []
        for outcome in (
            await roster.add(connection, address="ann@example.org", newsletter="morning", source="o", at=now),
            await roster.subscribe(connection, address="ann@example.org", newsletter="evening", at=now),
            await roster.confirm(connection, number, "morning", now),
            await roster.choose(connection, number, "morning", now),
        ):
            assert outcome.refusal == "is suppressed"
        assert "active" not in (await states(connection, "ann@example.org")).values()


async def test_suppression_holds_in_the_statement_even_where_a_subscription_is_active(
    database: Database, now: datetime
) -> None:
    """Two transactions may cross: the join itself must know."""
    async with database.write() as connection:
        await joined(connection, now)
        await roster.suppress(connection, "ann@example.org", SuppressionReason.MANUAL, now)
        await connection.exec_driver_sql("UPDATE subscription SET state = 'active'")
        assert await mailed(connection) == []
        assert (await connection.execute(roster.wanted("morning"))).all() == []


async def test_an_unknown_address_can_be_suppressed_and_is_listed(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await roster.suppress(connection, "bob@example.org", SuppressionReason.MANUAL, now)
        outcome = await roster.add(connection, address="bob@example.org", newsletter="morning", source="o", at=now)
        assert (outcome.subscriber_id, outcome.refusal) == (None, "is suppressed")
        people = [person async for person in roster.listed(connection)]
        assert [(p.subscriber.address, p.subscriptions) for p in people] == [("bob@example.org", ())]
        assert people[0].suppression is not None


async def test_lifting_a_suppression_brings_nobody_back(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await joined(connection, now)
        await roster.suppress(connection, "ann@example.org", SuppressionReason.BOUNCED, now)
        assert await roster.lift(connection, "ann@example.org", now)
        assert not await roster.lift(connection, "ann@example.org", now)
        assert await mailed(connection) == []
        assert (await roster.subscribe(connection, address="ann@example.org", newsletter="morning", at=now)).changed


async def test_erasing_leaves_a_hash_alone(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await joined(connection, now, remote="192.0.2.1")
        assert await roster.erase(connection, "Ann@example.org", now) == number
        assert await roster.is_suppressed(connection, "ann@example.org")
        assert (await connection.execute(select(subscriber))).all() == []
        kept = [tuple(row) for row in await connection.exec_driver_sql("SELECT * FROM suppression")]
        log = (await connection.execute(select(consent).order_by(consent.c.id))).all()
        assert "ann@" not in str(kept).lower()
        assert [entry.what for entry in log] == ["imported", "erased"]
        assert "192.0.2.1" not in str(log)
        assert (await roster.add(connection, address="ann@example.org", newsletter="m", source="o", at=now)).refusal


async def test_erasing_forgets_what_a_suppression_said(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await roster.suppress(connection, "ann@example.org", SuppressionReason.BOUNCED, now, detail="ann: no such user")
        assert await roster.erase(connection, "ann@example.org", now) is None
        kept = [tuple(row) for row in await connection.exec_driver_sql("SELECT * FROM suppression")]
        assert "ann" not in str(kept)
        assert await roster.is_suppressed(connection, "ann@example.org")


async def test_a_number_is_never_given_twice(database: Database, now: datetime) -> None:
    """A link in old mail names a number: it must not reach the next person."""
    async with database.write() as connection:
        first = await joined(connection, now)
        await roster.erase(connection, "ann@example.org", now)
        assert await joined(connection, now, address="bob@example.org") != first


async def test_removing_takes_the_person_away(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await joined(connection, now)
        assert await roster.remove(connection, "ANN@example.org", at=now)
        assert await roster.story(connection, "ann@example.org") is None
        assert not await roster.remove(connection, "ann@example.org", at=now)


async def test_removing_from_one_newsletter_keeps_the_other(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await joined(connection, now)
        await joined(connection, now, newsletter="evening")
        assert await roster.remove(connection, "ann@example.org", "morning", at=now)
        assert await states(connection, "ann@example.org") == {"evening": "active"}


async def test_removing_keeps_that_they_left_by_themselves(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await joined(connection, now)
        await roster.unsubscribe(connection, number, "morning", now)
        await roster.remove(connection, "ann@example.org", at=now)
        assert await states(connection, "ann@example.org") == {"morning": "unsubscribed"}


async def test_the_story_tells_what_when_how_and_from_where(database: Database, now: datetime) -> None:
    later = now + timedelta(hours=1)
    async with database.write() as connection:
        asked = await roster.subscribe(
            connection, address="ann@example.org", newsletter="morning", at=now, remote="192.0.2.1", text_version="v1"
        )
        await roster.confirm(connection, asked.subscriber_id or 0, "morning", later, remote="192.0.2.2")
        await roster.suppress(connection, "ann@example.org", SuppressionReason.COMPLAINED, later, source="resend")
        person = await told(connection, "ann@example.org")
    assert [(e.what, e.at, e.remote) for e in person.log] == [
        ("subscribed", now, "192.0.2.1"),
        ("confirmed", later, "192.0.2.2"),
        ("suppressed", later, None),
    ]
    assert person.log[0].text_version == "v1"
    assert person.log[2].source == "resend: complained"
    assert person.suppression is not None
    assert person.suppression.reason is SuppressionReason.COMPLAINED


async def test_listing_goes_through_all_in_pages(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        for i in range(5):
            await joined(connection, now, address=f"p{i}@example.org", newsletter="morning" if i % 2 else "evening")
        everyone = [p.subscriber.address async for p in roster.listed(connection, page=2)]
        some = [p.subscriber.address async for p in roster.listed(connection, "morning", page=2)]
    assert everyone == [f"p{i}@example.org" for i in range(5)]
    assert some == ["p1@example.org", "p3@example.org"]


async def test_counts_by_newsletter_and_state(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await joined(connection, now)
        await joined(connection, now, address="bob@example.org", state=PENDING)
        assert await roster.counts(connection) == {"morning": {ACTIVE: 1, PENDING: 1}}


async def test_choices_are_kept(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await joined(connection, now)
        await roster.narrow(connection, number, "morning", now, sections={"World", "Arts"}, cadence="weekly")
        await roster.unsubscribe(connection, number, "morning", now)
        await roster.choose(connection, number, "morning", now)
        person = await roster.get(connection, number)
    assert person is not None
    assert (person.subscriptions[0].sections, person.subscriptions[0].cadence) == (("Arts", "World"), "weekly")


async def test_nobody_has_that_number(database: Database) -> None:
    async with database.read() as connection:
        assert await roster.get(connection, 1) is None
        assert await roster.story(connection, "ann@example.org") is None
        assert not await roster.is_suppressed(connection, "ann@example.org")
