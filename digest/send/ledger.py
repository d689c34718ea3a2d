"""What a run does in the database: each batch is taken in one transaction, and what became of it recorded in another.

Taking it claims it, checks suppression, fixes its request, and takes the request's place in the row of all who send
through this provider, on whatever machine: pace, circuit and daily cap are one row, read and written on the way.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx
from sqlalchemy import Connection

from digest.config import Mail
from digest.errors import DatabaseAway
from digest.model import Batch, DeliveryState, Rendered
from digest.send import compose, outbox, pace
from digest.send.compose import Envelope
from digest.send.outbox import Again, Decision, Divide, Doubt, Settle, Stop
from digest.send.providers.base import (
    Accepted,
    Found,
    Lookup,
    Outcome,
    Provider,
    Rejected,
    Retry,
    Unknown,
    fingerprint,
    size,
)
from digest.send.sender import Heard
from digest.store import Database, claims, owner, paces
from digest.store.claims import Claim, Fate, Member
from digest.store.paces import Pace

LEASE = timedelta(minutes=5)  # longer than any request: Limits.total_s is two
_SLACK = timedelta(seconds=2)  # a place in the row that is farther off is not taken yet: who leaves meanwhile is heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be sent."""

    issue_id: int
    newsletter: str
    envelope: Envelope
    rendered: Mapping[str, Rendered]  # by variant; the whole issue under the empty name
    expires_at: datetime | None  # nothing is sent after that, nor sent again; what became of a request is still asked

    def is_expired(self, now: datetime) -> bool:
        """Whether it is too old to be sent."""
        return self.expires_at is not None and now > self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the owner allows to all who send through the provider."""

    per_second: float  # requests
    per_day: int = 0  # messages in any 24 hours; 0: no cap

    @classmethod
    def by(cls, mail: Mail) -> "Allowed":
        """What [mail] says."""
        return cls(per_second=mail.requests_per_second, per_day=mail.per_day)


@dataclass(slots=True, kw_only=True)
class Leaving:
    """A batch that is ours, its request fixed and committed."""

    held: Claim
    batch: Batch
    request: httpx.Request | None  # None once it was answered: two megabytes, while the next batch is composed
    at: datetime  # its place in the row
    is_probe: bool = False
    hour: datetime | None = None  # where its messages were counted; None: they were not


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A batch that is ours and may have been taken: the provider is asked."""

    held: Claim
    batch: Batch
    since: datetime  # its first request
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """A batch that needed no request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing may leave before."""

    until: datetime
    reason: str = ""  # where it is ours


Taken = Leaving | Asking | Handled | Wait


class _NotYet(Exception):  # noqa: N818 — undoes a transaction
    """Others took the places, or asked for rest, since this transaction looked."""

    def __init__(self, wait: Wait) -> None:
        super().__init__(wait.until)
        self.wait = wait


