"""Many rows at once, by INSERT on SQLite and by COPY on PostgreSQL: the same rows, the same conflicts."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from digest.errors import DatabaseAway
from digest.store import Database
from subscribers.roster.loading import load
from subscribers.tables import consent, subscriber, subscription

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
PEOPLE = ("address", "address_key", "address_hash", "name", "language", "fields", "created_at")
# What COPY's own format gives a meaning to, and what JSON does.
ODD = ["", "\\N", "\\.", "a\tb", "a\nb", "a\\b", '"', "'; DROP TABLE subscriber; --", "NULL", "Zoë 🦉", "{}", "%s"]


def person(n: int, name: str = "", **fields: str) -> tuple[object, ...]:
    return (f"Reader-{n}@example.org", f"reader-{n}@example.org", bytes([n, 0, 92, 255]), name, None, fields, NOW)


async def people(database: Database) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        columns = [subscriber.c[name] for name in PEOPLE]
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(subscriber.c.id))]


async def test_what_is_loaded_is_read_back_to_the_letter_and_in_its_order(database: Database) -> None:
    rows = [person(n, text, note=text) for n, text in enumerate(ODD)]
    async with database.write() as connection:
        await load(connection, subscriber, PEOPLE, rows[::-1], unique=["address_key"])
    assert await people(database) == rows[::-1]


async def test_who_is_there_already_stays_as_they_are(database: Database) -> None:
    async with database.write() as connection:
        await load(connection, subscriber, PEOPLE, [person(1, "Ann")], unique=["address_key"])
        await load(connection, subscriber, PEOPLE, [person(1, "Another"), person(2, "Bob")], unique=["address_key"])
    assert await people(database) == [person(1, "Ann"), person(2, "Bob")]


async def test_of_who_is_there_already_what_is_named_changes(database: Database) -> None:
    columns = ("subscriber_id", "newsletter", "state", "cadence", "since")
    async with database.write() as connection:
        await load(connection, subscriber, PEOPLE, [person(1)], unique=["address_key"])
        number = await connection.scalar(select(subscriber.c.id))
        for state, cadence in (("pending", "weekly"), ("active", "")):
            row = (number, "morning", state, cadence, NOW)
            key = ["subscriber_id", "newsletter"]
            await load(connection, subscription, columns, [row], unique=key, changed=["state"])
        found = (await connection.execute(select(subscription.c.state, subscription.c.cadence))).all()
    assert [tuple(row) for row in found] == [("active", "weekly")]


async def test_a_row_that_must_not_be_there_twice_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await load(connection, subscriber, PEOPLE, [person(1), person(1)])
    assert await people(database) == []


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_connection_that_breaks_in_mid_copy_is_known_as_lost(database: Database) -> None:
    with pytest.raises(DatabaseAway):
        async with database.write() as connection:
            backend = await connection.scalar(text("SELECT pg_backend_pid()"))
            async with database.write() as other:
                await other.execute(text(f"SELECT pg_terminate_backend({backend}, 5000)"))
            await load(connection, subscriber, PEOPLE, [person(1)])


async def test_a_log_takes_any_number_of_lines(database: Database) -> None:
    columns = ("subscriber_id", "newsletter", "what", "at", "source")
    rows = [(n % 3, "morning", "vouched", NOW, "on paper") for n in range(5_000)]
    async with database.write() as connection:
        await load(connection, consent, columns, rows)
        await load(connection, consent, columns, [])
        found = (await connection.execute(select(*[consent.c[name] for name in columns]).order_by(consent.c.id))).all()
    assert [tuple(row) for row in found] == rows
