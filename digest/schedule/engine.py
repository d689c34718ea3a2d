"""What moves the steps. Local: in this process. It persists nothing: the sweep asks the tables what is undone."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

from digest.errors import DigestError, NothingToDo
from digest.model import Step
from digest.pipeline import steps
from digest.pipeline.kit import Kit

log = logging.getLogger(__name__)

LIMITS: Mapping[str, int] = {"collect": 2, "make": 2, "send": 2}  # at once, by step
Ended = Callable[[Step, str, float], None]  # a step, how it ended (done, nothing, failed, broke), its seconds


class Engine(Protocol):
    """Takes steps; does each, and those that follow from it, once by its key."""

    async def submit(self, todo: Iterable[Step]) -> None:
        """Accepts the steps; does not wait for them."""

    async def drain(self, timeout_s: float) -> bool:
        """Waits until all that was accepted has ended; whether it has."""

    def use(self, kit: Kit) -> None:
        """Steps begun from now on work with that kit: the configuration was read again."""


class Local:
    """Runs the steps as tasks of this process, so many of each kind at once."""

    def __init__(
        self, kit: Kit, stages: steps.Stages, *, limits: Mapping[str, int] = LIMITS, ended: Ended | None = None
    ) -> None:
        """`limits`: how many steps of a name run at the same time, 1 where none is given; `ended` hears of each."""
        self._kit, self._stages, self._ended = kit, stages, ended
        self._running: dict[str, asyncio.Task[None]] = {}
        self._places = defaultdict(lambda: asyncio.Semaphore(1), {n: asyncio.Semaphore(k) for n, k in limits.items()})

    def use(self, kit: Kit) -> None:
        """Steps begun from now on work with that kit."""
        self._kit = kit

    async def submit(self, todo: Iterable[Step]) -> None:
        """Starts each step, unless one of the same key is under way or the program is stopping."""
        for step in todo:
            if step.key in self._running or self._kit.stopping.is_set():
                continue
            task = asyncio.create_task(self._run(step), name=step.key)
            self._running[step.key] = task
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task.get_name(), None)

    async def drain(self, timeout_s: float) -> bool:
        """Waits for the steps under way and those that follow; those still running after the timeout are cancelled."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._running:
                    await asyncio.wait(list(self._running.values()))
        except TimeoutError:
            unfinished = list(self._running.values())
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            return False
        return True

    async def _run(self, step: Step) -> None:
        async with self._places[step.name]:
            if self._kit.stopping.is_set():
                return  # it waited for its place too long: whoever comes next finds it in the tables
            began = time.monotonic()
            outcome, following = await attempt(steps.run(self._kit, step, self._stages), step)
        if self._ended is not None:
            self._ended(step, outcome, time.monotonic() - began)
        await self.submit(following)


async def attempt(work: Awaitable[Sequence[Step]], step: Step) -> tuple[str, Sequence[Step]]:
    """How a step ended, and what follows; its failure is logged, stands on its row, and stops nobody else."""
    told = {"step": step.name, "key": step.key}
    try:
        return "done", await work
    except NothingToDo as nothing:
        log.debug("nothing to do", extra={**told, "cause": str(nothing)})
        return "nothing", ()
    except DigestError as error:
        log.error("step failed", extra={**told, "cause": str(error)})  # noqa: TRY400 — one line, no traceback
        return "failed", ()
    except Exception:
        log.exception("step broke", extra=told)
        return "broke", ()
