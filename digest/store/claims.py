"""Claims: a batch is one sender's under a lease, committed before its request and settled after it.

That it is being sent stands at the batch alone: its deliveries stay as they were until their fate is known, so that a
message costs one write and not two (on PostgreSQL a third of what it wrote). `deliveries` counts them as sending.

Every function is one step of a transaction that `Database.at_once` runs. A claim is known by its owner and its fence;
whoever lost it (lease lapsed, batch claimed by another) changes nothing: `settle` and its kin then say False.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import ReturningUpdate

from digest.model import BatchState, DeliveryState
from digest.store.tables import batch, delivery, issue
from subscribers import roster

# Not over for these. SENDING stands in the rows of older versions only.
UNSETTLED = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN)


class Member(NamedTuple):  # and `Fate`: one is made for each message, and a frozen dataclass takes four times as long
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
    replays: int  # requests under this key that were answered unclearly, or not at all
    provider: str | None  # whom they went to
    note: str | None  # what was last said of the batch

    @property
    def is_replay(self) -> bool:
        """Whether a request with these members may have been taken already."""
        return self.key is not None


class Fate(NamedTuple):
    """What became of one member."""

    subscriber_id: int
    state: DeliveryState  # PENDING: to be tried again, in a batch of its own
    provider_id: str | None = None
    error: str | None = None


def claim(
    connection: Connection,
    *,
    issue_id: int,
    newsletter: str,
    owner: str,
    now: datetime,
    lease: timedelta,
    is_new_wanted: bool = True,
) -> Claim | None:
    """The next batch that is due, now ours; None where there is none. Its suppressed members are left out.

    Members are checked on a first request only: a replay must have the bytes of the request it repeats.
    `is_new_wanted`: False leaves those that were never sent.
    """
    given = {"of": issue_id, "now": now, "who": owner, "until": now + lease}
    if (row := connection.execute(_CLAIM if is_new_wanted else _CLAIM_AGAIN, given).one_or_none()) is None:
        return None
    return Claim(
        issue_id=issue_id,
        number=row.number,
        variant=row.variant,
        owner=owner,
        fence=row.attempts,
        members=_take(connection, issue_id, row.number, newsletter if row.key is None else None),
        key=row.key,
        body_hash=row.body_hash,
        first_sent_at=row.first_sent_at,
        replays=row.replays,
        provider=row.provider,
        note=row.note,
    )


def commit(connection: Connection, held: Claim, *, key: str, body_hash: bytes, provider: str, now: datetime) -> None:
    """Fixes key and body before the request, in the claiming transaction."""
    values = {"new_key": key, "new_hash": body_hash, "to": provider, "at": held.first_sent_at or now}
    connection.execute(_COMMIT, {**_named(held), **values})


def reject(connection: Connection, held: Claim, subscriber_ids: Sequence[int], reason: str) -> None:
    """Drops members that no request can carry, in the claiming transaction."""
    connection.execute(
        update(delivery)
        .where(delivery.c.issue_id == held.issue_id, delivery.c.subscriber_id.in_(subscriber_ids))
        .values(state=DeliveryState.REJECTED, error=reason)
    )


def keep(connection: Connection, held: Claim, count: int) -> Claim:
    """Leaves that many members in the claim; the others go on in a batch of their own. In the claiming transaction."""
    new_batch(connection, held.issue_id, held.number, [m.subscriber_id for m in held.members[count:]], next_at=None)
    return replace(held, members=held.members[:count])


def settle(connection: Connection, held: Claim, fates: Sequence[Fate], *, retry_at: datetime) -> bool:
    """Records every member's fate and closes the batch; those to be tried again move to a new one."""
    if not _leave(connection, held, BatchState.DONE):
        return False
    again = [fate.subscriber_id for fate in fates if fate.state is DeliveryState.PENDING]
    told = [fate for fate in fates if fate.state is not DeliveryState.PENDING] if again else fates
    if told:
        _tell(connection, held.issue_id, told)
    if again:
        new_batch(connection, held.issue_id, held.number, again, next_at=retry_at)
    return True


