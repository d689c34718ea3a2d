"""Windows over the day, over midnight and over the changes of the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.schedule import windows

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "opens", "closes"),
    [
        ("07:00-09:00", "2026-11-23T05:59", "2026-11-23T06:00", None),
        ("07:00-09:00", "2026-11-23T06:00", "2026-11-23T06:00", "2026-11-23T08:00"),
        ("07:00-09:00", "2026-11-23T07:59", "2026-11-23T07:59", "2026-11-23T08:00"),
        ("07:00-09:00", "2026-11-23T08:00", "2026-11-24T06:00", None),
        ("22:00-02:00", "2026-11-23T00:30", "2026-11-23T00:30", "2026-11-23T01:00"),
        ("22:00-02:00", "2026-11-23T12:00", "2026-11-23T21:00", None),
        ("02:00-03:00", "2026-03-29T00:00", "2026-03-30T00:00", None),  # swallowed by the spring change
        ("02:15-02:45", "2026-10-25T00:20", "2026-10-25T00:20", "2026-10-25T00:45"),  # the first pass of two
        ("", "2026-11-23T12:00", "2026-11-23T12:00", None),
    ],
)
def test_windows(window: str, now: str, opens: str, closes: str | None) -> None:
    assert windows.opens(window, BERLIN, at(now)) == at(opens)
    if window:
        assert windows.closes(window, BERLIN, at(now)) == (at(closes) if closes else None)


@settings(deadline=None)
@given(
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    zone=st.sampled_from([BERLIN, "America/Nuuk", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]),
    now=st.datetimes(*(datetime(year, 1, 1) for year in (2026, 2028))),  # noqa: DTZ001 — hypothesis wants them so
)
def test_where_it_opens_it_is_open_and_within_two_days(start: int, end: int, zone: str, now: datetime) -> None:
    if start == end:
        return
    window = "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (start, end))
    here = now.replace(tzinfo=UTC)
    opens = windows.opens(window, zone, here)
    assert here <= opens <= here + timedelta(hours=49)
    assert windows.closes(window, zone, opens) is not None
    assert (windows.closes(window, zone, here) is not None) == (opens == here)
