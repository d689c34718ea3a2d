"""The secrets: keys that sign tokens, and the one that address hashes are made with."""

import secrets
from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.model import SigningKey
from subscribers.roster.rows import insert
from subscribers.tables import secret, signing_key

_BYTES = 32
_LOCK = 0x6B65_7973  # PostgreSQL's advisory lock: one makes the first key, the others read it


async def signing_keys(connection: AsyncConnection) -> tuple[SigningKey, ...]:
    """Every key, newest first; the first is made here, so the transaction is one that may write."""
    if found := await verifying_keys(connection):
        return found
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if found := await verifying_keys(connection):
            return found
    await rotate(connection, datetime.now(UTC))
    return await verifying_keys(connection)


async def rotate(connection: AsyncConnection, at: datetime) -> None:
    """Adds a key that signs from now on; the older ones still verify."""
    await connection.execute(signing_key.insert().values(secret=secrets.token_bytes(_BYTES), created_at=at))


async def address_secret(connection: AsyncConnection) -> bytes:
    """The key of address hashes; made at first use, never changed: a new one would not know erased addresses."""
    found = await known_address_secret(connection)
    if found is None:
        made = insert(connection, secret).values(name="address", value=secrets.token_bytes(_BYTES))
        await connection.execute(made.on_conflict_do_nothing())
        found = await known_address_secret(connection)
        assert found is not None, "just made"
    return found


async def known_address_secret(connection: AsyncConnection) -> bytes | None:
    """The same, only read; None where no address was ever hashed, so that none is suppressed."""
    statement = select(secret.c.value).where(secret.c.name == "address")
    found: bytes | None = (await connection.execute(statement)).scalar_one_or_none()
    return found


async def verifying_keys(connection: AsyncConnection) -> tuple[SigningKey, ...]:
    """Every key, newest first; only reads. Empty where nothing was ever signed."""
    rows = await connection.execute(select(signing_key).order_by(signing_key.c.id.desc()))
    return tuple(SigningKey(id=row.id, secret=row.secret, created_at=row.created_at) for row in rows)
