"""People read back: one with all that is known, or all of them without holding them all."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from sqlalchemy import Row, Select, func, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers.roster.suppressions as suppressions
from subscribers import addresses
from subscribers.model import LogEntry, Person, Subscriber, SubscriptionState
from subscribers.roster.rows import suppression_of, to_subscriber, to_subscription, to_suppression
from subscribers.tables import consent, subscriber, subscription, suppression

_PAGE = 1000  # people held at once


async def get(connection: AsyncConnection, subscriber_id: int) -> Person | None:
    """The person of that number with their subscriptions and suppression; None where there is none (any more)."""
    row = (await connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id))).one_or_none()
    return None if row is None else await _person(connection, row)


async def story(connection: AsyncConnection, address: str) -> Person | None:
    """Everything known of that address, its consent log oldest first; None where nothing is."""
    key = addresses.key_of(address)
    row = (await connection.execute(select(subscriber).where(subscriber.c.address_key == key))).one_or_none()
    if row is not None:
        return await _person(connection, row, with_log=True)
    barred = await suppressions.find(connection, key)
    return None if barred is None else Person(subscriber=Subscriber(id=None, address=key), suppression=barred)


async def listed(
    connection: AsyncConnection, newsletter: str | None = None, *, page: int = _PAGE
) -> AsyncIterator[Person]:
    """Everyone (or everyone ever on that newsletter), as they came, then suppressed addresses nobody has.

    Holds `page` people at a time, however many there are.
    """
    last = 0
    while rows := await _page(connection, newsletter, last, page):
        last = rows[-1].id
        found = await _subscriptions(connection, [row.id for row in rows])
        for row in rows:
            barred = to_suppression(row) if row.reason is not None else None
            yield Person(subscriber=to_subscriber(row), subscriptions=found.get(row.id, ()), suppression=barred)
    if newsletter is None:
        async for person in _strangers(connection):
            yield person


async def counts(connection: AsyncConnection) -> Mapping[str, Mapping[SubscriptionState, int]]:
    """How many stand how with each newsletter; suppressed addresses stand as unsubscribed."""
    s = subscription.c
    found: dict[str, dict[SubscriptionState, int]] = {}
    for name, state, number in await connection.execute(
        select(s.newsletter, s.state, func.count()).group_by(s.newsletter, s.state)
    ):
        found.setdefault(name, {})[SubscriptionState(state)] = number
    return found


async def _page(connection: AsyncConnection, newsletter: str | None, after: int, limit: int) -> list[Row[Any]]:
    s, barred = subscriber.c, suppression.c
    columns = (s.id, s.address, s.address_key, s.name, s.language, s.fields, s.created_at)
    joined = subscriber.outerjoin(suppression, barred.address_hash == s.address_hash)
    statement: Select[Any] = select(*columns, barred.reason, barred.since, barred.detail).select_from(joined)
    statement = statement.where(s.id > after).order_by(s.id).limit(limit)
    if newsletter is not None:
        on = (subscription.c.subscriber_id == s.id) & (subscription.c.newsletter == newsletter)
        statement = statement.where(select(null()).where(on).exists())
    return list(await connection.execute(statement))


async def _subscriptions(connection: AsyncConnection, ids: list[int]) -> dict[int, tuple[Any, ...]]:
    s = subscription.c
    statement = select(subscription).where(s.subscriber_id.in_(ids))
    found: dict[int, tuple[Any, ...]] = {}
    for row in await connection.execute(statement.order_by(s.subscriber_id, s.newsletter)):
        found[row.subscriber_id] = (*found.get(row.subscriber_id, ()), to_subscription(row))
    return found


async def _strangers(connection: AsyncConnection) -> AsyncIterator[Person]:
    """Suppressed addresses that no subscriber has; the erased ones cannot be read, so they are not among them."""
    barred = suppression.c
    last = ""
    while True:
        joined = suppression.outerjoin(subscriber, subscriber.c.address_hash == barred.address_hash)
        statement = select(suppression).select_from(joined).where(subscriber.c.id.is_(None), barred.address_key > last)
        page = list(await connection.execute(statement.order_by(barred.address_key).limit(_PAGE)))
        for row in page:
            yield Person(subscriber=Subscriber(id=None, address=row.address_key), suppression=to_suppression(row))
        if len(page) < _PAGE:
            return
        last = page[-1].address_key


async def _person(connection: AsyncConnection, row: Row[Any], *, with_log: bool = False) -> Person:
    s = subscription.c
    on = select(subscription).where(s.subscriber_id == row.id).order_by(s.newsletter)
    entries = select(consent).where(consent.c.subscriber_id == row.id).order_by(consent.c.id)
    log = await connection.execute(entries) if with_log else ()
    return Person(
        subscriber=to_subscriber(row),
        subscriptions=tuple(to_subscription(each) for each in await connection.execute(on)),
        suppression=await suppression_of(connection, row.address_hash),
        log=tuple(_entry(each) for each in log),
    )


def _entry(row: Row[Any]) -> LogEntry:
    return LogEntry(
        newsletter=row.newsletter,
        what=row.what,
        at=row.at,
        source=row.source,
        remote=row.remote,
        text_version=row.text_version,
    )
