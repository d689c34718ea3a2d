"""Processes for work on untrusted bytes: a hard time limit that kills, and a fresh process after it.

    async with Workers(count=2) as workers:
        feed = await workers.run(feeds.parse, body, url, timeout_s=10)

Functions and their arguments cross a process border: plain module-level functions and plain values.
"""

import asyncio
import logging
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import forkserver
from types import TracebackType
from typing import Any, Self, TypeVar

from digest.errors import DigestError, WorkerError

log = logging.getLogger(__name__)

T = TypeVar("T")
_RENEWED_AFTER = 2_000  # calls: a process grew by a megabyte in a day of 200 feeds, and a new one is forked in no time
_LOOK_S = 1.0  # how often a call that waits looks whether its pool still works


class _PoolBroke(Exception):  # noqa: N818 — no fault of the call, which is made again
    """The pool will never answer."""


def ahead(preload: Sequence[str]) -> None:
    """Starts the process that workers are forked from, which imports these modules while this one does its own.

    What a later pool of this process asks to preload is not heard any more.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(preload))
    forkserver.ensure_running()


class Workers:
    """A pool of worker processes, started when first used; a pool that broke is replaced."""

    def __init__(
        self, *, count: int | None = None, preload: Sequence[str] = (), renewed_after: int = _RENEWED_AFTER
    ) -> None:
        """`count`: processes (None: one a core); `preload`: modules that every process finds imported.

        `renewed_after`: calls, after which a process makes room for a fresh one.
        """
        self._count = count or os.cpu_count() or 1
        self._renewed_after = renewed_after
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._pool = self._made()
        self._started: Any = None  # the pool that has its processes
        self._leaving: set[asyncio.Task[None]] = set()

    async def run(self, function: Callable[..., T], *args: object, timeout_s: float = 20.0, **kwargs: object) -> T:
        """What `function(*args, **kwargs)` returns. Its DigestError passes; WorkerError when it is killed or dies."""
        try:
            return await self._try(function, args, kwargs, timeout_s)
        except _PoolBroke:
            log.warning("the worker processes are lost, new ones are started")
        try:
            return await self._try(function, args, kwargs, timeout_s)
        except _PoolBroke as error:
            name = getattr(function, "__name__", "work")
            raise WorkerError(f"{name}: no worker process can be had ({error})") from error

    async def _try(
        self, function: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object], timeout_s: float
    ) -> T:
        pool, name = self._pool, getattr(function, "__name__", "work")
        schedule = partial(pool.schedule, function, args=list(args), kwargs=kwargs, timeout=timeout_s)
        try:
            if self._started is pool:
                future = schedule()
            else:  # the processes are started first, which waits for all that they find imported: a second
                future = await asyncio.to_thread(schedule)
                self._started = pool
        except (RuntimeError, OSError) as error:  # it gave up before, or no process could be started
            self._replace(pool)
            raise _PoolBroke(str(error)) from error
        try:
            result: T = await _answer(asyncio.wrap_future(future), pool)
        except DigestError:
            raise
        except (TimeoutError, FutureTimeout) as error:
            raise WorkerError(f"{name}: took more than {timeout_s:g} s and was stopped") from error
        except asyncio.CancelledError:
            future.cancel()
            raise
        except (_PoolBroke, BrokenProcessPool) as error:
            self._replace(pool)
            raise _PoolBroke(str(error)) from error
        except Exception as error:
            raise WorkerError(f"{name}: {type(error).__name__}: {error}") from error
        else:
            return result

    def _made(self) -> Any:
        from pebble import ProcessPool

        return ProcessPool(max_workers=self._count, max_tasks=self._renewed_after, context=self._context)

    def _replace(self, broken: Any) -> None:
        """A new pool for that one.

        pebble gives a pool up for good when a process is killed that has nothing to do, as the kernel does where memory
        is short, and when one cannot be started.
        """
        if self._pool is broken:
            self._pool = self._made()
            task = asyncio.create_task(_end(broken))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def __aenter__(self) -> Self:
        """The pool itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes: what still runs is stopped."""
        await _end(self._pool)
        await asyncio.gather(*self._leaving)


async def _answer(waiting: "asyncio.Future[T]", pool: Any) -> T:
    """The answer, or _PoolBroke: a pool whose threads died leaves its calls without one."""
    while True:
        done, _ = await asyncio.wait({waiting}, timeout=_LOOK_S)
        if done:
            return await waiting
        if not pool.active:
            raise _PoolBroke("the pool ended")


async def _end(pool: Any) -> None:
    pool.stop()
    await asyncio.to_thread(pool.join, 5)
