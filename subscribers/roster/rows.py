"""Rows to values, and the few statements that several of the roster's modules need."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.model import Subscriber, Subscription, SubscriptionState, Suppression, SuppressionReason
from subscribers.tables import consent, subscriber, subscription, suppression


def insert(connection: AsyncConnection | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, of the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """When and how something came about: what the log keeps of it."""

    at: datetime
    source: str = ""
    remote: str | None = None
    text_version: str | None = None


async def log(connection: AsyncConnection, subscriber_id: int, what: str, cause: Cause, newsletter: str = "") -> None:
    """Adds a line to the consent log."""
    values = {"subscriber_id": subscriber_id, "newsletter": newsletter, "what": what, **asdict(cause)}
    await connection.execute(consent.insert().values(**values))


async def lock(connection: AsyncConnection, address_key: str) -> Row[Any] | None:
    """The person of that address; on PostgreSQL nobody else changes them until the transaction ends."""
    statement = select(subscriber).where(subscriber.c.address_key == address_key).with_for_update()
    return (await connection.execute(statement)).one_or_none()


async def lock_id(connection: AsyncConnection, subscriber_id: int) -> Row[Any] | None:
    """The person of that number, likewise."""
    statement = select(subscriber).where(subscriber.c.id == subscriber_id).with_for_update()
    return (await connection.execute(statement)).one_or_none()


async def state_of(connection: AsyncConnection, subscriber_id: int, newsletter: str) -> SubscriptionState | None:
    """How that person stands with that newsletter; None where they are not on it."""
    on = (subscription.c.subscriber_id == subscriber_id) & (subscription.c.newsletter == newsletter)
    found: str | None = (await connection.execute(select(subscription.c.state).where(on))).scalar_one_or_none()
    return None if found is None else SubscriptionState(found)


async def newsletters_of(connection: AsyncConnection, subscriber_id: int) -> tuple[str, ...]:
    """The newsletters that person has ever been on, by name."""
    statement = select(subscription.c.newsletter).where(subscription.c.subscriber_id == subscriber_id)
    return tuple((await connection.execute(statement.order_by(subscription.c.newsletter))).scalars())


async def suppression_of(connection: AsyncConnection, address_hash: bytes) -> Suppression | None:
    """Why that address is never mailed again; None where it may be."""
    statement = select(suppression).where(suppression.c.address_hash == address_hash)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else to_suppression(row)


def to_subscriber(row: Row[Any]) -> Subscriber:
    """The person of a row of `subscriber`."""
    return Subscriber(
        id=row.id,
        address=row.address,
        name=row.name,
        language=row.language,
        fields=dict(row.fields or {}),
        created_at=row.created_at,
    )


def to_subscription(row: Row[Any]) -> Subscription:
    """The subscription of a row of `subscription`."""
    return Subscription(
        newsletter=row.newsletter,
        state=SubscriptionState(row.state),
        since=row.since,
        cadence=row.cadence,
        sections=None if row.sections is None else tuple(row.sections),
    )


def to_suppression(row: Row[Any]) -> Suppression:
    """The suppression of a row of `suppression`."""
    return Suppression(
        address=row.address_key, reason=SuppressionReason(row.reason), since=row.since, detail=row.detail
    )


def clean_name(name: str) -> str:
    """A name on one line, of printable characters, at most 200 of them."""
    printable = name if name.isprintable() else "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split())[:200].rstrip()


def clean_fields(fields: Mapping[str, str] | None) -> dict[str, str]:
    """Further fields without the empty ones."""
    return {str(key): str(value) for key, value in (fields or {}).items() if value}
