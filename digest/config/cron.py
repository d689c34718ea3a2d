"""Cron text as crontab(5) reads it, in the words of APScheduler, which counts weekdays from Monday and knows no 7.

Where day and weekday are both given, crontab means either of them and APScheduler both: hence two texts.
"""

import re
from functools import cache

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


@cache
def texts(schedule: str) -> tuple[str, ...]:
    """Five-field texts for APScheduler; their times together are those of `schedule`. ValueError where it is none.

    >>> texts("30 7 * * 1-5")
    ('30 7 * * mon,tue,wed,thu,fri',)
    >>> texts("0 8 1 * sun")
    ('0 8 1 * *', '0 8 * * sun')
    """
    fields = schedule.lower().split()
    if len(fields) != 5:
        raise ValueError(f"it has {len(fields)} fields, not 5")
    minute, hour, day, month, weekday = fields
    if weekday.startswith("*/") or not weekday.startswith("*"):
        weekday = _weekdays(weekday)
    if day.startswith("*") or weekday == "*":
        return (f"{minute} {hour} {day} {month} {weekday}",)
    return (f"{minute} {hour} {day} {month} *", f"{minute} {hour} * {month} {weekday}")


def check(schedule: str) -> None:
    """ValueError where the text is no schedule, or one that never comes."""
    from datetime import UTC, datetime

    from apscheduler.triggers.cron import CronTrigger

    triggers = [CronTrigger.from_crontab(text, timezone=UTC) for text in texts(schedule)]
    start = datetime(2000, 1, 1, tzinfo=UTC)
    if not any(trigger.get_next_fire_time(None, start) for trigger in triggers):
        raise ValueError("that day never comes")


def _weekdays(field: str) -> str:
    """The days of a weekday field by name, Sunday first."""
    days = {day for part in field.split(",") for day in _expanded(part)}
    return ",".join(name for number, name in enumerate(_DAYS) if number in days)


def _expanded(part: str) -> set[int]:
    """The weekdays of one part, 0 for Sunday; a range may run over the week's end."""
    match = _PART.fullmatch(part)
    if match is None or match["step"] == "0":
        raise ValueError(f"{part!r} is no weekday")
    step = int(match["step"] or 1)
    if match["first"] == "*":
        return set(range(0, 7, step))
    first = _weekday(match["first"])
    last = _weekday(match["last"]) if match["last"] else (6 if match["step"] else first)
    if last < first or (match["last"] == "7" and last == first):
        last += 7
    return {day % 7 for day in range(first, last + 1, step)}


def _weekday(word: str) -> int:
    if word in _DAYS:
        return _DAYS.index(word)
    if word.isdecimal() and int(word) <= 7:
        return int(word) % 7
    raise ValueError(f"{word!r} is no weekday")
