"""What the preview asks at a glance: a few readers, and whether anything is new."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.tables import article, edit, issue, revision
from subscribers import roster


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """An active subscriber."""

    id: int
    address: str
    name: str


async def readers(connection: AsyncConnection, newsletter: str, *, limit: int) -> list[Somebody]:
    """Some who get that newsletter, the longest-standing first."""
    wanted = roster.recipients(newsletter).order_by("subscriber_id").limit(limit)
    rows = await connection.execute(wanted)
    return [Somebody(id=row.subscriber_id, address=row.address, name=row.name) for row in rows]


async def mark(connection: AsyncConnection) -> tuple[object, ...]:
    """Differs when articles were collected, or an issue made, moved on or edited, since it was asked last."""
    articles = select(func.count(), func.max(article.c.id)).select_from(article)
    states = select(issue.c.id, issue.c.state).order_by(issue.c.id.desc()).limit(200)
    wanted = select(edit.c.newsletter, edit.c.cadence, edit.c.number).order_by(edit.c.newsletter, edit.c.cadence)
    told = (
        *(await connection.execute(articles)).one(),
        await connection.scalar(select(func.count()).select_from(revision)),
    )
    return (*told, *[tuple(row) for query in (states, wanted) for row in await connection.execute(query)])