class Ledger:
    """One issue's batches, and one provider's pace."""

    def __init__(
        self,
        job: Job,
        provider: Provider,
        *,
        database: Database,
        allowed: Allowed,
        now: Callable[[], datetime],
        chance: random.Random | None = None,
    ) -> None:
        self.job = job
        self.owner = owner.of_run()
        self.database = database
        self._provider = provider
        self._allowed = allowed
        self._now = now
        self._chance = chance or random.Random()  # noqa: S311 — jitter
        self._is_calm = False  # as last read

    async def begin(self) -> None:
        """Makes sure that the provider has a row."""
        await self.database.at_once(lambda connection: paces.ensure(connection, self._provider.name))

    async def take(self) -> Taken | None:
        """The next batch that is due, or how long to wait; None where none is due."""
        try:
            return await self.database.at_once(self._take)
        except _NotYet as error:
            return error.wait

    async def record(self, leaving: Leaving, heard: Heard) -> bool:
        """Writes down what became of a request; whether its claim was still ours."""
        return await self.database.at_once(lambda connection: self._record(connection, leaving, heard))

    async def record_and_take(self, leaving: Leaving, heard: Heard) -> tuple[bool, Leaving | Asking | Handled | None]:
        """Both in one transaction where all went well: one commit fewer. None: nothing was taken, which says nothing.

        What becomes of the next batch never undoes what is known of this one.
        """
        if not (self._is_calm and _is_smooth(heard)):
            return await self.record(leaving, heard), None
        try:
            return await self.database.at_once(lambda connection: self._record_and_take(connection, leaving, heard))
        except DatabaseAway:
            raise
        except Exception:  # noqa: BLE001 — `take` will meet it again, and say so
            return await self.record(leaving, heard), None

    async def give_back(self, taken: Leaving | Asking) -> None:
        """Frees a batch whose request will not leave now: it is as it was before."""
        await self.database.at_once(lambda connection: self._give_back(connection, taken))

    async def learn(self, asking: Asking, found: Found) -> bool:
        """Writes down what the provider shows of a batch; whether its claim was still ours."""
        return await self.database.at_once(lambda connection: self._learn(connection, asking, found))

    # ------------------------------------------------------------------ taking

    def _take(self, connection: Connection) -> Taken | None:
        now = self._now()
        known = paces.find(connection, self._provider.name)
        self._is_calm = pace.is_calm(known)
        return _wait(known, now) or self._claim(connection, known, now)

    def _claim(self, connection: Connection, known: Pace, now: datetime) -> Taken | None:
        left, more_at = self._left_today(connection, now)
        is_expired = self.job.is_expired(now)
        held = claims.claim(
            connection,
            issue_id=self.job.issue_id,
            newsletter=self.job.newsletter,
            owner=self.owner,
            now=now,
            lease=LEASE,
            is_new_wanted=left > 0 and not is_expired,
        )
        if held is None:
            return None if left or is_expired else Wait(until=more_at, reason=self._cap_reached)
        most = left if pace.is_closed(known) else 1
        if len(held.members) > most and not held.is_replay:
            held = claims.keep(connection, held, most)
        return self._fix(connection, held, known, now)

    def _left_today(self, connection: Connection, now: datetime) -> tuple[int, datetime]:
        """How many messages may leave, and when more may."""
        if not self._allowed.per_day:
            return self._provider.capabilities.batch_max, now
        spent = paces.spent(connection, self._provider.name)
        return pace.allowance(spent, now, per_day=self._allowed.per_day)

    @property
    def _cap_reached(self) -> str:
        return f"as many as [mail] per_day allows left in the last 24 hours: {self._allowed.per_day:,}"

    def _fix(self, connection: Connection, held: Claim, known: Pace, now: datetime) -> Taken:
        """Fixes the request; or what is done without one."""
        good = _sendable(held)
        bad = [m.subscriber_id for m in held.members if m not in good] if len(good) < len(held.members) else []
        if bad:
            claims.reject(connection, held, bad, "is no e-mail address")
        if not good:
            claims.settle(connection, held, (), retry_at=now)
            return Handled()
        batch = compose.batch(self.job.envelope, self.job.rendered[held.variant], good)
        request = self._provider.encode(batch)
        body_hash = fingerprint(request, like=held.body_hash)
        if held.is_replay and (why := self._why_no_replay(held, batch.key, body_hash, now)):
            return self._instead(connection, held, batch, why, now, known=known)
        if size(request) > self._provider.capabilities.request_bytes and len(good) > 1 and not held.is_replay:
            claims.divide(connection, held, first=len(good) // 2)
            return Handled()
        claims.commit(connection, held, key=batch.key, body_hash=body_hash, provider=self._provider.name, now=now)
        return self._line_up(connection, Leaving(held=held, batch=batch, request=request, at=now), known, now)

    def _why_no_replay(self, held: Claim, key: str, body_hash: bytes, now: datetime) -> str:
        """Empty where the request may be repeated."""
        if held.provider != self._provider.name:
            return f"it went to {held.provider}, which did not answer"
        if self.job.is_expired(now):
            return f"it expired before its answer was known ({held.note or 'no answer came'})"
        if (key, body_hash) != (held.key, held.body_hash):
            return "its bytes are no longer those that were sent: the configuration changed"
        may = outbox.may_replay(
            self._provider.capabilities, first_sent_at=held.first_sent_at, replays=held.replays, now=now
        )
        return "" if may else (held.note or "no answer came")

    def _instead(
        self, connection: Connection, held: Claim, batch: Batch, why: str, now: datetime, *, known: Pace
    ) -> Taken:
        """What is done with a batch that must not be repeated: the provider is asked, else the owner."""
        lookup, since = self._lookup_of(held), held.first_sent_at
        if lookup is None or since is None:
            claims.doubt(connection, held, next_at=None, note=why, is_new=False)
            return Handled()
        if now < since + lookup.after:
            claims.doubt(connection, held, next_at=since + lookup.after, note=why, is_new=False)
            return Handled()
        at = pace.ready_at(self._line_up_last(connection, known, now), now)
        return Asking(held=held, batch=replace(batch, key=held.key or batch.key), since=since, at=at)

    def _lookup_of(self, held: Claim) -> Lookup | None:
        """How this provider can be asked of it; None where it went to another one."""
        return self._provider.capabilities.lookup if held.provider == self._provider.name else None

    def _line_up(self, connection: Connection, leaving: Leaving, known: Pace, now: datetime) -> Leaving:
        """Takes the request's place in the row, and its messages from the day's. The row is locked: last of all."""
        before, hour = self._line_up_last(connection, known, now), None
        if self._allowed.per_day and not leaving.held.is_replay:
            if self._left_today(connection, now)[0] < len(leaving.batch.recipients):
                raise _NotYet(Wait(until=now))
            hour = pace.hour_of(now)
            paces.spend(connection, self._provider.name, hour, len(leaving.batch.recipients))
        return replace(leaving, at=pace.ready_at(before, now), is_probe=not pace.is_closed(before), hour=hour)

    def _line_up_last(self, connection: Connection, known: Pace, now: datetime) -> Pace:
        """Takes a place; how it was before."""
        before = paces.lock(connection, self._provider.name, known)
        if (wait := _wait(before, now)) is not None:
            raise _NotYet(wait)
        changed = pace.taken(before, now, per_second=self._allowed.per_second)
        paces.save(connection, self._provider.name, changed)
        return before

    # ------------------------------------------------------------------ recording

    def _record(self, connection: Connection, leaving: Leaving, heard: Heard) -> bool:
        now = self._now()
        is_ours = self._settle(connection, leaving, heard.decision, now)
        if leaving.hour is not None and (free := unsent(heard.decision, len(leaving.batch.recipients))):
            paces.spend(connection, self._provider.name, leaving.hour, -free)
        self._adapt(connection, leaving, heard, now)
        return is_ours

    def _record_and_take(
        self, connection: Connection, leaving: Leaving, heard: Heard
    ) -> tuple[bool, Leaving | Asking | Handled | None]:
        is_ours = self._record(connection, leaving, heard)
        taken = self._take(connection) if self._is_calm else None
        return is_ours, None if isinstance(taken, Wait) else taken

    def _give_back(self, connection: Connection, taken: Leaving | Asking) -> None:
        now, why = self._now(), "the sender stopped before the request left"
        claims.postpone(connection, taken.held, next_at=now, note=why)
        if isinstance(taken, Leaving) and taken.hour is not None:
            paces.spend(connection, self._provider.name, taken.hour, -len(taken.batch.recipients))

    def _settle(self, connection: Connection, leaving: Leaving, decision: Decision, now: datetime) -> bool:
        held = leaving.held
        match decision:
            case Settle():
                hint = outbox.longest_hint(decision.outcomes) or outbox.backoff(held.fence, self._chance)
                return claims.settle(connection, held, _fates(leaving.batch, decision.outcomes), retry_at=now + hint)
            case Again():
                wait = decision.after or self._backoff(held)
                return claims.postpone(connection, held, next_at=now + wait, note=decision.reason)
            case Doubt():
                due = self._asked_again_at(held, decision, now)
                return claims.doubt(connection, held, next_at=due, note=decision.reason, is_new=decision.is_new)
            case Divide():
                return self._divide(connection, leaving, decision, now)
            case Stop():
                return claims.postpone(connection, held, next_at=now, note=decision.reason)

    def _backoff(self, held: Claim) -> timedelta:
        return outbox.backoff(held.fence - 1, self._chance)

    def _asked_again_at(self, held: Claim, decision: Doubt, now: datetime) -> datetime | None:
        """When the same bytes go again, or the provider is asked; None: it is held for the owner."""
        able, first = self._provider.capabilities, held.first_sent_at or now
        replays = held.replays + int(decision.is_new)
        if outbox.may_replay(able, first_sent_at=first, replays=replays, now=now):
            return now + (decision.after or self._backoff(held))
        return outbox.next_look(able.lookup, first_sent_at=first, now=now) if able.lookup else None

    def _divide(self, connection: Connection, leaving: Leaving, decision: Divide, now: datetime) -> bool:
        """Halves the batch; one message alone is rejected for what the provider said."""
        held = leaving.held
        if len(held.members) > 1:
            return claims.divide(connection, held, first=len(held.members) // 2)
        fates = _fates(leaving.batch, (Rejected(reason=decision.reason),))
        return claims.settle(connection, held, fates, retry_at=now)

    def _adapt(self, connection: Connection, leaving: Leaving, heard: Heard, now: datetime) -> None:
        """Writes to the row what the answer teaches all senders; mostly nothing."""
        if self._is_calm and isinstance(heard.decision, Settle) and heard.held_until is None:
            return
        known = paces.find(connection, self._provider.name, is_locked=True)
        changed = pace.held(_lesson(known, heard.decision, now, left_at=leaving.at), heard.held_until)
        if changed != known:
            paces.save(connection, self._provider.name, changed)

    # ------------------------------------------------------------------ what the provider shows

    def _learn(self, connection: Connection, asking: Asking, found: Found) -> bool:
        """Settles what shows. The rest is asked for again, until it is settled that it does not show."""
        now, held, lookup = self._now(), asking.held, self._provider.capabilities.lookup
        assert lookup is not None
        missing = [outcome for outcome in found if outcome is None or isinstance(outcome, Unknown)]
        why = next((o.detail for o in missing if o is not None), f"{self._provider.name} shows no such message")
        next_at = outbox.next_look(lookup, first_sent_at=asking.since, now=now)
        if missing and next_at is not None:
            return claims.doubt(connection, held, next_at=next_at, note=why, is_new=False)
        if not lookup.proves_absence and len(missing) == len(found):
            return claims.doubt(connection, held, next_at=None, note=why, is_new=False)
        absent: Outcome = Retry(reason=why) if lookup.proves_absence else Unknown(detail=why)
        outcomes = [absent if outcome is None else outcome for outcome in found]
        return claims.settle(connection, held, _fates(asking.batch, outcomes), retry_at=now)


def _wait(known: Pace, now: datetime) -> Wait | None:
    """None where a place in the row may be taken."""
    at = pace.ready_at(known, now)
    return Wait(until=at) if pace.is_held(known, now) or at > now + _SLACK else None


def _is_smooth(heard: Heard) -> bool:
    """Whether all is known, and nothing to be learnt or tried again: no row but the batch's own is touched."""
    decision = heard.decision
    if not isinstance(decision, Settle) or heard.held_until is not None:
        return False
    return not any(isinstance(outcome, Retry) for outcome in decision.outcomes)


def _lesson(known: Pace, decision: Decision, now: datetime, *, left_at: datetime) -> Pace:
    match decision:
        case Settle():
            return pace.succeeded(known)
        case Again(is_slow_down=True):
            until = now + decision.after if decision.after else None
            return pace.slowed(known, now, left_at=left_at, until=until)
        case Again() | Doubt(is_new=True):
            return pace.failed(known, now)
        case Divide():
            return pace.answered(known)
        case _:
            return known


def unsent(decision: Decision, count: int) -> int:
    """How many messages of a request surely did not leave."""
    match decision:
        case Again() | Divide() | Stop():
            return count
        case Settle():
            return sum(isinstance(outcome, Retry) for outcome in decision.outcomes)
        case _:
            return 0


def _fates(batch: Batch, outcomes: Sequence[Outcome]) -> list[Fate]:
    """Of each whom the request was for."""
    pairs = zip(batch.recipients, outcomes, strict=True)
    return [Fate(person.subscriber_id, *_told(outcome)) for person, outcome in pairs]


def _sendable(held: Claim) -> list[Member]:
    return [member for member in held.members if compose.is_sendable(member.address)]


def _told(outcome: Outcome) -> tuple[DeliveryState, str | None, str | None]:
    """Its state, the provider's name for it, and why."""
    if isinstance(outcome, Accepted):
        return DeliveryState.ACCEPTED, outcome.provider_id, None
    return _STATES[type(outcome)], None, outbox.reason_of(outcome)


_STATES: Mapping[type[Outcome], DeliveryState] = {
    Rejected: DeliveryState.REJECTED,
    Retry: DeliveryState.PENDING,
    Unknown: DeliveryState.UNKNOWN,
}
