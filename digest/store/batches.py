"""The ledger of sending: batches are claimed under a lease, committed before their request and settled after it.

Every function runs in the caller's transaction. A claim is known by its owner and its fence; whoever lost it
(lease lapsed, batch claimed by another) changes nothing: `settle` and its kin then say False.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import BatchState, DeliveryState
from digest.store.tables import batch, delivery, issue
from subscribers import roster


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One recipient of a batch, as planned."""

    subscriber_id: int
    address: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A batch that one sender holds until its lease lapses."""

    issue_id: int
    number: int
    variant: str
    owner: str
    fence: int  # this claim's number; a later claim has another
    members: tuple[Member, ...]  # by subscriber id
    key: str | None  # None: nothing of it was sent, or surely not taken
    body_hash: bytes | None
    first_sent_at: datetime | None
    replays: int  # requests under this key whose answer is not known
    provider: str | None  # whom they went to
    note: str | None  # what was last said of the batch

    @property
    def is_replay(self) -> bool:
        """Whether a request with these members may have been taken already."""
        return self.key is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one member."""

    subscriber_id: int
    state: DeliveryState  # PENDING: to be tried again, in a batch of its own
    provider_id: str | None = None
    error: str | None = None


async def plan(connection: AsyncConnection, *, issue_id: int, newsletter: str, size: int) -> int:
    """Makes a delivery for every recipient, in batches of `size`; how many. Once per issue: later calls add nothing."""
    await _lock_issue(connection, issue_id)
    if await connection.scalar(select(exists().where(batch.c.issue_id == issue_id))):
        return 0
    who = roster.recipients(newsletter).subquery()
    row = func.row_number().over(order_by=who.c.subscriber_id)
    rows: Select[tuple[int, int, str, str, int, str]] = select(
        literal(issue_id),
        who.c.subscriber_id,
        who.c.address,
        who.c.name,
        (row - 1) // literal_column(str(int(size))),
        literal(DeliveryState.PENDING.value),
    ).order_by(who.c.subscriber_id)
    columns = ["issue_id", "subscriber_id", "address", "name", "batch", "state"]
    await connection.execute(insert(delivery).from_select(columns, rows))
    numbers = select(literal(issue_id), delivery.c.batch, literal(BatchState.PENDING.value)).distinct()
    await connection.execute(
        insert(batch).from_select(["issue_id", "number", "state"], numbers.where(delivery.c.issue_id == issue_id))
    )
    made = await connection.scalar(select(func.count()).where(delivery.c.issue_id == issue_id))
    return made or 0  # PostgreSQL's driver counts no rows of an INSERT … SELECT


async def recipients(connection: AsyncConnection, newsletter: str) -> int:
    """How many would be planned now."""
    found = await connection.scalar(select(func.count()).select_from(roster.recipients(newsletter).subquery()))
    return found or 0


async def claim(
    connection: AsyncConnection, *, issue_id: int, newsletter: str, owner: str, now: datetime, lease: timedelta
) -> Claim | None:
    """The next batch that is due, now ours; None where there is none. Its suppressed members are left out.

    Members are checked on a first request only: a replay must have the bytes of the request it repeats.
    """
    taken = await connection.execute(
        update(batch)
        .where(batch.c.issue_id == issue_id, batch.c.number == func.coalesce(*_next(issue_id, now)))
        .values(
            state=BatchState.SENDING, owner=owner, lease_until=now + lease, attempts=batch.c.attempts + 1, next_at=None
        )
        .returning(
            batch.c.number,
            batch.c.variant,
            batch.c.attempts,
            batch.c.key,
            batch.c.body_hash,
            batch.c.first_sent_at,
            batch.c.replays,
            batch.c.provider,
            batch.c.note,
        )
    )
    if (row := taken.one_or_none()) is None:
        return None
    if row.key is None:
        await _suppress(connection, issue_id, row.number, newsletter)
    return Claim(
        issue_id=issue_id,
        number=row.number,
        variant=row.variant,
        owner=owner,
        fence=row.attempts,
        members=await _take(connection, issue_id, row.number),
        key=row.key,
        body_hash=row.body_hash,
        first_sent_at=row.first_sent_at,
        replays=row.replays,
        provider=row.provider,
        note=row.note,
    )


