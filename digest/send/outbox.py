"""What an answer, or none, means for the ledger: decisions, no effects. The table of the outcomes, row by row.

| seen | means | done |
|---|---|---|
| no connection | not sent | `Again` |
| cut or timed out after the request began | unknown | `Doubt`: replayed under its key, or held |
| 2xx | what it says of each recipient | `Settle` |
| 429, 503 | not taken | `Again`, slower, when Retry-After says |
| 500, 502, 504, 408 | unknown | `Doubt` |
| 400, 422 and the like | poison inside | `Divide`, down to the one address: rejected |
| 413 | too large | `Divide` |
| 401, 402, 403, a bad sender | the account | `Stop`: nothing is consumed |
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from digest.send.providers.base import (
    Accepted,
    Capabilities,
    Cause,
    Lookup,
    Outcome,
    Refusal,
    Rejected,
    Retry,
    Unknown,
    said,
)

REPLAYS = 6  # requests without a clear answer, before a batch is held for the owner; deaths of senders aside
_MARGIN = timedelta(minutes=2)  # of a key's lifetime, for clocks that differ and answers under way
_BASE_S, _CAP_S = 0.5, 60.0
_SOON = timedelta(seconds=1)
_LONGEST = timedelta(days=1)  # a Retry-After beyond is not believed
_NOT_SENT = (httpx.PoolTimeout, httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
_UNFORMED = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)
_UNCLEAR = frozenset({408, 500, 502, 504})
_ACCOUNT = frozenset({401, 402, 403, 404, 405})
_BUSY = frozenset({425, 429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Each member's outcome is known, or known to be unknown."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Surely not taken: free to go again, afresh."""

    after: timedelta | None  # the provider's hint; None: by our own backoff
    reason: str
    is_slow_down: bool = False  # the provider says we are too fast
    is_down: bool = False  # it could not be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """May have been taken."""

    reason: str
    after: timedelta | None = None
    is_new: bool = True  # False: an earlier request is still at work, this one was not


@dataclass(frozen=True, slots=True, kw_only=True)
class Divide:
    """Surely not taken, and never will be as one: the first half and the rest go on apart."""

    reason: str  # of a single message: it is rejected for this


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The account is refused: the run ends, the batch is as it was."""

    reason: str


Decision = Settle | Again | Doubt | Divide | Stop


def of_error(error: httpx.RequestError) -> Again | Doubt | Stop:
    """The meaning of a request without an answer. Holds for httpcore's transport (contract test).

    >>> of_error(httpx.ConnectError("refused")).reason
    'ConnectError: refused'
    >>> type(of_error(httpx.ReadTimeout(""))).__name__
    'Doubt'
    """
    reason = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, _UNFORMED):
        return Stop(reason=f"the request cannot be formed ({reason}); look at api_key and base_url")
    if isinstance(error, _NOT_SENT):
        return Again(after=None, reason=reason, is_down=True)
    return Doubt(reason=reason)


def of_success(outcomes: tuple[Outcome, ...], count: int) -> Settle | Doubt:
    """The meaning of a 2xx, as its provider decoded it. All unknown: of the batch; some: of those alone.

    Unless every outcome is known, those that are not are held: a replay would carry the others too.
    """
    if len(outcomes) != count:
        return Doubt(reason=f"{len(outcomes)} outcomes for {count} messages")
    if all(isinstance(outcome, Unknown) for outcome in outcomes):
        return Doubt(reason=next(o.detail for o in outcomes if isinstance(o, Unknown)))
    return Settle(outcomes=outcomes)


def of_refusal(response: httpx.Response, refusal: Refusal | None, *, count: int, now: datetime) -> Decision:
    """The meaning of any other status for `count` messages: as its provider reads it, else as the status says."""
    read = refusal or Refusal(cause=_cause(response.status_code), reason=said(response, "message", "error"))
    after = retry_after(response.headers.get("retry-after"), now=_its_clock(response) or now)
    match read.cause:
        case Cause.POISON | Cause.TOO_LARGE:
            return Divide(reason=read.reason)
        case Cause.BUSY:
            return Again(after=after, reason=read.reason, is_slow_down=True)
        case Cause.PENDING:
            return Doubt(reason=read.reason, after=after or _SOON, is_new=False)
        case Cause.ACCOUNT:
            return Stop(reason=read.reason)
        case Cause.TAKEN:
            return Settle(outcomes=(Accepted(),) * count)
        case Cause.UNCLEAR:
            return Doubt(reason=read.reason, after=after)


def _cause(status: int) -> Cause:
    if status in _BUSY:
        return Cause.BUSY
    if status in _ACCOUNT or 300 <= status < 400:  # a redirect: base_url is not the API
        return Cause.ACCOUNT
    if status == 413:
        return Cause.TOO_LARGE
    if 400 <= status < 500 and status not in _UNCLEAR and status != 409:
        return Cause.POISON
    return Cause.UNCLEAR  # 5xx, 408, 409, anything odd


def may_replay(
    capabilities: Capabilities,
    *,
    first_sent_at: datetime | None,
    replays: int,
    now: datetime,
) -> bool:
    """Whether the same bytes under the same key would be known as the same request."""
    known = capabilities.idempotency
    if known is None or replays > REPLAYS:
        return False
    if known.lifetime is None:
        return True
    return first_sent_at is not None and now < first_sent_at + known.lifetime - _MARGIN


def next_look(lookup: Lookup, *, first_sent_at: datetime, now: datetime) -> datetime | None:
    """When to ask what became of a request: after a while, then ever more seldom; None once it is settled."""
    last = first_sent_at + lookup.settled
    at = first_sent_at + lookup.after
    while at <= now and at < last:
        at = first_sent_at + (at - first_sent_at) * 2
    at = min(at, last)
    return at if at > now else None


def backoff(attempt: int, chance: random.Random) -> timedelta:
    """Full jitter: between nothing and twice as much each time, from half a second to a minute. `attempt` from 0."""
    return timedelta(seconds=chance.uniform(0, min(_CAP_S, _BASE_S * 2 ** min(attempt, 16))))


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """A Retry-After header in either form (RFC 9110 §10.2.3); None where there is none or it makes no sense.

    >>> retry_after("120", now=datetime(2026, 11, 23, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    >>> retry_after("Mon, 23 Nov 2026 00:01:00 GMT", now=datetime(2026, 11, 23, tzinfo=UTC))
    datetime.timedelta(seconds=60)
    """
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta(0)), _LONGEST)


def _its_clock(response: httpx.Response) -> datetime | None:
    """The provider's own time (RFC 9110 §6.6.1): a date of its Retry-After is meant by that clock, not by ours."""
    try:
        at = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo else None


def reason_of(outcome: Outcome) -> str | None:
    """Why, in the outcome's own words; None for an accepted one."""
    match outcome:
        case Accepted():
            return None
        case Unknown():
            return outcome.detail
        case Rejected():
            return f"{outcome.code} {outcome.reason}".strip()
        case Retry():
            return outcome.reason


def longest_hint(outcomes: Sequence[Outcome]) -> timedelta | None:
    """The longest wait that any outcome asks for."""
    hints = [outcome.after for outcome in outcomes if isinstance(outcome, Retry) and outcome.after is not None]
    return max(hints, default=None)
