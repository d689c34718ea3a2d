"""Slots: when issues are due, on the wall clock. Each day's slot exactly once, whatever daylight saving does.

No trigger of APScheduler gives that: over 182 zones in 2026 CronTrigger misses a day in 341 of 1,274 cases and doubles
one in 280. So the cron text is read as if the wall clock were UTC, and each reading becomes an instant afterwards; a
time that a spring change skips falls just after it, one that an autumn change repeats falls on its first pass.
"""

import heapq
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from digest.config import Newsletter
from digest.config import cron as crontab
from digest.errors import UsageError

Slot = tuple[str, datetime]  # wall-clock text, instant in UTC

MOST = 400  # slots looked back at: more than a year of days; none reads further
_CHANGE = timedelta(hours=26)  # no clock change moves a wall further
_WINDOWS_H = (6, 48, 400, 3_200, 25_600, 204_800)  # looked back, one after the other, until enough is found


def text(wall: datetime) -> str:
    """The slot of that wall-clock time.

    >>> text(datetime(2026, 11, 23, 7, 30))
    '2026-11-23T07:30'
    """
    return wall.isoformat(timespec="minutes")[:16]


def instant(slot: str, timezone: str) -> datetime:
    """When that slot is, in UTC; UsageError where it is none.

    >>> instant("2026-11-23T07:30", "Europe/Berlin").isoformat()
    '2026-11-23T06:30:00+00:00'
    """
    try:
        wall = datetime.strptime(slot, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 — a wall-clock time has no zone
        at = _instant(wall, ZoneInfo(timezone))
    except (ValueError, OverflowError):
        wall, at = None, datetime.max.replace(tzinfo=UTC)
    if wall is None or text(wall) != slot:  # 2026-1-2T7:5 would be a second name of the same slot
        raise UsageError(f"{slot!r} is no slot: write it as 2026-11-23T07:30")
    return at


def between(
    cron: str, timezone: str, *, after: datetime, until: datetime, skip: Collection[date] = (), most: int = MOST
) -> list[Slot]:
    """The slots due after one instant and until another, oldest first; of more than `most`, the newest.

    `skip`: days without one.
    """
    zone = ZoneInfo(timezone)
    for hours in _WINDOWS_H:
        begin = max(after, until - timedelta(hours=hours))
        found = _within(cron, zone, begin, until, skip)
        if begin == after or len(found) >= most:
            break
    return found[-most:]


def latest(cron: str, timezone: str, *, until: datetime, skip: Collection[date] = ()) -> Slot | None:
    """The last slot due until that instant; None where there was none in 366 days."""
    found = between(cron, timezone, after=until - timedelta(days=366), until=until, skip=skip, most=1)
    return found[0] if found else None


def window(newsletter: Newsletter, cadence: str, at: datetime) -> datetime | None:
    """When the window that ends at that instant begins: at the cadence's slot before.

    Of an instant that is no slot, as long before as its slots lie apart there. None where there was none in 366 days,
    or none is to come.
    """
    cron = newsletter.timetable.get(cadence)
    if cron is None:
        return None
    zone, skip, edge = newsletter.timezone, newsletter.skip_dates, at - timedelta(microseconds=1)
    before = latest(cron, zone, until=edge, skip=skip)
    after = upcoming(cron, zone, after=edge, count=1, skip=skip)
    return at - (after[0][1] - before[1]) if before and after else None


def upcoming(cron: str, timezone: str, *, after: datetime, count: int = 5, skip: Collection[date] = ()) -> list[Slot]:
    """The next slots, soonest first."""
    zone = ZoneInfo(timezone)
    found = _slots(cron, zone, _walls_of(after, zone)[0], skip)
    return list(islice((slot for slot in found if slot[1] > after), count))


class WallClock(BaseTrigger):  # type: ignore[misc]  # APScheduler is untyped
    """APScheduler's alarm for those slots: never twice for one, not even when the clock is set back."""

    def __init__(
        self, cron: str, timezone: str, *, ahead: timedelta = timedelta(), skip: Collection[date] = ()
    ) -> None:
        """`cron`: five fields; `timezone`: an IANA name; `ahead`: how long before each slot it rings."""
        self.cron, self.timezone, self.ahead, self.skip = cron, timezone, ahead, skip

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The next slot's instant after both; None where the cron text has no more."""
        edge = (max(previous, now) if previous else now - timedelta(microseconds=1)) + self.ahead
        found = upcoming(self.cron, self.timezone, after=edge, count=1, skip=self.skip)
        return found[0][1] - self.ahead if found else None


def _within(cron: str, zone: ZoneInfo, after: datetime, until: datetime, skip: Collection[date]) -> list[Slot]:
    end = _walls_of(until, zone)[1]
    found = takewhile(lambda slot: slot[0] <= text(end), _slots(cron, zone, _walls_of(after, zone)[0], skip))
    return sorted((slot for slot in found if after < slot[1] <= until), key=lambda slot: slot[1])


def _slots(cron: str, zone: ZoneInfo, start: datetime, skip: Collection[date]) -> Iterator[Slot]:
    return ((text(wall), _instant(wall, zone)) for wall in _walls(cron, start) if wall.date() not in skip)


def _walls(cron: str, start: datetime) -> Iterator[datetime]:
    """The cron text's times on the wall, from `start` on, each once, without a zone."""
    previous = None
    for wall in heapq.merge(*(_walls_of_one(text, start) for text in crontab.texts(cron))):
        if wall != previous:
            yield wall
        previous = wall


@cache
def _trigger(cron: str) -> Any:
    return CronTrigger.from_crontab(cron, timezone=UTC)


def _walls_of_one(cron: str, start: datetime) -> Iterator[datetime]:
    trigger = _trigger(cron)
    previous, now = None, start.replace(tzinfo=UTC)
    while (found := trigger.get_next_fire_time(previous, now)) is not None:
        yield found.replace(tzinfo=None)
        previous = now = found


def _walls_of(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Between which times a wall's clock stands whose slot may be at that instant: a change near by spreads them."""
    near = [_wall(at + shift, zone) - shift for shift in (-_CHANGE, timedelta(), _CHANGE)]
    return min(near), max(near)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
