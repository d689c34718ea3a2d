"""Questions about deliveries: how many in which state, and which failed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import BatchState, DeliveryState
from digest.store.tables import batch, delivery, issue

_IN_ITS_BATCH = and_(batch.c.issue_id == delivery.c.issue_id, batch.c.number == delivery.c.batch)
_IS_BEING_SENT = and_(
    batch.c.state == BatchState.SENDING, delivery.c.state.in_((DeliveryState.PENDING, DeliveryState.UNKNOWN))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A delivery that did not reach its reader, and why."""

    address: str
    state: DeliveryState
    reason: str


async def counts(connection: AsyncConnection, issue_id: int | None = None) -> Mapping[DeliveryState, int]:
    """How many deliveries are in each state, of that issue or (None) of all; every state has its number."""
    which = true() if issue_id is None else issue.c.id == issue_id
    found: Counter[str] = Counter()
    for kept in (await connection.scalars(select(issue.c.counts).where(which, issue.c.counts.is_not(None)))).all():
        found.update(kept)
    open_ = select(issue.c.id).where(which, issue.c.counts.is_(None))
    found.update(await counted(connection, delivery.c.issue_id.in_(open_)))
    return {state: found[state] for state in DeliveryState}


async def counted(connection: AsyncConnection, where: ColumnElement[bool]) -> dict[str, int]:
    """Deliveries by state, row by row: a million take a second. Those of an issue that was sent stand on the issue."""
    rows = select(delivery.c.state, func.count(), literal(False)).where(where).group_by(delivery.c.state)
    held = select(delivery.c.state, func.count(), literal(True)).join(batch, _IN_ITS_BATCH).where(where, _IS_BEING_SENT)
    found: Counter[str] = Counter()
    for state, count, is_being_sent in await connection.execute(rows.union_all(held.group_by(delivery.c.state))):
        found[state] += -count if is_being_sent else count
        found[DeliveryState.SENDING.value] += count if is_being_sent else 0
    return {state: count for state, count in found.items() if count}


async def failures(
    connection: AsyncConnection, issue_id: int, *states: DeliveryState, limit: int = 1000
) -> tuple[Failure, ...]:
    """Deliveries of that issue in these states (none named: rejected), by subscriber; at most `limit`."""
    wanted = states or (DeliveryState.REJECTED,)
    rows = await connection.execute(
        select(delivery.c.address, delivery.c.state, delivery.c.error)
        .where(delivery.c.issue_id == issue_id, delivery.c.state.in_(wanted))
        .order_by(delivery.c.subscriber_id)
        .limit(limit)
    )
    return tuple(Failure(address=row.address, state=DeliveryState(row.state), reason=row.error or "") for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One issue to one person."""

    issue: str  # NEWSLETTER/NUMBER
    state: DeliveryState
    event: str | None  # what was last reported


async def to(connection: AsyncConnection, subscriber_id: int) -> tuple[Sent, ...]:
    """Every issue that was to go to that person, oldest first."""
    state = case((_IS_BEING_SENT, DeliveryState.SENDING.value), else_=delivery.c.state).label("state")
    columns = select(issue.c.newsletter, issue.c.number, state, delivery.c.event)
    query = columns.join_from(issue, delivery, delivery.c.issue_id == issue.c.id).outerjoin(batch, _IN_ITS_BATCH)
    rows = await connection.execute(query.where(delivery.c.subscriber_id == subscriber_id).order_by(issue.c.id))
    return tuple(Sent(issue=f"{r.newsletter}/{r.number}", state=DeliveryState(r.state), event=r.event) for r in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """One whom an issue goes to."""

    subscriber_id: int
    address: str
    name: str
    variant: str  # of the issue's renditions


async def person(connection: AsyncConnection, issue_id: int, address: str) -> Addressee | None:
    """That issue's recipient of that address, compared without case; None for a stranger, and for who is left out."""
    wanted = func.lower(delivery.c.address) == address.strip().lower()
    query = select(delivery.c.subscriber_id, delivery.c.address, delivery.c.name, delivery.c.variant)
    of = (delivery.c.issue_id == issue_id, delivery.c.state != DeliveryState.SKIPPED)
    row = (await connection.execute(query.where(*of, wanted))).first()
    return Addressee(**row._asdict()) if row else None
