"""What senders share: a provider's pace and the day's count; on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from send.world import START

from digest.store import Database, paces
from digest.store.paces import Pace

pytestmark = pytest.mark.anyio


async def test_a_pace_is_kept_as_it_is(database: Database) -> None:
    known = Pace(
        share=0.25,
        slowed_at=START,
        next_at=START + timedelta(microseconds=10),
        held_until=START + timedelta(hours=1),
        failures=7,
        open_until=START + timedelta(seconds=2),
    )
    await database.at_once(lambda connection: paces.ensure(connection, "resend"))
    assert await database.at_once(lambda connection: paces.find(connection, "resend")) == Pace()
    await database.at_once(lambda connection: paces.save(connection, "resend", known))
    await database.at_once(lambda connection: paces.ensure(connection, "resend"))
    assert await database.at_once(lambda connection: paces.find(connection, "resend", is_locked=True)) == known


async def test_providers_do_not_meet(database: Database) -> None:
    for name in ("resend", "brevo"):
        await database.at_once(lambda connection, name=name: paces.ensure(connection, name))
    await database.at_once(lambda connection: paces.save(connection, "resend", Pace(failures=3)))
    await database.at_once(lambda connection: paces.spend(connection, "resend", START, 5))
    assert await database.at_once(lambda connection: paces.find(connection, "brevo")) == Pace()
    assert await database.at_once(lambda connection: paces.spent(connection, "brevo")) == []


async def test_messages_are_counted_by_the_hour_and_given_back(database: Database) -> None:
    for hour, count in ((0, 100), (0, 20), (1, 7), (0, -15)):
        at = START + timedelta(hours=hour)
        await database.at_once(lambda connection, at=at, count=count: paces.spend(connection, "resend", at, count))
    found = await database.at_once(lambda connection: paces.spent(connection, "resend"))
    assert sorted(found) == [(START, 105), (START + timedelta(hours=1), 7)]


async def test_what_is_long_past_is_forgotten(database: Database) -> None:
    for days in (0, 1, 9):
        at = START + timedelta(days=days)
        await database.at_once(lambda connection, at=at: paces.spend(connection, "resend", at, 1))
    assert len(await database.at_once(lambda connection: paces.spent(connection, "resend"))) == 1
