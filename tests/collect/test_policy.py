from dataclasses import replace
from datetime import timedelta

import pytest
from collect.making import NOW
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import policy
from digest.collect.policy import Failed, Polled
from digest.model import DAY, FeedRecord, FeedState, Validators

HOUR = timedelta(hours=1)
RECORD = FeedRecord(id=1, url="https://example.org/feed", requested_url="https://example.org/feed", last_ok=NOW - HOUR)
KINDS = [
    "timeout",
    "size",
    "private",
    "status",
    "connect",
    "dns",
    "challenge",
    "redirects",
    "parse",
    "work",
    "internal",
]


def failed(kind: str = "status", status: int | None = 500, **given: object) -> Failed:
    return Failed(kind=kind, message="no", status=status, **given)  # type: ignore[arg-type]


def run(record: FeedRecord, *results: Polled | Failed, every: timedelta = DAY, jitter: float = 0.5) -> FeedRecord:
    for number, result in enumerate(results):
        record = policy.after(record, result, now=NOW + every * number, jitter=jitter)
    return record


def test_success_clears_every_error() -> None:
    broken = replace(
        RECORD, error_count=9, last_error="no", last_error_kind="dns", state=FeedState.DEAD, gone_since=NOW
    )
    mended = run(broken, Polled(validators=Validators(etag="1"), body_hash=b"x"))
    assert (mended.error_count, mended.last_error, mended.last_error_kind) == (0, None, None)
    assert (mended.state, mended.gone_since, mended.last_ok) == (FeedState.ACTIVE, None, NOW)
    assert (mended.validators.etag, mended.body_hash, mended.last_full) == ("1", b"x", NOW)


def test_not_modified_is_no_full_answer() -> None:
    before = replace(RECORD, last_full=NOW - DAY, body_hash=b"old", title="T")
    after = run(before, Polled())
    assert (after.last_full, after.body_hash, after.title, after.last_ok) == (NOW - DAY, b"old", "T", NOW)


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (timedelta(minutes=1), timedelta(minutes=30)),
        (timedelta(hours=4), timedelta(hours=2)),
        (timedelta(days=9), timedelta(hours=12)),
    ],
)
def test_the_pace_is_half_the_usual_gap_within_bounds(gap: timedelta, expected: timedelta) -> None:
    assert policy.pace([NOW - gap * n for n in range(10)]) == expected


def test_the_pace_looks_at_the_ten_newest_alone() -> None:
    newest = [NOW - HOUR * 4 * n for n in range(10)]
    assert policy.pace([*newest, *(NOW - DAY * 100 * n for n in range(1, 50))]) == 2 * HOUR


def test_a_body_that_is_not_read_again_keeps_the_pace() -> None:
    known = replace(RECORD, last_checked=NOW - 3 * HOUR, next_check=NOW)
    assert run(known, Polled()).next_check == NOW + 3 * HOUR
    assert run(replace(known, next_check=NOW + 99 * DAY), Polled()).next_check == NOW + 12 * HOUR
    assert run(replace(known, state=FeedState.BACKOFF), Polled()).next_check == NOW + HOUR
    assert run(RECORD, Polled()).next_check == NOW + HOUR


def test_max_age_is_respected_up_to_a_day() -> None:
    assert run(RECORD, Polled(max_age=5 * HOUR)).next_check == NOW + 5 * HOUR
    assert run(RECORD, Polled(max_age=30 * DAY)).next_check == NOW + DAY


def test_the_wait_doubles_up_to_a_day() -> None:
    waits = [policy.backoff(n) for n in range(1, 9)]
    assert waits == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY, DAY]


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_backs_off_and_counts(kind: str) -> None:
    after = run(RECORD, failed(kind, None), jitter=0.999)
    assert (after.error_count, after.state, after.last_error, after.last_error_kind) == (
        1,
        FeedState.BACKOFF,
        "no",
        kind,
    )
    assert after.next_check is not None
    assert NOW + timedelta(minutes=5) <= after.next_check <= NOW + HOUR
    assert after.last_ok == RECORD.last_ok


