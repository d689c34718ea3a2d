"""Three daemons over two simulated months with a change of the clock in each, killed again and again: one issue a slot,
each mailed once to every reader.

PYTHONPATH=tests python tests/crash/daemons.py --kills 40 [--seed 7] [--database postgresql]
"""

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from sqlalchemy import NullPool, create_engine, insert, text
from sqlalchemy.engine import make_url

from digest.schedule import slots
from digest.store import Database, issues
from digest.testing import Fault, MailServer
from subscribers import tables as people

_CONTEXT = multiprocessing.get_context("forkserver")  # each begins with its imports done
_CONTEXT.set_forkserver_preload(
    [
        "digest.pipeline.send",
        "digest.schedule.daemon",
        "digest.store.migrate",
        "aiosqlite",
        "sqlalchemy.dialects.sqlite.aiosqlite",
        "sqlalchemy.dialects.postgresql.psycopg",
    ]
)
START = datetime(2026, 10, 1, tzinfo=UTC)  # Europe changes on 25 October, America on 1 November
END = START + timedelta(days=61)
LETTERS = (("berlin", "30 2 * * *", "Europe/Berlin"), ("new-york", "30 1 * * *", "America/New_York"))
READERS = 5
PATIENCE_S = 120.0  # for the work of one round
HARMLESS = [Fault.NONE] * 8 + [Fault.CUT_AFTER, Fault.CUT_BEFORE, Fault.ERROR_AFTER, Fault.HALF_BODY, Fault.UNAVAILABLE]


@dataclass
class Told:
    """What came of it."""

    due: int = 0
    killed: int = 0
    wrong: list[str] = field(default_factory=list)


