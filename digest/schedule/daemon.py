"""The daemon: an alarm clock over the slot ledger. Restarting it, or running it twice, makes no issue twice.

APScheduler wakes it at each slot; a sweep at start and each minute asks the tables what is due and undone, so that
nothing rests on an alarm: not after a crash, a suspended machine, a clock that jumped. The minute is counted by the
loop's clock, which nobody sets.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from digest.config import Config, Newsletter
from digest.errors import DigestError, NewerDatabase, StoreError
from digest.pipeline import steps
from digest.pipeline.kit import Kit
from digest.schedule import ledger, notices, slots
from digest.schedule.engine import Engine
from digest.store import issues

log = logging.getLogger(__name__)

_AHEAD = timedelta(minutes=10)  # collecting begins so long before an issue is made
_COLLECT = timedelta(minutes=10)  # from one round over a newsletter's feeds to the next: those are asked that are due
_COLLECT_MANY = timedelta(seconds=45)  # the same, of many feeds: at each sweep
_MANY = 60  # feeds. Of fewer, a round must hold some together, or a network that is down looks like feeds that are
_BEAT_S = 60.0
DRAIN_S = 150.0  # longer than any request to a provider (send.sender.Limits) and what is written down after it
_LATE_S = 300.0  # after the last sweep: the daemon is not well

Beat = Callable[[], None]


class Daemon:
    """One process's share of the schedule."""

    def __init__(
        self,
        kit: Kit,
        engine: Engine,
        *,
        beat: Beat | None = None,
        chance: random.Random | None = None,
        late_s: float = _LATE_S,
    ) -> None:
        """`engine` does what falls due; `beat` is called after each sweep; `late_s`: without one, it is not well."""
        self.kit = kit
        self._engine, self._beat = engine, beat
        self._chance = chance or random.Random()  # noqa: S311 — jitter
        self._late_s = late_s
        self._since = kit.now()
        self._ledgers: dict[tuple[str, str], ledger.Ledger] = {}
        self._collect_at: dict[str, datetime] = {}
        self._sweeping = asyncio.Lock()
        self._woken = asyncio.Event()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        self._pulse = time.monotonic()  # of the last sweep; by a clock that nobody sets, or a step of it would look ill
        self.failures = 0  # of parts of sweeps, since the start
        self.trouble = ""  # why the last sweep could not work with the database

    async def run(self) -> None:
        """Works until `kit.stopping` is set, then finishes what is in flight.

        NewerDatabase, likewise, where a newer program brought the database further: it can do the work, this one not.
        """
        self._set_alarms()
        self._scheduler.start()
        try:
            while not self.kit.stopping.is_set():
                await self.sweep()
                await self._pause()
        finally:
            self.kit.stopping.set()  # whatever ended it: nothing more is begun
            self._scheduler.shutdown(wait=False)
            if not await self._engine.drain(DRAIN_S):
                log.warning("stopped in mid-work: the next start goes on with it")

    def reload(self, config: Config) -> None:
        """Works with that configuration from now on; newsletters that are new in it start at the next sweep."""
        self.kit = replace(self.kit, config=config)
        self._engine.use(self.kit)
        if self._scheduler.running:
            self._set_alarms()
        self.wake()

    def wake(self) -> None:
        """Sweeps at once instead of at the next minute."""
        self._woken.set()

    def is_well(self) -> bool:
        """Whether it swept lately, or began lately."""
        return time.monotonic() - self._pulse < self._late_s

    async def sweep(self) -> None:
        """Does all that is due and undone, whoever left it. A fault in one part stops no other.

        NewerDatabase before anything is done, where a newer program works with it.
        """
        async with self._sweeping:
            if await self._guarded("database", self._check()):
                for newsletter in tuple(self.kit.config.newsletters.values()):
                    await self._guarded(newsletter.name, self._sweep_newsletter(newsletter))
                await self._guarded("sending", self._send())
                await self._guarded("notices", self._notice())
            self._pulse = time.monotonic()
        if self._beat is not None:
            self._beat()

    async def _check(self) -> None:
        try:
            await self.kit.database.check(to_write=True)
        except StoreError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""

    async def _guarded(self, what: str, work: Awaitable[None]) -> bool:
        """Whether that part of the sweep was done."""
        try:
            await work
        except NewerDatabase:
            raise
        except DigestError as error:
            self.failures += 1
            log.error("sweep failed", extra={"part": what, "cause": str(error)})  # noqa: TRY400 — one line
        except Exception:
            self.failures += 1
            log.exception("sweep failed", extra={"part": what})
        else:
            return True
        return False

    async def _sweep_newsletter(self, newsletter: Newsletter) -> None:
        for cadence in newsletter.timetable:
            key = (newsletter.name, cadence)
            if key not in self._ledgers:
                self._ledgers[key] = ledger.Ledger(self._since)
            await self._engine.submit(await self._ledgers[key].sweep(self.kit, newsletter, cadence))
        if self._is_time_to_collect(newsletter):
            await self._engine.submit([steps.collecting(newsletter.name)])

    def _is_time_to_collect(self, newsletter: Newsletter) -> bool:
        """Whether the newsletter's round is due; it sets the next, also where the clock was set back."""
        now, name = self.kit.now(), newsletter.name
        at = self._collect_at.get(name, now)
        if now < at < now + 2 * _COLLECT:
            return False
        self._collect_at[name] = now + _round(len(newsletter.feeds)) * self._chance.uniform(0.75, 1.25)
        return True

    async def _send(self) -> None:
        now = self.kit.now()
        async with self.kit.database.write() as connection:
            for record in await issues.expire(connection, now=now):
                log.warning("issue expired", extra={"issue": record.name, "slot": record.slot})
        async with self.kit.database.read() as connection:
            unsent = await issues.unsent(connection, now=now)
        for record in unsent:
            newsletter = self.kit.config.newsletters.get(record.newsletter)
            may_leave, until = ledger.window_closes(newsletter, now) if newsletter else (True, None)
            if may_leave:
                await self._engine.submit([steps.sending(record.id, until=until)])

    async def _notice(self) -> None:
        await self._engine.submit(await notices.sweep(self.kit))

    async def _pause(self) -> None:
        """Until the minute is over, an alarm rings, or the program stops."""
        waits = [asyncio.create_task(event.wait()) for event in (self._woken, self.kit.stopping)]
        try:
            await asyncio.wait(waits, timeout=_BEAT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        self._woken.clear()

    def _set_alarms(self) -> None:
        """Each newsletter's slots, and collecting ahead of them."""
        self._scheduler.remove_all_jobs()
        for newsletter in self.kit.config.newsletters.values():
            for cadence, cron in newsletter.timetable.items():
                self._set_alarm(newsletter, f"{newsletter.name}:{cadence}", cron)

    def _set_alarm(self, newsletter: Newsletter, key: str, cron: str) -> None:
        skip, ahead = newsletter.skip_dates, newsletter.approve_ahead
        clock = slots.WallClock(cron, newsletter.timezone, ahead=ahead, skip=skip)
        self._scheduler.add_job(self._ring, clock, id=f"slot:{key}")
        clock = slots.WallClock(cron, newsletter.timezone, ahead=ahead + _AHEAD, skip=skip)
        self._scheduler.add_job(self._collect_ahead, clock, args=[newsletter.name], id=f"collect:{key}")

    async def _ring(self) -> None:
        self.wake()

    async def _collect_ahead(self, name: str) -> None:
        await self._engine.submit([steps.collecting(name)])


def _round(feeds: int) -> timedelta:
    """How often so many feeds are looked through for those that are due: the more, the fewer at a time."""
    return max(_COLLECT_MANY, _COLLECT / max(1, feeds / _MANY))
