"""Whom to ask for a confirmation: nobody twice in a while, nobody lost, nobody for ever."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from digest.store import Database
from subscribers import roster
from subscribers.model import SubscriptionState, SuppressionReason
from subscribers.tables import subscriber

pytestmark = pytest.mark.anyio

WHILE = timedelta(minutes=10)


async def asked_for(database: Database, now: datetime, address: str = "ann@example.org", newsletter="morning") -> int:
    async with database.write() as connection:
        outcome = await roster.subscribe(connection, address=address, name="Ann", newsletter=newsletter, at=now)
    return outcome.subscriber_id or 0


async def test_one_is_claimed_once_in_a_while(database: Database, now: datetime) -> None:
    ann = await asked_for(database, now)
    async with database.write() as connection:
        first = await roster.claim_asking(connection, ann, "morning", now, again_after=WHILE)
        assert await roster.claim_asking(connection, ann, "morning", now, again_after=WHILE) is None
        again = await roster.claim_asking(connection, ann, "morning", now + WHILE, again_after=WHILE)
    assert (
        first
        == again
        == roster.Unasked(subscriber_id=ann, newsletter="morning", address="ann@example.org", name="Ann", language=None)
    )


async def test_one_whose_message_did_not_leave_is_due_again(database: Database, now: datetime) -> None:
    ann = await asked_for(database, now)
    async with database.write() as connection:
        await roster.claim_asking(connection, ann, "morning", now, again_after=WHILE)
        assert await roster.unasked(connection) == ()
        await roster.asked(connection, ann, "morning", None)
        assert [one.subscriber_id for one in await roster.unasked(connection)] == [ann]


async def test_the_active_and_the_suppressed_are_not_asked(database: Database, now: datetime) -> None:
    ann, bob = await asked_for(database, now), await asked_for(database, now, "bob@example.org")
    async with database.write() as connection:
        await roster.confirm(connection, ann, "morning", now)
        await roster.suppress(connection, "bob@example.org", SuppressionReason.MANUAL, now)
        assert await roster.unasked(connection) == ()
        assert await roster.claim_asking(connection, ann, "morning", now, again_after=WHILE) is None
        assert await roster.claim_asking(connection, bob, "morning", now, again_after=WHILE) is None


async def test_the_oldest_first_and_no_more_than_asked_for(database: Database, now: datetime) -> None:
    for minute in (3, 1, 2):
        await asked_for(database, now + timedelta(minutes=minute), f"p{minute}@example.org")
    await asked_for(database, now, "e@example.org", "evening")
    async with database.read() as connection:
        found = await roster.unasked(connection, "morning", limit=2)
    assert [one.address for one in found] == ["p1@example.org", "p2@example.org"]


async def test_asking_anew_after_leaving_is_due_a_new_message(database: Database, now: datetime) -> None:
    ann = await asked_for(database, now)
    async with database.write() as connection:
        await roster.claim_asking(connection, ann, "morning", now, again_after=WHILE)
        await roster.unsubscribe(connection, ann, None, now)
    await asked_for(database, now)
    async with database.read() as connection:
        assert len(await roster.unasked(connection)) == 1


async def test_what_was_never_confirmed_lapses(database: Database, now: datetime) -> None:
    await asked_for(database, now - timedelta(days=31), "old@example.org")
    keeps = await asked_for(database, now - timedelta(days=31), "both@example.org")
    await asked_for(database, now, "new@example.org")
    async with database.write() as connection:
        await roster.add(
            connection,
            address="both@example.org",
            newsletter="evening",
            state=SubscriptionState.ACTIVE,
            source="t",
            at=now,
        )
        assert await roster.forget_pending(connection, before=now - timedelta(days=30)) == 2
        left = (await connection.execute(select(subscriber.c.address).order_by(subscriber.c.id))).scalars().all()
        person = await roster.get(connection, keeps)
    assert left == ["both@example.org", "new@example.org"]
    assert person is not None
    assert [s.newsletter for s in person.subscriptions] == ["evening"]
