"""How often a client may ask."""

import sys
from datetime import timedelta

import pytest
from conftest import NOW
from hypothesis import given
from hypothesis import strategies as st

from digest.web import limits
from digest.web.limits import Limit


def test_a_burst_and_then_a_wait() -> None:
    limit = Limit(burst=2, period=timedelta(seconds=10))
    assert [limit.wait("a", NOW) is None for _ in range(3)] == [True, True, False]
    assert limit.wait("b", NOW) is None
    wait = limit.wait("a", NOW)
    assert wait == timedelta(seconds=5)
    assert limit.wait("a", NOW + wait) is None
    assert limit.wait("a", NOW + wait) is not None


@given(st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_a_burst_and_what_came_back(gaps: list[float]) -> None:
    limit, at, passed = Limit(burst=3, period=timedelta(seconds=6)), NOW, 0
    for gap in gaps:
        at += timedelta(seconds=gap)
        passed += limit.wait("a", at) is None
    assert passed <= 3 + (at - NOW).total_seconds() / 2 + 1e-6


def test_a_clock_that_goes_back_does_no_harm() -> None:
    limit = Limit(burst=1, period=timedelta(seconds=1))
    assert limit.wait("a", NOW) is None
    assert limit.wait("a", NOW - timedelta(days=1)) is not None


def test_it_remembers_a_bounded_number_of_clients() -> None:
    limit = Limit(burst=1, period=timedelta(days=1))
    for i in range(limits._CLIENTS + 10):
        limit.wait(str(i), NOW)
    assert len(limit._left) == limits._CLIENTS
    assert limit.wait(str(limits._CLIENTS), NOW) is not None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::1", "2001:0db8:0001:0002::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_what_a_client_is_known_by(host: str | None, name: str) -> None:
    assert limits.client(host) == name


def test_what_a_client_is_known_by_takes_no_memory_to_speak_of() -> None:
    """Whoever forges tokens of 64 KB in the path is remembered by their beginning."""
    limit = Limit(burst=1, period=timedelta(minutes=1))
    for number in range(50):
        limit.wait(f"{number}" + "x" * 60_000, NOW)
    assert sum(sys.getsizeof(name) for name in limit._left) < 50 * 1000
    assert limit.wait("7" + "x" * 60_000, NOW) is not None
