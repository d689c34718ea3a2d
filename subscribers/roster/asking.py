"""Confirmation messages: who is still to be asked, so that a stop between the import and the messages loses none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.model import SubscriptionState
from subscribers.tables import consent, subscriber, subscription, suppression

_PENDING = subscription.c.state == SubscriptionState.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """One who is pending, with what the confirmation message needs."""

    subscriber_id: int
    newsletter: str
    address: str
    name: str
    language: str | None


async def unasked(
    connection: AsyncConnection, newsletter: str | None = None, *, limit: int = 100, skip: int = 0
) -> tuple[Unasked, ...]:
    """Those pending whom no confirmation message was sent to yet, oldest first: `limit` of them after `skip`."""
    statement = _pending().where(subscription.c.asked_at.is_(None)).limit(limit).offset(skip)
    statement = statement.order_by(subscription.c.since, subscription.c.subscriber_id, subscription.c.newsletter)
    if newsletter is not None:
        statement = statement.where(subscription.c.newsletter == newsletter)
    return tuple(Unasked(**row._mapping) for row in await connection.execute(statement))  # noqa: SLF001 — Row's public name


async def claim_asking(
    connection: AsyncConnection, subscriber_id: int, newsletter: str, at: datetime, *, again_after: timedelta
) -> Unasked | None:
    """The one to ask, marked as asked at `at`; None where not pending, or asked within `again_after`."""
    due = subscription.c.asked_at.is_(None) | (subscription.c.asked_at <= at - again_after)
    statement = update(subscription).where(_one(subscriber_id, newsletter), _PENDING, due).values(asked_at=at)
    if not (await connection.execute(statement)).rowcount:
        return None
    row = (await connection.execute(_pending().where(_one(subscriber_id, newsletter)))).one_or_none()
    return None if row is None else Unasked(**row._mapping)  # noqa: SLF001 — Row's public name


async def asked(connection: AsyncConnection, subscriber_id: int, newsletter: str, at: datetime | None) -> None:
    """Notes when the confirmation message left; None: it did not, so that it is tried again."""
    await connection.execute(update(subscription).where(_one(subscriber_id, newsletter), _PENDING).values(asked_at=at))


async def forget_pending(connection: AsyncConnection, *, before: datetime) -> int:
    """Drops what was asked for before then and never confirmed, with the people nothing is left of; how many asked."""
    old = delete(subscription).where(_PENDING, subscription.c.since < before).returning(subscription.c.subscriber_id)
    gone = list((await connection.execute(old)).scalars())
    for start in range(0, len(gone), 1000):
        some = gone[start : start + 1000]
        left = select(subscription.c.subscriber_id).where(subscription.c.subscriber_id.in_(some))
        await connection.execute(delete(subscriber).where(subscriber.c.id.in_(some), subscriber.c.id.not_in(left)))
    return len(gone)


async def forget_sources(connection: AsyncConnection, *, since: datetime, before: datetime, piece: int = 5_000) -> int:
    """Takes the network addresses out of the log's lines from between then, `piece` at most; how many."""
    c = consent.c
    some = select(c.id).where(c.remote.is_not(None), c.at >= since, c.at < before).limit(piece)
    ids = list((await connection.execute(some)).scalars())
    if ids:
        await connection.execute(update(consent).where(c.id.in_(ids)).values(remote=None))
    return len(ids)


def _pending() -> Select[tuple[int, str, str, str, str | None]]:
    s = subscriber.c
    joined = subscription.join(subscriber, s.id == subscription.c.subscriber_id).outerjoin(
        suppression, suppression.c.address_hash == s.address_hash
    )
    columns = select(subscription.c.subscriber_id, subscription.c.newsletter, s.address, s.name, s.language)
    return columns.select_from(joined).where(_PENDING, suppression.c.address_hash.is_(None))


def _one(subscriber_id: int, newsletter: str) -> ColumnElement[bool]:
    return (subscription.c.subscriber_id == subscriber_id) & (subscription.c.newsletter == newsletter)
