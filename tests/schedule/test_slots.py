"""A year in many zones: every day's slot once, however the alarm is asked; odd text is refused, old times cost little."""

import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import UsageError
from digest.schedule import slots

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Chisinau",
    "Europe/Kyiv",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Atlantic/Azores",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "America/Havana",
    "America/St_Johns",
    "America/Halifax",
    "America/Santiago",
    "America/Asuncion",
    "America/Sao_Paulo",
    "America/Nuuk",
    "America/Scoresbysund",
    "America/Port-au-Prince",
    "America/Miquelon",
    "America/Mexico_City",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Gaza",
    "Asia/Tehran",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Australia/Perth",
    "Antarctica/Troll",
    "Antarctica/McMurdo",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Easter",
    "Pacific/Apia",
    "Pacific/Norfolk",
    "Pacific/Kiritimati",
    "Pacific/Honolulu",
]
TIMES = ("00:00", "00:30", "01:30", "02:15", "02:30", "07:30", "23:30")
LAGS = (timedelta(), timedelta(milliseconds=5), timedelta(seconds=2), timedelta(minutes=90))
TEN_YEARS = (datetime(2020, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 — hypothesis wants them so
YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


def cron(clock: str) -> str:
    hour, minute = clock.split(":")
    return f"{int(minute)} {int(hour)} * * *"


def bounds(zone: str) -> tuple[datetime, datetime]:
    """The year on that wall, with room for a slot that a change carries over its end."""
    first = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return first - timedelta(microseconds=1), datetime(2027, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(
        seconds=1
    )


def test_there_are_zones_enough() -> None:
    assert len(set(ZONES)) >= 40


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_has_each_days_slot_once(zone: str) -> None:
    after, until = bounds(zone)
    for clock in TIMES:
        found = slots.between(cron(clock), zone, after=after, until=until)
        assert [slot for slot, _ in found] == [f"{day}T{clock}" for day in YEAR]
        for slot, at in found:
            wall = at.astimezone(ZoneInfo(zone))
            late = wall.replace(tzinfo=None) - datetime.fromisoformat(slot)
            assert (
                timedelta() <= late <= timedelta(hours=2)
            )  # at its time, or where a spring change swallowed it, after


@pytest.mark.parametrize("zone", ZONES)
def test_the_alarm_rings_once_for_each_slot_however_late_it_is_asked_again(zone: str) -> None:
    after, until = bounds(zone)
    for clock, lag in zip(TIMES, (LAGS * 2)[ZONES.index(zone) % 2 :], strict=False):
        alarm = slots.WallClock(cron(clock), zone)
        rang, previous, now = [], None, after
        while (at := alarm.get_next_fire_time(previous, now)) is not None and at <= until:
            rang.append(at)
            previous, now = at, at + lag
        assert rang == [at for _, at in slots.between(cron(clock), zone, after=after, until=until)]


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("clock", TIMES)
def test_every_lag_at_every_time_over_both_changes(clock: str, lag: timedelta) -> None:
    alarm = slots.WallClock(cron(clock), "Europe/Berlin")
    rang, previous, now = [], None, datetime(2026, 3, 20, tzinfo=UTC)
    while (at := alarm.get_next_fire_time(previous, now)) < datetime(2026, 11, 5, tzinfo=UTC):
        rang.append(slots.text(at.astimezone(ZoneInfo("Europe/Berlin")))[:10])
        previous, now = at, at + lag
    assert all(date.fromisoformat(b) - date.fromisoformat(a) == timedelta(days=1) for a, b in pairwise(rang))


def test_a_clock_set_back_after_a_ring_gives_no_second_one() -> None:
    alarm = slots.WallClock("0 7 * * *", "Europe/Berlin")
    fire = alarm.get_next_fire_time(None, NOW)
    assert alarm.get_next_fire_time(fire, fire - timedelta(seconds=5)) == fire + timedelta(days=1)


def test_a_slot_at_this_very_moment_still_rings() -> None:
    assert slots.WallClock("30 7 * * *", "Europe/Berlin").get_next_fire_time(None, NOW) == NOW


@pytest.mark.parametrize("zone", ["America/Nuuk", "America/Scoresbysund", "America/Godthab"])
def test_greenland_skips_half_past_eleven_and_the_slot_comes_after_midnight(zone: str) -> None:
    found = dict(
        slots.between(
            "30 23 * * *", zone, after=datetime(2026, 3, 27, tzinfo=UTC), until=datetime(2026, 3, 31, tzinfo=UTC)
        )
    )
    wall = found["2026-03-28T23:30"].astimezone(ZoneInfo(zone))
    assert (wall.date(), wall.hour, wall.minute) == (date(2026, 3, 29), 0, 30)


def test_an_alarm_may_ring_ahead() -> None:
    alarm = slots.WallClock("30 7 * * *", "Europe/Berlin", ahead=timedelta(minutes=10))
    assert alarm.get_next_fire_time(None, NOW) == NOW + timedelta(days=1, minutes=-10)
    assert alarm.get_next_fire_time(None, NOW - timedelta(minutes=10)) == NOW - timedelta(minutes=10)


def test_a_schedule_that_ends_rings_no_more() -> None:
    assert slots.WallClock("0 0 30 2 *", "UTC").get_next_fire_time(None, NOW) is None
    assert slots.upcoming("0 0 30 2 *", "UTC", after=NOW) == []
    assert slots.latest("0 0 30 2 *", "UTC", until=NOW) is None


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("1-5", "mon tue wed thu fri"),
        ("0", "sun"),
        ("7", "sun"),
        ("sun", "sun"),
        ("5-7", "fri sat sun"),
        ("fri-mon", "fri sat sun mon"),
        ("*/2", "sun tue thu sat"),
        ("1,3", "mon wed"),
        ("1-5/2", "mon wed fri"),
        ("MON-FRI", "mon tue wed thu fri"),
        ("*", "mon tue wed thu fri sat sun"),
    ],
)
def test_weekdays_are_those_of_crontab(field: str, days: str) -> None:
    found = slots.upcoming(f"30 7 * * {field}", "Europe/Berlin", after=NOW, count=14)
    seen = {datetime.fromisoformat(slot).strftime("%a").lower() for slot, _ in found}
    assert seen == set(days.split())


def test_day_and_weekday_mean_either_as_in_crontab() -> None:
    found = slots.upcoming("0 8 1 * mon", "UTC", after=datetime(2026, 5, 30, tzinfo=UTC), count=4)
    assert [slot for slot, _ in found] == [
        "2026-06-01T08:00",
        "2026-06-08T08:00",
        "2026-06-15T08:00",
        "2026-06-22T08:00",
    ]
    found = slots.upcoming("0 8 1 * mon", "UTC", after=datetime(2026, 6, 29, 9, tzinfo=UTC), count=2)
    assert [slot for slot, _ in found] == ["2026-07-01T08:00", "2026-07-06T08:00"]


def test_days_off_have_no_slot() -> None:
    off = (date(2026, 11, 24), date(2026, 11, 25))
    assert [s for s, _ in slots.upcoming("30 7 * * *", "Europe/Berlin", after=NOW, count=2, skip=off)] == [
        "2026-11-26T07:30",
        "2026-11-27T07:30",
    ]
    assert slots.latest("30 7 * * *", "Europe/Berlin", until=NOW, skip=(date(2026, 11, 23),))[0] == "2026-11-22T07:30"
    alarm = slots.WallClock("30 7 * * *", "Europe/Berlin", skip=off)
    assert alarm.get_next_fire_time(NOW, NOW) == NOW + timedelta(days=3)


def test_between_takes_the_end_and_leaves_the_beginning() -> None:
    day = timedelta(days=1)
    assert [s for s, _ in slots.between("30 7 * * *", "Europe/Berlin", after=NOW - day, until=NOW)] == [
        "2026-11-23T07:30"
    ]
    assert slots.between("30 7 * * *", "Europe/Berlin", after=NOW, until=NOW - day) == []


@pytest.mark.parametrize("schedule", ["* * * * *", "30 7 * * *", "0 8 * * mon", "0 0 29 2 *", "0 0 1 1 *"])
def test_twenty_years_back_cost_little(schedule: str) -> None:
    began = time.process_time()
    found = slots.between(schedule, "Europe/Berlin", after=NOW - timedelta(days=7_300), until=NOW)
    assert time.process_time() - began < 2
    assert 0 < len(found) <= slots.MOST
    assert [at for _, at in found] == sorted(at for _, at in found)
    assert slots.latest(schedule, "Europe/Berlin", until=NOW) in (found[-1], None)


def test_of_too_many_the_newest_are_found() -> None:
    found = slots.between("30 7 * * *", "Europe/Berlin", after=NOW - timedelta(days=1_000), until=NOW, most=3)
    assert [slot for slot, _ in found] == ["2026-11-21T07:30", "2026-11-22T07:30", "2026-11-23T07:30"]


@pytest.mark.parametrize(
    ("slot", "at"),
    [
        ("2026-11-23T07:30", "2026-11-23T06:30:00+00:00"),
        ("2026-03-29T02:30", "2026-03-29T01:30:00+00:00"),  # skipped: just after
        ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),  # twice: the first
    ],
)
def test_instant(slot: str, at: str) -> None:
    assert slots.instant(slot, "Europe/Berlin").isoformat() == at


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-11-23", "2026-11-23 07:30", "2026-11-23T07:30:00", "2026-1-2T7:5", "2026-02-30T07:30",
     "2026-11-23T24:00", "2026-11-23T07:30Z", " 2026-11-23T07:30", "0000-01-01T00:00", "0001-01-01T00:00", "٢٠٢٦-11-23T07:30"],
)  # fmt: skip
def test_what_is_no_slot_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="is no slot: write it as"):
        slots.instant(text, "Europe/Berlin")


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=20))
def test_any_text_is_a_slot_or_a_usage_error(text: str) -> None:
    try:
        assert slots.instant(text, "UTC").tzinfo is UTC
    except UsageError:
        return