def test_busy_is_no_error_and_waits_as_asked_within_bounds() -> None:
    for asked, waits in (
        (None, HOUR),
        (timedelta(0), HOUR),
        (timedelta(seconds=1), timedelta(minutes=5)),
        (2 * HOUR, 2 * HOUR),
        (99 * DAY, 7 * DAY),
    ):
        after = run(RECORD, failed("busy", 429, retry_after=asked))
        assert after.error_count == 0
        assert after.state is FeedState.ACTIVE
        assert after.next_check == NOW + waits


def test_fourteen_days_without_success_are_dead_and_probed_weekly() -> None:
    almost = run(replace(RECORD, last_ok=NOW), *[failed()] * 14)
    assert almost.state is FeedState.BACKOFF
    dead = run(replace(RECORD, last_ok=NOW), *[failed()] * 15)
    assert dead.state is FeedState.DEAD
    assert dead.next_check == NOW + 14 * DAY + 7 * DAY
    assert run(dead, Polled()).state is FeedState.ACTIVE


def test_410_twice_a_day_apart_is_gone() -> None:
    once = run(RECORD, failed(status=410))
    assert (once.state, once.gone_since, once.next_check) == (FeedState.BACKOFF, NOW, NOW + DAY)
    assert run(RECORD, failed(status=410), failed(status=410), every=23 * HOUR).state is FeedState.BACKOFF
    gone = run(RECORD, failed(status=410), failed(status=410), every=24 * HOUR)
    assert gone.state is FeedState.GONE
    assert not policy.is_due(gone, NOW + 999 * DAY)


def test_another_answer_between_two_410_begins_anew() -> None:
    assert run(RECORD, failed(status=410), failed(), failed(status=410)).state is FeedState.BACKOFF
    assert run(RECORD, failed(status=410), Polled(), failed(status=410)).state is FeedState.BACKOFF


def test_404_for_ever_is_never_gone() -> None:
    assert run(replace(RECORD, last_ok=NOW), *[failed(status=404)] * 40).state is FeedState.DEAD


# ------------------------------------------------------------------ what the owner hears of


@pytest.mark.parametrize(
    ("gaps", "quiet"),
    [
        ([HOUR] * 9, 14 * DAY),  # news: two weeks at least
        ([7 * DAY] * 9, 35 * DAY),  # weekly: five weeks
        ([DAY] * 8 + [60 * DAY], 120 * DAY),  # daily, after a long break once
        ([30 * DAY] * 4, 150 * DAY),
    ],
)
def test_a_feed_is_silent_by_its_own_rhythm(gaps: list[timedelta], quiet: timedelta) -> None:
    dates = [NOW]
    for gap in gaps:
        dates.append(dates[-1] - gap)
    assert policy.silent_from(dates[::-1]) == NOW + quiet
    polled = run(RECORD, Polled(published=tuple(dates), body_hash=b"x"))
    assert not policy.is_silent(polled, NOW + quiet - HOUR)
    assert policy.is_silent(polled, NOW + quiet)


def test_without_a_rhythm_nobody_is_silent() -> None:
    assert policy.silent_from([NOW - DAY * n for n in range(4)]) is None
    assert not policy.is_silent(run(RECORD, Polled(published=(NOW,), body_hash=b"x")), NOW + 999 * DAY)


def test_a_date_to_come_puts_no_silence_off() -> None:
    dates = (NOW + 900 * DAY, *(NOW - DAY * n for n in range(9)))
    assert run(RECORD, Polled(published=dates, body_hash=b"x")).silent_from == NOW + 14 * DAY


