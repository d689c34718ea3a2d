"""Collect: fetch what is due, find what is new, read its pages, clean, store. One transaction for each feed.

Validators are saved with the entries they belong to, never before: whoever stops in between fetches again and loses
nothing. One bad feed, page or article never stops the others.
"""

import asyncio
import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.collect import identity, policy, reading
from digest.collect.addresses import authority
from digest.collect.fetch import Fetched
from digest.config import FeedSettings
from digest.errors import DigestError, FetchError, ParseError
from digest.model import FeedRecord, FeedState, Seen
from digest.pipeline import texts
from digest.pipeline.kit import Kit
from digest.pipeline.single import find_feed, page
from digest.store import articles, hosts, keys, lines
from digest.store import feeds as rows

__all__ = ["CollectReport", "FeedReport", "feed", "find_feed", "newsletter_feeds", "page"]
_AT_ONCE = 16  # feeds in flight: their bodies are in memory
_PARSE_S = 20.0
_MOST_HASH_CHANGES = 24  # a text that changed so often has a clock or a counter in it
_log = structlog.get_logger()


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
    """What the polls of one cycle share: the hosts that asked to be left alone."""

    closed: dict[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """A poll's end; what brought entries is stored already, what did not is judged and stored with the others."""

    before: FeedRecord
    result: policy.Polled | policy.Failed | None = None  # None: stored already
    after: FeedRecord | None = None
    new: int = 0
    warnings: tuple[str, ...] = ()


async def feed(kit: Kit, url: str, settings: FeedSettings, *, force: bool = False) -> FeedReport:
    """Polls one feed; `force` asks also where it is not due."""
    report = await newsletter_feeds(kit, [settings.model_copy(update={"url": url})], everything=force)
    return report.feeds[0]


async def newsletter_feeds(kit: Kit, feeds: Sequence[FeedSettings], *, everything: bool) -> CollectReport:
    """Polls those that are due (`everything`: all) side by side. A host that asked to be left alone is, in any case."""
    now = kit.now()
    by_url = {settings.url: settings for settings in feeds}
    async with kit.database.write() as connection:
        records = await rows.ensure(connection, list(by_url))
        cycle = _Cycle(closed=await hosts.closed(connection, now=now))
    due = [record for record in records if everything or policy.is_due(record, now)]
    gate = asyncio.Semaphore(_AT_ONCE)
    outcomes = await asyncio.gather(
        *(_guarded(kit, record, by_url[record.requested_url], cycle, gate) for record in due)
    )
    reports = {report.url: report for report in await _settle(kit, outcomes)}
    return CollectReport(feeds=tuple(reports.get(record.requested_url) or _skipped(record) for record in records))


def _skipped(record: FeedRecord) -> FeedReport:
    return FeedReport(url=record.requested_url, state=record.state, error=record.last_error, asked=False)


async def _guarded(
    kit: Kit, record: FeedRecord, settings: FeedSettings, cycle: _Cycle, gate: asyncio.Semaphore
) -> _Outcome:
    """One poll, whose failure is a result."""
    async with gate:
        try:
            return await _poll(kit, record, settings, cycle)
        except FetchError as error:
            failure = policy.Failed(
                kind=error.kind, message=str(error), status=error.status, retry_after=error.retry_after
            )
            if error.kind == "busy" and error.status is not None:
                cycle.closed[authority(record.url)] = kit.now() + policy.busy_wait(error.retry_after)
        except DigestError as error:
            failure = policy.Failed(kind="parse" if isinstance(error, ParseError) else "work", message=str(error))
        except Exception as error:  # noqa: BLE001 — the others go on; this one is named in the report and the log
            _log.exception("collect.crashed", feed=record.requested_url)
            failure = policy.Failed(kind="internal", message=f"{record.url}: {type(error).__name__}: {error}")
    return _Outcome(before=record, result=failure)


# ------------------------------------------------------------------ one poll


async def _poll(kit: Kit, record: FeedRecord, settings: FeedSettings, cycle: _Cycle) -> _Outcome:
    now = kit.now()
    until = cycle.closed.get(authority(record.url))
    if until is not None and until > now:
        message = f"{record.url}: its host asked to be left alone until {until:%Y-%m-%d %H:%M} UTC"
        raise FetchError(message, kind="busy", retry_after=until - now)
    fetched = await kit.fetcher.feed(record.url, validators=policy.conditions(record, now))
    body_hash = None if fetched.not_modified else hashlib.sha256(fetched.body).digest()
    if body_hash is None or body_hash == record.body_hash:
        return _Outcome(before=record, result=_unchanged(fetched, body_hash))
    read = await kit.workers.run(reading.read, fetched.body, fetched.url, fetched.content_type, timeout_s=_PARSE_S)
    poll = texts.Poll(record=record, settings=settings, fetched=fetched, body_hash=body_hash, read=read, now=now)
    found = await _sort(kit, poll)
    return await _store(kit, poll, found, await texts.written(kit, poll, found))


def _unchanged(fetched: Fetched, body_hash: bytes | None) -> policy.Polled:
    """No entry is new, so the row can wait for the cycle's end: one transaction for all that did not change."""
    return policy.Polled(
        validators=fetched.validators,
        body_hash=body_hash,
        max_age=fetched.max_age,
        permanent_url=fetched.permanent_url,
    )


async def _sort(kit: Kit, poll: texts.Poll) -> texts.Found:
    """Which entries are new, edited, known; which of the new wait."""
    record = poll.record
    marks = [piece.marks for piece in poll.read.pieces]
    wanted = [key for mark in marks for key in identity.lookups(mark)]
    async with kit.database.read() as connection:
        owners = await keys.owners(connection, record.id, wanted)
        stored = await articles.seen(connection, record.id, also=frozenset(owners.values()))
        furniture = await lines.frequent(connection, record.id, now=poll.now)
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
        furniture=furniture,
        owners=owners,
        note=note,
    )


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