@settings(deadline=None, max_examples=60)
@given(
    zone=st.sampled_from(ZONES),
    clock=st.sampled_from(TIMES),
    start=st.datetimes(*TEN_YEARS),
    hours=st.lists(st.integers(1, 200), min_size=1, max_size=8),
)
def test_however_a_time_is_cut_each_slot_falls_into_one_piece(
    zone: str, clock: str, start: datetime, hours: list[int]
) -> None:
    edges = [start.replace(tzinfo=UTC)]
    for length in hours:
        edges.append(edges[-1] + timedelta(hours=length))
    pieces = [slot for a, b in pairwise(edges) for slot in slots.between(cron(clock), zone, after=a, until=b)]
    assert pieces == slots.between(cron(clock), zone, after=edges[0], until=edges[-1])
    assert len({slot for slot, _ in pieces}) == len(pieces)


@settings(deadline=None, max_examples=60)
@given(
    zone=st.sampled_from(ZONES),
    clock=st.sampled_from(TIMES),
    at=st.datetimes(*TEN_YEARS),
)
def test_the_next_slot_comes_before_no_other(zone: str, clock: str, at: datetime) -> None:
    now = at.replace(tzinfo=UTC)
    (found,) = slots.upcoming(cron(clock), zone, after=now, count=1)
    assert slots.between(cron(clock), zone, after=now, until=found[1]) == [found]
    assert slots.latest(cron(clock), zone, until=found[1]) == found
    assert slots.instant(found[0], zone) == found[1]
