"""One run of one issue: batch by batch, in a few tasks at once, until none is open.

Between the claiming and the recording transaction stands the request, and no transaction spans it. A run that is killed
leaves claims behind; the next one finds their owner dead, or their lease lapsed, and takes them as unknown. A run
outlives its database for a while: what it knows it writes down once it can, what it held and does not know is unknown.
"""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from digest.errors import DatabaseAway
from digest.send.ledger import LEASE, Asking, Handled, Leaving, Ledger, Taken, Wait
from digest.send.outbox import Again, Divide, Doubt, Settle, Stop
from digest.send.providers.base import Accepted, Found, Rejected, Retry
from digest.send.sender import Heard, Sender, Sleep
from digest.store import batches, owner
from digest.store.claims import Claim

_log = logging.getLogger(__name__)
_PATIENCE = timedelta(minutes=2)  # of waiting with nothing settled, before a run gives up and says so
_POLL = timedelta(seconds=1)  # of another sender's claims or probe, and of a database that is away
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
Progress = Callable[[int], None]  # deliveries settled since the last call
Due = Leaving | Asking | Handled
_T = TypeVar("_T")


class Run:
    """Sends what is open of one issue. `refused` and `note` say why it ended before all was sent."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        sender: Sender,
        now: Callable[[], datetime],
        sleep: Sleep = asyncio.sleep,
        stop: asyncio.Event | None = None,
        progress: Progress | None = None,
        patience: timedelta = _PATIENCE,
    ) -> None:
        self.refused = ""  # the provider refuses the account: its words
        self.note = ""
        self._ledger = ledger
        self._database = ledger.database
        self._job = ledger.job
        self._sender = sender
        self._now = now
        self._sleep = sleep
        self._stop = stop or asyncio.Event()
        self._progress = progress or (lambda _: None)
        self._patience = patience
        self._away_since: datetime | None = None  # the database
        self._turnstile = asyncio.Lock()  # one task at a time waits for its turn, and takes it
        self._wait: Wait | None = None  # what the last to come to the turnstile was told
        self._settled_at = now()
        self._trouble = ""  # the provider's last words that were no success

    async def finish(self) -> None:
        """Works until nothing is open, or until nothing more can be done now.

        DatabaseAway where the database was away for longer than a run is patient.
        """
        _settle_down()
        is_on = True
        try:
            while is_on:
                try:
                    is_on = await self._round()
                except DatabaseAway as away:
                    if self._has_to_end:
                        raise
                    await self._wait_for_database(away, patience=self._patience)
        except BaseException:
            owner.ended(self._ledger.owner, in_order=False)
            raise
        owner.ended(self._ledger.owner)

    async def _round(self) -> bool:
        """All that is due now; whether more comes."""
        await self._ledger.begin()
        if await self._is_over():
            return False
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._sender.provider.capabilities.connections):
                    tasks.create_task(self._work())
        except BaseExceptionGroup as group:
            away, others = group.split(DatabaseAway)
            if away is None or others is not None:
                raise
            raise away.exceptions[0] from None
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
            dead = [holder for holder in holders if holder == self._ledger.owner or owner.is_dead(holder)]
            await batches.void(connection, issue_id=self._job.issue_id, now=now, dead=dead)
            if self._job.is_expired(now):
                await batches.expire(connection, issue_id=self._job.issue_id)
        if self._away_since is not None:
            _log.warning("database back", extra={"issue": self._job.envelope.issue})
            self._away_since, self._settled_at = None, self._now()  # the provider is not to blame for the time lost
        return self._has_to_end

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
        now = self._now()
        due = max(due, self._wait.until) if self._wait else due
        if due > now + self._patience and not await self._is_held_by_others():
            why = (self._wait.reason if self._wait else "") or self._trouble or "the provider asks to wait"
            self.note = f"nothing more before {due:%Y-%m-%d %H:%M} UTC ({why})"
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
        try:
            taken = await self._next()
            while taken is not None:
                taken = await self._see_through(taken) or await self._next()
        except DatabaseAway as away:
            await self._wait_for_database(away, patience=self._patience)

    async def _next(self) -> Due | None:
        """Takes a batch; None where none is due, or the run has to end.

        While nobody answers, all wait for the one message that asks whether the provider is back.
        """
        async with self._turnstile:
            taken = await self._turn()
            if isinstance(taken, Leaving) and taken.is_probe:
                return await self._see_through(taken) or Handled()
        return taken

    @property
    def _may_begin(self) -> bool:
        return not (self._has_to_end or self._is_out_of_patience)

    async def _turn(self) -> Due | None:
        """The next batch once it may leave; None where none is due, or waiting is of no use now."""
        while self._may_begin:
            taken = await _to_the_end(self._ledger.take(), self._undo)
            self._wait = taken if isinstance(taken, Wait) else None
            if not isinstance(taken, Wait):
                return taken
            now = self._now()
            if taken.until > now + self._patience:
                return None
            await self._rest(min(taken.until - now, _POLL))  # another's answer may end the wait sooner
        return None

    async def _see_through(self, taken: Due) -> Due | None:
        """Asks, and writes down what became of it; another batch, where one was taken on the way."""
        if isinstance(taken, Handled):
            return None
        try:
            await self._rest(taken.at - self._now())
        except asyncio.CancelledError:
            await _to_the_end(self._ledger.give_back(taken))
            raise
        if isinstance(taken, Asking):
            found = await self._sender.ask(taken.batch, taken.since)
            await _to_the_end(self._learn(taken, found))
            return None
        heard = await self._post(taken)
        return await _to_the_end(self._record(taken, heard), self._undo)

    async def _post(self, leaving: Leaving) -> Heard:
        assert leaving.request is not None, "not posted before"
        try:
            return await self._sender.hear(leaving.request, leaving.batch)
        except asyncio.CancelledError:
            await _to_the_end(self._record(leaving, Heard(decision=Doubt(reason="stopped in mid-request"))))
            raise
        finally:
            leaving.request = None

    async def _record(self, leaving: Leaving, heard: Heard) -> Due | None:
        """Writes down what became of a request, as soon as the database takes it; until its lease lapses.

        Where nobody was told to wait, it takes the next batch on the way.
        """
        if self._may_begin and self._wait is None:
            is_ours, taken = await self._written(lambda: self._ledger.record_and_take(leaving, heard))
        else:
            is_ours, taken = await self._written(lambda: self._ledger.record(leaving, heard)), None
        self._note(leaving.held, heard, is_ours=is_ours)
        return taken

    async def _undo(self, taken: Taken | None) -> None:
        if isinstance(taken, (Leaving, Asking)):
            await self._ledger.give_back(taken)

    async def _learn(self, asking: Asking, found: Found) -> None:
        """The same of what the provider shows."""
        where = {"issue": self._job.envelope.issue, "batch": asking.held.number}
        if not await self._written(lambda: self._ledger.learn(asking, found)):
            _log.warning("claim lost", extra=where)
        settled = sum(isinstance(outcome, (Accepted, Rejected)) for outcome in found)
        _log.info("asked the provider", extra={**where, "shown": settled})
        if settled == len(found):
            self._progress(settled)

    async def _written(self, write: Callable[[], Awaitable[_T]]) -> _T:
        while True:
            try:
                return await write()
            except DatabaseAway as away:
                await self._wait_for_database(away, patience=LEASE)

    def _note(self, held: Claim, heard: Heard, *, is_ours: bool) -> None:
        where = {"issue": self._job.envelope.issue, "batch": held.number}
        if not is_ours:
            _log.warning("claim lost", extra=where)
        decision = heard.decision
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


@cache
def _settle_down() -> None:
    """Once a process: what stands in memory by now (modules, classes) is no garbage, and is not gone through again.

    Each full collection took 0.1 s of CPU, 5 to 9 µs a message.
    """
    gc.freeze()


async def _to_the_end(
    work: Coroutine[Any, Any, _T], undo: Callable[[_T], Coroutine[Any, Any, None]] | None = None
) -> _T:
    """Awaits it; a cancellation waits until it is done: what is known must be written down.

    `undo`: done, in that case, with what the work gave, which nobody else gets to see.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if undo and not task.cancelled() and task.exception() is None:
            await _to_the_end(undo(task.result()))
        raise
