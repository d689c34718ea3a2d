"""What all who send through a provider know of it: its pace, and how much left in the last hours.

Each function is one step of a transaction that `Database.at_once` runs. The row is locked last, and for as long as a
commit takes: it is what senders on several machines meet at.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, select, update

from digest.store.tables import circuit, hourly
from subscribers.roster.rows import insert

_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a provider may be asked now, and whether it answers. What follows from it: `digest.send.pace`."""

    share: float = 1.0  # of the rate: halved by a refusal for speed, won back by successes (AIMD)
    slowed_at: datetime | None = None  # when it was last halved
    next_at: datetime | None = None  # no request leaves before: the row is full until then
    held_until: datetime | None = None  # nor before that: the provider said so
    failures: int = 0  # in a row
    open_until: datetime | None = None  # the circuit's rest


_COLUMNS = (
    circuit.c.share,
    circuit.c.slowed_at,
    circuit.c.next_at,
    circuit.c.held_until,
    circuit.c.failures,
    circuit.c.open_until,
)
_FIND = select(*_COLUMNS).where(circuit.c.provider == bindparam("of"))
_LOCK = _FIND.with_for_update()
_SAVE = (
    update(circuit)
    .where(circuit.c.provider == bindparam("of"))
    .values({column: bindparam(column.name) for column in _COLUMNS})
)


def ensure(connection: Connection, provider: str) -> None:
    """A row to lock, for a provider that has none."""
    connection.execute(insert(connection, circuit).values(provider=provider).on_conflict_do_nothing())


def find(connection: Connection, provider: str, *, is_locked: bool = False) -> Pace:
    """The provider's pace; `is_locked`: nobody else's until the commit."""
    return Pace(**connection.execute(_LOCK if is_locked else _FIND, {"of": provider}).mappings().one())


def lock(connection: Connection, provider: str, known: Pace) -> Pace:
    """The pace once it is nobody else's until the commit.

    On SQLite who writes is alone from the start, so it is as this transaction found it.
    """
    return known if connection.dialect.name == "sqlite" else find(connection, provider, is_locked=True)


def save(connection: Connection, provider: str, changed: Pace) -> None:
    """The same, changed."""
    connection.execute(_SAVE, {"of": provider, **asdict(changed)})


def spent(connection: Connection, provider: str) -> Sequence[tuple[datetime, int]]:
    """Messages by the full hour in which they left."""
    rows = connection.execute(select(hourly.c.hour, hourly.c.messages).where(hourly.c.provider == provider))
    return [(row.hour, row.messages) for row in rows]


def spend(connection: Connection, provider: str, hour: datetime, messages: int) -> None:
    """Counts messages into an hour (fewer than none: they did not leave after all); forgets hours long past."""
    one = insert(connection, hourly).values(provider=provider, hour=hour, messages=messages)
    more = {"messages": func.coalesce(hourly.c.messages, 0) + messages}
    connection.execute(one.on_conflict_do_update(index_elements=["provider", "hour"], set_=more))
    connection.execute(delete(hourly).where(hourly.c.hour < hour - _KEPT))
