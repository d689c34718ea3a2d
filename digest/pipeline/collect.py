"""Collect: fetch what is due, find what is new, read its pages, clean, store: each feed whole or not at all.

Validators are saved with the entries they belong to, never before: whoever stops in between fetches again and loses
nothing. One bad feed, page or article never stops the others.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.collect import identity, policy, reading
from digest.collect.addresses import authority
from digest.config import FeedSettings
from digest.errors import DatabaseAway, DigestError, FetchError, ParseError, WorkerError
from digest.model import FeedRecord, FeedState, Seen, SourceKind
from digest.pipeline import sources, storing, texts
from digest.pipeline.kit import Kit
from digest.pipeline.single import find_feed, find_source, page
from digest.pipeline.storing import Outcome, Ready, Storing
from digest.store import articles, hosts, keys, lines
from digest.store import feeds as rows

__all__ = ["CollectReport", "FeedReport", "feed", "find_feed", "find_source", "newsletter_feeds", "page"]
_AT_ONCE = 16  # feeds in flight: their bodies are in memory
_PARSE_S = 20.0
_MOST_HASH_CHANGES = 24  # a text that changed so often has a clock or a counter in it
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReport:
    """How one feed fared."""

    url: str  # as configured
    state: FeedState
    new: int = 0
    error: str | None = None  # None where all is well, 304 included
    warnings: tuple[str, ...] = ()
    asked: bool = True  # False where it was not due


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReport:
    """How a newsletter's feeds fared, in the order configured."""

    feeds: tuple[FeedReport, ...]

    @property
    def articles(self) -> int:
        """How many are new."""
        return sum(report.new for report in self.feeds)

    @property
    def failed(self) -> tuple[FeedReport, ...]:
        """The feeds that were asked and failed."""
        return tuple(report for report in self.feeds if report.asked and report.error)


@dataclass(slots=True, kw_only=True)
class _Cycle:
    """What the polls of one cycle share: the hosts that asked to be left alone, and one way into the store."""

    closed: dict[str, datetime]
    storing: Storing


async def feed(kit: Kit, url: str, settings: FeedSettings, *, force: bool = False) -> FeedReport:
    """Polls one feed; `force` asks also where it is not due."""
    report = await newsletter_feeds(kit, [settings.model_copy(update={"url": url})], everything=force)
    return report.feeds[0]


async def newsletter_feeds(kit: Kit, feeds: Sequence[FeedSettings], *, everything: bool) -> CollectReport:
    """Polls those that are due (`everything`: all) side by side.

    A host that said until when it is busy (Retry-After) is left alone in any case, and the report names it; one that
    only said that it is (429, 503) for an hour, or until the owner asks for `everything`.
    """
    now = kit.now()
    by_url = {settings.url: settings for settings in feeds}
    async with kit.database.write() as connection:
        records = await rows.ensure(connection, list(by_url))
        closed = await hosts.closed(connection, now=now)
        unsaid = {} if everything else _closed_by(await rows.busy(connection, now=now))
        cycle = _Cycle(closed={**unsaid, **closed}, storing=Storing(kit))
    due = [record for record in records if everything or policy.is_due(record, now)]
    gate = asyncio.Semaphore(_AT_ONCE)
    outcomes = await _all(_guarded(kit, record, by_url[record.requested_url], cycle, gate) for record in due)
    reports = {report.url: report for report in await _settle(kit, outcomes)}
    return CollectReport(feeds=tuple(reports.get(record.requested_url) or _skipped(record) for record in records))


async def _all(polls: Iterable[Coroutine[None, None, Outcome]]) -> list[Outcome]:
    """Every poll's outcome once all have ended; DatabaseAway where the store was not there for one of them."""
    ended = await asyncio.gather(*polls, return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException):
            raise each
    return [each for each in ended if isinstance(each, Outcome)]


def _closed_by(busy: Mapping[str, datetime]) -> dict[str, datetime]:
    """The hosts of those feeds, each with the latest of their times."""
    closed: dict[str, datetime] = {}
    for url, until in busy.items():
        host = authority(url)
        closed[host] = max(until, closed.get(host, until))
    return closed


def _skipped(record: FeedRecord) -> FeedReport:
    return FeedReport(url=record.requested_url, state=record.state, error=record.last_error, asked=False)


async def _guarded(
    kit: Kit, record: FeedRecord, settings: FeedSettings, cycle: _Cycle, gate: asyncio.Semaphore
) -> Outcome:
    """One poll, whose failure is a result. DatabaseAway is none of its own: nothing is stored, nothing counts."""
    async with gate, cycle.storing.at_work():
        found = await _tried(kit, record, settings, cycle)
    if isinstance(found, Outcome):
        return found
    try:
        return await cycle.storing.store(found)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 — as below
        return Outcome(before=record, result=_crashed(record, error))


