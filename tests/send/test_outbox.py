"""The table of outcomes, row by row."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.send import outbox
from digest.send.outbox import Again, Divide, Doubt, Settle, Stop
from digest.send.providers.base import Accepted, Capabilities, Cause, Idempotency, Refusal, Rejected, Retry, Unknown

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (httpx.PoolTimeout, Again),
        (httpx.ConnectError, Again),
        (httpx.ConnectTimeout, Again),
        (httpx.WriteError, Doubt),
        (httpx.WriteTimeout, Doubt),
        (httpx.ReadError, Doubt),
        (httpx.ReadTimeout, Doubt),
        (httpx.RemoteProtocolError, Doubt),
        (httpx.DecodingError, Doubt),
        (httpx.LocalProtocolError, Stop),
        (httpx.UnsupportedProtocol, Stop),
    ],
)
def test_an_error_means(error: type[httpx.RequestError], meaning: type) -> None:
    assert type(outbox.of_error(error("what happened"))) is meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(s, Doubt) for s in (408, 409, 500, 502, 504, 501, 599)]
    + [(s, Again) for s in (429, 503, 425)]
    + [(s, Divide) for s in (400, 422, 413, 415, 451)]
    + [(s, Stop) for s in (401, 402, 403, 404, 405, 301, 308)],
)
def test_a_status_means(status: int, meaning: type) -> None:
    assert type(outbox.of_refusal(httpx.Response(status), None, count=3, now=NOW)) is meaning


@settings(max_examples=60, deadline=None)
@given(st.integers(300, 599), st.binary(max_size=40), st.one_of(st.none(), st.text(max_size=30)))
def test_no_answer_but_a_success_is_ever_accepted(status: int, body: bytes, hint: str | None) -> None:
    headers = {"Retry-After": hint.encode()} if hint is not None and hint.isprintable() else {}
    answer = httpx.Response(status, content=body, headers=headers)
    assert not isinstance(outbox.of_refusal(answer, None, count=1, now=NOW), Settle)


@pytest.mark.parametrize(
    ("cause", "meaning"),
    [
        (Cause.POISON, Divide),
        (Cause.TOO_LARGE, Divide),
        (Cause.BUSY, Again),
        (Cause.PENDING, Doubt),
        (Cause.ACCOUNT, Stop),
        (Cause.UNCLEAR, Doubt),
        (Cause.TAKEN, Settle),
    ],
)
def test_what_the_provider_reads_goes_before_the_status(cause: Cause, meaning: type) -> None:
    refusal = Refusal(cause=cause, reason="its words")
    assert type(outbox.of_refusal(httpx.Response(400), refusal, count=3, now=NOW)) is meaning


def test_a_request_still_at_work_is_asked_again_soon_and_counts_for_none() -> None:
    refusal = Refusal(cause=Cause.PENDING, reason="concurrent")
    decision = outbox.of_refusal(httpx.Response(409), refusal, count=3, now=NOW)
    assert decision == Doubt(reason="concurrent", after=timedelta(seconds=1), is_new=False)


@pytest.mark.parametrize("form", ["7", format_datetime(NOW + timedelta(seconds=7), usegmt=True)])
def test_retry_after_is_obeyed_in_both_forms(form: str) -> None:
    decision = outbox.of_refusal(httpx.Response(429, headers={"Retry-After": form}), None, count=1, now=NOW)
    assert isinstance(decision, Again)
    assert (decision.after, decision.is_slow_down) == (timedelta(seconds=7), True)


def test_a_date_is_meant_by_the_clock_that_wrote_it() -> None:
    theirs = NOW + timedelta(hours=3)
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry-After": format_datetime(theirs + timedelta(seconds=9), usegmt=True),
    }
    decision = outbox.of_refusal(httpx.Response(503, headers=headers), None, count=1, now=NOW)
    assert isinstance(decision, Again)
    assert decision.after == timedelta(seconds=9)


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_retry_after_is_a_wait_of_at_most_a_day_or_none(text: str) -> None:
    wait = outbox.retry_after(text, now=NOW)
    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)


def test_a_success_that_tells_of_nobody_is_doubt() -> None:
    assert isinstance(outbox.of_success((Unknown(detail="a page"),) * 2, 2), Doubt)
    assert isinstance(outbox.of_success((Accepted(),), 2), Doubt)


def test_a_mixed_success_is_settled_one_by_one() -> None:
    outcomes = (Accepted(provider_id="1"), Rejected(reason="no"), Unknown(detail="?"))
    assert outbox.of_success(outcomes, 3) == Settle(outcomes=outcomes)


def capabilities(lifetime: timedelta | None) -> Capabilities:
    return Capabilities(batch_max=1, idempotency=Idempotency(lifetime=lifetime))


@pytest.mark.parametrize(
    ("able", "age_h", "replays", "may"),
    [
        (capabilities(timedelta(hours=24)), 1, 1, True),
        (capabilities(timedelta(hours=24)), 23.99, 1, False),
        (capabilities(timedelta(hours=24)), 1, outbox.REPLAYS + 1, False),
        (capabilities(None), 10_000, 1, True),
        (Capabilities(batch_max=1), 0, 1, False),
    ],
)
def test_a_replay_needs_a_key_that_lives(able: Capabilities, age_h: float, replays: int, may: bool) -> None:
    first = NOW - timedelta(hours=age_h)
    assert outbox.may_replay(able, first_sent_at=first, replays=replays, now=NOW) is may


@given(st.integers(0, 1000), st.integers())
@settings(deadline=None)
def test_backoff_is_between_nothing_and_a_minute(attempt: int, seed: int) -> None:
    assert timedelta(0) <= outbox.backoff(attempt, random.Random(seed)) <= timedelta(minutes=1)


def test_reasons_are_the_outcomes_own_words() -> None:
    outcomes = (Accepted(), Rejected(code="406", reason="inactive"), Retry(reason="later"), Unknown(detail="what"))
    assert [outbox.reason_of(outcome) for outcome in outcomes] == [None, "406 inactive", "later", "what"]
    assert outbox.longest_hint(
        (Retry(reason="", after=timedelta(2)), Retry(reason="", after=timedelta(3)))
    ) == timedelta(3)
    assert outbox.longest_hint(outcomes) is None