async def commit(
    connection: AsyncConnection, held: Claim, *, key: str, body_hash: bytes, provider: str, now: datetime
) -> None:
    """Fixes key and body before the request, in the claiming transaction."""
    values = {"key": key, "body_hash": body_hash, "provider": provider, "first_sent_at": held.first_sent_at or now}
    await connection.execute(update(batch).where(_ours(held)).values(values))


async def reject(connection: AsyncConnection, held: Claim, subscriber_ids: Sequence[int], reason: str) -> None:
    """Drops members that no request can carry, in the claiming transaction."""
    await connection.execute(
        update(delivery)
        .where(delivery.c.issue_id == held.issue_id, delivery.c.subscriber_id.in_(subscriber_ids))
        .values(state=DeliveryState.REJECTED, error=reason)
    )


async def settle(connection: AsyncConnection, held: Claim, fates: Sequence[Fate], *, retry_at: datetime) -> bool:
    """Records every member's fate and closes the batch; those to be tried again move to a new one."""
    if not await _leave(connection, held, BatchState.DONE):
        return False
    for state in (DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.UNKNOWN):
        rows = [
            {"who": fate.subscriber_id, "as": fate.provider_id, "why": fate.error}
            for fate in fates
            if fate.state is state
        ]
        if rows:
            await connection.execute(_fate(held.issue_id, state), rows)
    again = [fate.subscriber_id for fate in fates if fate.state is DeliveryState.PENDING]
    if again:
        await _move(connection, held, again, next_at=retry_at)
    return True


async def postpone(connection: AsyncConnection, held: Claim, *, next_at: datetime, note: str) -> bool:
    """Gives back a batch that was surely not taken: it is claimed afresh, suppression included.

    One that an earlier request may have had taken keeps its key and stays unknown until `next_at`.
    """
    if held.is_replay:
        return await doubt(connection, held, next_at=next_at, note=note, is_new=False)
    fresh = {"key": None, "body_hash": None, "first_sent_at": None, "replays": 0}
    left = await _leave(connection, held, BatchState.PENDING, next_at=next_at, note=note, **fresh)
    if left:
        await _set_members(connection, held, DeliveryState.PENDING)
    return left


async def doubt(
    connection: AsyncConnection, held: Claim, *, next_at: datetime | None, note: str, is_new: bool = True
) -> bool:
    """Records that the answer is not known; replayed at `next_at`, or held for the owner where that is None."""
    values = {"next_at": next_at, "note": note, "replays": held.replays + int(is_new)}
    left = await _leave(connection, held, BatchState.UNKNOWN, **values)
    if left:
        await _set_members(connection, held, DeliveryState.UNKNOWN, error=note)
    return left


async def divide(connection: AsyncConnection, held: Claim, *, first: int, next_at: datetime | None = None) -> bool:
    """Closes a refused batch: its first members and the others go on as two new ones, each under a new key."""
    if not await _leave(connection, held, BatchState.DONE, note="divided"):
        return False
    ids = [member.subscriber_id for member in held.members]
    for part in (ids[:first], ids[first:]):
        if part:
            await _move(connection, held, part, next_at=next_at)
    return True


async def keep_first(connection: AsyncConnection, held: Claim) -> None:
    """Leaves the first member in the claim; the others go on in a batch of their own: one message is a probe."""
    await _move(connection, held, [member.subscriber_id for member in held.members[1:]], next_at=None)


async def owners(connection: AsyncConnection, *, issue_id: int) -> tuple[str, ...]:
    """Who holds a batch of that issue."""
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.SENDING)
    return tuple((await connection.scalars(select(batch.c.owner).where(where).distinct())).all())


async def void(connection: AsyncConnection, *, issue_id: int, now: datetime, dead: Collection[str] = ()) -> int:
    """Turns claims whose lease lapsed, or whose owner is dead, into unknown ones that are due; how many."""
    lost = or_(batch.c.lease_until < now, batch.c.owner.in_(dead) if dead else false())
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.SENDING, lost)
    found = await connection.execute(
        update(batch)
        .where(where)
        .values(
            state=BatchState.UNKNOWN,
            owner=None,
            lease_until=None,
            next_at=now,
            note="the sender ended in mid-request",
            replays=batch.c.replays + 1,
        )
        .returning(batch.c.number)
    )
    numbers = [row.number for row in found]
    if numbers:
        inside = and_(delivery.c.issue_id == issue_id, delivery.c.batch.in_(numbers))
        await connection.execute(
            update(delivery)
            .where(inside, delivery.c.state == DeliveryState.SENDING)
            .values(state=DeliveryState.UNKNOWN, error="the sender ended in mid-request")
        )
    return len(numbers)


