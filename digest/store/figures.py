"""Counts over all tables, for those who watch: what stands where."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import IssueState
from digest.store import deliveries, notices
from digest.store.tables import article, batch, feed, issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The counts of one moment."""

    issues: dict[tuple[str, str], int]  # (newsletter, state)
    batches: dict[str, int]
    deliveries: dict[str, int]
    feeds: dict[str, int]
    failing_feeds: int
    articles: int
    open_circuits: tuple[str, ...]  # providers that do not answer
    untold: int  # words to the owner that were not taken
    oldest_undone: dict[str, datetime]  # newsletter: the due time of its oldest issue being made


async def counted(connection: AsyncConnection, *, now: datetime) -> Figures:
    """Everything, in one transaction."""
    by_state = select(issue.c.newsletter, issue.c.state, func.count()).group_by(issue.c.newsletter, issue.c.state)
    undone = select(issue.c.newsletter, func.min(issue.c.due_at)).where(issue.c.state == IssueState.BUILDING)
    failing = select(func.count()).select_from(feed).where(feed.c.last_error.is_not(None))
    return Figures(
        issues={(row[0], row[1]): row[2] for row in await connection.execute(by_state)},
        batches=await _by_state(connection, batch.c.state),
        deliveries={str(s): n for s, n in (await deliveries.counts(connection)).items() if n},
        feeds=await _by_state(connection, feed.c.state),
        failing_feeds=(await connection.execute(failing)).scalar_one(),
        articles=(await connection.execute(select(func.count()).select_from(article))).scalar_one(),
        open_circuits=tuple(sorted(await notices.open_circuits(connection, now=now))),
        untold=len(await notices.standing(connection)),
        oldest_undone={row[0]: row[1] for row in await connection.execute(undone.group_by(issue.c.newsletter))},
    )


async def _by_state(connection: AsyncConnection, state: Column[str]) -> dict[str, int]:
    return {row[0]: row[1] for row in await connection.execute(select(state, func.count()).group_by(state))}