def postpone(connection: Connection, held: Claim, *, next_at: datetime, note: str) -> bool:
    """Gives back a batch that was surely not taken: it is claimed afresh, suppression included.

    One that an earlier request may have had taken keeps its key and stays unknown until `next_at`.
    """
    if held.is_replay:
        return doubt(connection, held, next_at=next_at, note=note, is_new=False)
    fresh = {"key": None, "body_hash": None, "first_sent_at": None, "replays": 0}
    left = _leave(connection, held, BatchState.PENDING, next_at=next_at, note=note, **fresh)
    if left:
        _set_members(connection, held, DeliveryState.PENDING)
    return left


def doubt(connection: Connection, held: Claim, *, next_at: datetime | None, note: str, is_new: bool = True) -> bool:
    """Records that the answer is not known; asked again at `next_at`, or held for the owner where that is None."""
    values = {"next_at": next_at, "note": note, "replays": held.replays + int(is_new)}
    left = _leave(connection, held, BatchState.UNKNOWN, **values)
    if left:
        _set_members(connection, held, DeliveryState.UNKNOWN, error=note)
    return left


def divide(connection: Connection, held: Claim, *, first: int, next_at: datetime | None = None) -> bool:
    """Closes a refused batch: its first members and the others go on as two new ones, each under a new key."""
    if not _leave(connection, held, BatchState.DONE, note="divided"):
        return False
    ids = [member.subscriber_id for member in held.members]
    for part in (ids[:first], ids[first:]):
        if part:
            new_batch(connection, held.issue_id, held.number, part, next_at=next_at)
    return True


def new_batch(
    connection: Connection, issue_id: int, origin: int, subscriber_ids: Sequence[int], *, next_at: datetime | None
) -> None:
    """A pending batch of these deliveries, like the one they come from."""
    # One at a time gives numbers (SQLite: the writer is alone anyway).
    connection.execute(select(issue.c.id).where(issue.c.id == issue_id).with_for_update())
    newest = connection.scalar(select(func.max(batch.c.number)).where(batch.c.issue_id == issue_id))
    number = (newest or 0) + 1
    like = select(
        batch.c.issue_id,
        literal(number),
        batch.c.variant,
        literal(BatchState.PENDING.value),
        literal(next_at, batch.c.next_at.type),
    ).where(batch.c.issue_id == issue_id, batch.c.number == origin)
    connection.execute(insert(batch).from_select(["issue_id", "number", "variant", "state", "next_at"], like))
    connection.execute(
        update(delivery)
        .where(delivery.c.issue_id == issue_id, delivery.c.subscriber_id.in_(subscriber_ids))
        .values(batch=number, state=DeliveryState.PENDING, error=None)
    )


def _take(connection: Connection, issue_id: int, number: int, newsletter: str | None) -> tuple[Member, ...]:
    """What is open in the batch, in order. `newsletter`: whoever no longer gets it is suppressed, and left out."""
    taken = connection.execute(_open(newsletter), {"of": issue_id, "in": number}).all()
    if gone := [subscriber_id for subscriber_id, _, _, is_wanted in taken if not is_wanted]:
        where = and_(_INSIDE, delivery.c.subscriber_id.in_(gone))
        left_out = update(delivery).where(where).values(state=DeliveryState.SUPPRESSED)
        connection.execute(left_out, {"of": issue_id, "in": number})
    return tuple([Member(who, address, name) for who, address, name, is_wanted in taken if is_wanted])


def _tell(connection: Connection, issue_id: int, fates: Sequence[Fate]) -> None:
    """A row each, past SQLAlchemy's work on each parameter, which took as long as all else in the transaction."""
    if connection.dialect.name == "sqlite":
        rows = [(state.value, named, error, issue_id, who) for who, state, named, error in fates]
        connection.exec_driver_sql(_FATE_OF_SQLITE, rows)
    else:
        connection.execute(
            _FATES_OF_POSTGRES, {"of": issue_id, "rows": orjson.dumps([tuple(fate) for fate in fates]).decode()}
        )


def _leave(connection: Connection, held: Claim, state: BatchState, **values: object) -> bool:
    """Ends the claim; False where it was no longer ours."""
    ended = {"state": state, "owner": None, "lease_until": None, **values}
    given = {f"to_{name}": value for name, value in ended.items()}
    return connection.execute(_ended(tuple(ended)), {**_named(held), **given}).rowcount == 1


