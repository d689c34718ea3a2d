"""What is not kept for ever: each a bounded piece of one transaction, repeated until nothing is left to do."""

from datetime import datetime

from sqlalchemy import Text, and_, cast, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import DeliveryState, IssueState
from digest.store.tables import article, delivery, event, issue

_OVER = (IssueState.SENT, IssueState.EXPIRED, IssueState.FAILED)
_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN)  # may be sent again, as they were
PIECE = 5_000  # rows a transaction


async def blank_deliveries(connection: AsyncConnection, *, since: datetime, before: datetime) -> int:
    """Takes address, name and reason out of what issues sent between then are done with; how many deliveries.

    Who got which issue stays, by number, and so does what became of it.
    """
    d = delivery.c
    old = select(issue.c.id).where(issue.c.state.in_(_OVER), issue.c.date >= since, issue.c.date < before)
    told = or_(d.address != "", d.name != "", d.error.is_not(None))
    some = select(d.issue_id, d.subscriber_id).where(d.issue_id.in_(old), d.state.not_in(_OPEN), told).limit(PIECE)
    found = (await connection.execute(some)).all()
    for issue_id in {row.issue_id for row in found}:
        who = [row.subscriber_id for row in found if row.issue_id == issue_id]
        one = and_(d.issue_id == issue_id, d.subscriber_id.in_(who))
        await connection.execute(update(delivery).where(one).values(address="", name="", error=None))
    return len(found)


async def drop_events(connection: AsyncConnection, *, before: datetime) -> int:
    """Drops the oldest reports of providers from before then, as they came in; how many."""
    oldest = select(event.c.id, event.c.at).order_by(event.c.id).limit(PIECE)
    old = [row.id for row in await connection.execute(oldest) if row.at < before]
    if old:
        await connection.execute(delete(event).where(event.c.id.in_(old)))
    return len(old)


async def drop_texts(connection: AsyncConnection, *, since: datetime, before: datetime) -> int:
    """Empties the texts of articles from between then; how many. Title, link and what they are known by stay."""
    a = article.c
    full = or_(cast(a.text, Text) != "[]", a.excerpt != "", a.lines.is_not(None))
    some = select(a.id).where(a.sort_at >= since, a.sort_at < before, full).limit(PIECE)
    ids = list((await connection.execute(some)).scalars())
    if ids:
        await connection.execute(update(article).where(a.id.in_(ids)).values(text=[], excerpt="", lines=None))
    return len(ids)
