"""Many at once: what crosses in time ends as if it had come one after the other."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import func, select

from digest.store import Database
from subscribers import exchange, roster
from subscribers.model import SigningKey, SubscriptionState, SuppressionReason
from subscribers.tables import consent, subscriber, subscription

pytestmark = pytest.mark.anyio


async def test_one_address_asked_for_many_times_at_once_is_one_person(database: Database, now: datetime) -> None:
    async def ask(address: str) -> int | None:
        async with database.write() as connection:
            outcome = await roster.subscribe(connection, address=address, newsletter="morning", at=now)
            return outcome.subscriber_id

    numbers = await asyncio.gather(*(ask(text) for text in ["ann@example.org", "ANN@example.org"] * 4))
    assert len(set(numbers)) == 1
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(subscriber))).scalar_one() == 1
        assert (await connection.execute(select(subscription.c.state))).scalars().all() == ["pending"]


async def test_the_first_key_is_one_key(database: Database) -> None:
    async def keys() -> tuple[SigningKey, ...]:
        async with database.write() as connection:
            return await roster.signing_keys(connection)

    found = await asyncio.gather(*(keys() for _ in range(6)))
    assert {tuple(key.id for key in some) for some in found} == {(found[0][0].id,)}


async def test_two_confirmations_at_once_are_one_line_in_the_log(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        asked = await roster.subscribe(connection, address="ann@example.org", newsletter="morning", at=now)

    async def confirm() -> bool:
        async with database.write() as connection:
            return (await roster.confirm(connection, asked.subscriber_id or 0, "morning", now)).changed

    assert sorted(await asyncio.gather(*(confirm() for _ in range(4)))) == [False, False, False, True]
    async with database.read() as connection:
        said = (await connection.execute(select(consent.c.what).order_by(consent.c.id))).scalars().all()
    assert said == ["subscribed", "confirmed"]


async def test_suppressing_while_confirming_never_leaves_an_active_recipient(database: Database, now: datetime) -> None:
    numbers = {}
    async with database.write() as connection:
        for i in range(6):
            asked = await roster.subscribe(connection, address=f"p{i}@example.org", newsletter="morning", at=now)
            numbers[i] = asked.subscriber_id or 0

    async def confirm(i: int) -> None:
        async with database.write() as connection:
            await roster.confirm(connection, numbers[i], "morning", now)

    async def suppress(i: int) -> None:
        async with database.write() as connection:
            await roster.suppress(connection, f"p{i}@example.org", SuppressionReason.COMPLAINED, now)

    await asyncio.gather(*(work(i) for i in numbers for work in (confirm, suppress)))
    async with database.read() as connection:
        assert (await connection.execute(roster.wanted("morning"))).all() == []


async def test_two_imports_of_the_same_list_are_one(database: Database, now: datetime) -> None:
    table = exchange.read(b"address\n" + b"".join(b"p%d@example.org\n" % i for i in range(300)))

    async def bring() -> exchange.ImportReport:
        async with database.write() as connection:
            return await exchange.import_rows(connection, table, newsletter="morning", consent="x", at=now)

    await asyncio.gather(bring(), bring())
    async with database.read() as connection:
        assert len((await connection.execute(roster.wanted("morning"))).all()) == 300
        counted = await roster.counts(connection)
    assert counted == {"morning": {SubscriptionState.ACTIVE: 300}}
