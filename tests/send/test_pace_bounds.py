"""The pace at its bounds: whatever happens, and whatever a provider says of its windows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.send import pace
from digest.store.paces import Pace

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@given(st.lists(st.sampled_from(["succeeded", "slowed", "failed", "answered", "taken"]), max_size=60))
def test_whatever_happens_the_pace_stays_within_its_bounds(happenings: list[str]) -> None:
    known, now = Pace(), NOW
    for what in happenings:
        now += SECOND
        if what == "slowed":
            known = pace.slowed(known, now, left_at=now, until=now + SECOND)
        elif what == "failed":
            known = pace.failed(known, now)
        elif what == "taken":
            known = pace.taken(known, now, per_second=10)
        else:
            known = {"succeeded": pace.succeeded, "answered": pace.answered}[what](known)
        assert 1 / 64 <= known.share <= 1.0
        assert known.failures >= 0
        assert pace.ready_at(known, now) >= now
        assert pace.is_closed(known) is (known.failures < 5)
        if pace.is_calm(known):
            assert pace.succeeded(known) == replace(known, open_until=None)


@pytest.mark.parametrize(
    ("known", "held"),
    [
        (Pace(), False),
        (Pace(next_at=NOW + SECOND), False),
        (Pace(held_until=NOW), False),
        (Pace(held_until=NOW + SECOND), True),
        (Pace(open_until=NOW + SECOND, failures=5), True),
        (Pace(open_until=NOW - SECOND, failures=5), False),
    ],
)
def test_held_is_what_the_provider_or_its_silence_says(known: Pace, held: bool) -> None:
    assert pace.is_held(known, NOW) is held


def test_rests_double_from_two_seconds_to_a_minute() -> None:
    known, rests = Pace(failures=4), []
    for _ in range(8):
        known = pace.failed(known, NOW)
        assert known.open_until is not None
        rests.append((known.open_until - NOW).total_seconds())
    assert rests == [2, 4, 8, 16, 32, 60, 60, 60]


@given(st.floats(0.01, 1000), st.sampled_from([1.0, 0.5, 0.25, 1 / 64]))
def test_a_place_is_a_share_of_the_rate(rate: float, share: float) -> None:
    known = pace.taken(Pace(share=share), NOW, per_second=rate)
    assert known.next_at is not None
    assert (known.next_at - NOW).total_seconds() == pytest.approx(1 / (rate * share), abs=1e-6)


@pytest.mark.parametrize(
    ("hours", "left", "more"),
    [
        ([(0, 10)], 0, 25),
        ([(-24, 10)], 0, 1),
        ([(-25, 10)], 10, None),
        ([(-24, 4), (-1, 4)], 2, 1),
        ([(-1, 4), (-24, 4)], 2, 1),
        ([(-24, 0), (-1, 4)], 6, 24),
    ],
)
def test_an_hour_counts_until_its_last_minute_is_a_day_old(hours: list, left: int, more: int | None) -> None:
    hour = pace.hour_of(NOW)
    spent = [(hour + timedelta(hours=ago), count) for ago, count in hours]
    expected = NOW if more is None else hour + timedelta(hours=more)
    assert pace.allowance(spent, NOW, per_day=10) == (left, expected)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit": '"default";r=0;t=12'}, 12),
        ({"ratelimit": '"a";r=0;t=12, "b";r=0;t=90'}, 90),
        ({"ratelimit": '"a";r=0;t=12, "b";r=5;t=90'}, 12),
        ({"ratelimit": '"a";r=0;t=12,"b, c";r=5;t=90'}, 12),
        ({"ratelimit": "remaining=0;reset=4"}, 4),
        ({"ratelimit": "REMAINING=0, RESET=4"}, 4),
        ({"ratelimit-remaining": " 0 ", "ratelimit-reset": " 7 "}, 7),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "0"}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "1.x"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "٣"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) - 60)}, 0),
        ({"ratelimit-remaining": "00", "ratelimit-reset": "7"}, None),
        (
            {
                "ratelimit-remaining": "9",
                "ratelimit-reset": "7",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "3",
            },
            3,
        ),
    ],
)
def test_what_the_headers_of_a_window_say(headers: dict[str, str], seconds: float | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert pace.exhausted_until(headers, NOW) == expected
