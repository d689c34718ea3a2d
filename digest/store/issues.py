"""Issues: whose slot is taken, what they tell, where they stand. All SQL on them but sending's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import IssueState
from digest.store.tables import issue, issue_article, newsletter

_OPEN = (IssueState.READY, IssueState.SENDING)
_TOLD = (IssueState.READY, IssueState.HELD, IssueState.SENDING, IssueState.SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRecord:
    """An issue's row, without its renditions."""

    id: int
    newsletter: str
    number: int
    slot: str  # wall clock, 2026-11-23T07:30
    due_at: datetime
    state: IssueState
    cadence: str = ""
    owner: str | None = None  # who makes it
    lease_until: datetime | None = None
    begun_at: datetime | None = None  # when its slot was taken
    made_at: datetime | None
    send_at: datetime | None = None  # not before; None: at once
    expires_at: datetime | None
    title: str
    content: dict[str, Any] | None  # as `build --json` prints it
    note: str | None

    @property
    def name(self) -> str:
        """NEWSLETTER/NUMBER."""
        return f"{self.newsletter}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to make one slot's issue, for as long as the lease runs."""

    issue_id: int
    number: int
    owner: str


async def started(connection: AsyncConnection, name: str, *, now: datetime) -> datetime:
    """When that newsletter first started; this moment, if it had not, or if a wrong clock said it was to come."""
    build = _insert(connection)
    await connection.execute(build(newsletter).values(name=name, started_at=now).on_conflict_do_nothing())
    to_come = (newsletter.c.name == name, newsletter.c.started_at > now)
    await connection.execute(update(newsletter).where(*to_come).values(started_at=now))
    found: datetime = (
        await connection.execute(select(newsletter.c.started_at).where(newsletter.c.name == name))
    ).scalar_one()
    return found


async def first_start(connection: AsyncConnection, name: str) -> datetime | None:
    """When that newsletter first started; None where it has not."""
    found: datetime | None = await connection.scalar(select(newsletter.c.started_at).where(newsletter.c.name == name))
    return found


async def claim(
    connection: AsyncConnection,
    *,
    name: str,
    slot: str,
    due_at: datetime,
    owner: str,
    lease_until: datetime,
    cadence: str = "",
    begun_at: datetime | None = None,
    send_at: datetime | None = None,
) -> Claim | None:
    """The right to make that slot's issue; None where somebody has it, or it is made already.

    UNIQUE(newsletter, cadence, slot) decides among all who ask at once (DESIGN rule 1). A slot whose making failed and
    waits for another try is anybody's.
    """
    taken = and_(issue.c.newsletter == name, issue.c.cadence == cadence, issue.c.slot == slot)
    values = {"newsletter": name, "cadence": cadence, "slot": slot, "due_at": due_at, "send_at": send_at}
    values |= {"state": IssueState.BUILDING, "owner": owner, "lease_until": lease_until, "begun_at": begun_at}
    for _ in range(20):  # two slots at once may draw the same number: draw again
        if (await connection.execute(select(issue.c.id).where(taken))).first() is not None:
            return await _pick_up(connection, taken, owner=owner, lease_until=lease_until)
        number = await next_number(connection, name)
        try:
            async with connection.begin_nested():
                made = insert(issue).values(**values, number=number).returning(issue.c.id)
                return Claim(issue_id=(await connection.execute(made)).scalar_one(), number=number, owner=owner)
        except IntegrityError:
            continue
    return None


async def _pick_up(
    connection: AsyncConnection, slot: ColumnElement[bool], *, owner: str, lease_until: datetime
) -> Claim | None:
    waiting = and_(slot, issue.c.state == IssueState.BUILDING, issue.c.owner.is_(None))
    found = update(issue).where(waiting).values(owner=owner, lease_until=lease_until)
    row = (await connection.execute(found.returning(issue.c.id, issue.c.number))).first()
    return Claim(issue_id=row.id, number=row.number, owner=owner) if row else None


