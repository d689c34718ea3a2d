"""A rate that yields, a circuit that opens, a cap on the day: of values."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.send import pace
from digest.store.paces import Pace

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
OPEN = Pace(failures=5, open_until=NOW + timedelta(seconds=2))


def place(known: Pace, now: datetime, rate: float) -> tuple[Pace, datetime]:
    """The next place in the row, taken."""
    return pace.taken(known, now, per_second=rate), pace.ready_at(known, now)


@given(st.lists(st.floats(0, 3), max_size=60), st.floats(0.5, 50))
@settings(deadline=None, max_examples=50)
def test_no_window_holds_more_than_the_rate(gaps: list[float], rate: float) -> None:
    known, now, places = Pace(), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        known, at = place(known, now, rate)
        places.append(at)
    for first, second in pairwise(places):
        assert (second - first).total_seconds() >= 1 / rate - 1e-5


def test_places_are_given_at_once_while_the_rate_allows() -> None:
    assert pace.ready_at(Pace(), NOW) == NOW


def test_a_refusal_for_speed_halves_the_rate_and_successes_win_it_back() -> None:
    known = pace.slowed(Pace(), NOW, left_at=NOW, until=NOW + timedelta(seconds=3))
    known, first = place(known, NOW, 10)
    assert first == NOW + timedelta(seconds=3)
    assert (pace.ready_at(known, NOW) - first).total_seconds() == pytest.approx(0.2)
    for _ in range(10):
        known = pace.succeeded(known)
    assert pace.is_calm(known)


def test_what_was_under_way_when_it_slowed_slows_it_no_further() -> None:
    known = Pace()
    for _ in range(8):
        known = pace.slowed(known, NOW, left_at=NOW - timedelta(milliseconds=1), until=None)
    assert known.share == 0.5
    later = NOW + timedelta(seconds=1)
    assert pace.slowed(known, later, left_at=later, until=None).share == 0.25


def test_it_never_stands_still() -> None:
    known = Pace()
    for n in range(100):
        at = NOW + timedelta(seconds=n)
        known = pace.slowed(known, at, left_at=at, until=None)
    assert known.share == 1 / 64


def test_the_longest_rest_counts() -> None:
    far, near = NOW + timedelta(seconds=9), NOW + timedelta(seconds=1)
    assert pace.held(pace.held(Pace(), far), near).held_until == far
    assert pace.held(Pace(), None) == Pace()


def test_the_circuit_opens_after_five_and_closes_with_one() -> None:
    known = Pace()
    for _ in range(4):
        known = pace.failed(known, NOW)
    assert pace.is_closed(known)
    known = pace.failed(known, NOW)
    assert not pace.is_closed(known)
    assert pace.ready_at(known, NOW) == NOW + timedelta(seconds=2)
    closed = pace.succeeded(known)
    assert pace.is_closed(closed)
    assert pace.ready_at(closed, NOW) == NOW


def test_while_one_probes_the_others_wait() -> None:
    due = NOW + timedelta(seconds=2)
    probing, at = place(OPEN, due, 10)
    assert at == due
    assert pace.ready_at(probing, due) >= due + timedelta(minutes=3)
    assert pace.ready_at(pace.answered(probing), due) <= due + timedelta(seconds=0.1)


def test_each_failed_probe_rests_longer_up_to_a_minute() -> None:
    known, rests = Pace(), []
    for _ in range(30):
        known = pace.failed(known, NOW)
        rests.append(known.open_until)
    assert rests[4:] == sorted(rests[4:])
    assert rests[-1] == NOW + timedelta(minutes=1)


HOUR = pace.hour_of(NOW)


@pytest.mark.parametrize(
    ("spent", "left", "hours"),
    [
        ({}, 100, None),
        ({0: 60}, 40, 25),
        ({0: 60, -3: 40}, 0, 22),
        ({-23: 70, -24: 10, -25: 500}, 20, 1),  # what left at 6:59 counts until 6:59, what left at 5:30 no longer
        ({0: 150}, 0, 25),
        ({0: -5}, 100, None),
    ],
)
def test_a_day_is_any_24_hours(spent: dict[int, int], left: int, hours: int | None) -> None:
    rows = [(HOUR + timedelta(hours=hour), count) for hour, count in spent.items()]
    more_at = NOW if hours is None else HOUR + timedelta(hours=hours)
    assert pace.allowance(rows, NOW, per_day=100) == (left, more_at)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 50)), max_size=80), st.integers(1, 120))
@settings(deadline=None, max_examples=80)
def test_no_24_hours_hold_more_than_the_cap(wishes: list[tuple[int, int]], per_day: int) -> None:
    spent: dict[datetime, int] = {}
    sent: list[tuple[datetime, int]] = []
    now = NOW
    for minutes, wanted in wishes:
        now += timedelta(minutes=minutes * 5)
        left, _ = pace.allowance(spent.items(), now, per_day=per_day)
        count = min(left, wanted)
        spent[pace.hour_of(now)] = spent.get(pace.hour_of(now), 0) + count
        sent.append((now, count))
    for at, _ in sent:
        window = sum(count for when, count in sent if at - timedelta(days=1) < when <= at)
        assert window <= per_day


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit-remaining": "0", "ratelimit-reset": "5"}, 5),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "0.5"}, 0.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 8)}, 8),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp() + 8) * 1000)}, 8),
        ({"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "3"}, 3),
        ({"ratelimit": "limit=10, remaining=0, reset=4"}, 4),
        ({"ratelimit": '"burst";r=7;t=30, "second";r=0;t=1'}, 1),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "99999"}, 3600),
        ({"ratelimit-remaining": "1", "ratelimit-reset": "5"}, None),
        ({"ratelimit": "limit=10, remaining=3, reset=4"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "soon"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "-1"}, None),
        ({"ratelimit-remaining": "0"}, None),
        ({"ratelimit": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_used_up_window_holds_until_it_begins_anew(headers: dict[str, str], seconds: float | None) -> None:
    expected = NOW + timedelta(seconds=seconds) if seconds is not None else None
    assert pace.exhausted_until(headers, NOW) == expected


def test_who_is_refused_waits_for_the_window_whatever_remains() -> None:
    headers = {"ratelimit-remaining": "1", "ratelimit-reset": "5"}
    assert pace.exhausted_until(headers, NOW, is_refused=True) == NOW + timedelta(seconds=5)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_header_is_read_without_complaint(remaining: str, reset: str, both: str) -> None:
    headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset, "ratelimit": both}
    for is_refused in (False, True):
        found = pace.exhausted_until(headers, NOW, is_refused=is_refused)
        assert found is None or NOW <= found <= NOW + timedelta(hours=1)
