"""The decision, for any mixture of slots that are taken and open."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.schedule import due

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SLOTS = [(f"2026-11-{day:02}T07:30", datetime(2026, 11, day, 6, 30, tzinfo=UTC)) for day in range(10, 24)]
MINUTE = timedelta(minutes=1)


def decide(catch_up, slots=SLOTS, taken=(), since=NOW, now=NOW):
    return due.decide(slots, taken=dict(taken), catch_up=catch_up, running_since=since, now=now)


@settings(deadline=None)
@given(
    catch_up=st.sampled_from(["latest", "all", "none"]),
    taken=st.sets(st.sampled_from(SLOTS)),
    since=st.integers(-400, 0),
    late=st.integers(0, 100),
)
def test_what_is_taken_is_left_and_nothing_is_both_made_and_passed_over(catch_up, taken, since, late) -> None:
    now = SLOTS[-1][1] + late * MINUTE
    found = decide(catch_up, taken=taken, since=now + timedelta(hours=since), now=now)
    named = [*found.make, *found.pass_over]
    assert len(set(named)) == len(named)
    assert not set(named) & taken
    assert list(found.make) == sorted(found.make)
    assert len(found.make) <= 1 or catch_up == "all"


@given(st.sets(st.sampled_from(SLOTS)))
def test_all_makes_each(taken) -> None:
    assert set(decide("all", taken=taken).make) == set(SLOTS) - taken


@given(st.sets(st.sampled_from(SLOTS)))
def test_latest_leaves_nothing_open_behind_the_last_that_is_taken(taken) -> None:
    found = decide("latest", taken=taken)
    last = max((at for _, at in taken), default=SLOTS[0][1] - MINUTE)
    assert [*found.pass_over, *found.make] == [slot for slot in SLOTS if slot[1] > last]
    assert found.make == (() if SLOTS[-1] in taken else (SLOTS[-1],))


def test_an_issue_of_the_future_covers_no_slot_of_today() -> None:
    ahead = ("2030-01-01T07:30", datetime(2030, 1, 1, 6, 30, tzinfo=UTC))
    assert decide("latest", taken=[ahead]).make == (SLOTS[-1],)


def test_none_makes_no_slot_of_the_past() -> None:
    found = decide("none", since=NOW)
    assert found.make == ()
    assert list(found.pass_over) == SLOTS


def test_none_makes_the_newest_of_those_that_fell_due_while_it_ran() -> None:
    found = decide("none", since=SLOTS[-2][1])
    assert found.make == (SLOTS[-1],)
    assert list(found.pass_over) == SLOTS[:-1]


def test_none_leaves_a_fresh_slot_to_whoever_was_there() -> None:
    at = SLOTS[-1][1]
    assert decide("none", SLOTS[-1:], since=at + MINUTE, now=at + MINUTE) == due.Decision()
    assert decide("none", SLOTS[-1:], since=at + MINUTE, now=at + 3 * MINUTE).pass_over == (SLOTS[-1],)


def test_no_slot_no_decision() -> None:
    assert decide("latest", []) == due.Decision()
