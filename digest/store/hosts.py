"""Hosts that asked to be left alone for a while (Retry-After)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.database import insert_of
from digest.store.tables import host


async def close(connection: AsyncConnection, name: str, *, until: datetime) -> None:
    """Leaves that host (host:port) alone until then."""
    made = insert_of(connection, host).values(name=name, closed_until=until)
    await connection.execute(made.on_conflict_do_update(index_elements=["name"], set_={"closed_until": until}))


async def closed(connection: AsyncConnection, *, now: datetime) -> dict[str, datetime]:
    """The hosts to be left alone, each with the time until."""
    rows = await connection.execute(select(host.c.name, host.c.closed_until).where(host.c.closed_until > now))
    return {row.name: row.closed_until for row in rows}


async def reopen(connection: AsyncConnection, names: Collection[str]) -> None:
    """Forgets what those hosts asked for."""
    await connection.execute(delete(host).where(host.c.name.in_(list(names))))