async def expire(connection: AsyncConnection, *, issue_id: int) -> int:
    """Gives up what was not sent yet: the issue is too old. What may have been taken stays unknown."""
    where = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.PENDING)
    numbers = select(batch.c.number).where(where)
    inside = and_(delivery.c.issue_id == issue_id, delivery.c.batch.in_(numbers))
    gone = await connection.execute(
        update(delivery).where(inside, delivery.c.state == DeliveryState.PENDING).values(state=DeliveryState.EXPIRED)
    )
    await connection.execute(update(batch).where(where).values(state=BatchState.DONE, note="expired"))
    await connection.execute(
        update(batch)
        .where(batch.c.issue_id == issue_id, batch.c.state == BatchState.UNKNOWN)
        .values(next_at=None, note="expired before its answer was known")
    )
    return gone.rowcount


async def next_due(connection: AsyncConnection, *, issue_id: int, beginning: datetime) -> datetime | None:
    """When the next batch is due, or a claim lapses; `beginning` stands for at once; None where nothing is open."""
    waiting = select(func.min(func.coalesce(batch.c.next_at, beginning))).where(
        batch.c.issue_id == issue_id, batch.c.state == BatchState.PENDING
    )
    doubted = select(func.min(batch.c.next_at)).where(
        batch.c.issue_id == issue_id, batch.c.state == BatchState.UNKNOWN, batch.c.next_at.is_not(None)
    )
    claimed = select(func.min(batch.c.lease_until)).where(
        batch.c.issue_id == issue_id, batch.c.state == BatchState.SENDING
    )
    found = [await connection.scalar(query) for query in (waiting, doubted, claimed)]
    times = [time for time in found if time is not None]
    return min(times) if times else None


async def release_unknown(connection: AsyncConnection, *, issue_id: int, now: datetime, kept_since: datetime) -> int:
    """The owner's word that what is unknown may be sent again; how many batches.

    Where the key still lives (first sent after `kept_since`) the same bytes are replayed under it. Elsewhere the batch
    begins anew: suppression is checked, and a reader who has the issue already gets it twice.
    """
    unknown = and_(batch.c.issue_id == issue_id, batch.c.state == BatchState.UNKNOWN)
    lives = batch.c.first_sent_at > kept_since
    kept = await connection.execute(update(batch).where(unknown, lives).values(next_at=now, replays=0))
    fresh = await connection.execute(
        update(batch)
        .where(unknown, ~lives)
        .values(
            state=BatchState.PENDING, key=None, body_hash=None, first_sent_at=None, next_at=None, note=None, replays=0
        )
        .returning(batch.c.number)
    )
    numbers = [row.number for row in fresh]
    strays = await _reopen(connection, issue_id, numbers)
    return kept.rowcount + len(numbers) + strays


async def _reopen(connection: AsyncConnection, issue_id: int, numbers: Sequence[int]) -> int:
    """Unknown deliveries of these batches are pending again; those of closed batches get a new one."""
    unknown = and_(delivery.c.issue_id == issue_id, delivery.c.state == DeliveryState.UNKNOWN)
    pending = {"state": DeliveryState.PENDING, "error": None}
    if numbers:
        await connection.execute(update(delivery).where(unknown, delivery.c.batch.in_(numbers)).values(pending))
    closed = select(batch.c.number).where(batch.c.issue_id == issue_id, batch.c.state == BatchState.DONE)
    found = await connection.execute(
        select(delivery.c.batch, delivery.c.subscriber_id).where(unknown, delivery.c.batch.in_(closed))
    )
    strays: dict[int, list[int]] = {}
    for row in found:
        strays.setdefault(row.batch, []).append(row.subscriber_id)
    for number, ids in strays.items():
        await _new_batch(connection, issue_id, number, ids, next_at=None)
    return len(strays)


def _next(issue_id: int, now: datetime) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """First a replay that is due, else the first pending batch: each an index look-up."""
    mine = select(batch.c.number).where(batch.c.issue_id == issue_id).order_by(batch.c.number).limit(1)
    replay = mine.where(batch.c.state == BatchState.UNKNOWN, batch.c.next_at <= now)
    fresh = mine.where(batch.c.state == BatchState.PENDING, or_(batch.c.next_at.is_(None), batch.c.next_at <= now))
    return (
        replay.with_for_update(skip_locked=True).scalar_subquery(),
        fresh.with_for_update(skip_locked=True).scalar_subquery(),
    )


