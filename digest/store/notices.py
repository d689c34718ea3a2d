"""What the owner is told, each once: a row before the request, its outcome after it (DESIGN rules 2 and 3)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import DeliveryState
from digest.store.tables import circuit, notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is said. `about` names the occasion: nothing is said twice of one."""

    about: str
    subject: str
    text: str
    html: str = ""  # empty: there is no more than the text
    is_asked: bool = False  # the configuration asks for it: goes to the sender where no owner is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A claimed one, its words fixed."""

    id: int
    about: str
    way: str  # mail, webhook, log
    address: str
    at: datetime
    subject: str
    text: str
    html: str
    key: str
    body_hash: bytes | None  # of the request that may have been taken; None: there was none
    provider: str | None
    first_sent_at: datetime | None
    replays: int
    fence: int
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One that was not taken, for a person to read."""

    about: str
    way: str
    subject: str
    state: DeliveryState
    note: str


async def add(
    connection: AsyncConnection,
    words: Words,
    *,
    way: str,
    address: str,
    key: str,
    at: datetime,
    state: DeliveryState = DeliveryState.PENDING,
) -> int | None:
    """Its row; None where that was said that way before."""
    build = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    values = {"about": words.about, "way": way, "address": address, "at": at, "key": key}
    values |= {"subject": words.subject, "text": words.text, "html": words.html, "state": state}
    made = build(notice).values(values).on_conflict_do_nothing(index_elements=["about", "way"])
    found: int | None = (await connection.execute(made.returning(notice.c.id))).scalar_one_or_none()
    return found


async def due(connection: AsyncConnection, *, now: datetime, dead: Collection[str] = ()) -> list[int]:
    """Those to be sent, or to be looked at because whoever sent them is no more, the oldest first."""
    wanted = select(notice.c.id).where(or_(*_due(now, dead))).order_by(notice.c.id)
    return list((await connection.scalars(wanted)).all())


async def owners(connection: AsyncConnection) -> list[str]:
    """Who sends one at this moment."""
    held = select(notice.c.owner).where(notice.c.state == DeliveryState.SENDING).distinct()
    return [name for name in (await connection.scalars(held)).all() if name]


async def claim(
    connection: AsyncConnection,
    notice_id: int,
    *,
    owner: str,
    now: datetime,
    lease: timedelta,
    dead: Collection[str] = (),
) -> Notice | None:
    """That one, now ours; None where it is not due."""
    fresh, lapsed = _due(now, dead)
    values = {"state": DeliveryState.SENDING, "owner": owner, "lease_until": now + lease}
    ours = update(notice).where(notice.c.id == notice_id, or_(fresh, lapsed))
    taken = ours.values(**values, attempts=notice.c.attempts + 1).returning(notice)
    row = (await connection.execute(taken)).one_or_none()
    if row is None:
        return None
    return Notice(
        id=row.id,
        about=row.about,
        way=row.way,
        address=row.address,
        at=row.at,
        subject=row.subject,
        text=row.text or "",
        html=row.html or "",
        key=row.key,
        body_hash=row.body_hash,
        provider=row.provider,
        first_sent_at=row.first_sent_at,
        replays=row.replays,
        fence=row.attempts,
        owner=owner,
    )


async def commit(connection: AsyncConnection, held: Notice, *, body_hash: bytes, provider: str, now: datetime) -> None:
    """Fixes the request before it leaves, in the claiming transaction."""
    values = {"body_hash": body_hash, "provider": provider, "first_sent_at": held.first_sent_at or now}
    await connection.execute(update(notice).where(_ours(held)).values(values))


async def settle(
    connection: AsyncConnection,
    held: Notice,
    state: DeliveryState,
    *,
    next_at: datetime | None = None,
    note: str = "",
    replays: int | None = None,
) -> bool:
    """Ends the claim; False where it was no longer ours. Pending begins anew, unknown keeps what was sent."""
    values: dict[str, object] = {"state": state, "owner": None, "lease_until": None, "next_at": next_at, "note": note}
    if state is DeliveryState.PENDING:
        values |= {"body_hash": None, "provider": None, "first_sent_at": None, "replays": 0}
    if state is DeliveryState.ACCEPTED:
        values |= {"text": None, "html": None}
    if replays is not None:
        values["replays"] = replays
    return (await connection.execute(update(notice).where(_ours(held)).values(values))).rowcount == 1


async def standing(connection: AsyncConnection) -> list[Standing]:
    """Those that were not taken, or may not have been, the oldest first."""
    columns = (notice.c.about, notice.c.way, notice.c.subject, notice.c.state, notice.c.note)
    left = select(*columns).where(notice.c.state != DeliveryState.ACCEPTED).order_by(notice.c.id)
    return [
        Standing(about=r.about, way=r.way, subject=r.subject, state=DeliveryState(r.state), note=r.note or "")
        for r in await connection.execute(left)
    ]


# ------------------------------------------------------------------ circuits


async def open_circuits(connection: AsyncConnection, *, now: datetime) -> dict[str, datetime]:
    """The providers that do not answer, and until when none is asked."""
    wanted = select(circuit.c.provider, circuit.c.open_until).where(circuit.c.open_until > now)
    return {row.provider: row.open_until for row in await connection.execute(wanted)}


async def told_circuits(connection: AsyncConnection) -> set[str]:
    """The providers of which the owner was told that they do not answer, and not yet seen to answer again."""
    wanted = select(notice.c.about).where(notice.c.about.like("circuit:%"), notice.c.over_at.is_(None))
    return {about.split(":")[1] for about in (await connection.scalars(wanted)).all()}


async def over(connection: AsyncConnection, provider: str, *, now: datetime) -> None:
    """It answers again: the next time is a new occasion."""
    told = (notice.c.about.like(f"circuit:{provider}:%"), notice.c.over_at.is_(None))
    await connection.execute(update(notice).where(*told).values(over_at=now))


def _due(now: datetime, dead: Collection[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Those that wait for their time; those whose sender is no more."""
    waits = and_(notice.c.state == DeliveryState.PENDING, or_(notice.c.next_at.is_(None), notice.c.next_at <= now))
    again = and_(notice.c.state == DeliveryState.UNKNOWN, notice.c.next_at <= now)
    gone = or_(notice.c.lease_until < now, notice.c.owner.in_(dead) if dead else false())
    return or_(waits, again), and_(notice.c.state == DeliveryState.SENDING, gone)


def _ours(held: Notice) -> ColumnElement[bool]:
    return and_(
        notice.c.id == held.id,
        notice.c.state == DeliveryState.SENDING,
        notice.c.owner == held.owner,
        notice.c.attempts == held.fence,
    )