async def take_over(
    connection: AsyncConnection,
    *,
    owner: str,
    lease_until: datetime,
    now: datetime,
    dead: Sequence[str] = (),
    name: str | None = None,
) -> list[IssueRecord]:
    """The issues of that newsletter (None: of all) whose maker let its lease lapse or is among the `dead`: now ours."""
    lapsed = or_(issue.c.lease_until < now, issue.c.owner.in_(dead))
    theirs = or_(issue.c.owner.is_(None), issue.c.owner != owner)
    where = [issue.c.state == IssueState.BUILDING, lapsed, theirs]
    if name is not None:
        where.append(issue.c.newsletter == name)
    found = update(issue).where(*where).values(owner=owner, lease_until=lease_until)
    rows = await connection.execute(found.returning(*_columns()))
    return sorted((_record(row) for row in rows), key=lambda record: (record.due_at, record.id))


async def renew(connection: AsyncConnection, *, owner: str, lease_until: datetime) -> None:
    """Lengthens the leases of all that this owner makes."""
    mine = and_(issue.c.owner == owner, issue.c.state == IssueState.BUILDING)
    await connection.execute(update(issue).where(mine).values(lease_until=lease_until))


async def being_made(connection: AsyncConnection, name: str, *, cadence: str = "") -> list[IssueRecord]:
    """The issues of that newsletter whose slot is taken and that are not made yet, oldest first."""
    where = (issue.c.newsletter == name, issue.c.cadence == cadence, issue.c.state == IssueState.BUILDING)
    rows = await connection.execute(select(*_columns()).where(*where).order_by(issue.c.due_at, issue.c.id))
    return [_record(row) for row in rows]


async def owners(connection: AsyncConnection) -> list[str]:
    """Who makes issues at this moment."""
    found = await connection.execute(select(issue.c.owner).where(issue.c.state == IssueState.BUILDING).distinct())
    return [owner for owner in found.scalars() if owner]


async def freeze(
    connection: AsyncConnection,
    held: Claim,
    *,
    title: str,
    content: dict[str, Any],
    told: Sequence[tuple[int, int]],
    made_at: datetime,
    expires_at: datetime | None,
    state: IssueState = IssueState.READY,
) -> bool:
    """Makes the issue ready, or held, with what it tells ((article id, story number), …); False: the claim was lost."""
    values = {"title": title, "content": content, "made_at": made_at, "expires_at": expires_at, "note": None}
    if not await _settle(connection, held, state=state, **values):
        return False
    if told:
        of = select(issue.c.newsletter, issue.c.cadence).where(issue.c.id == held.issue_id)
        whose = {"issue_id": held.issue_id, **(await connection.execute(of)).one()._asdict()}
        await connection.execute(insert(issue_article), [{**whose, "article_id": a, "story": s} for a, s in told])
    return True


async def close(connection: AsyncConnection, held: Claim, *, state: IssueState, note: str) -> bool:
    """Ends the making without an issue: skipped or failed, and why; False where the claim was lost."""
    return await _settle(connection, held, state=state, note=note)


async def postpone(connection: AsyncConnection, held: Claim, *, until: datetime, note: str) -> bool:
    """Lets go of an issue that could not be made now: anybody may try again from then on; False: the claim was lost."""
    mine = and_(issue.c.id == held.issue_id, issue.c.owner == held.owner, issue.c.state == IssueState.BUILDING)
    changed = await connection.execute(update(issue).where(mine).values(owner=None, lease_until=until, note=note))
    return changed.rowcount == 1


async def release(connection: AsyncConnection, held: Claim) -> None:
    """Gives the slot back, as if nobody had asked for it."""
    mine = and_(issue.c.id == held.issue_id, issue.c.owner == held.owner, issue.c.state == IssueState.BUILDING)
    await connection.execute(issue.delete().where(mine))


async def next_number(connection: AsyncConnection, name: str) -> int:
    """The number that the next issue of that newsletter would get."""
    highest = select(func.coalesce(func.max(issue.c.number), 0)).where(issue.c.newsletter == name)
    return int((await connection.execute(highest)).scalar_one()) + 1


