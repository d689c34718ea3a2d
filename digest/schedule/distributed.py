"""The distributed engine: the same steps as jobs of Procrastinate, on the PostgreSQL that holds everything else.

A step's key is the job's queueing lock and lock: submitted twice it waits once, and never runs twice at a time. What is
undone stands in the domain's tables; the engine only moves it. Jobs of a killed worker are taken up again by others.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from procrastinate import App, PsycopgConnector, exceptions
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.errors import DigestError
from digest.model import Step
from digest.pipeline.kit import Kit

log = logging.getLogger(__name__)

QUEUES = ("collect", "make", "send", "tell", "care")  # a queue a step, so that each is sized apart
_LOCK = 0x6469_6766  # one process makes Procrastinate's tables, the others wait
_STALLED_S = 20.0  # without a heartbeat: its worker is dead
_HEARTBEAT_S = 5.0
_GRACE = timedelta(seconds=150)  # for what is in flight when a worker is asked to stop

Run = Callable[[Kit, Step], Awaitable[Sequence[Step]]]
Sweep = Callable[[], Awaitable[None]]


class Distributed:
    """Defers steps as jobs, and works them off. Use as an async context manager."""

    def __init__(self, kit: Kit, *, run: Run) -> None:
        """`run` does a step; the database of `kit` must be PostgreSQL."""
        self._kit, self._do = kit, run
        conninfo = kit.config.digest.database
        self._app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=8))
        self._tasks = {name: self._task(name) for name in QUEUES if name != "care"}
        self._app.periodic(cron="* * * * * */10", periodic_id="stalled")(self._care("stalled", self._retry_stalled))

    def use(self, kit: Kit) -> None:
        """Steps begun from now on work with that kit."""
        self._kit = kit

    def sweeping(self, sweep: Sweep) -> None:
        """Calls `sweep` once a minute over all workers together."""

        async def every_minute(timestamp: int) -> None:
            del timestamp
            await sweep()

        self._app.periodic(cron="* * * * *", periodic_id="sweep")(self._care("sweep", every_minute))

    async def __aenter__(self) -> Self:
        """Connects; makes Procrastinate's tables where there are none."""
        async with self._kit.database.write() as connection:
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
        """Defers each step; on `connection`, so that the jobs exist exactly when its transaction commits."""
        for step in todo:
            if connection is None:
                await self._defer(step)
                continue
            raw = (await connection.get_raw_connection()).driver_connection
            try:
                async with connection.begin_nested():  # a clash must not spoil the caller's transaction
                    await self._deferred(step, raw)
            except exceptions.AlreadyEnqueued:
                continue

    async def drain(self, timeout_s: float) -> bool:
        """Nothing is held in this process: True at once."""
        del timeout_s
        return True

    async def work(
        self, *, queues: Sequence[str] | None = None, concurrency: int = 4, wait: bool = True, name: str = "worker"
    ) -> None:
        """Works jobs off until cancelled, or (`wait` False) until there is none."""
        await self._app.run_worker_async(
            queues=[*queues, "tell", "care"] if queues else list(QUEUES),
            concurrency=concurrency,
            wait=wait,
            name=name,
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=_GRACE.total_seconds(),
            update_heartbeat_interval=_HEARTBEAT_S,
            stalled_worker_timeout=_STALLED_S,
            install_signal_handlers=False,
        )

    async def state(self) -> Mapping[str, Mapping[str, int]]:
        """Jobs by queue and status."""
        rows = await self._app.job_manager.list_queues_async()
        counted = ("todo", "doing", "succeeded", "failed")
        return {str(row["name"]): {status: int(row[status]) for status in counted} for row in rows}

    async def _defer(self, step: Step) -> None:
        try:
            await self._deferred(step, None)
        except exceptions.AlreadyEnqueued:
            log.debug("step waits already", extra={"key": step.key})

    async def _deferred(self, step: Step, raw: Any) -> None:
        more = {} if raw is None else {"connection": raw}
        job = self._tasks[step.name].configure(queueing_lock=step.key, lock=step.key, **more)
        await job.defer_async(key=step.key, args=dict(step.args))

    def _task(self, name: str) -> Any:
        async def work(key: str, args: dict[str, str | int]) -> None:
            await self._run(Step(name=name, key=key, args=args))

        return self._app.task(name=name, queue=name)(work)

    def _care(self, name: str, function: Callable[..., Awaitable[None]]) -> Any:
        return self._app.task(name=name, queue="care", queueing_lock=name, lock=name)(function)

    async def _run(self, step: Step) -> None:
        """One step; a fault of ours is logged and stands on its row, so that the sweep decides, not the queue."""
        try:
            following = await self._do(self._kit, step)
        except DigestError as error:
            log.error("step failed", extra={"step": step.name, "key": step.key, "cause": str(error)})  # noqa: TRY400 — one line
            return
        await self.submit(following)

    async def _retry_stalled(self, timestamp: int) -> None:
        del timestamp
        for job in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_S):
            log.warning("job of a dead worker", extra={"job": job.id, "step": job.task_name})
            await self._app.job_manager.retry_job(job)