async def _tried(kit: Kit, record: FeedRecord, settings: FeedSettings, cycle: _Cycle) -> Outcome | Ready:
    """What a poll brought, not stored yet; its failure as a result."""
    try:
        return await _poll(kit, record, settings, cycle)
    except FetchError as error:
        failure = policy.Failed(kind=error.kind, message=str(error), status=error.status, retry_after=error.retry_after)
        if error.kind == "busy":
            cycle.closed[authority(record.url)] = kit.now() + policy.busy_wait(error.retry_after)
    except WorkerError as error:
        failure = policy.Failed(kind="work", message=f"{record.url}: cannot be read within the limits ({error})")
    except DatabaseAway:
        raise
    except DigestError as error:
        failure = policy.Failed(kind="parse" if isinstance(error, ParseError) else "work", message=str(error))
    except Exception as error:  # noqa: BLE001 — the others go on; this one is named in the report and the log
        failure = _crashed(record, error)
    return Outcome(before=record, result=failure)


def _crashed(record: FeedRecord, error: Exception) -> policy.Failed:
    _log.error("feed.crashed", extra={"feed": record.requested_url}, exc_info=error)
    return policy.Failed(kind="internal", message=f"{record.url}: {type(error).__name__}: {error}")


# ------------------------------------------------------------------ one poll


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is stored of a feed, as far as reading its next answer needs."""

    articles: dict[int, Seen]
    furniture: frozenset[bytes]


async def _poll(kit: Kit, record: FeedRecord, settings: FeedSettings, cycle: _Cycle) -> Outcome | Ready:
    now = kit.now()
    until = cycle.closed.get(authority(record.url))
    if until is not None and until > now:
        host = authority(record.url)
        message = (
            f"{record.url}: not asked: its host {host} was busy and is left alone until {until:%Y-%m-%d %H:%M} UTC"
        )
        raise FetchError(message, kind="waiting", retry_after=until - now)
    kind = SourceKind(settings.kind)
    answer = await sources.ask(kit, record, kind, now)
    if answer.body_hash is None or answer.body_hash == record.body_hash:
        return Outcome(before=record, result=_unchanged(answer))
    known = await _known(kit, record, now)
    wishes = reading.Wishes(
        kind=kind,
        full_text=settings.full_text,
        known=frozenset(seen.content_hash for seen in known.articles.values()),
        furniture=known.furniture,
    )
    fetched = answer.fetched
    read = await kit.workers.run(
        reading.source, answer.bodies, fetched.url, fetched.content_type, wishes, timeout_s=_PARSE_S
    )
    poll = texts.Poll(record=record, settings=settings, answer=answer, read=read, now=now)
    found = await _sort(kit, poll, known)
    return Ready(poll=poll, found=found, drafts=await texts.written(kit, poll, found))


def _unchanged(answer: sources.Answer) -> policy.Polled:
    """No entry is new, so the row can wait for the cycle's end: one transaction for all that did not change."""
    fetched = answer.fetched
    return policy.Polled(
        validators=fetched.validators,
        body_hash=answer.body_hash,
        max_age=fetched.max_age,
        permanent_url=fetched.permanent_url,
    )


async def _known(kit: Kit, record: FeedRecord, now: datetime) -> _Known:
    """Nothing before the first answer: the store need not be asked."""
    if record.last_full is None:
        return _Known(articles={}, furniture=frozenset())

    def look(connection: Connection) -> _Known:
        furniture = lines.frequent_in(connection, record.id, now=now)
        return _Known(articles=articles.seen_of(connection, record.id), furniture=furniture)

    return await kit.database.look(look)


async def _sort(kit: Kit, poll: texts.Poll, known: _Known) -> texts.Found:
    """Which entries are new, edited, known; which of the new wait."""
    record = poll.record
    marks = [piece.marks for piece in poll.read.pieces]
    stored, owners = known.articles, dict[identity.Key, int]()
    if stored:
        wanted = [key for mark in marks for key in identity.lookups(mark)]
        owners, older = await kit.database.look(lambda connection: _owners(connection, record.id, wanted, stored))
        stored = {**stored, **older}
    matches = identity.match(marks, identity.Known(keys=owners, articles=stored))
    fresh = tuple(m for m in matches if m.article_id is None)
    edited = tuple(m for m in matches if m.article_id is not None and _is_edited(m, stored[m.article_id]))
    held, note = _held(record, fresh, len(marks), poll.now)
    return texts.Found(
        matches=matches,
        fresh=fresh,
        edited=edited,
        stored=stored,
        held=held,
        furniture=known.furniture,
        owners=owners,
        note=note,
    )


