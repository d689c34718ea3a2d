"""What providers report: each kept once, brought to its delivery, and to the address where that must not be mailed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import BatchState, DeliveryState, Event, EventKind, IssueState
from digest.store.tables import batch, delivery, event, issue
from subscribers import addresses, roster
from subscribers.model import SuppressionReason
from subscribers.roster.rows import insert
from subscribers.tables import subscriber

SOFT_BOUNCES = 5  # in a row, within
WINDOW = timedelta(days=30)  # of them, and without a delivery after; then the address counts as dead

_ENDED = (
    DeliveryState.ACCEPTED,
    DeliveryState.REJECTED,
    DeliveryState.SUPPRESSED,
    DeliveryState.EXPIRED,
    DeliveryState.SKIPPED,
)
# What is told later than it happened must not take back what is graver: the order of telling is of no matter.
_GRAVITY = (
    EventKind.DEFERRED,
    EventKind.DELIVERED,
    EventKind.REFUSED,
    EventKind.BOUNCED,
    EventKind.UNSUBSCRIBED,
    EventKind.COMPLAINED,
)
_BARS = {
    EventKind.COMPLAINED: SuppressionReason.COMPLAINED,
    EventKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


async def record(connection: AsyncConnection, events: Iterable[Event], now: datetime) -> int:
    """Keeps what is new of these and does what follows; how many were new. Repeating them does nothing."""
    new = 0
    for each in events:
        if await _keep(connection, each):
            new += 1
            await _mark(connection, each)
            await _bar(connection, each, now)
    return new


async def tally(connection: AsyncConnection, issue_id: int) -> Mapping[EventKind, int]:
    """How many of an issue's messages were last heard of how."""
    statement = (
        select(delivery.c.event, func.count())
        .where(delivery.c.issue_id == issue_id, delivery.c.event.is_not(None))
        .group_by(delivery.c.event)
    )
    return {EventKind(kind): count for kind, count in await connection.execute(statement)}


async def about(connection: AsyncConnection, address: str) -> tuple[Event, ...]:
    """What was reported of that address, oldest first."""
    rows = await connection.execute(
        select(event).where(event.c.address == addresses.key_of(address)).order_by(event.c.at, event.c.id)
    )
    return tuple(
        Event(
            provider=row.provider,
            id=row.event_id,
            kind=EventKind(row.kind),
            address=row.address,
            at=row.at,
            provider_id=row.provider_id,
            is_permanent=bool(row.is_permanent),
            detail=row.detail,
        )
        for row in rows
    )


async def forget(connection: AsyncConnection, address: str, subscriber_id: int | None = None) -> None:
    """Takes an erased person's address and name out of what is over: deliveries that ended, and reports.

    A delivery still under way keeps them, since its message must be the same if it is sent again; call this again then,
    without their number, which nobody knows any more: that goes through every delivery, and takes all who are erased.
    """
    key = addresses.key_of(address)
    await connection.execute(update(event).where(event.c.address == key).values(address="", detail=""))
    theirs: ColumnElement[bool]
    if subscriber_id is None:
        theirs = delivery.c.subscriber_id.not_in(select(subscriber.c.id))
    else:  # one look-up an issue, by key: nobody waits for the whole table because one reader left
        theirs = and_(delivery.c.issue_id.in_(select(issue.c.id)), delivery.c.subscriber_id == subscriber_id)
    gone = and_(theirs, delivery.c.state.in_(_ENDED), delivery.c.address != "")
    await connection.execute(update(delivery).where(gone).values(address="", name="", error=None))


async def _keep(connection: AsyncConnection, each: Event) -> bool:
    made = insert(connection, event).values(
        provider=each.provider,
        event_id=each.id,
        kind=each.kind,
        address=addresses.key_of(each.address),
        provider_id=each.provider_id,
        at=each.at,
        is_permanent=int(each.is_permanent),
        detail=each.detail,
    )
    kept = made.on_conflict_do_nothing(index_elements=["provider", "event_id"]).returning(event.c.id)
    return (await connection.execute(kept)).one_or_none() is not None


async def _mark(connection: AsyncConnection, each: Event) -> None:
    """Notes the report at its delivery, unless something graver stands there."""
    if each.kind not in _GRAVITY:
        return
    lesser = _GRAVITY[: _GRAVITY.index(each.kind) + 1]
    for issue_id, subscriber_id in await _deliveries(connection, each):
        one = and_(delivery.c.issue_id == issue_id, delivery.c.subscriber_id == subscriber_id)
        open_ = or_(delivery.c.event.is_(None), delivery.c.event.in_(lesser))
        await connection.execute(update(delivery).where(one, open_).values(event=each.kind))


async def _deliveries(connection: AsyncConnection, each: Event) -> Sequence[tuple[int, int]]:
    """The delivery a report is about: by the message's number and its address, as several may share one number.

    A report may come before the number is stored: then by the address alone, among issues being sent.
    """
    key, d = addresses.key_of(each.address), delivery.c
    columns = select(d.issue_id, d.subscriber_id, d.address)
    if each.provider_id:
        found = [tuple(row) for row in await connection.execute(columns.where(d.provider_id == each.provider_id))]
        if found:
            return [(i, s) for i, s, address in found if len(found) == 1 or addresses.key_of(address) == key]
    who = select(subscriber.c.id).where(subscriber.c.address_key == key)
    sending = select(issue.c.id).where(issue.c.state == IssueState.SENDING)
    early = columns.where(d.issue_id.in_(sending), d.subscriber_id.in_(who), d.provider_id.is_(None))
    held = exists().where(
        batch.c.issue_id == d.issue_id, batch.c.number == d.batch, batch.c.state == BatchState.SENDING
    )
    has_left = or_(
        d.state.in_((DeliveryState.SENDING, DeliveryState.UNKNOWN)), and_(d.state == DeliveryState.PENDING, held)
    )
    under_way = early.where(has_left)
    return [(i, s) for i, s, _ in await connection.execute(under_way)]


async def _bar(connection: AsyncConnection, each: Event, now: datetime) -> None:
    """Suppresses at once what must not be mailed: a complaint, leaving, a hard bounce, soft ones in a row."""
    reason = _BARS.get(each.kind)
    if reason is None and each.kind is EventKind.BOUNCED:
        dead = each.is_permanent or await _soft_bounces(connection, each) >= SOFT_BOUNCES
        reason = SuppressionReason.BOUNCED if dead else None
    if reason is not None and each.address:
        await roster.suppress(connection, each.address, reason, now, detail=each.detail, source=each.provider)


async def _soft_bounces(connection: AsyncConnection, each: Event) -> int:
    """How many the address has had within the window, since the last delivery to it."""
    e = event.c
    about = and_(e.address == addresses.key_of(each.address), e.at > each.at - WINDOW)
    delivered = select(func.max(e.at)).where(about, e.kind == EventKind.DELIVERED).scalar_subquery()
    soft = and_(about, e.kind == EventKind.BOUNCED, or_(delivered.is_(None), e.at > delivered))
    found = (await connection.execute(select(func.count(case((soft, 1)))).where(about))).scalar_one()
    return int(found)
