"""Rows of a file → people: what would happen, and making it happen, by the same decisions."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers import addresses
from subscribers.consent import Act, Decision, decide
from subscribers.exchange.columns import Standing
from subscribers.exchange.reading import Row, RowFault
from subscribers.model import SubscriptionState, SuppressionReason
from subscribers.roster import keys, suppressions
from subscribers.roster.loading import load
from subscribers.roster.rows import clean_name
from subscribers.tables import consent as consent_table
from subscribers.tables import subscriber, subscription, suppression

T = TypeVar("T")
_BATCH = 2000  # rows a statement; SQLite binds at most 32,766 values at once


class Verdict(StrEnum):
    """What becomes of a row."""

    ADDED = "added"  # active, and was not on the newsletter
    ACTIVATED = "activated"  # was pending
    PENDING = "pending"  # gets a confirmation message
    UNCHANGED = "unchanged"
    SUPPRESSED = "suppressed"  # never mailed again: left as it is
    UNSUBSCRIBED = "unsubscribed"  # has left here: only they can come back
    LEFT = "left"  # the file says they left the other list: noted as unsubscribed
    BARRED = "barred"  # the file says that address bounced or complained: noted as suppressed
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would become of one row, and why not more."""

    line: int
    address: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of the rows, in numbers; the ones left out by name."""

    added: int = 0
    activated: int = 0
    pending: int = 0
    unchanged: int = 0
    suppressed: int = 0
    unsubscribed: int = 0
    left: int = 0
    barred: int = 0
    faults: tuple[RowFault, ...] = ()
    is_applied: bool = True  # False: strict, and there were faults, so nothing was written


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    name: str
    state: SubscriptionState | None


@dataclass(frozen=True, slots=True)
class _Judged:
    row: Row
    hash: bytes
    known: _Known | None
    decision: Decision
    verdict: Verdict


async def plan(
    connection: AsyncConnection, rows: Iterable[Row | RowFault], *, newsletter: str, consent: str | None
) -> AsyncIterator[Planned]:
    """What `import_rows` would do with each row; writes nothing."""
    secret = await keys.known_address_secret(connection) or b""
    for batch in _batches(rows):
        good = [row for row in batch if isinstance(row, Row)]
        judged = {each.row.line: each for each in await _judge(connection, good, newsletter, consent, secret)}
        for row in batch:
            if isinstance(row, RowFault):
                yield Planned(line=row.line, address=row.value, verdict=Verdict.FAULT, reason=row.reason)
            else:
                each = judged[row.line]
                reason = each.decision.refusal
                yield Planned(line=row.line, address=row.address.given, verdict=each.verdict, reason=reason)


async def import_rows(
    connection: AsyncConnection,
    rows: Iterable[Row | RowFault],
    *,
    newsletter: str,
    consent: str | None,
    at: datetime,
    strict: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Puts the rows on that newsletter: active where `consent` says how and when they agreed, else pending.

    Faulty rows are left out and returned. `strict`: with a faulty row nothing is written (`rows` is then gone through
    twice, so a Table, not an iterator). `progress` is told the line reached after each batch.
    """
    if strict and (faults := tuple(row for row in rows if isinstance(row, RowFault))):
        return ImportReport(faults=faults, is_applied=False)
    secret = await keys.address_secret(connection)
    counted: Counter[Verdict] = Counter()
    found: list[RowFault] = []
    for batch in _batches(rows):
        found += [row for row in batch if isinstance(row, RowFault)]
        good = [row for row in batch if isinstance(row, Row)]
        judged = await _judge(connection, good, newsletter, consent, secret)
        await _write(connection, judged, newsletter, consent or "", at)
        counted.update(each.verdict for each in judged)
        if progress:
            progress(batch[-1].line)
    return _report(counted, found)


def _report(counted: Counter[Verdict], faults: list[RowFault]) -> ImportReport:
    return ImportReport(
        added=counted[Verdict.ADDED],
        activated=counted[Verdict.ACTIVATED],
        pending=counted[Verdict.PENDING],
        unchanged=counted[Verdict.UNCHANGED],
        suppressed=counted[Verdict.SUPPRESSED],
        unsubscribed=counted[Verdict.UNSUBSCRIBED],
        left=counted[Verdict.LEFT],
        barred=counted[Verdict.BARRED],
        faults=tuple(faults),
    )


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


