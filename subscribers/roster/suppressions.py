"""Addresses never mailed again."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers import addresses
from subscribers.consent import Act, decide
from subscribers.model import Suppression, SuppressionReason
from subscribers.roster.keys import address_secret, known_address_secret
from subscribers.roster.rows import Cause, insert, lock, log, newsletters_of, state_of, suppression_of
from subscribers.tables import consent, subscriber, subscription, suppression


async def is_suppressed(connection: AsyncConnection, address: str) -> bool:
    """Whether that address is never mailed again; also one erased."""
    return await find(connection, addresses.key_of(address)) is not None


async def find(connection: AsyncConnection, key: str) -> Suppression | None:
    """The suppression of that address key; only reads."""
    known = await known_address_secret(connection)
    return None if known is None else await suppression_of(connection, addresses.hash_of(key, known))


async def suppress(
    connection: AsyncConnection,
    address: str,
    reason: SuppressionReason,
    at: datetime,
    *,
    detail: str = "",
    source: str = "owner",
) -> bool:
    """That address is never mailed again, known or not; its subscriptions end. False where it was so already."""
    key = addresses.key_of(address)
    row = await lock(connection, key)
    made = insert(connection, suppression).values(
        address_hash=await _hash(connection, key),
        address_key=None if reason is SuppressionReason.ERASED else key,
        reason=reason,
        since=at,
        detail=detail[:500],
    )
    barred = made.on_conflict_do_nothing(index_elements=["address_hash"]).returning(suppression.c.address_hash)
    new = (await connection.execute(barred)).one_or_none() is not None
    if row is not None:
        if new:
            await log(connection, row.id, Act.BARRED, Cause(at=at, source=f"{source}: {reason}"))
        await _end(connection, row.id, at)
    return new


async def lift(connection: AsyncConnection, address: str, at: datetime, *, source: str = "owner") -> bool:
    """Takes a suppression back, by the owner's decision; the person stays unsubscribed until they ask again."""
    key = addresses.key_of(address)
    row = await lock(connection, key)
    gone = delete(suppression).where(suppression.c.address_hash == await _hash(connection, key))
    lifted = bool((await connection.execute(gone)).rowcount)
    if lifted and row is not None:
        await log(connection, row.id, "lifted", Cause(at=at, source=source))
    return lifted


async def erase(connection: AsyncConnection, address: str, at: datetime, *, source: str = "owner") -> int | None:
    """Forgets the person: only a keyed hash stays, so that the address is never mailed again. Their number, if known.

    The consent log keeps what happened and when, without the network addresses.
    """
    key = addresses.key_of(address)
    row = await lock(connection, key)
    barred = insert(connection, suppression).values(
        address_hash=await _hash(connection, key), address_key=None, reason=SuppressionReason.ERASED, since=at
    )
    forgotten = {"address_key": None, "detail": "", "reason": SuppressionReason.ERASED}
    await connection.execute(barred.on_conflict_do_update(index_elements=["address_hash"], set_=forgotten))
    if row is None:
        return None
    about = consent.c.subscriber_id == row.id
    await connection.execute(update(consent).where(about).values(remote=None, source=""))
    await log(connection, row.id, "erased", Cause(at=at, source=source))
    await connection.execute(delete(subscription).where(subscription.c.subscriber_id == row.id))
    await connection.execute(delete(subscriber).where(subscriber.c.id == row.id))
    return int(row.id)


async def _end(connection: AsyncConnection, subscriber_id: int, at: datetime) -> None:
    """Ends every subscription; the one line in the log stands for all."""
    for newsletter in await newsletters_of(connection, subscriber_id):
        before = await state_of(connection, subscriber_id, newsletter)
        after = decide(before, Act.BARRED, is_suppressed=True).state
        if after is not before:
            on = (subscription.c.subscriber_id == subscriber_id) & (subscription.c.newsletter == newsletter)
            await connection.execute(update(subscription).where(on).values(state=after, since=at))


async def _hash(connection: AsyncConnection, key: str) -> bytes:
    return addresses.hash_of(key, await address_secret(connection))
