"""A SQLite file's transactions, each in one trip to a thread of their own.

The async driver changes threads several times a statement: of the 19 ms of CPU that a batch of 100 messages took,
13 went there (profiled). A whole transaction handed over at once changes threads once.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

_T = TypeVar("_T")


class _GivenUp(Exception):  # noqa: N818 — never seen outside
    """The caller was cancelled: what was done is undone."""


class Direct:
    """One thread with one connection of an engine."""

    def __init__(self, engine: Engine, *, begin: str = "IMMEDIATE") -> None:
        """`begin`: IMMEDIATE for who writes, DEFERRED for who reads only."""
        self.engine = engine
        self._begin = begin
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._opened: Connection | None = None  # stays open: taking it from a pool costs as much as a statement

    async def run(self, work: Callable[[Connection], _T]) -> _T:
        """What `work` gives, committed. A caller that is cancelled waits until it is undone, or was done already."""
        given_up = threading.Event()
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._work, work, given_up)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            given_up.set()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # seen
            raise

    def _work(self, work: Callable[[Connection], _T], given_up: threading.Event) -> _T:
        if self._opened is None:
            self._opened = self.engine.connect().execution_options(sqlite_begin=self._begin)
        with self._opened.begin():
            found = work(self._opened)
            if given_up.is_set():
                raise _GivenUp
            return found

    async def close(self) -> None:
        """Ends the connection and its thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self.engine.dispose()