async def pass_over(
    connection: AsyncConnection, *, name: str, slot: str, due_at: datetime, note: str, cadence: str = ""
) -> bool:
    """Records a slot as missed, so that it is never made later; False where it is taken."""
    if await is_taken(connection, name, slot, cadence=cadence):
        return False
    held = await claim(connection, name=name, slot=slot, due_at=due_at, owner="", lease_until=due_at, cadence=cadence)
    return held is not None and await close(connection, held, state=IssueState.MISSED, note=note)


async def slots(connection: AsyncConnection, name: str, *, after: datetime, cadence: str = "") -> dict[str, datetime]:
    """The slots of that newsletter after an instant that are taken, whatever became of them, and when each is due."""
    where = (issue.c.newsletter == name, issue.c.cadence == cadence, issue.c.due_at > after)
    return {
        row.slot: row.due_at for row in await connection.execute(select(issue.c.slot, issue.c.due_at).where(*where))
    }


async def unmiss(connection: AsyncConnection, name: str, *, after: datetime) -> None:
    """Gives back the slots recorded as missed that are still to come: a clock that ran ahead passed them over."""
    missed = and_(issue.c.newsletter == name, issue.c.state == IssueState.MISSED, issue.c.due_at > after)
    await connection.execute(issue.delete().where(missed))


async def is_taken(connection: AsyncConnection, name: str, slot: str, *, cadence: str = "") -> bool:
    """Whether that slot has an issue, whatever became of it; not where its making waits for another try."""
    slot_s = (issue.c.newsletter == name, issue.c.cadence == cadence, issue.c.slot == slot)
    waits = and_(issue.c.state == IssueState.BUILDING, issue.c.owner.is_(None))
    return (await connection.execute(select(issue.c.id).where(*slot_s, not_(waits)))).first() is not None


async def is_made(connection: AsyncConnection, name: str, slot: str, *, cadence: str = "") -> bool:
    """Whether that slot has an issue whose making came to an end."""
    its = (issue.c.newsletter == name, issue.c.cadence == cadence, issue.c.slot == slot)
    return (
        await connection.execute(select(issue.c.id).where(*its, issue.c.state != IssueState.BUILDING))
    ).first() is not None


async def first_due(connection: AsyncConnection, name: str, *, cadence: str = "") -> datetime | None:
    """When the first slot of that newsletter was due that was taken, whatever became of it; None where none was."""
    of = (issue.c.newsletter == name, issue.c.cadence == cadence)
    found: datetime | None = await connection.scalar(select(func.min(issue.c.due_at)).where(*of))
    return found


async def last_told(
    connection: AsyncConnection, name: str, *, cadences: Collection[str] | None = None
) -> IssueRecord | None:
    """The newest issue of that newsletter (of one of these cadences; None: of any) that tells anything."""
    told = [issue.c.newsletter == name, issue.c.state.in_(_TOLD)]
    if cadences is not None:
        told.append(issue.c.cadence.in_(cadences))
    row = (await connection.execute(select(*_columns()).where(*told).order_by(issue.c.due_at.desc()).limit(1))).first()
    return _record(row) if row else None


async def listed(
    connection: AsyncConnection, name: str | None = None, *, limit: int | None = None
) -> list[IssueRecord]:
    """The issues, newest slot first."""
    wanted = select(*_columns()).order_by(issue.c.due_at.desc(), issue.c.id.desc()).limit(limit)
    if name is not None:
        wanted = wanted.where(issue.c.newsletter == name)
    return [_record(row) for row in await connection.execute(wanted)]


async def found(connection: AsyncConnection, name: str, number: int) -> IssueRecord | None:
    """That issue, or None."""
    return await _one(connection, and_(issue.c.newsletter == name, issue.c.number == number))


async def by_id(connection: AsyncConnection, issue_id: int) -> IssueRecord | None:
    """The issue of that row, or None."""
    return await _one(connection, issue.c.id == issue_id)


