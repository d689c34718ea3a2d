"""What sending needs to know of an issue, and what it writes back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.errors import UsageError
from digest.model import BatchState, IssueState
from digest.store import deliveries
from digest.store.tables import batch, delivery, issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A frozen issue on its way."""

    id: int
    newsletter: str
    cadence: str = ""
    number: int
    slot: str
    state: IssueState
    title: str
    date: datetime | None  # of the Date header; None until sending begins
    expires_at: datetime | None  # not sent after that

    @property
    def name(self) -> str:
        """NEWSLETTER/NUMBER."""
        return f"{self.newsletter}/{self.number}"


async def find(connection: AsyncConnection, issue_id: int) -> Sending:
    """The issue of that id; UsageError where there is none."""
    row = (await connection.execute(select(issue).where(issue.c.id == issue_id))).one_or_none()
    if row is None:
        raise UsageError(f"there is no issue with the id {issue_id}: `digest issues list` shows those there are")
    return Sending(
        id=row.id,
        newsletter=row.newsletter,
        cadence=row.cadence,
        number=row.number,
        slot=row.slot,
        state=IssueState(row.state),
        title=row.title,
        date=row.date,
        expires_at=row.expires_at,
    )


async def begin(connection: AsyncConnection, issue_id: int, now: datetime) -> Sending:
    """The issue as being sent: its date is fixed the first time and never again."""
    await connection.execute(
        update(issue)
        .where(issue.c.id == issue_id)
        .values(state=IssueState.SENDING, date=func.coalesce(issue.c.date, now), counts=None)
    )
    return await find(connection, issue_id)


async def waiting(connection: AsyncConnection, issue_id: int) -> int:
    """How many of its batches nobody has begun."""
    mine = (batch.c.issue_id == issue_id) & (batch.c.state == BatchState.PENDING)
    return (await connection.scalar(select(func.count()).select_from(batch).where(mine))) or 0


async def holders(connection: AsyncConnection) -> list[tuple[int, str]]:
    """Which issue's batches are held by whom."""
    held = select(batch.c.issue_id, batch.c.owner).where(batch.c.state == BatchState.SENDING).distinct()
    return [(issue_id, owner) for issue_id, owner in await connection.execute(held)]


async def finish(connection: AsyncConnection, issue_id: int, state: IssueState, note: str | None = None) -> None:
    """Records how sending ended, and what its deliveries came to, unless someone else did."""
    where = (issue.c.id == issue_id, issue.c.state == IssueState.SENDING)
    if (await connection.execute(update(issue).where(*where).values(state=state, note=note))).rowcount:
        counts = await deliveries.counted(connection, delivery.c.issue_id == issue_id)
        await connection.execute(update(issue).where(issue.c.id == issue_id).values(counts=counts))
