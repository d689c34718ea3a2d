"""Worker processes: a hard limit that kills, errors that keep their kind, and a pool that goes on."""

import os
import time
from collections.abc import AsyncIterator

import pytest

from digest.errors import ParseError, WorkerError
from digest.workers import Workers


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    async with Workers(count=1) as pool:
        yield pool


async def test_a_function_runs_elsewhere(workers: Workers) -> None:
    assert await workers.run(os.getpid) != os.getpid()
    assert await workers.run(divmod, 7, 2) == (3, 1)


async def test_what_takes_too_long_is_killed_and_the_next_runs(workers: Workers) -> None:
    await workers.run(os.getpid)  # started
    began = time.monotonic()
    with pytest.raises(WorkerError, match=r"took more than 0\.2 s"):
        await workers.run(time.sleep, 60, timeout_s=0.2)
    assert time.monotonic() - began < 10
    assert await workers.run(divmod, 7, 2) == (3, 1)


async def test_a_process_that_dies_is_named_and_replaced(workers: Workers) -> None:
    with pytest.raises(WorkerError, match="_exit"):
        await workers.run(os._exit, 9)
    assert await workers.run(divmod, 7, 2) == (3, 1)


async def test_a_plain_error_becomes_ours(workers: Workers) -> None:
    with pytest.raises(WorkerError, match="ZeroDivisionError"):
        await workers.run(divmod, 1, 0)


async def test_our_own_error_keeps_its_kind(workers: Workers) -> None:
    with pytest.raises(ParseError, match="no feed"):
        await workers.run(_refuse, "https://example.org: no feed")


def _refuse(message: str) -> None:
    raise ParseError(message)
