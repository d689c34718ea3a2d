"""Every row of what an answer means, to its last field: waits, words, limits of replay and of looking up."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.send import outbox
from digest.send.outbox import Again, Divide, Doubt, Settle, Stop
from digest.send.providers.base import (
    Accepted,
    Capabilities,
    Cause,
    Idempotency,
    Lookup,
    Refusal,
    Rejected,
    Retry,
    Unknown,
)

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def refused(status: int = 429, refusal: Refusal | None = None, **headers: str) -> outbox.Decision:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return outbox.of_refusal(httpx.Response(status, headers=named), refusal, count=2, now=NOW)


@pytest.mark.parametrize(
    ("error", "decision"),
    [
        (httpx.ConnectError("refused"), Again(after=None, reason="ConnectError: refused", is_down=True)),
        (httpx.ProxyError("407"), Again(after=None, reason="ProxyError: 407", is_down=True)),
        (httpx.ReadTimeout(""), Doubt(reason="ReadTimeout")),
        (httpx.TooManyRedirects("loop"), Doubt(reason="TooManyRedirects: loop")),
        (
            httpx.LocalProtocolError("bad header"),
            Stop(reason="the request cannot be formed (LocalProtocolError: bad header); look at api_key and base_url"),
        ),
    ],
)
def test_no_answer_is_told_in_its_own_words(error: httpx.RequestError, decision: outbox.Decision) -> None:
    assert outbox.of_error(error) == decision


@pytest.mark.parametrize(
    ("hint", "seconds"),
    [
        ("0", 0),
        (" 5 ", 5),
        ("86400", 86_400),
        ("86401", 86_400),
        ("9" * 40, 86_400),
        ("-5", None),
        ("1.5", None),
        ("٥", None),
        ("soon", None),
        ("", None),
        ("   ", None),
        ("Mon, 23 Nov 2026 06:29:00 GMT", 0),
        ("Mon, 23 Nov 2026 06:30:10 -0000", 10),
        ("Mon, 23 Nov 2026 07:30:10 +0100", 10),
        ("Mon, 30 Nov 2026 06:30:00 GMT", 86_400),
        ("Monday, 23-Nov-26 06:30:10 GMT", 10),
        ("Mon Nov 23 06:30:10 2026", 10),
        ("Mon, 31 Feb 2026 06:30:00 GMT", None),
        ("Mon, 23 Nov 99999 06:30:00 GMT", None),
    ],
)
def test_a_retry_after(hint: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert outbox.retry_after(hint, now=NOW) == expected


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 23 Nov 2026 06:00:00", "Mon, 99 Nov 2026 06:00:00 GMT"])
def test_a_date_header_that_is_none_leaves_our_clock(date: str) -> None:
    decision = refused(503, date=date, retry_after="Mon, 23 Nov 2026 06:30:30 GMT")
    assert decision == Again(after=30 * SECOND, reason="503 Service Unavailable", is_slow_down=True)


@pytest.mark.parametrize(
    ("cause", "decision"),
    [
        (Cause.POISON, Divide(reason="w")),
        (Cause.TOO_LARGE, Divide(reason="w")),
        (Cause.BUSY, Again(after=7 * SECOND, reason="w", is_slow_down=True)),
        (Cause.PENDING, Doubt(reason="w", after=7 * SECOND, is_new=False)),
        (Cause.ACCOUNT, Stop(reason="w")),
        (Cause.UNCLEAR, Doubt(reason="w", after=7 * SECOND)),
        (Cause.TAKEN, Settle(outcomes=(Accepted(), Accepted()))),
    ],
)
def test_a_providers_reading_is_carried_out_whole(cause: Cause, decision: outbox.Decision) -> None:
    assert refused(200, Refusal(cause=cause, reason="w"), retry_after="7") == decision


@pytest.mark.parametrize("key", ["message", "error"])
def test_a_refusal_is_told_in_the_answers_words(key: str) -> None:
    answer = httpx.Response(400, json={key: "bad\nwords"})
    assert outbox.of_refusal(answer, None, count=1, now=NOW) == Divide(reason="400 bad words")


@given(st.integers(100, 599), st.integers(1, 5))
def test_every_status_but_a_success_has_a_meaning_and_divides_only_what_was_not_taken(status: int, count: int) -> None:
    decision = outbox.of_refusal(httpx.Response(status), None, count=count, now=NOW)
    assert not isinstance(decision, Settle)
    if isinstance(decision, Divide | Stop):
        assert 300 <= status < 500
    if status >= 500 and status != 503:
        assert isinstance(decision, Doubt)


@pytest.mark.parametrize(
    ("outcomes", "decision"),
    [
        ((), Doubt(reason="0 outcomes for 2 messages")),
        ((Accepted(),) * 3, Doubt(reason="3 outcomes for 2 messages")),
        ((Unknown(detail="first"), Unknown(detail="second")), Doubt(reason="first")),
    ],
)
def test_a_success_in_doubt_says_why(outcomes: tuple, decision: outbox.Decision) -> None:
    assert outbox.of_success(outcomes, 2) == decision


@pytest.mark.parametrize("outcome", [Accepted(), Rejected(reason="no"), Retry(reason="later")])
def test_one_known_outcome_settles_the_rest_as_unknown(outcome) -> None:
    outcomes = (Unknown(detail="?"), outcome)
    assert outbox.of_success(outcomes, 2) == Settle(outcomes=outcomes)


DAY = timedelta(hours=24)
LIMITED = Capabilities(batch_max=1, idempotency=Idempotency(lifetime=DAY))


@pytest.mark.parametrize(
    ("age", "replays", "may"),
    [
        (DAY - timedelta(minutes=2), 1, False),
        (DAY - timedelta(minutes=2, microseconds=-1), 1, False),
        (DAY - timedelta(minutes=2, microseconds=1), 1, True),
        (timedelta(), outbox.REPLAYS, True),
        (timedelta(), outbox.REPLAYS + 1, False),
        (-timedelta(minutes=5), 1, True),
        (None, 1, False),
    ],
)
def test_a_key_is_used_to_two_minutes_before_its_end(age: timedelta | None, replays: int, may: bool) -> None:
    first = None if age is None else NOW - age
    assert outbox.may_replay(LIMITED, first_sent_at=first, replays=replays, now=NOW) is may


@given(st.integers(1, 600), st.integers(1, 10_000))
def test_looks_come_later_each_time_and_the_last_is_when_it_is_settled(after: int, more: int) -> None:
    lookup = Lookup(after=after * SECOND, settled=(after + more) * SECOND)
    times, at = [NOW], NOW
    while (following := outbox.next_look(lookup, first_sent_at=NOW, now=at)) is not None:
        times.append(following)
        at = following
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert times[1] == NOW + after * SECOND
    assert times[-1] == NOW + lookup.settled
    assert all(gap > timedelta() for gap in gaps)
    assert gaps[1:-1] == sorted(gaps[1:-1])
    assert len(times) <= 20


@given(st.integers(0, 30))
def test_backoff_spreads_over_the_whole_of_its_window(attempt: int) -> None:
    chance = random.Random(attempt)
    waits = [outbox.backoff(attempt, chance).total_seconds() for _ in range(200)]
    ceiling = min(60.0, 0.5 * 2**attempt)
    assert 0.8 * ceiling < max(waits) <= ceiling
    assert min(waits) < 0.2 * ceiling


@pytest.mark.parametrize(
    ("hints", "longest"), [([], None), ([None], None), ([3, None, 9, 5], 9), ([0], 0), ([None, 0], 0)]
)
def test_the_longest_hint_counts(hints: list[int | None], longest: int | None) -> None:
    outcomes = [Retry(reason="", after=None if hint is None else hint * SECOND) for hint in hints]
    found = outbox.longest_hint([Accepted(), *outcomes, Rejected(reason="")])
    assert found == (None if longest is None else longest * SECOND)
