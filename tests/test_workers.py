"""Worker processes: a hard limit that kills, errors that keep their kind, and a pool that goes on."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

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


async def test_a_process_that_is_killed_while_it_has_nothing_to_do_is_replaced(workers: Workers) -> None:
    os.kill(await workers.run(os.getpid), signal.SIGKILL)
    assert await workers.run(divmod, 7, 2) == (3, 1)
    os.kill(await workers.run(os.getpid), signal.SIGKILL)
    await asyncio.sleep(0.5)  # the pool has seen it, and given up
    assert await workers.run(divmod, 7, 2) == (3, 1)


async def test_a_call_whose_pool_ends_under_it_is_made_again(workers: Workers, tmp_path) -> None:
    mark = tmp_path / "begun"
    waiting = asyncio.create_task(workers.run(_slow_once, mark))
    while not mark.exists():
        assert not waiting.done()
        await asyncio.sleep(0.02)
    workers._pool.stop()
    assert await waiting == "done"


async def test_processes_make_room_for_fresh_ones_and_no_call_is_lost() -> None:
    async with Workers(count=2, renewed_after=5) as pool:
        answers = await asyncio.gather(*(pool.run(_paired, number) for number in range(60)))
    assert [number for number, _ in answers] == list(range(60))
    calls = Counter(pid for _, pid in answers)
    assert len(calls) >= 12
    assert max(calls.values()) <= 5


def _paired(number: int) -> tuple[int, int]:
    return number, os.getpid()


def _slow_once(mark: Path) -> str:
    if not mark.exists():
        mark.touch()
        time.sleep(60)
    return "done"


async def test_a_plain_error_becomes_ours(workers: Workers) -> None:
    with pytest.raises(WorkerError, match="ZeroDivisionError"):
        await workers.run(divmod, 1, 0)


async def test_our_own_error_keeps_its_kind(workers: Workers) -> None:
    with pytest.raises(ParseError, match="no feed"):
        await workers.run(_refuse, "https://example.org: no feed")


def _refuse(message: str) -> None:
    raise ParseError(message)


GATE = """
import os, pathlib, time
mark = pathlib.Path(os.environ["GATE"])
for _ in range(1000):
    if mark.exists():
        break
    time.sleep(0.01)
else:
    mark.with_suffix(".late").touch()
"""
OPENED = """
import asyncio, os, pathlib, sys
from digest import workers

async def main() -> None:
    if "ahead" in sys.argv:
        workers.ahead(["gate"])
    async with workers.Workers(count=1, preload=["gate"]) as pool:
        asked = asyncio.create_task(pool.run(os.getpid))
        await asyncio.sleep(0.05)
        pathlib.Path(os.environ["GATE"]).touch()
        print(await asked != os.getpid(), await pool.run("gate".__len__))

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize("words", [[], ["ahead"]])
def test_the_loop_goes_on_while_processes_import_what_they_need(tmp_path: Path, words: list[str]) -> None:
    """The module that they import waits for a file, which the loop makes."""
    (tmp_path / "gate.py").write_text(GATE)
    script = tmp_path / "opened.py"
    script.write_text(OPENED)
    root = Path(__file__).parents[1]
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}", "GATE": str(tmp_path / "open")}
    done = subprocess.run([sys.executable, script, *words], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout == "True 4\n", done.stderr
    assert not (tmp_path / "open.late").exists()
