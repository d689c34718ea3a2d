"""Which slots to make and which to pass over: a pure decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from digest.schedule.slots import Slot

_GRACE = timedelta(minutes=2)  # another daemon, that was there in time, may still be about to take the slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a sweep does about one newsletter, oldest first."""

    make: tuple[Slot, ...] = ()
    pass_over: tuple[Slot, ...] = ()


def decide(
    slots: Sequence[Slot],
    *,
    taken: Mapping[str, datetime],
    catch_up: Literal["latest", "all", "none"],
    running_since: datetime,
    now: datetime,
) -> Decision:
    """Of the due `slots` (oldest first), those to make and those to record as missed.

    `taken`: the slots that have an issue, and when they are due. latest: one issue covers the gap since the last of
    those. all: each slot its own, in turn. none: only what fell due while the program ran (`running_since`: from when
    on it may make them).

    >>> from datetime import UTC
    >>> day = [(f"2026-11-{d}T07:30", datetime(2026, 11, d, 7, 30, tzinfo=UTC)) for d in (21, 22, 23)]
    >>> now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    >>> found = decide(day, taken=dict(day[:1]), catch_up="latest", running_since=now, now=now)
    >>> [slot for slot, _ in found.make], [slot for slot, _ in found.pass_over]
    (['2026-11-23T07:30'], ['2026-11-22T07:30'])
    """
    open_slots = tuple(slot for slot in slots if slot[0] not in taken)
    past: tuple[Slot, ...] = ()
    if catch_up == "none":
        past = tuple(slot for slot in open_slots if slot[1] < running_since and slot[1] < now - _GRACE)
        open_slots = tuple(slot for slot in open_slots if slot[1] >= running_since)
    if catch_up == "all":
        return Decision(make=open_slots)
    if catch_up == "latest":
        told_until = max((at for at in taken.values() if at <= now), default=None)
        open_slots = tuple(slot for slot in open_slots if told_until is None or slot[1] > told_until)
    return Decision(make=open_slots[-1:], pass_over=past + open_slots[:-1])
