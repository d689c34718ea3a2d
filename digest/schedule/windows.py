"""Times of day between which an issue may leave: `07:00-09:00` on the newsletter's wall clock; over midnight too."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = (-1, 0, 1, 2)  # one of them has the window that is open, or the next one


def opens(window: str, timezone: str, at: datetime) -> datetime:
    """The first instant from `at` on at which an issue may leave; `at` itself where the window is empty or open.

    >>> opens("07:00-09:00", "Europe/Berlin", datetime(2026, 11, 23, 4, tzinfo=UTC)).isoformat()
    '2026-11-23T06:00:00+00:00'
    """
    if not window:
        return at
    return max(at, next(start for start, end in _around(window, timezone, at) if end > at))


def closes(window: str, timezone: str, at: datetime) -> datetime | None:
    """When the window that is open at that instant closes; None where it is not open.

    >>> closes("22:00-02:00", "UTC", datetime(2026, 11, 23, 1, tzinfo=UTC)).isoformat()
    '2026-11-23T02:00:00+00:00'
    """
    return next((end for start, end in _around(window, timezone, at) if start <= at < end), None)


def _around(window: str, timezone: str, at: datetime) -> list[tuple[datetime, datetime]]:
    """The windows near that instant, oldest first; one that a clock change swallows is not among them."""
    zone = ZoneInfo(timezone)
    first, last = (time.fromisoformat(text.strip()) for text in window.split("-"))
    today = at.astimezone(zone).date()
    days = [today + timedelta(days=number) for number in _DAYS]
    later = timedelta(days=int(last <= first))
    found = [
        (
            datetime.combine(day, first, zone).astimezone(UTC),
            datetime.combine(day + later, last, zone).astimezone(UTC),
        )
        for day in days
    ]
    return [(start, end) for start, end in found if start < end]
