"""The ledger of sending, as a whole: planned, looked over, voided, expired, released. `claims` is one batch's way.

Every function runs in the caller's transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Select,
    Text,
    and_,
    case,
    column,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
    values,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import BatchState, DeliveryState
from digest.store import claims
from digest.store.tables import batch, delivery, issue
from subscribers import roster
from subscribers.model import EVERYBODY, Choosers

_NOTHING = "-"  # stands for no variant at all


async def plan(
    connection: AsyncConnection,
    *,
    issue_id: int,
    newsletter: str,
    size: int,
    of: Choosers = EVERYBODY,
    variants: Mapping[str, str | None] = {},
) -> int:
    """Makes a delivery for every recipient, in batches of `size`; how many. Once per issue: later calls add nothing.

    `of`: the cadence they chose. `variants`: the rendition of each choice (`roster.choosers`) that does not get the
    whole issue; None: nothing is in it for them, and they get nothing. A batch is of one variant.
    """
    await _lock_issue(connection, issue_id)
    if await connection.scalar(select(exists().where(delivery.c.issue_id == issue_id))):
        return 0
    rows = _several(issue_id, newsletter, size, of, variants) if variants else _plain(issue_id, newsletter, size, of)
    columns = ["issue_id", "subscriber_id", "address", "name", "batch", "state", "variant"]
    await connection.execute(insert(delivery).from_select(columns, rows))
    numbers = select(
        literal(issue_id), delivery.c.batch, delivery.c.variant, literal(BatchState.PENDING.value)
    ).distinct()
    pending = and_(delivery.c.issue_id == issue_id, delivery.c.state == DeliveryState.PENDING)
    await connection.execute(
        insert(batch).from_select(["issue_id", "number", "variant", "state"], numbers.where(pending))
    )
    made = await connection.scalar(select(func.count()).where(delivery.c.issue_id == issue_id))
    return made or 0  # PostgreSQL's driver counts no rows of an INSERT … SELECT


def _plain(issue_id: int, newsletter: str, size: int, of: Choosers) -> Select[Any]:
    """The deliveries of an issue that all get as a whole."""
    who = roster.recipients(newsletter, of).subquery()
    row = func.row_number().over(order_by=who.c.subscriber_id)
    return select(
        literal(issue_id),
        who.c.subscriber_id,
        who.c.address,
        who.c.name,
        (row - 1) // literal_column(str(int(size))),
        literal(DeliveryState.PENDING.value),
        literal(""),
    ).order_by(who.c.subscriber_id)


def _several(
    issue_id: int, newsletter: str, size: int, of: Choosers, variants: Mapping[str, str | None]
) -> Select[Any]:
    """The same where some get a variant of it, or nothing: those of a variant stand together."""
    named = values(column("choice", Text), column("variant", Text), name="named")
    known = named.data([(choice, _NOTHING if key is None else key) for choice, key in variants.items()]).cte("known")
    people = roster.choosers(newsletter, of).subquery()
    variant = func.coalesce(known.c.variant, "")
    row = func.row_number().over(partition_by=variant, order_by=people.c.subscriber_id)
    chunk = ((row - 1) // literal_column(str(int(size)))).label("chunk")
    joined = people.outerjoin(known, known.c.choice == people.c.choice)
    who = select(people, variant.label("variant"), chunk).select_from(joined).subquery()
    is_nothing = who.c.variant == _NOTHING
    number = func.dense_rank().over(order_by=(case((is_nothing, 1), else_=0), who.c.variant, who.c.chunk)) - 1
    state = case((is_nothing, DeliveryState.SKIPPED.value), else_=DeliveryState.PENDING.value)
    return select(
        literal(issue_id),
        who.c.subscriber_id,
        who.c.address,
        who.c.name,
        case((is_nothing, -1), else_=number),
        state,
        case((is_nothing, ""), else_=who.c.variant),
    )


async def recipients(connection: AsyncConnection, newsletter: str, of: Choosers = EVERYBODY) -> int:
    """How many would be planned now."""
    found = await connection.scalar(select(func.count()).select_from(roster.recipients(newsletter, of).subquery()))
    return found or 0


async def owners(connection: AsyncConnection, *, issue_id: int) -> tuple[str, ...]:
    """Who holds a batch of that issue."""
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.SENDING)
    return tuple((await connection.scalars(select(batch.c.owner).where(where).distinct())).all())


async def void(connection: AsyncConnection, *, issue_id: int, now: datetime, dead: Collection[str] = ()) -> int:
    """Turns claims whose lease lapsed, or whose owner is dead, into unknown ones that are due; how many.

    A death says nothing of the provider and is not counted as an answer that was no answer (`outbox.REPLAYS`): however
    often its sender is killed, a batch is repeated as long as its key lives.
    """
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
        )
        .returning(batch.c.number)
    )
    numbers = [row.number for row in found]
    if numbers:
        inside = and_(delivery.c.issue_id == issue_id, delivery.c.batch.in_(numbers))
        await connection.execute(
            update(delivery)
            .where(inside, delivery.c.state.in_(claims.UNSETTLED))
            .values(state=DeliveryState.UNKNOWN, error="the sender ended in mid-request")
        )
    return len(numbers)


async def expire(connection: AsyncConnection, *, issue_id: int) -> int:
    """Gives up what was not sent yet: the issue is too old. What may have been taken stays unknown, and asked about."""
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.PENDING)
    numbers = select(batch.c.number).where(where)
    inside = and_(delivery.c.issue_id == issue_id, delivery.c.batch.in_(numbers))
    gone = await connection.execute(
        update(delivery).where(inside, delivery.c.state == DeliveryState.PENDING).values(state=DeliveryState.EXPIRED)
    )
    await connection.execute(update(batch).where(where).values(state=BatchState.DONE, note="expired"))
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
