"""One run of one issue: claim, commit, post, record, batch by batch, in a few tasks at once, until none is open.

Between the claiming and the recording transaction stands the request, and no transaction spans it. A run that is killed
leaves claims behind; the next one finds their owner dead, or their lease lapsed, and takes them as unknown. A run
outlives its database for a while: what it knows it writes down once it can, what it held and does not know is unknown.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.errors import DatabaseAway
from digest.model import Batch, DeliveryState, Rendered
from digest.send import compose, outbox
from digest.send.compose import Envelope, Person
from digest.send.outbox import Again, Decision, Divide, Doubt, Settle, Stop
from digest.send.providers.base import Accepted, Outcome, Rejected, Retry
from digest.send.sender import Sender, Sleep
from digest.store import Database, batches, owner
from digest.store.batches import Claim, Fate, Member

_log = logging.getLogger(__name__)
_LEASE = timedelta(minutes=5)  # longer than any request: Limits.total_s is two
_PATIENCE = timedelta(minutes=2)  # of waiting with nothing settled, before a run gives up and says so
_POLL = timedelta(seconds=1)  # of another sender's claims, and of a database that is away
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
Progress = Callable[[int], None]  # deliveries settled since the last call


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be sent."""

    issue_id: int
    newsletter: str
    envelope: Envelope
    rendered: Rendered
    expires_at: datetime | None


