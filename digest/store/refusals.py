"""Messages that were refused for the sender's sake: how many an issue had, and what the receiving servers said."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, exists, func, literal, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import DeliveryState, EventKind
from digest.store.tables import delivery, event, issue, notice

_LEAST, _SHARE = 3, 0.01  # so many, and of the accepted: less is any day's noise
_SAMPLE = 1000  # refused deliveries of which the words are looked up
# Written out, not bound: SQLite uses a partial index only where it sees its condition.
_REFUSED: ColumnElement[bool] = delivery.c.event == literal_column(f"'{EventKind.REFUSED}'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How many messages of an issue that was sent were refused so, out of how many."""

    issue_id: int
    count: int
    accepted: int


def is_many(count: int, accepted: int) -> bool:
    """Whether the owner should look into it.

    >>> is_many(2, 10), is_many(3, 10), is_many(50, 10_000)
    (False, True, False)
    """
    return count >= max(_LEAST, accepted * _SHARE)


def about(issue_id: int) -> str:
    """The occasion of which the owner is told."""
    return f"issue:{issue_id}:turned-away"


async def counted(connection: AsyncConnection, issue_ids: Collection[int]) -> Mapping[int, int]:
    """How many each of these issues had; those without any are left out."""
    d = delivery.c
    query = select(d.issue_id, func.count()).where(_REFUSED, d.issue_id.in_(issue_ids)).group_by(d.issue_id)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def reasons(connection: AsyncConnection, issue_id: int, *, limit: int = 5) -> tuple[tuple[str, int], ...]:
    """What the servers said of that issue's messages, and how often, the most frequent first (of a sample)."""
    d, e = delivery.c, event.c
    some = select(func.lower(d.address)).where(d.issue_id == issue_id, _REFUSED).limit(_SAMPLE)
    sent_at = select(func.coalesce(issue.c.date, issue.c.due_at)).where(issue.c.id == issue_id).scalar_subquery()
    said = (e.address.in_(some), e.kind == EventKind.REFUSED, e.at >= sent_at)
    query = select(e.detail, func.count()).where(*said).group_by(e.detail).order_by(func.count().desc(), e.detail)
    return tuple((row[0], row[1]) for row in await connection.execute(query.limit(limit)))


async def untold(connection: AsyncConnection, *, since: datetime) -> list[Refusals]:
    """Of issues that were sent since then: those that had many, and of which the owner was not told."""
    told = literal("issue:").concat(cast(issue.c.id, Text)).concat(":turned-away")
    sent = (issue.c.date >= since, issue.c.counts.is_not(None), ~exists().where(notice.c.about == told))
    found = {row.id: row.counts for row in await connection.execute(select(issue.c.id, issue.c.counts).where(*sent))}
    counts = await counted(connection, found) if found else {}
    refused = [
        Refusals(issue_id=issue_id, count=count, accepted=found[issue_id].get(DeliveryState.ACCEPTED, 0))
        for issue_id, count in sorted(counts.items())
    ]
    return [each for each in refused if is_many(each.count, each.accepted)]
