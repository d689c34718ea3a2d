"""Processes for work on untrusted bytes: a hard time limit that kills, and a fresh process after it.

    async with Workers(count=2) as workers:
        feed = await workers.run(feeds.parse, body, url, timeout_s=10)

Functions and their arguments cross a process border: plain module-level functions and plain values.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from types import TracebackType
from typing import Self, TypeVar

from digest.errors import DigestError, WorkerError

T = TypeVar("T")


class Workers:
    """A pool of worker processes, started when first used."""

    def __init__(self, *, count: int | None = None, preload: Sequence[str] = ()) -> None:
        """`count`: processes (None: one a core); `preload`: modules that every process finds imported."""
        from pebble import ProcessPool

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(preload))
        self._pool = ProcessPool(max_workers=count or os.cpu_count() or 1, max_tasks=0, context=context)

    async def run(self, function: Callable[..., T], *args: object, timeout_s: float = 20.0, **kwargs: object) -> T:
        """What `function(*args, **kwargs)` returns. Its DigestError passes; WorkerError when it is killed or dies."""
        future = self._pool.schedule(function, args=list(args), kwargs=dict(kwargs), timeout=timeout_s)
        name = getattr(function, "__name__", "work")
        try:
            result: T = await asyncio.wrap_future(future)
        except DigestError:
            raise
        except (TimeoutError, FutureTimeout) as error:
            raise WorkerError(f"{name}: took more than {timeout_s:g} s and was stopped") from error
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:
            raise WorkerError(f"{name}: {type(error).__name__}: {error}") from error
        else:
            return result

    async def __aenter__(self) -> Self:
        """The pool itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes: what still runs is stopped."""
        self._pool.stop()
        await asyncio.to_thread(self._pool.join, 5)
