"""How fast to ask, and whether at all: what all who send through a provider know of it.

A rate that yields when told to, a circuit that opens when nobody answers, a cap on messages a day. Plain values: `now`
is an argument, they are kept in the database, and who waits is the run.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from digest.store.paces import Pace

_LEAST = 1 / 64  # of the rate: slower than that, the provider's own hints rule
_STEP = 0.05  # of the rate, won back with every success
_FAILURES = 5  # in a row, before the circuit opens
_FIRST_REST = timedelta(seconds=2)
_LONGEST_REST = timedelta(minutes=1)
_PROBING = timedelta(minutes=3)  # others wait that long for a probe's answer: longer than any request
_PREFIXES = ("ratelimit", "x-ratelimit", "x-sib-ratelimit")
_NEXT_POLICY = re.compile(r',(?=\s*")')  # a list of policies begins each with its name in quotes
_LONGEST_WINDOW_S = 3600.0
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def is_closed(known: Pace) -> bool:
    """Whether requests may leave as usual; else the one that leaves is a probe."""
    return known.failures < _FAILURES


def is_calm(known: Pace) -> bool:
    """Whether a success would change nothing."""
    return known.share >= 1.0 and not known.failures


def ready_at(known: Pace, now: datetime) -> datetime:
    """When the next request may leave: `now`, or later."""
    return max(time for time in (now, known.next_at, known.held_until, known.open_until) if time is not None)


def is_held(known: Pace, now: datetime) -> bool:
    """Whether none may be sent off now, however far off its place: the provider said so, or does not answer."""
    return any(until is not None and until > now for until in (known.held_until, known.open_until))


def taken(known: Pace, now: datetime, *, per_second: float) -> Pace:
    """After a request took the next place; a probe keeps the others waiting until its answer is in."""
    at = ready_at(known, now)
    following = at + timedelta(seconds=1 / (per_second * known.share))
    return replace(known, next_at=following, open_until=None if is_closed(known) else at + _PROBING)


def overtaken(known: Pace, now: datetime, *, per_second: float) -> Pace:
    """After a message that waited for no place: the next place is later for it."""
    first = max(known.next_at or now, now)
    return replace(known, next_at=first + timedelta(seconds=1 / (per_second * known.share)))


def succeeded(known: Pace) -> Pace:
    """A little faster, up to the rate; the circuit is closed."""
    return replace(answered(known), share=min(1.0, known.share + _STEP))


def answered(known: Pace) -> Pace:
    """The circuit is closed: whatever the answer was, there was one."""
    return replace(known, failures=0, open_until=None)


def slowed(known: Pace, now: datetime, *, left_at: datetime, until: datetime | None) -> Pace:
    """Half as fast, and nothing before `until`. Once for all that were under way: `left_at` is the request's."""
    waiting = held(answered(known), until)
    if known.slowed_at is not None and left_at <= known.slowed_at:
        return waiting
    return replace(waiting, share=max(_LEAST, known.share / 2), slowed_at=now)


def held(known: Pace, until: datetime | None) -> Pace:
    """Nothing before that time."""
    if until is None or (known.held_until is not None and known.held_until >= until):
        return known
    return replace(known, held_until=until)


def failed(known: Pace, now: datetime) -> Pace:
    """One more failure; from the fifth on, each doubles the rest."""
    failures = known.failures + 1
    if failures < _FAILURES:
        return replace(known, failures=failures)
    rest = min(_LONGEST_REST, _FIRST_REST * 2 ** min(failures - _FAILURES, 10))
    return replace(known, failures=failures, open_until=now + rest)


def hour_of(now: datetime) -> datetime:
    """The full hour: what is sent is counted by the hour."""
    return now.replace(minute=0, second=0, microsecond=0)


def allowance(spent: Iterable[tuple[datetime, int]], now: datetime, *, per_day: int) -> tuple[int, datetime]:
    """How many messages may still leave, and when more may: never more than `per_day` in any 24 hours.

    `spent`: messages by the full hour in which they left. An hour counts until its last minute is a day old.
    """
    recent = sorted((hour, count) for hour, count in spent if hour + _HOUR + _DAY > now and count > 0)
    left = per_day - sum(count for _, count in recent)
    return max(0, left), recent[0][0] + _HOUR + _DAY if recent else now


def exhausted_until(headers: Mapping[str, str], now: datetime, *, is_refused: bool = False) -> datetime | None:
    """When the provider's window begins anew, where its headers say that this one is used up; else None. The latest.

    Reads ratelimit-remaining and ratelimit-reset, their x- and x-sib- forms, and RateLimit itself in both shapes of
    draft-ietf-httpapi-ratelimit-headers; lower-case names. `is_refused`: an answer 429, which needs no remaining.
    """
    windows = [(remaining, _seconds(reset, now)) for remaining, reset in _windows(headers)]
    used_up = [seconds for remaining, seconds in windows if remaining == "0" and seconds is not None]
    told = [seconds for _, seconds in windows if seconds is not None] if is_refused else []
    if not used_up and not told:
        return None
    return now + timedelta(seconds=min(max(used_up) if used_up else told[0], _LONGEST_WINDOW_S))


def _windows(headers: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for prefix in _PREFIXES:
        yield headers.get(f"{prefix}-remaining", "").strip(), headers.get(f"{prefix}-reset", "").strip()
    for policy in _NEXT_POLICY.split(headers.get("ratelimit", "")):
        parts = (part.partition("=")[::2] for part in policy.replace(",", ";").split(";"))
        named = {name.strip().lower(): value.strip() for name, value in parts}
        yield named.get("remaining") or named.get("r", ""), named.get("reset") or named.get("t", "")


def _seconds(text: str, now: datetime) -> float | None:
    """Seconds from now; a value as large as the clock is a point in time, in seconds or milliseconds."""
    whole, _, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and (not rest or (rest.isascii() and rest.isdigit()))):
        return None
    value = float(text[:20])
    if value > 1_000_000_000_000:
        value /= 1000
    return max(0.0, value - now.timestamp()) if value > 1_000_000_000 else value