def _set_members(connection: Connection, held: Claim, state: DeliveryState, *, error: str | None = None) -> None:
    where = and_(_INSIDE, delivery.c.state.in_(UNSETTLED))
    given = {"of": held.issue_id, "in": held.number}
    connection.execute(update(delivery).where(where).values(state=state, error=error), given)


def _named(held: Claim) -> dict[str, object]:
    return {"of": held.issue_id, "in": held.number, "who": held.owner, "fence": held.fence}


# What is done for every batch is written once: building a statement anew costs as much as running it.


def _next() -> tuple[ColumnElement[int], ColumnElement[int]]:
    """First one that is asked about again, else the first pending batch: each an index look-up."""
    now = bindparam("now", type_=batch.c.next_at.type)
    mine = select(batch.c.number).where(batch.c.issue_id == bindparam("of")).order_by(batch.c.number).limit(1)
    again = mine.where(batch.c.state == BatchState.UNKNOWN, batch.c.next_at <= now)
    fresh = mine.where(batch.c.state == BatchState.PENDING, or_(batch.c.next_at.is_(None), batch.c.next_at <= now))
    return (
        again.with_for_update(skip_locked=True).scalar_subquery(),
        fresh.with_for_update(skip_locked=True).scalar_subquery(),
    )


def _claim(number: ColumnElement[int]) -> ReturningUpdate[Any]:
    taken = update(batch).where(batch.c.issue_id == bindparam("of"), batch.c.number == number)
    values = {
        "state": BatchState.SENDING,
        "owner": bindparam("who"),
        "lease_until": bindparam("until"),
        "attempts": batch.c.attempts + 1,
        "next_at": None,
    }
    return taken.values(values).returning(
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


_CLAIM = _claim(func.coalesce(*_next()))
_CLAIM_AGAIN = _claim(_next()[0])
_OURS = and_(
    batch.c.issue_id == bindparam("of"),
    batch.c.number == bindparam("in"),
    batch.c.state == BatchState.SENDING,
    batch.c.owner == bindparam("who"),
    batch.c.attempts == bindparam("fence"),
)
_COMMIT = (
    update(batch)
    .where(_OURS)
    .values(
        key=bindparam("new_key"),
        body_hash=bindparam("new_hash"),
        provider=bindparam("to"),
        first_sent_at=bindparam("at"),
    )
)
_INSIDE = and_(delivery.c.issue_id == bindparam("of"), delivery.c.batch == bindparam("in"))


@cache
def _ended(names: tuple[str, ...]) -> Update:
    """Sets these columns of a batch that is ours."""
    return (
        update(batch).where(_OURS).values({name: bindparam(f"to_{name}", type_=batch.c[name].type) for name in names})
    )


@cache
def _open(newsletter: str | None) -> Select[Any]:
    """Who is open in a batch, by subscriber, and whether they still want it: all, where that is not asked (None)."""
    is_wanted: ColumnElement[bool] = true()
    if newsletter is not None:
        is_wanted = roster.is_wanted(newsletter, delivery.c.subscriber_id)
    return (
        select(delivery.c.subscriber_id, delivery.c.address, delivery.c.name, is_wanted.label("is_wanted"))
        .where(_INSIDE, delivery.c.state.in_(UNSETTLED))
        .order_by(delivery.c.subscriber_id)
    )


def _fates() -> Update:
    """One statement for all members, which come as one parameter."""
    rows = cast(bindparam("rows", type_=Text), JSONB)
    each = func.jsonb_array_elements(rows).table_valued(column("value", JSONB), name="each")
    who, state, provider_id, error = (each.c.value[n].astext for n in range(4))
    return (
        update(delivery)
        .where(delivery.c.issue_id == bindparam("of"), delivery.c.subscriber_id == cast(who, BigInteger))
        .values(state=state, provider_id=provider_id, error=error)
    )


_FATE_OF_SQLITE = "UPDATE delivery SET state = ?, provider_id = ?, error = ? WHERE issue_id = ? AND subscriber_id = ?"
_FATES_OF_POSTGRES = _fates()