def test_not_modified_leaves_the_rhythm_and_an_entry_ends_the_silence() -> None:
    old = run(RECORD, Polled(published=tuple(NOW - DAY * n for n in range(100, 110)), body_hash=b"x"))
    assert policy.is_silent(old, NOW)
    assert policy.is_silent(run(old, Polled()), NOW)
    again = run(old, Polled(published=tuple(NOW - DAY * n for n in range(9)), body_hash=b"y"))
    assert not policy.is_silent(again, NOW)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"state": FeedState.GONE, "last_error": "410"}, ["gone"]),
        ({"state": FeedState.DEAD, "last_error": "no"}, ["dead"]),
        ({"silent_from": NOW}, ["silent"]),
        ({"silent_from": NOW, "state": FeedState.DEAD}, ["dead"]),
        ({"silent_from": NOW, "last_ok": None}, []),
        ({"url": "https://example.org/new"}, ["moved"]),
        ({"note": "flooded: 9 of 9", "noted_at": NOW - DAY}, ["flooded"]),
        ({"note": "flooded: 9 of 9", "noted_at": NOW - 8 * DAY}, []),
        ({"state": FeedState.BACKOFF, "last_error": "no"}, []),
    ],
)
def test_the_owner_hears_of_it(given: dict[str, object], said: list[str]) -> None:
    record = replace(RECORD, **given)  # type: ignore[arg-type]
    assert [concern.partition(" ")[0].strip(":") for concern in policy.concerns(record, NOW)] == said


def test_a_note_stays_for_a_week() -> None:
    flooded = run(RECORD, Polled(body_hash=b"x", note="flooded"))
    assert (flooded.note, flooded.noted_at) == ("flooded", NOW)
    later = policy.after(flooded, Polled(), now=NOW + 6 * DAY, jitter=0.5)
    assert (later.note, later.noted_at) == ("flooded", NOW)
    assert policy.after(later, Polled(), now=NOW + 7 * DAY, jitter=0.5).note == ""


def moved(target: str, **given: object) -> Polled:
    return Polled(permanent_url=target, **given)  # type: ignore[arg-type]


def test_three_agreeing_redirects_move_the_address() -> None:
    target = "https://example.org/new"
    twice = run(RECORD, moved(target), moved(target))
    assert (twice.url, twice.redirect_seen) == (RECORD.url, 2)
    thrice = run(RECORD, *[moved(target)] * 3)
    assert (thrice.url, thrice.requested_url, thrice.redirect_seen) == (target, RECORD.requested_url, 0)


@pytest.mark.parametrize(
    "results",
    [
        [moved("https://a.org/"), moved("https://b.org/")] * 3,
        [moved("https://a.org/"), moved("https://a.org/"), Polled()] * 3,
        [moved("https://a.org/"), moved("https://a.org/"), failed()] * 3,
        [moved("http://example.org/feed")] * 9,
        [moved("https://a.org/", is_taken=True)] * 9,
        [moved(RECORD.url)] * 9,
    ],
    ids=["disagree", "stops", "fails", "worse-scheme", "taken", "itself"],
)
def test_all_other_redirects_move_nothing(results: list[Polled | Failed]) -> None:
    assert run(RECORD, *results).url == RECORD.url


def test_conditions_are_dropped_every_seven_days() -> None:
    known = replace(RECORD, validators=Validators(etag="1"), last_full=NOW)
    assert policy.conditions(known, NOW + 6 * DAY) == Validators(etag="1")
    assert policy.conditions(known, NOW + 7 * DAY) is None
    assert policy.conditions(replace(known, last_full=None), NOW) is None


@pytest.mark.parametrize(
    ("asked", "lost", "outage"),
    [(4, 3, True), (4, 2, False), (2, 2, False), (3, 2, True), (10, 5, False), (10, 6, True)],
)
def test_an_outage_is_more_than_half_of_three_hosts_or_more(asked: int, lost: int, outage: object) -> None:
    hosts = [f"h{n}:443" for n in range(asked)]
    failures = [(host, failed("dns", None)) for host in hosts[:lost]]
    assert policy.is_outage(hosts, failures) is outage