async def unsent(
    connection: AsyncConnection, name: str | None = None, *, now: datetime | None = None
) -> list[IssueRecord]:
    """Issues made and not sent to the end, oldest first; given `now`, only those that may leave by then."""
    wanted = select(*_columns()).where(issue.c.state.in_(_OPEN)).order_by(issue.c.due_at, issue.c.id)
    if name is not None:
        wanted = wanted.where(issue.c.newsletter == name)
    if now is not None:
        wanted = wanted.where(or_(issue.c.send_at.is_(None), issue.c.send_at <= now))
    return [_record(row) for row in await connection.execute(wanted)]


async def hold(connection: AsyncConnection, issue_id: int) -> bool:
    """Keeps an issue back that is ready and has not begun to leave; False where that is not so."""
    return await _move(connection, issue_id, IssueState.READY, IssueState.HELD)


async def approve(connection: AsyncConnection, issue_id: int) -> bool:
    """Lets an issue go that is held; False where it is not."""
    return await _move(connection, issue_id, IssueState.HELD, IssueState.READY)


async def _move(connection: AsyncConnection, issue_id: int, before: IssueState, after: IssueState) -> bool:
    where = (issue.c.id == issue_id, issue.c.state == before)
    return (await connection.execute(update(issue).where(*where).values(state=after))).rowcount == 1


async def expire(connection: AsyncConnection, *, now: datetime) -> list[IssueRecord]:
    """Ends the issues that were held until it was too late."""
    late = (issue.c.state == IssueState.HELD, issue.c.expires_at < now)
    ended = update(issue).where(*late).values(state=IssueState.EXPIRED, note="nobody approved it in time")
    return [_record(row) for row in await connection.execute(ended.returning(*_columns()))]


async def untold(connection: AsyncConnection, *, now: datetime) -> list[IssueRecord]:
    """Issues whose state the owner should hear of and has not: failed, held, expired, or made and still to leave."""
    ahead = and_(issue.c.state == IssueState.READY, issue.c.send_at > now)
    worth = or_(issue.c.state.in_((IssueState.FAILED, IssueState.HELD, IssueState.EXPIRED)), ahead)
    new = or_(issue.c.notified.is_(None), issue.c.notified != issue.c.state)
    rows = await connection.execute(select(*_columns()).where(worth, new).order_by(issue.c.due_at, issue.c.id))
    return [_record(row) for row in rows]


async def notified(connection: AsyncConnection, record: IssueRecord) -> bool:
    """Notes that the owner hears of that issue's state; False where somebody noted it before."""
    new = or_(issue.c.notified.is_(None), issue.c.notified != record.state)
    where = (issue.c.id == record.id, issue.c.state == record.state, new)
    return (await connection.execute(update(issue).where(*where).values(notified=record.state))).rowcount == 1


async def _one(connection: AsyncConnection, condition: ColumnElement[bool]) -> IssueRecord | None:
    row = (await connection.execute(select(*_columns()).where(condition))).first()
    return _record(row) if row else None


async def _settle(connection: AsyncConnection, held: Claim, **values: Any) -> bool:
    """Writes the outcome of the making, if the claim still holds (fencing)."""
    mine = and_(issue.c.id == held.issue_id, issue.c.owner == held.owner, issue.c.state == IssueState.BUILDING)
    changed = await connection.execute(update(issue).where(mine).values(**values, owner=None, lease_until=None))
    return changed.rowcount == 1


def _columns() -> tuple[ColumnElement[Any], ...]:
    c = issue.c
    return (
        c.id, c.newsletter, c.cadence, c.number, c.slot, c.due_at, c.state, c.owner, c.lease_until, c.begun_at,
        c.made_at, c.send_at, c.expires_at, c.title, c.content, c.note,
    )  # fmt: skip


def _record(row: Row[Any]) -> IssueRecord:
    return IssueRecord(**{**row._asdict(), "state": IssueState(row.state)})


def _insert(connection: AsyncConnection) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