class Run:
    """Sends what is open of one issue. `refused` and `note` say why it ended before all was sent."""

    def __init__(
        self,
        job: Job,
        *,
        database: Database,
        sender: Sender,
        now: Callable[[], datetime],
        sleep: Sleep = asyncio.sleep,
        stop: asyncio.Event | None = None,
        progress: Progress | None = None,
        chance: random.Random | None = None,
        patience: timedelta = _PATIENCE,
    ) -> None:
        self.refused = ""  # the provider refuses the account: its words
        self.note = ""
        self._job = job
        self._database = database
        self._sender = sender
        self._provider = sender.provider
        self._now = now
        self._sleep = sleep
        self._stop = stop or asyncio.Event()
        self._progress = progress or (lambda _: None)
        self._chance = chance or random.Random()  # noqa: S311 — jitter
        self._patience = patience
        self._owner = owner.of_run()
        self._away_since: datetime | None = None  # the database
        self._probing = asyncio.Lock()
        self._settled_at = now()
        self._trouble = ""  # the provider's last words that were no success

    async def finish(self) -> None:
        """Works until nothing is open, or until nothing more can be done now.

        DatabaseAway where the database was away for longer than a run is patient.
        """
        is_on = True
        while is_on:
            try:
                is_on = await self._round()
            except DatabaseAway as away:
                if self._has_to_end:
                    raise
                await self._wait_for_database(away, patience=self._patience)

    async def _round(self) -> bool:
        """All that is due now; whether more comes."""
        if await self._is_over():
            return False
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._provider.capabilities.connections):
                tasks.create_task(self._work())
        return await self._await_next()

    async def _wait_for_database(self, away: DatabaseAway, *, patience: timedelta) -> None:
        """A pause; raises what is given once it lasts too long."""
        now = self._now()
        if self._away_since is None:
            self._away_since = now
            _log.warning("database away", extra={"issue": self._job.envelope.issue, "reason": str(away)})
        if now > self._away_since + patience:
            raise away
        await self._sleep(_POLL.total_seconds())

    async def _is_over(self) -> bool:
        """Expires what is too old, voids dead claims; whether the run has to end.

        No task of this run is at work now: a claim of its own is one whose fate it could not write down.
        """
        now = self._now()
        async with self._database.write() as connection:
            holders = await batches.owners(connection, issue_id=self._job.issue_id)
            dead = [holder for holder in holders if holder == self._owner or owner.is_dead(holder)]
            await batches.void(connection, issue_id=self._job.issue_id, now=now, dead=dead)
            if self._is_expired(now):
                await batches.expire(connection, issue_id=self._job.issue_id)
        if self._away_since is not None:
            _log.warning("database back", extra={"issue": self._job.envelope.issue})
            self._away_since, self._settled_at = None, self._now()  # the provider is not to blame for the time lost
        return self._has_to_end

    def _is_expired(self, now: datetime) -> bool:
        return self._job.expires_at is not None and now > self._job.expires_at

    @property
    def _has_to_end(self) -> bool:
        return self._stop.is_set() or bool(self.refused or self.note)

    async def _await_next(self) -> bool:
        """Waits for the next batch that is due; False where there is none, or it is too far off to wait for."""
        if self._has_to_end:
            return False
        async with self._database.read() as connection:
            due = await batches.next_due(connection, issue_id=self._job.issue_id, beginning=_BEGINNING)
        if due is None:
            return False
        now, due = self._now(), max(due, self._sender.ready_at())
        if due > now + self._patience and not await self._is_held_by_others():
            self.note = f"the provider asks to wait until {due:%Y-%m-%d %H:%M} UTC ({self._trouble})"
        elif self._is_out_of_patience:
            self.note = f"nothing was taken for {self._patience.total_seconds():g} s ({self._trouble})"
        else:
            await self._rest(min(max(due - now, timedelta(0)), _POLL))
        return not self._has_to_end

    @property
    def _is_out_of_patience(self) -> bool:
        return self._now() > self._settled_at + self._patience

    async def _is_held_by_others(self) -> bool:
        async with self._database.read() as connection:
            return bool(await batches.owners(connection, issue_id=self._job.issue_id))

    async def _rest(self, span: timedelta) -> None:
        """Sleeps, unless told to stop."""
        seconds = span.total_seconds()
        if seconds <= 0 or self._stop.is_set():
            return
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _work(self) -> None:
        """One batch after another, until none is due, or the database hangs up: the others' requests go on."""
        while not self._has_to_end and not self._is_expired(self._now()) and not self._is_out_of_patience:
            if self._sender.ready_at() > self._now() + self._patience:
                return
            leaves = self._sender.next_slot()
            await self._rest(leaves - self._now())
            try:
                if not await self._one_or_probe():
                    return
            except DatabaseAway as away:
                await self._wait_for_database(away, patience=self._patience)
                return

    async def _one_or_probe(self) -> bool:
        """While nobody answers, one task at a time asks, with one message; else as `_one`."""
        circuit = self._sender.circuit
        if circuit.is_closed:
            return await self._one()
        async with self._probing:
            if not circuit.is_probe_due(self._now()):
                return not self._has_to_end  # another's probe has told: look again
            return await self._one(is_probe=True)

    async def _one(self, *, is_probe: bool = False) -> bool:
        """Claims a batch and sees it through; False where none is due, or the run has to end."""
        if self._has_to_end:
            return False
        async with self._database.write() as connection:
            held = await batches.claim(
                connection,
                issue_id=self._job.issue_id,
                newsletter=self._job.newsletter,
                owner=self._owner,
                now=self._now(),
                lease=_LEASE,
            )
            if held is None:
                return False
            if is_probe and not held.is_replay and len(held.members) > 1:
                await batches.keep_first(connection, held)
                held = replace(held, members=held.members[:1])
            prepared = await self._prepare(connection, held)
        if prepared is not None:
            request, batch = prepared
            await self._record(held, await self._post(held, request, batch))
        return True

    async def _prepare(self, connection: AsyncConnection, held: Claim) -> tuple[httpx.Request, Batch] | None:
        """Fixes the request in the claiming transaction; None where there is nothing to send for this claim."""
        good = _sendable(held)
        bad = [m.subscriber_id for m in held.members if m not in good] if len(good) < len(held.members) else []
        if bad:
            await batches.reject(connection, held, bad, "is no e-mail address")
        if not good:
            await batches.settle(connection, held, (), retry_at=self._now())
            return None
        people = [Person(subscriber_id=m.subscriber_id, address=m.address, name=m.name) for m in good]
        batch = compose.batch(self._job.envelope, self._job.rendered, people)
        request = self._provider.encode(batch)
        body_hash = sha256(request.content).digest()
        if held.is_replay and (why := self._why_no_replay(held, batch.key, body_hash)):
            await batches.doubt(connection, held, next_at=None, note=why, is_new=False)
            return None
        if len(request.content) > self._provider.capabilities.request_bytes and len(good) > 1 and not held.is_replay:
            await batches.divide(connection, held, first=len(good) // 2)
            return None
        await batches.commit(
            connection, held, key=batch.key, body_hash=body_hash, provider=self._provider.name, now=self._now()
        )
        return request, batch

    def _why_no_replay(self, held: Claim, key: str, body_hash: bytes) -> str:
        """Empty where the request may be repeated."""
        if held.provider != self._provider.name:
            return f"it went to {held.provider}, which did not answer"
        if (key, body_hash) != (held.key, held.body_hash):
            return "its bytes are no longer those that were sent: the configuration changed"
        may = outbox.may_replay(
            self._provider.capabilities, first_sent_at=held.first_sent_at, replays=held.replays, now=self._now()
        )
        return "" if may else (held.note or "no answer came")

    async def _post(self, held: Claim, request: httpx.Request, batch: Batch) -> Decision:
        try:
            return await self._sender.post(request, batch)
        except asyncio.CancelledError:
            await asyncio.shield(self._record(held, Doubt(reason="stopped in mid-request")))
            raise

    async def _record(self, held: Claim, decision: Decision) -> None:
        """Writes down what became of a claim, as soon as the database takes it; until its lease lapses."""
        while True:
            try:
                is_ours = await self._write_down(held, decision)
            except DatabaseAway as away:
                await self._wait_for_database(away, patience=_LEASE)
            else:
                self._note(held, decision, is_ours=is_ours)
                return

    async def _write_down(self, held: Claim, decision: Decision) -> bool:
        """Whether the claim was still ours."""
        now = self._now()
        async with self._database.write() as connection:
            match decision:
                case Settle():
                    hint = outbox.longest_hint(decision.outcomes) or outbox.backoff(held.fence, self._chance)
                    fates = _fates(held, decision.outcomes)
                    return await batches.settle(connection, held, fates, retry_at=now + hint)
                case Again():
                    wait = decision.after or self._backoff(held)
                    return await batches.postpone(connection, held, next_at=now + wait, note=decision.reason)
                case Doubt():
                    due = self._replay_at(held, decision, now)
                    return await batches.doubt(
                        connection, held, next_at=due, note=decision.reason, is_new=decision.is_new
                    )
                case Divide():
                    return await self._divide(connection, held, decision)
                case Stop():
                    return await batches.postpone(connection, held, next_at=now, note=decision.reason)

    def _backoff(self, held: Claim) -> timedelta:
        return outbox.backoff(held.fence - 1, self._chance)

    def _replay_at(self, held: Claim, decision: Doubt, now: datetime) -> datetime | None:
        may = outbox.may_replay(
            self._provider.capabilities,
            first_sent_at=held.first_sent_at or now,
            replays=held.replays + int(decision.is_new),
            now=now,
        )
        return now + (decision.after or self._backoff(held)) if may else None

    async def _divide(self, connection: AsyncConnection, held: Claim, decision: Divide) -> bool:
        """Halves the batch; one message alone is rejected for what the provider said."""
        if len(held.members) > 1:
            return await batches.divide(connection, held, first=len(held.members) // 2)
        fates = _fates(held, (Rejected(reason=decision.reason),))
        return await batches.settle(connection, held, fates, retry_at=self._now())

    def _note(self, held: Claim, decision: Decision, *, is_ours: bool) -> None:
        where = {"issue": self._job.envelope.issue, "batch": held.number}
        if not is_ours:
            _log.warning("claim lost", extra=where)
        if isinstance(decision, Settle):
            self._settled(decision)
            return
        self._trouble = decision.reason
        said = {"means": type(decision).__name__, "reason": decision.reason, **where}
        is_usual = isinstance(decision, Again | Divide)  # the next request mends it, or the report names who is left
        _log.log(logging.INFO if is_usual else logging.WARNING, "batch not settled", extra=said)
        if isinstance(decision, Stop):
            self.refused = decision.reason

    def _settled(self, decision: Settle) -> None:
        retried = [outcome for outcome in decision.outcomes if isinstance(outcome, Retry)]
        if retried:
            self._trouble = retried[0].reason
        if len(retried) < len(decision.outcomes):
            self._settled_at = self._now()
            self._progress(len(decision.outcomes) - len(retried))


def _fates(held: Claim, outcomes: Sequence[Outcome]) -> tuple[Fate, ...]:
    pairs = zip(_sendable(held), outcomes, strict=True)
    return tuple(_fate(member.subscriber_id, outcome) for member, outcome in pairs)


def _sendable(held: Claim) -> list[Member]:
    return [member for member in held.members if compose.is_sendable(member.address)]


def _fate(subscriber_id: int, outcome: Outcome) -> Fate:
    match outcome:
        case Accepted():
            return Fate(subscriber_id=subscriber_id, state=DeliveryState.ACCEPTED, provider_id=outcome.provider_id)
        case Rejected():
            state = DeliveryState.REJECTED
        case Retry():
            state = DeliveryState.PENDING
        case _:
            state = DeliveryState.UNKNOWN
    return Fate(subscriber_id=subscriber_id, state=state, error=outbox.reason_of(outcome))