def test_hosts_that_answer_badly_are_no_outage() -> None:
    hosts = [f"h{n}:443" for n in range(9)]
    assert not policy.is_outage(hosts, [(host, failed()) for host in hosts])
    assert not policy.is_outage([hosts[0]] * 9, [(hosts[0], failed("dns"))] * 9)


def test_an_outage_spares_the_counters() -> None:
    spared = policy.spared(RECORD, failed("dns"), now=NOW)
    assert (spared.error_count, spared.state, spared.next_check) == (0, FeedState.ACTIVE, NOW + timedelta(minutes=5))
    assert spared.last_error == "no"


def test_a_paused_feed_stays_paused() -> None:
    paused = replace(RECORD, state=FeedState.PAUSED)
    assert run(paused, failed()).state is FeedState.PAUSED
    assert run(paused, Polled()).state is FeedState.PAUSED
    assert not policy.is_due(paused, NOW + 99 * DAY)


results = st.one_of(
    st.builds(
        Polled,
        published=st.lists(st.integers(0, 5000).map(lambda hours: NOW - HOUR * hours), max_size=12).map(tuple),
        max_age=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
        permanent_url=st.none() | st.sampled_from(["https://a.org/", "https://b.org/", "http://c.org/"]),
        body_hash=st.none() | st.binary(min_size=1, max_size=4),
    ),
    st.builds(
        Failed,
        kind=st.sampled_from([*KINDS, "busy", "waiting"]),
        message=st.just("no"),
        status=st.none() | st.sampled_from([401, 403, 404, 410, 429, 500, 503]),
        retry_after=st.none() | st.timedeltas(timedelta(0), timedelta(days=900)),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(results, st.floats(0, 0.999), st.integers(0, 60 * 24 * 5)), max_size=25))
def test_no_order_of_results_ever_freezes_a_feed(steps: list[tuple[Polled | Failed, float, int]]) -> None:
    """Whatever happens, it is asked again within a week and a bit, unless 410 came twice, a day apart."""
    record, now = RECORD, NOW
    for result, jitter, minutes in steps:
        now += timedelta(minutes=minutes)
        before, record = record, policy.after(record, result, now=now, jitter=jitter)
        assert record.requested_url == RECORD.requested_url
        assert record.last_checked == now
        if record.state is FeedState.GONE:
            assert record.gone_since is not None
            assert now - record.gone_since >= DAY
            continue
        assert record.next_check is not None
        assert timedelta(minutes=5) <= record.next_check - now <= timedelta(days=7)
        assert (record.last_error is None) == isinstance(result, Polled)
        if isinstance(result, Failed) and result.kind in {"busy", "waiting"}:
            assert record.error_count == before.error_count


@pytest.mark.parametrize(
    ("checked_h", "due_h", "shortest", "longest"),
    [
        (None, None, 0.5, 1.5),  # the first time, as all others
        (-1, 0, 0.9, 1.1),
        (-9, -8, 0.5, 1.5),  # its turn came while nothing ran
    ],
)
def test_a_feed_that_was_asked_with_all_others_finds_a_turn_of_its_own(
    checked_h: int | None, due_h: int | None, shortest: float, longest: float
) -> None:
    now = NOW
    checked, due = (now + timedelta(hours=h) if h is not None else None for h in (checked_h, due_h))
    record = FeedRecord(id=1, url="https://a.example/", requested_url="", last_checked=checked, next_check=due)
    polled = Polled(published=tuple(now - timedelta(hours=2 * n) for n in range(5)), body_hash=b"x")
    waits = [policy.after(record, polled, now=now, jitter=jitter).next_check - now for jitter in (0.0, 1.0)]
    assert waits == [timedelta(hours=shortest), timedelta(hours=longest)]
