"""When to ask a feed again, and what its failures mean: one pure function of its row, the result, the time, a chance.

    record = policy.after(record, Failed(kind="timeout", message="…"), now=now, jitter=random())

Never a freeze: a feed that fails is asked less and less often, at least daily, and weekly once it is dead; only 410
twice, a day apart, ends the asking. A host that says it is busy is no error of the feed's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from urllib.parse import urlsplit

from digest.model import DAY, FeedRecord, FeedState, Validators

_SHORTEST, _LONGEST = timedelta(minutes=30), timedelta(hours=12)
_UNKNOWN_PACE = timedelta(hours=1)
_BASE = timedelta(minutes=30)
_FLOOR = timedelta(minutes=5)
_BUSY_LONGEST = 7 * DAY
_BUSY_UNSAID = timedelta(hours=1)
_DEAD_AFTER = 14 * DAY
_DEAD_PROBE = 7 * DAY
_OUTAGE_WAIT = timedelta(minutes=5)
_OUTAGE_HOSTS = 3
_AGREEING_REDIRECTS = 3
_UNCONDITIONAL_EVERY = 7 * DAY
_SILENT_AT_LEAST = 14 * DAY
_SILENT_USUAL = 5  # times the usual gap between two entries
_SILENT_LONGEST = 2  # times the longest gap seen
_RHYTHM = 5  # dated entries, for a rhythm to be known
_NOTED = 7 * DAY  # how long the owner finds a note in the status
OFFLINE = frozenset({"dns", "connect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A poll that worked."""

    title: str = ""
    site_url: str = ""
    validators: Validators = field(default_factory=Validators)
    body_hash: bytes | None = None  # None: not modified
    published: tuple[datetime, ...] = ()  # of the entries; () where the body was not read
    max_age: timedelta | None = None
    permanent_url: str | None = None
    is_taken: bool = False  # another subscription already has that address
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A poll that did not: the kind of FetchError, or parse; waiting: not asked, since its host was busy before."""

    kind: str
    message: str
    status: int | None = None
    retry_after: timedelta | None = None


def after(record: FeedRecord, result: Polled | Failed, *, now: datetime, jitter: float) -> FeedRecord:
    """The row after that poll. `jitter`: a chance in [0, 1)."""
    if isinstance(result, Polled):
        return _worked(record, result, now, jitter)
    said = replace(record, last_checked=now, last_error=result.message, last_error_kind=result.kind)
    if result.kind in {"busy", "waiting"}:
        return replace(said, next_check=now + busy_wait(result.retry_after))
    return _failed(said, result, now, jitter)


def spared(record: FeedRecord, failure: Failed, *, now: datetime) -> FeedRecord:
    """The row after a local outage: it counts against nobody, and is tried again soon."""
    return replace(
        record,
        last_error=failure.message,
        last_error_kind=failure.kind,
        last_checked=now,
        next_check=now + _OUTAGE_WAIT,
    )


def is_outage(asked: Sequence[str], failures: Sequence[tuple[str, Failed]]) -> bool:
    """Whether the fault is ours: more than half of the hosts asked in one cycle could not be reached at all."""
    hosts = set(asked)
    lost = {host for host, failure in failures if failure.kind in OFFLINE}
    return len(hosts) >= _OUTAGE_HOSTS and 2 * len(lost) > len(hosts)


def busy_wait(retry_after: timedelta | None) -> timedelta:
    """How long a busy host is left alone: as it asks, between 5 minutes and 7 days."""
    return min(max(retry_after or _BUSY_UNSAID, _FLOOR), _BUSY_LONGEST)


def is_due(record: FeedRecord, now: datetime) -> bool:
    """Whether it is time to ask."""
    if record.state in {FeedState.GONE, FeedState.PAUSED}:
        return False
    return record.next_check is None or record.next_check <= now


def conditions(record: FeedRecord, now: datetime) -> Validators | None:
    """What makes the next request conditional; None every 7 days, since some servers answer 304 for ever."""
    if record.last_full is None or now - record.last_full >= _UNCONDITIONAL_EVERY:
        return None
    return record.validators


def pace(published: Sequence[datetime]) -> timedelta:
    """Half the usual gap between the ten newest entries, 30 minutes to 12 hours; an hour where that is unknown."""
    newest = sorted(published, reverse=True)[:10]
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(newest)]
    if not gaps:
        return _UNKNOWN_PACE
    return min(max(timedelta(seconds=median(gaps) / 2), _SHORTEST), _LONGEST)


def silent_from(published: Sequence[datetime]) -> datetime | None:
    """When a feed counts as silent unless it publishes; None where fewer than five dated entries show no rhythm.

    From its own rhythm: its newest entry, and then five times its usual gap or twice its longest among the ten newest,
    whichever is longer; never less than 14 days.
    """
    newest = sorted(published, reverse=True)[:10]
    if len(newest) < _RHYTHM:
        return None
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(newest)]
    quiet = timedelta(seconds=max(_SILENT_USUAL * median(gaps), _SILENT_LONGEST * max(gaps)))
    return newest[0] + max(_SILENT_AT_LEAST, quiet)


def is_silent(record: FeedRecord, now: datetime) -> bool:
    """Whether it answers, and has published nothing for much longer than it used to."""
    if record.state in {FeedState.DEAD, FeedState.GONE} or record.last_ok is None:
        return False
    return record.silent_from is not None and record.silent_from <= now


def concerns(record: FeedRecord, now: datetime) -> tuple[str, ...]:
    """What the owner should know of that feed, a sentence each, the gravest first; () where all is well."""
    found = []
    if record.state is FeedState.GONE:
        found.append(f"gone: it says that it is no more ({record.last_error}); remove it")
    elif record.state is FeedState.DEAD:
        since = f" since {record.last_ok:%Y-%m-%d}" if record.last_ok else ""
        found.append(f"dead: it could not be read{since} ({record.last_error}); asked once a week")
    elif is_silent(record, now):
        found.append(f"silent: by its own rhythm something new was due by {record.silent_from:%Y-%m-%d}")
    if record.url != record.requested_url:
        found.append(f"moved: it is at {record.url} now; write that address into digest.toml")
    if record.note and (record.noted_at is None or now - record.noted_at < _NOTED):
        found.append(record.note)
    return tuple(found)


def _worked(record: FeedRecord, result: Polled, now: datetime, jitter: float) -> FeedRecord:
    usual = pace(result.published) if result.published else _former_wait(record)
    wait = usual * (0.5 + jitter if _is_among_many(record, now, usual) else 0.9 + 0.2 * jitter)
    wait = max(wait, min(result.max_age or wait, DAY))
    known = replace(
        record,
        last_checked=now,
        last_ok=now,
        next_check=now + wait,
        validators=result.validators,
        error_count=0,
        last_error=None,
        last_error_kind=None,
        state=FeedState.PAUSED if record.state is FeedState.PAUSED else FeedState.ACTIVE,
        gone_since=None,
        silent_from=silent_from([min(date, now) for date in result.published]) or record.silent_from,
    )
    known = _noted(known, result.note, now)
    if result.body_hash is not None:
        known = replace(
            known,
            last_full=now,
            body_hash=result.body_hash,
            title=result.title or record.title,
            site_url=result.site_url or record.site_url,
        )
    return _moved(known, result, now)


def _is_among_many(record: FeedRecord, now: datetime, usual: timedelta) -> bool:
    """Whether it was asked with all others: for the first time, or long after its turn, since nothing ran.

    Its next turn then lies anywhere within its usual gap: 1,000 hourly feeds were asked 581 in one minute, else, and
    none in the fifty around it.
    """
    return record.last_checked is None or (record.next_check is not None and now - record.next_check > usual / 2)


def _noted(record: FeedRecord, note: str, now: datetime) -> FeedRecord:
    """With a new note, or with the old one as long as it is fresh."""
    if note:
        return replace(record, note=note, noted_at=now)
    if record.noted_at is not None and now - record.noted_at < _NOTED:
        return record
    return replace(record, note="", noted_at=None)


def _former_wait(record: FeedRecord) -> timedelta:
    """What was waited before a body that was not read again; an hour after a failure."""
    if record.next_check is None or record.last_checked is None or record.state is not FeedState.ACTIVE:
        return _UNKNOWN_PACE
    return min(max(record.next_check - record.last_checked, _SHORTEST), _LONGEST)


def _moved(record: FeedRecord, result: Polled, now: datetime) -> FeedRecord:
    """The address moves after three polls that agree, to no worse a scheme, to no other subscription's address."""
    target = result.permanent_url
    if target is None or target == record.url or result.is_taken or _is_worse(record.url, target):
        return replace(record, redirect_target=None, redirect_seen=0)
    seen = record.redirect_seen + 1 if target == record.redirect_target else 1
    if seen < _AGREEING_REDIRECTS:
        return replace(record, redirect_target=target, redirect_seen=seen)
    note = "; ".join(filter(None, (result.note, f"moved for good from {record.url} to {target}")))
    return _noted(replace(record, url=target, redirect_target=None, redirect_seen=0), note, now)


def _is_worse(url: str, target: str) -> bool:
    return urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https"


def _failed(record: FeedRecord, failure: Failed, now: datetime, jitter: float) -> FeedRecord:
    count = record.error_count + 1
    gone_since = (record.gone_since or now) if failure.status == 410 else None
    failing = replace(
        record, error_count=count, gone_since=gone_since, redirect_target=None, redirect_seen=0, next_check=None
    )
    if gone_since and now - gone_since >= DAY:
        return replace(failing, state=FeedState.GONE)
    if failing.state is FeedState.PAUSED:
        return failing
    if record.last_ok is not None and now - record.last_ok >= _DEAD_AFTER:
        return replace(failing, state=FeedState.DEAD, next_check=now + _DEAD_PROBE)
    wait = DAY if gone_since else max(_FLOOR, backoff(count) * jitter)
    return replace(failing, state=FeedState.BACKOFF, next_check=now + wait)


def backoff(errors: int) -> timedelta:
    """The longest wait after so many errors in a row: 1 h, 2 h, 4 h … 24 h."""
    return min(_BASE * (1 << min(errors, 10)), DAY)
