"""What was freed goes back to the system."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from digest import memory


def resident_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc_trim is glibc's")
def test_what_an_issue_took_is_handed_back() -> None:
    taken = [bytes([n % 250]) * 100_000 for n in range(600)]  # 60 MB in pieces below what glibc maps apart
    last = bytes(100_000)  # it keeps the heap's end where it is
    before = resident_kb()
    taken.clear()
    memory.give_back()
    assert last
    assert resident_kb() < before - 30_000


SHARED = """
import asyncio, sys
from digest.cli import preloads
from digest.summarize import sentences
from digest.workers import Workers

def loaded() -> bool:
    return "digest.summarize.ready" in sys.modules and sentences._identifier.cache_info().currsize == 1

async def main() -> None:
    async with Workers(count=1, preload=preloads.FOR_YEARS) as workers:
        print(await workers.run(loaded, timeout_s=60))

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_the_workers_of_a_daemon_find_the_language_model_loaded(tmp_path: Path) -> None:
    script = tmp_path / "shared.py"
    script.write_text(SHARED)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, script], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr
