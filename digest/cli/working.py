"""`digest worker`: one more process that works off the steps of the distributed engine."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from digest.cli import desk, logs, out, sending
from digest.config import Config, Web
from digest.errors import ConfigError, Fault, UsageError
from digest.model import Step
from digest.pipeline import stages, steps
from digest.pipeline.kit import Kit
from digest.schedule.daemon import Daemon
from digest.schedule.distributed import QUEUES, Distributed
from digest.schedule.engine import Ended
from digest.schedule.metrics import Metrics
from digest.store import figures
from digest.web import server, service

_UNHEARD_S = 30.0  # a worker signs every five seconds; from then on the others take it for dead


@asynccontextmanager
async def engine(kit: Kit, *, ended: Ended | None = None) -> AsyncIterator[Distributed]:
    """The engine over that kit's database, open; `ended` hears of its steps. ConfigError where it is no PostgreSQL."""
    if kit.database.is_sqlite:
        problem = 'engine = "procrastinate" needs a PostgreSQL database'
        remedy = 'Set database = "postgresql://…", or engine = "local"'
        raise ConfigError([Fault(file=kit.config.path.name, key="digest.engine", problem=problem, remedy=remedy)])
    async with Distributed(kit, run=_step, ended=ended) as opened:
        yield opened


async def _step(kit: Kit, step: Step) -> Sequence[Step]:
    return await steps.run(kit, step, stages.OURS)


async def run(
    config: Config, *, queues: Sequence[str], concurrency: int, listen: Web | None = None, verbose: bool = False
) -> None:
    """Works until SIGTERM or SIGINT; the minute's sweep is done by one of all workers.

    `listen`: where it says how it is. UsageError where that address is taken.
    """
    unknown = [name for name in queues if name not in QUEUES]
    if unknown:
        raise UsageError(f"there is no queue {unknown[0]!r}; there are: {', '.join(QUEUES)}")
    logs.begin(verbose=verbose)
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(sending.mailbox(config))
        kit = await desk.opened(stack, config, stopping=stopping, mailbox_url=url)
        metrics = Metrics(sweeps=False)
        opened = await stack.enter_async_context(engine(replace(kit, meter=metrics), ended=metrics.ended))
        opened.sweeping(Daemon(opened.kit, opened).sweep)
        where = await stack.enter_async_context(_watched(opened, metrics, listen)) if listen else ""
        work = asyncio.create_task(opened.work(queues=queues, concurrency=concurrency))
        _on_signals(stopping, work)
        said = f"{', '.join(queues) or 'every queue'}, {concurrency} at once"
        out.note(f"digest worker: {said}{where and f', {where}'}; Ctrl-C ends it")
        with contextlib.suppress(asyncio.CancelledError):
            await work


@asynccontextmanager
async def _watched(opened: Distributed, metrics: Metrics, listen: Web) -> AsyncIterator[str]:
    """Answers /healthz, /readyz and /metrics at that address; the address."""
    database = opened.kit.database

    async def fault() -> str:
        said = await desk.unanswered(database)
        return said or ("the database has not heard of this worker lately" if opened.unheard_s > _UNHEARD_S else "")

    async def text() -> str:
        now = opened.kit.now()
        async with database.read() as connection:
            return metrics.text(await figures.counted(connection, now=now), now)

    async with server.serve(service.bare(fault=fault, metrics=text), listen.host, listen.port) as address:
        yield address


def _on_signals(stopping: asyncio.Event, work: "asyncio.Task[None]") -> None:
    def stop() -> None:
        stopping.set()
        work.cancel()  # Procrastinate waits for what is in flight, and leaves the rest to others

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
