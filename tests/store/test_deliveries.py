"""How deliveries are counted: row by row while an issue leaves, once and for all when it has."""

import pytest
from send.world import START, seed
from sqlalchemy import delete, insert, select, update

from digest.model import IssueState
from digest.store import Database, deliveries, figures, sendings, tables

pytestmark = pytest.mark.anyio


async def sending(database: Database, number: int, **states: int) -> int:
    """An issue on its way, with so many deliveries in these states."""
    made = await seed(database, readers=0, number=number, issue={"state": IssueState.SENDING})
    kinds = [state for state, count in states.items() for _ in range(count)]
    rows = [
        {"issue_id": made, "subscriber_id": n, "batch": 0, "address": f"{n}@example.org", "state": state}
        for n, state in enumerate(kinds)
    ]
    async with database.write() as connection:
        await connection.execute(insert(tables.delivery), rows)
    return made


async def counted(database: Database, issue_id: int | None = None) -> dict[str, int]:
    async with database.read() as connection:
        return {str(state): n for state, n in (await deliveries.counts(connection, issue_id)).items() if n}


async def test_an_issue_on_its_way_and_one_that_was_sent_are_counted_together(database: Database) -> None:
    sent = await sending(database, 1, accepted=5, rejected=2)
    await sending(database, 2, accepted=1, pending=3)
    async with database.write() as connection:
        await sendings.finish(connection, sent, IssueState.SENT)
    assert await counted(database, sent) == {"accepted": 5, "rejected": 2}
    assert await counted(database) == {"accepted": 6, "rejected": 2, "pending": 3}
    async with database.read() as connection:
        assert (await figures.counted(connection, now=START)).deliveries == {
            "accepted": 6,
            "rejected": 2,
            "pending": 3,
        }


async def test_the_counts_outlive_the_rows(database: Database) -> None:
    sent = await sending(database, 1, accepted=5)
    async with database.write() as connection:
        await sendings.finish(connection, sent, IssueState.SENT)
        await connection.execute(delete(tables.delivery))
    assert await counted(database) == {"accepted": 5}


async def test_an_issue_gone_on_with_is_counted_again(database: Database) -> None:
    made = await sending(database, 1, accepted=1, unknown=1)
    async with database.write() as connection:
        await sendings.finish(connection, made, IssueState.SENT)
        await sendings.begin(connection, made, START)
        await connection.execute(update(tables.delivery).values(state="accepted"))
    assert await counted(database) == {"accepted": 2}
    async with database.write() as connection:
        await sendings.finish(connection, made, IssueState.SENT)
    assert await counted(database) == {"accepted": 2}


async def test_who_comes_second_to_the_end_changes_nothing(database: Database) -> None:
    made = await sending(database, 1, accepted=1)
    async with database.write() as connection:
        await sendings.finish(connection, made, IssueState.EXPIRED, "too old")
        await sendings.finish(connection, made, IssueState.SENT)
        row = (await connection.execute(select(tables.issue).where(tables.issue.c.id == made))).one()
    assert (row.state, row.note, row.counts) == ("expired", "too old", {"accepted": 1})


async def test_batches_nobody_has_begun(database: Database) -> None:
    made = await sending(database, 1, pending=1)
    rows = [{"issue_id": made, "number": n, "state": state} for n, state in enumerate(("pending", "done", "pending"))]
    async with database.write() as connection:
        await connection.execute(insert(tables.batch), rows)
        assert await sendings.waiting(connection, made) == 2
        assert await sendings.waiting(connection, made + 1) == 0
