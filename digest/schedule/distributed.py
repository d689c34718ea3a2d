"""The distributed engine: the same steps as jobs of Procrastinate, on the PostgreSQL that holds everything else.

A step's key is the job's queueing lock and lock: submitted twice it waits once, and never runs twice at a time. What is
undone stands in the domain's tables; the engine only moves it. Jobs of a killed worker are taken up again by others.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from procrastinate import App, JobContext, exceptions, jobs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.errors import DatabaseAway, NewerDatabase, StoreError
from digest.model import Step
from digest.pipeline.kit import Kit
from digest.schedule import engine, patient
from digest.store import batches, crew, owner, sendings
from digest.store.queue import HOLDER, STALLED

log = logging.getLogger(__name__)

QUEUES = ("collect", "make", "send")  # a queue a step, so that each is sized apart
_CARE = "care"  # the engine's own upkeep
_ALWAYS = ("tell", _CARE)  # worked by every worker beside the others: short, and urgent
_PRIORITY = {"collect": 0, "make": 10, "send": 20, "tell": 20, _CARE: 30}
_LOCK = 0x6469_6766  # one process makes Procrastinate's tables, the others wait
_HEARTBEAT_S = 5.0
_GRACE = timedelta(seconds=150)  # for what is in flight when a worker is asked to stop
_PAUSE_S = 2.0  # before a step whose database went away, or a worker that broke, is begun again
_KEEP_FAILED_H = 72

Run = Callable[[Kit, Step], Awaitable[Sequence[Step]]]
Sweep = Callable[[], Awaitable[None]]


class Distributed:
    """Defers steps as jobs, and works them off. Use as an async context manager."""

    def __init__(self, kit: Kit, *, run: Run, ended: engine.Ended | None = None) -> None:
        """`run` does a step, `ended` hears of each; the database of `kit` must be PostgreSQL."""
        self.kit = replace(kit, follow=self._follow, owner=HOLDER)
        self._run, self._ended = run, ended
        self._signed = time.monotonic()  # when the database last took this worker's name, or since it began
        self._running: set[int] = set()
        self._app = App(connector=patient.Patient(kit.config.digest.database, running=lambda: self._running))
        self._tasks = {name: self._task(name) for name in (*QUEUES, "tell")}
        self._care("stalled", "* * * * * */5", self._retry_stalled)
        self._care("tidy", "17 * * * *", self._tidy)

    @property
    def unheard_s(self) -> float:
        """For how many seconds the database has not heard of this worker."""
        return time.monotonic() - self._signed

    def use(self, kit: Kit) -> None:
        """Steps begun from now on work with that kit."""
        self.kit = kit

    def sweeping(self, sweep: Sweep) -> None:
        """Calls `sweep` once a minute over all workers together."""
        self._care("sweep", "* * * * *", sweep)

    async def __aenter__(self) -> Self:
        """Connects; makes Procrastinate's tables where there are none."""
        async with self.kit.database.write() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            is_there = await connection.scalar(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL"))
            await self._app.open_async()
            if not is_there:
                await self._app.schema_manager.apply_schema_async()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects."""
        await self._app.close_async()

    async def submit(self, todo: Iterable[Step], connection: AsyncConnection | None = None) -> None:
        """Defers the steps, but those that wait already.

        On `connection` the jobs exist exactly when its transaction commits. DatabaseAway where that broke.
        """
        made = [self._job(step) for step in todo]
        defer = self._defer if connection is None else _on(connection, self._defer)
        if not made or await defer(made):
            return
        for job in made if len(made) > 1 else []:  # one of them waits already: each by itself
            await defer([job])

    async def drain(self, timeout_s: float) -> bool:
        """Nothing is held in this process: True at once."""
        del timeout_s
        return True

    async def work(self, *, queues: Sequence[str] = (), concurrency: int = 4, wait: bool = True) -> None:
        """Works jobs off until cancelled, or (`wait` False) until there is none. No queue named: all of them.

        NewerDatabase, once what is in flight has ended, where a newer program brought the database further. The
        engine's upkeep has a place of its own, however long the steps take.
        """
        wanted = tuple(queues) or QUEUES
        if not wait:
            await self._worker((*wanted, "tell"), concurrency, wait=False)
            return
        here = crew.Worker(name=owner.mine(), queues=wanted, concurrency=concurrency, started_at=self.kit.now())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._worker_for_ever(wanted, concurrency))
                tasks.create_task(self._worker_for_ever(_ALWAYS, 2))
                tasks.create_task(self._sign(here))
        except BaseExceptionGroup as group:
            newer, others = group.split(NewerDatabase)
            if newer is None or others is not None:
                raise
            raise newer.exceptions[0] from None

    async def _worker_for_ever(self, queues: Sequence[str], concurrency: int) -> None:
        """Procrastinate's worker ends when one of its own tasks does; the next one takes over."""
        while True:
            try:
                await self._worker(queues, concurrency, wait=True)
                log.warning("worker ended by itself, starting again", extra={"queues": queues})
            except exceptions.ConnectorException as error:
                log.warning("worker broke off, starting again", extra={"queues": queues, "cause": patient.cause(error)})
            await asyncio.sleep(_PAUSE_S)

    async def _worker(self, queues: Sequence[str], concurrency: int, *, wait: bool) -> None:
        await self._app.run_worker_async(
            queues=list(queues),
            concurrency=concurrency,
            wait=wait,
            name=queues[0],
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=_GRACE.total_seconds(),
            update_heartbeat_interval=_HEARTBEAT_S,
            stalled_worker_timeout=STALLED.total_seconds(),
            delete_jobs=jobs.DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
        )

    async def _sign(self, here: crew.Worker) -> None:
        """Keeps this worker on the list that `digest status` shows, for as long as the database is the one it knows."""
        try:
            while True:
                await self._check()
                with suppress(DatabaseAway):
                    async with self.kit.database.write() as connection:
                        await crew.sign(connection, here, at=await crew.clock(connection))
                    self._signed = time.monotonic()
                    await self._give_up()
                await asyncio.sleep(_HEARTBEAT_S)
        finally:
            with suppress(DatabaseAway):
                async with self.kit.database.write() as connection:
                    await crew.leave(connection, here.name)

    async def _give_up(self) -> None:
        """What a run of ours held when it broke off is free at once: no other worker can know that it is over."""
        if not (names := owner.broken()):
            return
        async with self.kit.database.write() as connection:
            for issue_id, holder in await sendings.holders(connection):
                if holder in names:
                    log.warning("claims of a run that broke off", extra={"worker": holder, "issue": issue_id})
                    await batches.void(connection, issue_id=issue_id, now=self.kit.now(), dead=[holder])
        owner.forget(names)

    async def _check(self) -> None:
        try:
            await self.kit.database.check()
        except NewerDatabase:
            raise
        except StoreError as error:
            log.warning("the database was not read", extra={"cause": str(error)})

    # ------------------------------------------------------------------ jobs

    async def _follow(self, todo: Sequence[Step], connection: AsyncConnection) -> None:
        await self.submit(todo, connection)

    async def _defer(self, made: Sequence[jobs.Job], raw: Any = None) -> bool:
        """All of them in one statement; False, and none of them, where one waits already."""
        try:
            await self._app.job_manager.batch_defer_jobs_async(list(made), connection=raw)
        except exceptions.AlreadyEnqueued:
            return False
        except exceptions.ConnectorException as error:
            if not patient.is_away(error):
                raise
            raise DatabaseAway(f"the database does not answer ({patient.cause(error)})") from error
        return True

    def _job(self, step: Step) -> jobs.Job:
        named = {"key": step.key, "args": dict(step.args)}
        made = self._tasks[step.name].configure(queueing_lock=step.key, lock=step.key, task_kwargs=named)
        job: jobs.Job = made.job
        return job

    def _task(self, name: str) -> Any:
        async def work(context: JobContext, key: str, args: dict[str, str | int]) -> None:
            with self._noted(context):
                await self._work(Step(name=name, key=key, args=args))

        return self._app.task(name=name, queue=name, priority=_PRIORITY[name], pass_context=True)(work)

    @contextmanager
    def _noted(self, context: JobContext) -> Iterator[None]:
        """While it runs, the job is known to be at work here."""
        number = context.job.id or 0
        self._running.add(number)
        try:
            yield
        finally:
            self._running.discard(number)

    async def _work(self, step: Step) -> None:
        """One step; a fault of ours is logged and stands on its row, so that the sweep decides, not the queue."""
        began = time.monotonic()
        outcome, following = await engine.attempt(self._patiently(step), step)
        if self._ended is not None:
            self._ended(step, outcome, time.monotonic() - began)
        await self.submit(following)

    async def _patiently(self, step: Step) -> Sequence[Step]:
        """A step whose database went away is begun again once it may be back: the tables say what is undone."""
        while True:
            try:
                return await self._run(self.kit, step)
            except DatabaseAway as away:
                if self.kit.stopping.is_set():
                    raise
                log.warning("step waits for its database", extra={"key": step.key, "cause": str(away)})
                await asyncio.sleep(_PAUSE_S)

    # ------------------------------------------------------------------ upkeep

    def _care(self, name: str, cron: str, function: Callable[[], Awaitable[None]]) -> None:
        """No lock: one that a killed worker held would keep all others from the very work that frees it."""

        async def care(context: JobContext, timestamp: int) -> None:
            del timestamp
            with self._noted(context):
                await function()

        priority = _PRIORITY[_CARE]
        task = self._app.task(name=name, queue=_CARE, queueing_lock=name, priority=priority, pass_context=True)(care)
        self._app.periodic(cron=cron, periodic_id=name)(task)

    async def _retry_stalled(self) -> None:
        for job in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED.total_seconds()):
            log.warning("job of a dead worker", extra={"job": job.id, "key": job.lock or job.task_name})
            try:
                await self._app.job_manager.retry_job(job)
            except exceptions.UniqueViolation:  # the same waits already, for this one to end
                await self._app.job_manager.finish_job(job, jobs.Status.ABORTED, delete_job=True)

        await self._void_silent()

    async def _void_silent(self) -> None:
        """What a worker held that is not heard of any more: its machine is gone, and nobody there says so.

        Its requests may have left, so their batches are unknown, and repeated where the provider honours keys.
        """
        async with self.kit.database.write() as connection:
            silent = await crew.silent(connection, at=await crew.clock(connection))
            for issue_id, holder in await sendings.holders(connection) if silent else []:
                if holder.partition("/")[0] in silent:
                    log.warning("claims of a silent worker", extra={"worker": holder, "issue": issue_id})
                    await batches.void(connection, issue_id=issue_id, now=self.kit.now(), dead=[holder])

    async def _tidy(self) -> None:
        await self._app.job_manager.delete_old_jobs(
            nb_hours=_KEEP_FAILED_H, include_failed=True, include_cancelled=True, include_aborted=True
        )


def _on(
    connection: AsyncConnection, defer: Callable[..., Awaitable[bool]]
) -> Callable[[Sequence[jobs.Job]], Awaitable[bool]]:
    """The same on that connection, in a savepoint: a clash must not spoil its transaction."""

    async def deferred(made: Sequence[jobs.Job]) -> bool:
        raw = (await connection.get_raw_connection()).driver_connection
        async with connection.begin_nested() as savepoint:
            is_done = await defer(made, raw)
            if not is_done:
                await savepoint.rollback()
        return is_done

    return deferred
