"""Three daemons over two simulated months with both changes of the clock, killed again and again: one issue a slot."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.schedule import slots
from digest.store import Database, issues

KILLS = int(os.environ.get("CRASH_KILLS", "40"))
CHILD = Path(__file__).with_name("daemon_child.py")
START = datetime(2026, 10, 1, tzinfo=UTC)  # Europe changes on 25 October, America on 1 November
END = START + timedelta(days=61)
ROOT = Path(__file__).parents[2]


class Daemons:
    """Three child processes; one that is killed is started again."""

    def __init__(self, folder: Path) -> None:
        self.database, self.clock, self.log = folder / "digest.db", folder / "clock.json", folder / "made.log"
        self.children: list[subprocess.Popen[bytes]] = []

    def begin(self) -> None:
        """At the first of October, when the newsletters start."""
        asyncio.run(self.prepare())
        self.set_clock(START)
        self.children = [self.start() for _ in range(3)]

    async def prepare(self) -> None:
        async with Database(f"sqlite+aiosqlite:///{self.database}") as opened, opened.write() as connection:
            for name in ("berlin", "new-york"):
                await issues.started(connection, name, now=START)

    def set_clock(self, now: datetime) -> None:
        part = self.clock.with_suffix(".part")
        part.write_text(str(now.timestamp()))
        part.rename(self.clock)

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, CHILD, self.database, self.clock, self.log, str(END.timestamp())]
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)

    def at_work(self) -> list[int]:
        """Which of them have swept, as soon as one has."""
        while True:
            found = [n for n, child in enumerate(self.children) if self.log.with_name(f"ready.{child.pid}").exists()]
            if found:
                return found
            time.sleep(0.01)

    def kill(self, which: int) -> None:
        self.children[which].send_signal(signal.SIGKILL)
        self.children[which].wait()
        self.children[which] = self.start()

    def rows(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.database, timeout=30)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def daemons(tmp_path):
    made = Daemons(tmp_path)
    yield made
    for child in made.children:
        child.kill()
        child.wait()


def expected() -> set[tuple[str, str]]:
    found = set()
    for name, cron, zone in (("berlin", "30 2 * * *", "Europe/Berlin"), ("new-york", "30 1 * * *", "America/New_York")):
        found |= {(name, slot) for slot, _ in slots.between(cron, zone, after=START, until=END)}
    return found


@pytest.mark.timeout(150)
def test_three_daemons_killed_at_random_make_each_slot_once(daemons: Daemons) -> None:
    seed = int(os.environ.get("CRASH_SEED", str(random.randrange(10**6))))
    print(f"CRASH_SEED={seed}")  # shown when the test fails
    chance = random.Random(seed)
    daemons.begin()
    for number in range(1, KILLS + 1):
        daemons.set_clock(START + (END - START) * number / (KILLS + 1))
        at_work = daemons.at_work()
        time.sleep(chance.uniform(0, 0.3))  # a process is killed anywhere in its work
        daemons.kill(chance.choice(at_work))
    daemons.set_clock(END)
    for child in daemons.children:
        assert child.wait(timeout=90) == 0
    rows = daemons.rows("SELECT newsletter, slot, state, owner, id FROM issue")
    assert Counter((name, slot) for name, slot, *_ in rows) == Counter(expected())
    assert len(rows) == 122
    assert {state for _, _, state, _, _ in rows} == {"ready"}
    assert {owner for *_, owner, _ in rows} == {None}
    frozen = Counter(int(line.split()[0]) for line in daemons.log.read_text().splitlines())
    assert set(frozen.values()) == {1}  # an issue is frozen by one process alone
    assert set(frozen) <= {row[-1] for row in rows}  # a kill after the commit leaves no line
    assert daemons.rows("PRAGMA integrity_check") == [("ok",)]
