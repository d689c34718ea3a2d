"""How fast to ask, and whether at all: a rate that yields when told to, and a circuit that opens when nobody answers.

Plain state; `now` is an argument, and who waits is the sender.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_LEAST = 1 / 64  # of the rate: slower than that, the provider's own hints rule
_STEP = 0.05  # of the rate, won back with every success
_FAILURES = 5  # in a row, before the circuit opens
_FIRST_REST = timedelta(seconds=2)
_LONGEST_REST = timedelta(minutes=1)
_PREFIXES = ("ratelimit", "x-ratelimit", "x-sib-ratelimit")


@dataclass(slots=True, kw_only=True)
class Pace:
    """Requests a second, evenly: slots are given out one after another."""

    per_second: float
    share: float = 1.0  # of per_second: halved by a refusal for speed, won back by successes (AIMD)
    next_slot: datetime | None = None
    held_until: datetime | None = None

    def slot(self, now: datetime) -> datetime:
        """When the next request may leave; that slot is then taken."""
        at = max(time for time in (now, self.next_slot, self.held_until) if time is not None)
        self.next_slot = at + timedelta(seconds=1 / (self.per_second * self.share))
        return at

    def succeeded(self) -> None:
        """A little faster, up to the rate."""
        self.share = min(1.0, self.share + _STEP)

    def slow_down(self, until: datetime | None) -> None:
        """Half as fast, and nothing before `until`."""
        self.share = max(_LEAST, self.share / 2)
        self.hold(until)

    def hold(self, until: datetime | None) -> None:
        """Nothing before that time."""
        if until is not None and (self.held_until is None or until > self.held_until):
            self.held_until = until


@dataclass(slots=True, kw_only=True)
class Circuit:
    """Closed while the provider answers; open after several failures; then one probe at a time, until one succeeds."""

    failures: int = 0
    open_until: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Whether requests may leave as usual."""
        return self.failures < _FAILURES

    def is_probe_due(self, now: datetime) -> bool:
        """Whether it is open, and has rested long enough to be asked again."""
        return self.open_until is not None and now >= self.open_until

    def failed(self, now: datetime) -> None:
        """One more; from the fifth on, each doubles the rest."""
        self.failures += 1
        if not self.is_closed:
            self.open_until = now + min(_LONGEST_REST, _FIRST_REST * 2 ** min(self.failures - _FAILURES, 10))

    def succeeded(self) -> None:
        """The provider answers."""
        self.failures = 0
        self.open_until = None


def exhausted_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the provider's window begins anew, where its headers say that this one is used up; else None.

    Reads ratelimit-remaining and ratelimit-reset (seconds), and their x- and x-sib- forms; lower-case names.
    """
    for prefix in _PREFIXES:
        remaining, reset = headers.get(f"{prefix}-remaining", ""), headers.get(f"{prefix}-reset", "")
        if remaining.strip() == "0" and (seconds := _seconds(reset, now)) is not None:
            return now + timedelta(seconds=min(seconds, 3600.0))
    return None


def _seconds(text: str, now: datetime) -> float | None:
    """Seconds from now; a value as large as the clock is a point in time."""
    if not text.strip().isascii() or not text.strip().isdigit():
        return None
    value = float(text.strip()[:12])
    return max(0.0, value - now.timestamp()) if value > 1_000_000_000 else value