def _owners(
    connection: Connection, feed_id: int, wanted: Sequence[identity.Key], stored: Mapping[int, Seen]
) -> tuple[dict[identity.Key, int], dict[int, Seen]]:
    """Whose those keys are, and the articles among their owners that are not known yet."""
    owners = keys.owners_of(connection, feed_id, wanted)
    return owners, articles.seen_by_id(connection, frozenset(owners.values()) - stored.keys())


def _is_edited(match: identity.Match, seen: Seen) -> bool:
    """Whether the publisher changed it, and not merely a counter in it for the 25th time."""
    if match.marks.content_hash == seen.content_hash:
        return False
    return seen.hash_changes < _MOST_HASH_CHANGES or match.marks.title != identity.fold(seen.title)


def _held(
    record: FeedRecord, fresh: Sequence[identity.Match], entries: int, now: datetime
) -> tuple[frozenset[int], str]:
    """The new entries that stay out of the next issue, and what the owner should know of it."""
    if record.last_ok is None:
        return identity.held_at_first(fresh, now=now, since=record.since), ""
    held = identity.held_in_flood(fresh, entries, last_poll=record.last_ok)
    if not held:
        return held, ""
    return held, f"flooded: {len(fresh)} of {entries} entries were new at once; {len(held)} older ones are held back"


# ------------------------------------------------------------------ the end of a cycle


async def _settle(kit: Kit, outcomes: Sequence[Outcome]) -> list[FeedReport]:
    """Judges the failures together: where most hosts are out of reach, the fault is ours and counts against nobody."""
    now = kit.now()
    failures = [(authority(o.before.url), o.result) for o in outcomes if isinstance(o.result, policy.Failed)]
    asked = [authority(outcome.before.url) for outcome in outcomes]
    outage = policy.is_outage(asked, failures)
    if outage:
        _log.warning("most hosts out of reach", extra={"hosts": len(set(asked)), "failed": len(failures)})
    judged: dict[str, FeedRecord] = {}
    async with kit.database.write() as connection:
        taken: set[str] = set()
        for outcome in outcomes:
            if outcome.result is not None:
                after = await _judged(connection, outcome.before, outcome.result, now, outage=outage, taken=taken)
                judged[outcome.before.requested_url] = after
        await rows.save(connection, *judged.values())
    return [_reported(outcome, judged.get(outcome.before.requested_url), now) for outcome in outcomes]


async def _judged(
    connection: AsyncConnection,
    before: FeedRecord,
    result: policy.Polled | policy.Failed,
    now: datetime,
    *,
    outage: bool,
    taken: set[str],
) -> FeedRecord:
    if isinstance(result, policy.Polled):
        result = await storing.with_target(connection, before, result, taken)
    elif outage and result.kind in policy.OFFLINE:
        return policy.spared(before, result, now=now)
    else:
        await _close_host(connection, before, result, now)
    return policy.after(before, result, now=now, jitter=storing.chance())


async def _close_host(connection: AsyncConnection, record: FeedRecord, failure: policy.Failed, now: datetime) -> None:
    """A host that says until when it is busy is left alone with all its feeds, whoever asks.

    Where it does not say, the row of the feed that was answered so tells it: the wait is a guess of ours.
    """
    if failure.kind == "busy" and failure.retry_after is not None:
        until = now + policy.busy_wait(failure.retry_after)
        await hosts.close(connection, authority(record.url), until=until)


def _reported(outcome: Outcome, judged: FeedRecord | None, now: datetime) -> FeedReport:
    after = judged or outcome.after or outcome.before
    _log_change(outcome.before, after, now)
    return FeedReport(
        url=outcome.before.requested_url,
        state=after.state,
        new=outcome.new,
        error=outcome.result.message if isinstance(outcome.result, policy.Failed) else None,
        warnings=outcome.warnings,
    )


def _log_change(before: FeedRecord, after: FeedRecord, now: datetime) -> None:
    """What the owner should hear of once: dead, gone, back again, moved, flooded, silent."""
    feed = {"feed": after.requested_url}
    if after.state is not before.state and {after.state, before.state} & {FeedState.DEAD, FeedState.GONE}:
        _log.warning("feed.state", extra={**feed, "was": before.state.value, "now": after.state.value})
    if after.note and (after.note, after.noted_at) != (before.note, before.noted_at):
        _log.warning("feed.note", extra={**feed, "note": after.note})
    was_silent = before.last_checked is not None and policy.is_silent(before, before.last_checked)
    if policy.is_silent(after, now) and not was_silent:
        _log.warning("feed.silent", extra={**feed, "due": after.silent_from})
