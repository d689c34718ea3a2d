"""A rate that yields, and a circuit that opens."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.send.pace import Circuit, Pace, exhausted_until

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@given(st.lists(st.floats(0, 3), max_size=60), st.floats(0.5, 50))
@settings(deadline=None, max_examples=50)
def test_no_window_holds_more_than_the_rate(gaps: list[float], rate: float) -> None:
    pace, now, slots = Pace(per_second=rate), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        slots.append(pace.slot(now))
    for first, second in pairwise(slots):
        assert (second - first).total_seconds() >= 1 / rate - 1e-5


def test_slots_are_given_at_once_while_the_rate_allows() -> None:
    assert Pace(per_second=1).slot(NOW) == NOW


def test_a_refusal_for_speed_halves_the_rate_and_successes_win_it_back() -> None:
    pace = Pace(per_second=10)
    pace.slow_down(NOW + timedelta(seconds=3))
    assert pace.slot(NOW) == NOW + timedelta(seconds=3)
    assert (pace.slot(NOW) - (NOW + timedelta(seconds=3))).total_seconds() == pytest.approx(0.2)
    for _ in range(10):
        pace.succeeded()
    assert pace.share == 1.0


def test_it_never_stands_still() -> None:
    pace = Pace(per_second=10)
    for _ in range(100):
        pace.slow_down(None)
    assert pace.share == 1 / 64


def test_the_circuit_opens_after_five_and_closes_with_one() -> None:
    circuit = Circuit()
    for _ in range(4):
        circuit.failed(NOW)
    assert circuit.is_closed
    circuit.failed(NOW)
    assert not circuit.is_closed
    assert not circuit.is_probe_due(NOW)
    assert circuit.is_probe_due(NOW + timedelta(seconds=2))
    circuit.succeeded()
    assert circuit.is_closed
    assert not circuit.is_probe_due(NOW)


def test_each_failed_probe_rests_longer_up_to_a_minute() -> None:
    circuit = Circuit()
    rests = []
    for _ in range(30):
        circuit.failed(NOW)
        rests.append(circuit.open_until)
    assert rests[4:] == sorted(rests[4:])
    assert rests[-1] == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit-remaining": "0", "ratelimit-reset": "5"}, 5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 8)}, 8),
        ({"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "3"}, 3),
        ({"ratelimit-remaining": "1", "ratelimit-reset": "5"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "soon"}, None),
        ({"ratelimit-remaining": "0"}, None),
        ({}, None),
    ],
)
def test_a_used_up_window_holds_until_it_begins_anew(headers: dict[str, str], seconds: int | None) -> None:
    expected = NOW + timedelta(seconds=seconds) if seconds is not None else None
    assert exhausted_until(headers, NOW) == expected
