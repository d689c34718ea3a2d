"""What the preview asks at a glance: a few readers, and whether anything is new."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.tables import article, edit, issue, revision
from subscribers import roster
from subscribers.model import EVERYBODY, Choosers

_LOOKED_AT = 5_000  # readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """An active subscriber."""

    id: int
    address: str
    name: str
    choice: str = "\n"  # what `roster.read_choice` reads


async def readers(
    connection: AsyncConnection, newsletter: str, *, limit: int, of: Choosers = EVERYBODY
) -> list[Somebody]:
    """Some who get that newsletter: one of each choice of language and sections, then the longest-standing.

    Only the first few thousand are looked at: a list of a million is opened as quickly.
    """
    first = roster.choosers(newsletter, of).order_by("subscriber_id").limit(_LOOKED_AT).subquery().c
    nth = func.row_number().over(partition_by=first.choice, order_by=first.subscriber_id)
    wanted = select(first.subscriber_id, first.address, first.name, first.choice).order_by(nth, first.subscriber_id)
    return [
        Somebody(id=row.subscriber_id, address=row.address, name=row.name, choice=row.choice)
        for row in await connection.execute(wanted.limit(limit))
    ]


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
