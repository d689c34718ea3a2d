"""`digest worker`: one more process that works off the steps of the distributed engine."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from digest.cli import desk, logs, out, sending
from digest.config import Config
from digest.errors import ConfigError, Fault, UsageError
from digest.model import Step
from digest.pipeline import stages, steps
from digest.pipeline.kit import Kit
from digest.schedule.daemon import Daemon
from digest.schedule.distributed import QUEUES, Distributed


@asynccontextmanager
async def engine(kit: Kit) -> AsyncIterator[Distributed]:
    """The engine over that kit's database, open. ConfigError where that is no PostgreSQL."""
    if kit.database.is_sqlite:
        problem = 'engine = "procrastinate" needs a PostgreSQL database'
        remedy = 'Set database = "postgresql://…", or engine = "local"'
        raise ConfigError([Fault(file=kit.config.path.name, key="digest.engine", problem=problem, remedy=remedy)])
    async with Distributed(kit, run=_step) as opened:
        yield opened


async def _step(kit: Kit, step: Step) -> Sequence[Step]:
    return await steps.run(kit, step, stages.OURS)


async def run(config: Config, *, queues: Sequence[str], concurrency: int, verbose: bool) -> None:
    """Works until SIGTERM or SIGINT; the minute's sweep is done by one of all workers."""
    unknown = [name for name in queues if name not in QUEUES]
    if unknown:
        raise UsageError(f"there is no queue {unknown[0]!r}; there are: {', '.join(QUEUES)}")
    logs.begin(verbose=verbose)
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(sending.mailbox(config))
        kit = await desk.opened(stack, config, stopping=stopping, mailbox_url=url)
        opened = await stack.enter_async_context(engine(kit))
        opened.sweeping(Daemon(opened.kit, opened).sweep)
        work = asyncio.create_task(opened.work(queues=queues, concurrency=concurrency))
        _on_signals(stopping, work)
        out.note(f"digest worker: {', '.join(queues) or 'every queue'}, {concurrency} at once; Ctrl-C ends it")
        with contextlib.suppress(asyncio.CancelledError):
            await work


def _on_signals(stopping: asyncio.Event, work: "asyncio.Task[None]") -> None:
    def stop() -> None:
        stopping.set()
        work.cancel()  # Procrastinate waits for what is in flight, and leaves the rest to others

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