async def _judge(
    connection: AsyncConnection, rows: list[Row], newsletter: str, consent: str | None, secret: bytes
) -> list[_Judged]:
    """What follows for each row from what the database knows of its address."""
    hashes = [addresses.hash_of(row.address.key, secret) for row in rows]
    known = await _known(connection, [row.address.key for row in rows], newsletter)
    statement = select(suppression.c.address_hash).where(suppression.c.address_hash.in_(hashes))
    barred = set((await connection.execute(statement)).scalars())
    return [
        _judged(row, hashed, known.get(row.address.key), vouched=bool(consent), is_suppressed=hashed in barred)
        for row, hashed in zip(rows, hashes, strict=True)
    ]


def _judged(row: Row, hashed: bytes, known: _Known | None, *, vouched: bool, is_suppressed: bool) -> _Judged:
    state = known.state if known is not None else None
    if row.standing is Standing.BARRED:
        verdict = Verdict.SUPPRESSED if is_suppressed else Verdict.BARRED
        return _Judged(row, hashed, known, Decision(state=state), verdict)
    doing = {Standing.LEFT: Act.LEFT_ELSEWHERE, Standing.PENDING: Act.INVITED}.get(row.standing)
    doing = doing or (Act.VOUCHED if vouched else Act.INVITED)
    decision = decide(state, doing, is_suppressed=is_suppressed)
    return _Judged(row, hashed, known, decision, _verdict(state, decision, is_suppressed=is_suppressed))


def _verdict(before: SubscriptionState | None, decision: Decision, *, is_suppressed: bool) -> Verdict:
    if decision.refusal:
        return Verdict.SUPPRESSED if is_suppressed else Verdict.UNSUBSCRIBED
    if not decision.is_change:
        return Verdict.UNCHANGED
    if decision.state is SubscriptionState.ACTIVE:
        return Verdict.ACTIVATED if before is SubscriptionState.PENDING else Verdict.ADDED
    return Verdict.PENDING if decision.state is SubscriptionState.PENDING else Verdict.LEFT


async def _known(connection: AsyncConnection, some: list[str], newsletter: str) -> dict[str, _Known]:
    """By address key: who is known, and how they stand with that newsletter."""
    s = subscriber.c
    on = and_(subscription.c.subscriber_id == s.id, subscription.c.newsletter == newsletter)
    columns = select(s.address_key, s.id, s.name, subscription.c.state)
    statement = columns.select_from(subscriber.outerjoin(subscription, on)).where(s.address_key.in_(some))
    return {
        key: _Known(number, name, SubscriptionState(state) if state else None)
        for key, number, name, state in await connection.execute(statement)
    }


async def _write(
    connection: AsyncConnection, judged: list[_Judged], newsletter: str, source: str, at: datetime
) -> None:
    for each in judged:
        if each.verdict is Verdict.BARRED:
            await suppressions.suppress(
                connection, each.row.address.given, SuppressionReason.BOUNCED, at, source="import", detail="import"
            )
    changed = [each for each in judged if each.decision.is_change]
    if not changed:
        return
    await _make(connection, [each for each in changed if each.known is None], at)
    found = await _known(connection, [each.row.address.key for each in changed], newsletter)
    ids = [found[each.row.address.key].id for each in changed]
    await _subscribe(connection, changed, ids, newsletter, at)
    columns = ("subscriber_id", "newsletter", "what", "at", "source")
    entries = [(i, newsletter, each.decision.log, at, source) for i, each in zip(ids, changed, strict=True)]
    await load(connection, consent_table, columns, entries)
    await _name(connection, changed)


async def _make(connection: AsyncConnection, judged: list[_Judged], at: datetime) -> None:
    columns = ("address", "address_key", "address_hash", "name", "language", "fields", "created_at")
    rows = [
        (
            each.row.address.given,
            each.row.address.key,
            each.hash,
            clean_name(each.row.name),
            each.row.language,
            dict(each.row.fields),
            at,
        )
        for each in judged
    ]
    await load(connection, subscriber, columns, rows, unique=["address_key"])


async def _subscribe(
    connection: AsyncConnection, judged: list[_Judged], ids: list[int], newsletter: str, at: datetime
) -> None:
    columns = ("subscriber_id", "newsletter", "state", "since")
    rows = [(i, newsletter, str(each.decision.state), at) for i, each in zip(ids, judged, strict=True)]
    await load(
        connection, subscription, columns, rows, unique=["subscriber_id", "newsletter"], changed=["state", "since"]
    )


async def _name(connection: AsyncConnection, judged: list[_Judged]) -> None:
    """Gives a name to those known without one."""
    named = [
        {"key": each.row.address.key, "new": clean_name(each.row.name)}
        for each in judged
        if each.known is not None and not each.known.name and each.row.name
    ]
    if named:
        statement = update(subscriber).where(subscriber.c.address_key == bindparam("key")).values(name=bindparam("new"))
        await connection.execute(statement, named)
