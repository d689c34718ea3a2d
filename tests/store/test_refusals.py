"""Messages refused for the sender's sake: counted, told apart from the reader's own faults, and found by an index."""

from datetime import timedelta
from typing import Any

import pytest
from schedule.world import START as MORNING
from schedule.world import config, world
from send.world import START, addresses, seed
from sqlalchemy import event as hooks
from sqlalchemy import insert, update

from digest.model import DeliveryState, Event, EventKind
from digest.store import Database, events, refusals, tables

pytestmark = pytest.mark.anyio
SAID = "550-5.7.26 not authenticated"


async def sent(database: Database, *, readers: int, refused: int, number: int = 1) -> int:
    """An issue that so many got, and so many servers refused; its id."""
    issue = {"state": "sent", "date": START, "counts": {"accepted": readers}}
    issue_id = await seed(database, readers=readers if number == 1 else 0, number=number, issue=issue)
    rows = [
        {
            "issue_id": issue_id,
            "subscriber_id": n,
            "batch": 0,
            "address": address.title(),
            "state": DeliveryState.ACCEPTED,
            "provider_id": f"{issue_id}-{n}",
        }
        for n, address in enumerate(addresses(readers), 1)
    ]
    async with database.write() as connection:
        await connection.execute(insert(tables.delivery), rows)
        told = [refusal(issue_id, n, said=SAID if n < refused else "554 on a blocklist") for n in range(1, refused + 1)]
        await events.record(connection, told, START)
    return issue_id


def refusal(issue_id: int, n: int, *, said: str = SAID, kind: EventKind = EventKind.REFUSED) -> Event:
    return Event(
        provider="resend",
        id=f"{issue_id}-{n}-{kind}",
        kind=kind,
        address=f"reader-{n}@example.org",
        at=START + timedelta(minutes=n),
        provider_id=f"{issue_id}-{n}",
        detail=said,
    )


async def test_they_are_counted_by_issue_with_what_was_said(database: Database) -> None:
    first = await sent(database, readers=6, refused=4)
    second = await sent(database, readers=6, refused=0, number=2)
    async with database.write() as connection:
        await events.record(connection, [refusal(first, 6, said="mailbox full", kind=EventKind.BOUNCED)], START)
        assert await refusals.counted(connection, [first, second]) == {first: 4}
        assert await refusals.reasons(connection, first) == ((SAID, 3), ("554 on a blocklist", 1))
        assert await refusals.reasons(connection, second) == ()
        assert await events.tally(connection, first) == {EventKind.REFUSED: 4, EventKind.BOUNCED: 1}


@pytest.mark.parametrize("order", [(EventKind.REFUSED, EventKind.DELIVERED), (EventKind.DELIVERED, EventKind.REFUSED)])
async def test_a_refusal_that_comes_beside_a_delivery_counts(database: Database, order: tuple[EventKind, ...]) -> None:
    issue_id = await sent(database, readers=1, refused=0)
    async with database.write() as connection:
        for kind in order:
            await events.record(connection, [refusal(issue_id, 1, kind=kind)], START)
        assert await events.tally(connection, issue_id) == {EventKind.REFUSED: 1}


async def test_few_of_many_are_no_news_and_neither_are_old_ones(database: Database) -> None:
    few = await sent(database, readers=4, refused=2)
    many = await sent(database, readers=4, refused=3, number=2)
    async with database.read() as connection:
        (found,) = await refusals.untold(connection, since=START)
        assert (found.issue_id, found.count, found.accepted) == (many, 3, 4) != (few, 2, 4)
        assert await refusals.untold(connection, since=START + timedelta(seconds=1)) == []


async def test_an_issue_still_under_way_is_told_of_once_it_is_over(database: Database) -> None:
    await sent(database, readers=4, refused=4)
    async with database.write() as connection:
        await connection.execute(update(tables.issue).values(counts=None, state="sending"))
        assert await refusals.untold(connection, since=START) == []


async def test_the_owner_hears_of_it_once(database: Database) -> None:
    await sent(database, readers=5, refused=4)
    here = world(database, settings=config())
    for minutes in (31, 32, 33):
        await here.sweep(to=MORNING + timedelta(minutes=minutes))
    (notice,) = [n for n in here.work.told if n.about == refusals.about(1)]
    assert notice.subject == "morning: 4 messages of issue morning/1 were refused because of their sender"
    assert "Of 5 that your provider took, the servers of 4 readers refused it" in notice.text
    assert f"{SAID} (3)" in notice.text
    assert "digest issues show morning/1" in notice.text


async def test_a_sweep_does_not_read_ten_million_deliveries(database: Database, kind: str) -> None:
    if kind != "sqlite":
        pytest.skip("PostgreSQL reads a table of this size whole, whatever there is")
    issue_id = await sent(database, readers=2, refused=1)
    asked: list[tuple[str, Any]] = []

    def keep(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    async with database.read() as connection:
        hooks.listen(connection.sync_connection, "before_cursor_execute", keep)
        await refusals.counted(connection, [issue_id, 9])
        ((statement, parameters),) = asked
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        assert "ix_delivery_refused" in str(plan.all())