async def _suppress(connection: AsyncConnection, issue_id: int, number: int, newsletter: str) -> None:
    wanted = roster.wanted(newsletter).subquery()
    still = exists().where(wanted.c.subscriber_id == delivery.c.subscriber_id)
    await connection.execute(
        update(delivery)
        .where(_inside(issue_id, number), delivery.c.state == DeliveryState.PENDING, ~still)
        .values(state=DeliveryState.SUPPRESSED)
    )


async def _take(connection: AsyncConnection, issue_id: int, number: int) -> tuple[Member, ...]:
    """Marks what is open in the batch as sending, and gives it in order."""
    open_ = (DeliveryState.PENDING, DeliveryState.UNKNOWN)
    taken = await connection.execute(
        update(delivery)
        .where(_inside(issue_id, number), delivery.c.state.in_(open_))
        .values(state=DeliveryState.SENDING, error=None)
        .returning(delivery.c.subscriber_id, delivery.c.address, delivery.c.name)
    )
    members = (Member(subscriber_id=row.subscriber_id, address=row.address, name=row.name) for row in taken)
    return tuple(sorted(members, key=lambda member: member.subscriber_id))


def _inside(issue_id: int, number: int) -> ColumnElement[bool]:
    return and_(delivery.c.issue_id == issue_id, delivery.c.batch == number)


def _ours(held: Claim) -> ColumnElement[bool]:
    return and_(
        batch.c.issue_id == held.issue_id,
        batch.c.number == held.number,
        batch.c.state == BatchState.SENDING,
        batch.c.owner == held.owner,
        batch.c.attempts == held.fence,
    )


async def _leave(connection: AsyncConnection, held: Claim, state: BatchState, **values: object) -> bool:
    """Ends the claim; False where it was no longer ours."""
    ended = {"state": state, "owner": None, "lease_until": None, **values}
    return (await connection.execute(update(batch).where(_ours(held)).values(ended))).rowcount == 1


async def _set_members(
    connection: AsyncConnection, held: Claim, state: DeliveryState, *, error: str | None = None
) -> None:
    where = and_(_inside(held.issue_id, held.number), delivery.c.state == DeliveryState.SENDING)
    await connection.execute(update(delivery).where(where).values(state=state, error=error))


def _fate(issue_id: int, state: DeliveryState) -> Update:
    return (
        update(delivery)
        .where(delivery.c.issue_id == issue_id, delivery.c.subscriber_id == bindparam("who"))
        .values(state=state, provider_id=bindparam("as"), error=bindparam("why"))
    )


async def _move(
    connection: AsyncConnection, held: Claim, subscriber_ids: Sequence[int], *, next_at: datetime | None
) -> None:
    await _new_batch(connection, held.issue_id, held.number, subscriber_ids, next_at=next_at)


async def _new_batch(
    connection: AsyncConnection, issue_id: int, origin: int, subscriber_ids: Sequence[int], *, next_at: datetime | None
) -> None:
    """A pending batch of these deliveries, like the one they come from."""
    await _lock_issue(connection, issue_id)
    newest = await connection.scalar(select(func.max(batch.c.number)).where(batch.c.issue_id == issue_id))
    number = (newest or 0) + 1
    like = select(
        batch.c.issue_id,
        literal(number),
        batch.c.variant,
        literal(BatchState.PENDING.value),
        literal(next_at, batch.c.next_at.type),
    ).where(batch.c.issue_id == issue_id, batch.c.number == origin)
    await connection.execute(insert(batch).from_select(["issue_id", "number", "variant", "state", "next_at"], like))
    await connection.execute(
        update(delivery)
        .where(delivery.c.issue_id == issue_id, delivery.c.subscriber_id.in_(subscriber_ids))
        .values(batch=number, state=DeliveryState.PENDING, error=None)
    )


async def _lock_issue(connection: AsyncConnection, issue_id: int) -> None:
    """One at a time gives numbers (SQLite: the writer is alone anyway)."""
    await connection.execute(select(issue.c.id).where(issue.c.id == issue_id).with_for_update())