async def _store(kit: Kit, poll: texts.Poll, found: texts.Found, drafts: texts.Drafts) -> _Outcome:
    """Entries, keys, lines and validators in one transaction; nothing where another process polled meanwhile."""
    record = poll.record
    async with kit.database.write() as connection:
        current = await rows.locked(connection, record.id)
        if current is None or current.last_checked != record.last_checked:
            return _Outcome(before=record, after=current or record)
        ids = await articles.add(connection, record.id, [drafts.stored[m.entry] for m in found.fresh])
        edited = {m.article_id: drafts.stored[m.entry] for m in found.edited if m.article_id is not None}
        await articles.revise(connection, edited)
        by_place = {m.entry: m.article_id for m in found.matches if m.article_id is not None}
        by_place.update({m.entry: i for m, i in zip(found.fresh, ids, strict=True)})
        await _store_keys(connection, record.id, found, drafts, by_place)
        noted = [(by_place[place], hashes) for place, hashes in drafts.lines.items()]
        await lines.add(connection, record.id, noted, at=poll.now)
        after = policy.after(record, await _polled(connection, poll, found), now=poll.now, jitter=_chance())
        await rows.save(connection, after)
    warnings = tuple(filter(None, (found.note, *drafts.warnings)))
    return _Outcome(before=record, after=after, new=len(ids), warnings=warnings)


async def _store_keys(
    connection: AsyncConnection, feed_id: int, found: texts.Found, drafts: texts.Drafts, by_place: Mapping[int, int]
) -> None:
    """Every key an entry has now: those it was not known by yet are added, so that ids may change one at a time."""
    owned = {key: by_place[m.entry] for m in found.matches for key in m.marks.keys}
    owned.update({key: by_place[place] for place, key in drafts.canonical.items()})
    await keys.move(connection, feed_id, {key: owned[key] for key in found.reused()})
    await keys.add(connection, feed_id, owned)


async def _polled(connection: AsyncConnection, poll: texts.Poll, found: texts.Found) -> policy.Polled:
    read, fetched = poll.read, poll.fetched
    return policy.Polled(
        title=read.feed.title,
        site_url=read.feed.site_url,
        validators=fetched.validators,
        body_hash=poll.body_hash,
        published=tuple(piece.entry.published for piece in read.pieces if piece.entry.published),
        max_age=fetched.max_age,
        permanent_url=fetched.permanent_url,
        is_taken=await _is_taken(connection, poll.record, fetched.permanent_url),
        note=found.note,
    )


async def _is_taken(connection: AsyncConnection, record: FeedRecord, target: str | None) -> bool:
    return target is not None and await rows.is_taken(connection, target, by_other_than=record.id)


def _chance() -> float:
    return random.random()  # noqa: S311 — jitter, no secret


# ------------------------------------------------------------------ the end of a cycle


async def _settle(kit: Kit, outcomes: Sequence[_Outcome]) -> list[FeedReport]:
    """Judges the failures together: where most hosts are out of reach, the fault is ours and counts against nobody."""
    now = kit.now()
    failures = [(authority(o.before.url), o.result) for o in outcomes if isinstance(o.result, policy.Failed)]
    asked = [authority(outcome.before.url) for outcome in outcomes]
    outage = policy.is_outage(asked, failures)
    if outage:
        _log.warning("collect.outage", hosts=len(set(asked)), failed=len(failures))
    judged: dict[str, FeedRecord] = {}
    async with kit.database.write() as connection:
        for outcome in outcomes:
            if outcome.result is not None:
                after = await _judged(connection, outcome.before, outcome.result, now, outage=outage)
                judged[outcome.before.requested_url] = after
        await rows.save(connection, *judged.values())
    return [_reported(outcome, judged.get(outcome.before.requested_url)) for outcome in outcomes]


async def _judged(
    connection: AsyncConnection,
    before: FeedRecord,
    result: policy.Polled | policy.Failed,
    now: datetime,
    *,
    outage: bool,
) -> FeedRecord:
    if isinstance(result, policy.Polled):
        if result.permanent_url is not None:
            result = replace(result, is_taken=await _is_taken(connection, before, result.permanent_url))
    elif outage and result.kind in policy.OFFLINE:
        return policy.spared(before, result, now=now)
    else:
        await _close_host(connection, before, result, now)
    return policy.after(before, result, now=now, jitter=_chance())


async def _close_host(connection: AsyncConnection, record: FeedRecord, failure: policy.Failed, now: datetime) -> None:
    """A host that says it is busy is left alone with all its feeds."""
    if failure.kind == "busy" and failure.status is not None:
        until = now + policy.busy_wait(failure.retry_after)
        await hosts.close(connection, authority(record.url), until=until)


def _reported(outcome: _Outcome, judged: FeedRecord | None) -> FeedReport:
    after = judged or outcome.after or outcome.before
    _log_change(outcome.before, after)
    return FeedReport(
        url=outcome.before.requested_url,
        state=after.state,
        new=outcome.new,
        error=outcome.result.message if isinstance(outcome.result, policy.Failed) else None,
        warnings=outcome.warnings,
    )


def _log_change(before: FeedRecord, after: FeedRecord) -> None:
    """What the owner should hear of once: dead, gone, back again, moved, flooded."""
    if after.state is not before.state and {after.state, before.state} & {FeedState.DEAD, FeedState.GONE}:
        _log.warning("feed.state", feed=after.requested_url, was=before.state.value, now=after.state.value)
    if after.note and after.note != before.note:
        _log.warning("feed.note", feed=after.requested_url, note=after.note)
