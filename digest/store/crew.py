"""The workers of the distributed engine: who is at work where, for those who watch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.tables import worker

SILENCE = timedelta(seconds=30)  # six signs of life missed
_FORGOTTEN = timedelta(hours=1)  # one that was not seen for so long will not come back under that name


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that works steps off."""

    name: str  # host:pid:start
    queues: tuple[str, ...]
    concurrency: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A worker, and when it was last heard of."""

    worker: Worker
    seen_at: datetime


async def sign(connection: AsyncConnection, here: Worker, *, at: datetime) -> None:
    """Says that it is alive; forgets those that were not heard of for an hour."""
    seen = await connection.execute(update(worker).where(worker.c.name == here.name).values(seen_at=at))
    if seen.rowcount:
        return
    await connection.execute(delete(worker).where(worker.c.seen_at < at - _FORGOTTEN))
    queues = ",".join(here.queues)
    row = {"name": here.name, "queues": queues, "concurrency": here.concurrency, "started_at": here.started_at}
    await connection.execute(insert(worker).values(seen_at=at, **row))


async def silent(connection: AsyncConnection, *, at: datetime) -> tuple[str, ...]:
    """Who was not heard of for so long that they count as dead, though nobody saw them die."""
    quiet = select(worker.c.name).where(worker.c.seen_at < at - SILENCE)
    return tuple((await connection.scalars(quiet)).all())


async def clock(connection: AsyncConnection) -> datetime:
    """The database's clock: those of many machines may differ."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return found


async def leave(connection: AsyncConnection, name: str) -> None:
    """Strikes it off the list."""
    await connection.execute(delete(worker).where(worker.c.name == name))


async def listed(connection: AsyncConnection) -> Sequence[Sighting]:
    """Every worker, the longest at work first."""
    rows = await connection.execute(select(worker).order_by(worker.c.started_at, worker.c.name))
    return tuple(
        Sighting(
            worker=Worker(
                name=row.name,
                queues=tuple(row.queues.split(",")),
                concurrency=row.concurrency,
                started_at=row.started_at,
            ),
            seen_at=row.seen_at,
        )
        for row in rows
    )
