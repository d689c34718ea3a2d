"""The ledger of sending, as a whole: planned, looked over, voided, expired, released. `claims` is one batch's way.

Every function runs in the caller's transaction.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    Select,
    and_,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import BatchState, DeliveryState
from digest.store import claims
from digest.store.tables import batch, delivery, issue
from subscribers import roster


async def plan(connection: AsyncConnection, *, issue_id: int, newsletter: str, size: int) -> int:
    """Makes a delivery for every recipient, in batches of `size`; how many. Once per issue: later calls add nothing."""
    await _lock_issue(connection, issue_id)
    if await connection.scalar(select(exists().where(batch.c.issue_id == issue_id))):
        return 0
    who = roster.recipients(newsletter).subquery()
    row = func.row_number().over(order_by=who.c.subscriber_id)
    rows: Select[tuple[int, int, str, str, int, str]] = select(
        literal(issue_id),
        who.c.subscriber_id,
        who.c.address,
        who.c.name,
        (row - 1) // literal_column(str(int(size))),
        literal(DeliveryState.PENDING.value),
    ).order_by(who.c.subscriber_id)
    columns = ["issue_id", "subscriber_id", "address", "name", "batch", "state"]
    await connection.execute(insert(delivery).from_select(columns, rows))
    numbers = select(literal(issue_id), delivery.c.batch, literal(BatchState.PENDING.value)).distinct()
    await connection.execute(
        insert(batch).from_select(["issue_id", "number", "state"], numbers.where(delivery.c.issue_id == issue_id))
    )
    made = await connection.scalar(select(func.count()).where(delivery.c.issue_id == issue_id))
    return made or 0  # PostgreSQL's driver counts no rows of an INSERT … SELECT


async def recipients(connection: AsyncConnection, newsletter: str) -> int:
    """How many would be planned now."""
    found = await connection.scalar(select(func.count()).select_from(roster.recipients(newsletter).subquery()))
    return found or 0


async def owners(connection: AsyncConnection, *, issue_id: int) -> tuple[str, ...]:
    """Who holds a batch of that issue."""
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.SENDING)
    return tuple((await connection.scalars(select(batch.c.owner).where(where).distinct())).all())


async def void(connection: AsyncConnection, *, issue_id: int, now: datetime, dead: Collection[str] = ()) -> int:
    """Turns claims whose lease lapsed, or whose owner is dead, into unknown ones that are due; how many."""
    lost = or_(batch.c.lease_until < now, batch.c.owner.in_(dead) if dead else false())
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.SENDING, lost)
    found = await connection.execute(
        update(batch)
        .where(where)
        .values(
            state=BatchState.UNKNOWN,
            owner=None,
            lease_until=None,
            next_at=now,
            note="the sender ended in mid-request",
            replays=batch.c.replays + 1,
        )
        .returning(batch.c.number)
    )
    numbers = [row.number for row in found]
    if numbers:
        inside = and_(delivery.c.issue_id == issue_id, delivery.c.batch.in_(numbers))
        await connection.execute(
            update(delivery)
            .where(inside, delivery.c.state == DeliveryState.SENDING)
            .values(state=DeliveryState.UNKNOWN, error="the sender ended in mid-request")
        )
    return len(numbers)


async def expire(connection: AsyncConnection, *, issue_id: int) -> int:
    """Gives up what was not sent yet: the issue is too old. What may have been taken stays unknown."""
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.PENDING)
    numbers = select(batch.c.number).where(where)
    inside = and_(delivery.c.issue_id == issue_id, delivery.c.batch.in_(numbers))
    gone = await connection.execute(
        update(delivery).where(inside, delivery.c.state == DeliveryState.PENDING).values(state=DeliveryState.EXPIRED)
    )
    await connection.execute(update(batch).where(where).values(state=BatchState.DONE, note="expired"))
    await connection.execute(
        update(batch)
        .where(batch.c.issue_id == issue_id, batch.c.state == BatchState.UNKNOWN)
        .values(next_at=None, note="expired before its answer was known")
    )
    return gone.rowcount


async def next_due(connection: AsyncConnection, *, issue_id: int, beginning: datetime) -> datetime | None:
    """When the next batch is due, or a claim lapses; `beginning` stands for at once; None where nothing is open."""
    waiting = select(func.min(func.coalesce(batch.c.next_at, beginning))).where(
        batch.c.issue_id == issue_id, batch.c.state == BatchState.PENDING
    )
    doubted = select(func.min(batch.c.next_at)).where(
        batch.c.issue_id == issue_id, batch.c.state == BatchState.UNKNOWN, batch.c.next_at.is_not(None)
    )
    claimed = select(func.min(batch.c.lease_until)).where(
        batch.c.issue_id == issue_id, batch.c.state == BatchState.SENDING
    )
    found = [await connection.scalar(query) for query in (waiting, doubted, claimed)]
    times = [time for time in found if time is not None]
    return min(times) if times else None


async def release_unknown(connection: AsyncConnection, *, issue_id: int, now: datetime, kept_since: datetime) -> int:
    """The owner's word that what is unknown may be sent again; how many batches.

    Where the key still lives (first sent after `kept_since`) the same bytes are replayed under it. Elsewhere the batch
    begins anew: suppression is checked, and a reader who has the issue already gets it twice.
    """
    unknown = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.UNKNOWN)
    lives = batch.c.first_sent_at > kept_since
    kept = await connection.execute(update(batch).where(unknown, lives).values(next_at=now, replays=0))
    fresh = await connection.execute(
        update(batch)
        .where(unknown, ~lives)
        .values(
            state=BatchState.PENDING, key=None, body_hash=None, first_sent_at=None, next_at=None, note=None, replays=0
        )
        .returning(batch.c.number)
    )
    numbers = [row.number for row in fresh]
    strays = await _reopen(connection, issue_id, numbers)
    return kept.rowcount + len(numbers) + strays


async def _reopen(connection: AsyncConnection, issue_id: int, numbers: Sequence[int]) -> int:
    """Unknown deliveries of these batches are pending again; those of closed batches get a new one."""
    unknown = and_(delivery.c.issue_id == issue_id, delivery.c.state == DeliveryState.UNKNOWN)
    pending = {"state": DeliveryState.PENDING, "error": None}
    if numbers:
        await connection.execute(update(delivery).where(unknown, delivery.c.batch.in_(numbers)).values(pending))
    closed = select(batch.c.number).where(batch.c.issue_id == issue_id, batch.c.state == BatchState.DONE)
    found = await connection.execute(
        select(delivery.c.batch, delivery.c.subscriber_id).where(unknown, delivery.c.batch.in_(closed))
    )
    strays: dict[int, list[int]] = {}
    for row in found:
        strays.setdefault(row.batch, []).append(row.subscriber_id)
    for number, ids in strays.items():
        await connection.run_sync(claims.new_batch, issue_id, number, ids, next_at=None)
    return len(strays)


async def _lock_issue(connection: AsyncConnection, issue_id: int) -> None:
    """One at a time gives numbers (SQLite: the writer is alone anyway)."""
    await connection.execute(select(issue.c.id).where(issue.c.id == issue_id).with_for_update())