class Daemons:
    """Three child processes; one that is killed is started again."""

    def __init__(self, folder: Path, url: str, server: MailServer, start: datetime) -> None:
        self.folder, self.url, self.server, self.since = folder, make_url(url), server, start
        self.clock = folder / "clock"
        self.children: list[BaseProcess] = []
        drivers = {"sqlite+aiosqlite": "sqlite"}
        here = self.url.set(drivername=drivers.get(self.url.drivername, self.url.drivername))
        self._looking = create_engine(here, poolclass=NullPool)

    async def begin(self) -> None:
        """When the newsletters start."""
        async with Database(self._address) as opened, opened.write() as connection:
            await connection.execute(insert(people.subscriber), [reader(n) for n in range(1, READERS + 1)])
            for name, *_ in LETTERS:
                await issues.started(connection, name, now=self.since)
                await connection.execute(insert(people.subscription), [active(n, name) for n in range(1, READERS + 1)])
        self.set_clock(self.since)
        self.children = [self.start() for _ in range(3)]

    @property
    def _address(self) -> str:
        return self.url.render_as_string(hide_password=False)

    def set_clock(self, now: datetime) -> None:
        """From there on it runs as the real one does."""
        part = self.clock.with_suffix(".part")
        part.write_text(f"{now.timestamp()} {time.time()}")
        part.rename(self.clock)

    def start(self) -> BaseProcess:
        from crash import daemon_child

        process = _CONTEXT.Process(target=daemon_child.run, args=(self.folder, self._address, self.server.url))
        process.start()
        return process

    async def at_work(self) -> list[int]:
        """Which of them have swept, as soon as one has."""
        while True:
            found = [n for n, child in enumerate(self.children) if (self.folder / f"ready.{child.pid}").exists()]
            if found:
                return found
            await asyncio.sleep(0.02)

    def kill(self, which: int) -> None:
        self.children[which].kill()
        self.children[which].join()
        self.children[which] = self.start()

    async def done(self, count: int) -> bool:
        """Whether so many issues came to be sent in time."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if self.rows("SELECT count(*) FROM issue WHERE state = 'sent'")[0][0] >= count:
                return True
            await asyncio.sleep(0.05)
        return False

    def rows(self, query: str) -> list[tuple]:
        with self._looking.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def damage(self) -> list[tuple]:
        """What SQLite finds wrong with its file."""
        if self.url.get_backend_name() != "sqlite":
            return []
        return [row for row in self.rows("PRAGMA integrity_check") if row != ("ok",)]

    def end(self) -> None:
        for child in self.children:
            child.kill()
            child.join()


def reader(n: int) -> dict[str, object]:
    from send.world import reader as one

    return one(n)


def active(n: int, newsletter: str) -> dict[str, object]:
    return {"subscriber_id": n, "newsletter": newsletter, "state": "active", "since": START}


def due(start: datetime, until: datetime) -> set[tuple[str, str]]:
    """Every slot that is due between."""
    found = set()
    for name, cron, zone in LETTERS:
        found |= {(name, slot) for slot, _ in slots.between(cron, zone, after=start, until=until)}
    return found


async def run(folder: Path, url: str, *, kills: int, seed: int, start: datetime = START, end: datetime = END) -> Told:
    """Lets the time pass in as many steps as kills; each kill falls anywhere into the work of its step."""
    chance, told = random.Random(seed), Told()
    async with MailServer(folder / "taken.jsonl", delay_s=0.02) as server:
        daemons = Daemons(folder, url, server, start)
        try:
            await daemons.begin()
            for number in range(1, kills + 2):
                now = start + (end - start) * number / (kills + 1)
                server.then(*chance.choices(HARMLESS, k=3))
                at_work = await daemons.at_work()
                daemons.set_clock(now)
                if number <= kills:
                    await asyncio.sleep(chance.uniform(0, 0.6))  # a process is killed anywhere in its work
                    daemons.kill(chance.choice(at_work))
                    told.killed += 1
                if not await daemons.done(len(due(start, now))):
                    told.wrong.append(f"by {now:%d %B} not all was sent in {PATIENCE_S:g} s")
                    break
        finally:
            daemons.end()
        _judge(told, daemons, due(start, end))
    return told


def _judge(told: Told, daemons: Daemons, expected: set[tuple[str, str]]) -> None:
    told.due = len(expected)
    rows = daemons.rows("SELECT newsletter, slot, state, owner, number FROM issue")
    made = Counter((name, slot) for name, slot, *_ in rows)
    got = Counter((taken.headers["X-Digest-Issue"], taken.to) for taken in daemons.server.taken())
    wanted = {(f"{row[0]}/{row[4]}", f"reader-{n}@example.org") for row in rows for n in range(1, READERS + 1)}
    claims = "SELECT count(*) FROM batch WHERE state <> 'done'"
    checks = {
        "a slot without an issue": expected - set(made),
        "an issue without a slot": set(made) - expected,
        "a slot made twice": [key for key, count in made.items() if count > 1],
        "an issue not sent": [row for row in rows if row[2] != "sent"],
        "a claim left": [row for row in rows if row[3] is not None] or daemons.rows(claims)[0][0],
        "a message lost": wanted - set(got),
        "a message to a stranger": set(got) - wanted,
        "a message twice": [key for key, count in got.items() if count > 1],
        "a damaged file": daemons.damage(),
    }
    told.wrong += [f"{what}: {found}"[:300] for what, found in checks.items() if found]


def _server(folder: Path, stack: ExitStack) -> str:
    """The address of a PostgreSQL for this run alone."""
    from crash.fleet import Server

    folder.chmod(0o755)  # the server runs as a user of its own
    server = Server(folder / "pg")
    stack.callback(server.end)
    return server.url.replace("postgresql://", "postgresql+psycopg://")


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        url = (
            _server(folder, stack) if given.database == "postgresql" else f"sqlite+aiosqlite:///{folder / 'digest.db'}"
        )
        told = asyncio.run(run(folder, url, kills=given.kills, seed=given.seed))
    words = f"{given.database}, seed {given.seed}: 3 daemons, {told.killed} killed, {told.due} slots, {told.due * READERS} messages"
    print(f"{words}: {'; '.join(told.wrong) or 'each made once, each mailed once'} ({time.monotonic() - began:.0f} s)")
    return 1 if told.wrong else 0


if __name__ == "__main__":
    raise SystemExit(_main())
