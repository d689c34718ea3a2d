"""A month of the daemon in minutes: daily issues from 200 feeds to 2,000 readers, everything checked at the end.

python tests/crash/soak.py [--days 30] [--feeds 200] [--readers 2000]

The program's own daemon, engine, collecting, building and sending, over a simulated clock; feeds and mail API are a
process of their own that fails now and then. The daemon is begun anew every fifth day; some readers leave and come each
day. Memory is that of the daemon and its workers.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from digest.cli import preloads
from digest.collect.fetch import Fetcher
from digest.config import Config, parse
from digest.pipeline import stages
from digest.pipeline.kit import Kit
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database, owner
from digest.workers import Workers
from subscribers import roster

START = datetime(2026, 10, 5, tzinfo=UTC)  # a change of the clock is inside
HOURS = (1, 5.3, 5.5, 5.6, 6.5, 6.6, 12, 18)  # UTC, of a day's sweeps; the slot is 07:30 in Berlin
FAR_SIDE = Path(__file__).with_name("far_side.py")
ROOT = Path(__file__).parents[2]
CONFIG = """
[digest]
database = "sqlite:///digest.db"
public_url = "https://news.example.org"
postal_address = "1 Example Street, 10115 Berlin"
[mail]
provider = "resend"
sender = "Morning digest <digest@example.org>"
api_key = "re_key"
base_url = "{mail}"
rate = "10000/second"
[collect]
allow_private = ["127.0.0.0/8"]
[newsletters.morning]
title = "Morning digest"
schedule = "30 7 * * *"
timezone = "Europe/Berlin"
feeds = {feeds}
"""


@dataclass
class Clock:
    """Set by us, and running as the real one does."""

    base: datetime = START
    since: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.base + timedelta(seconds=time.monotonic() - self.since)

    def set(self, at: datetime) -> None:
        self.base, self.since = max(at, self()), time.monotonic()


@dataclass
class Told:
    """What came of it."""

    days: int
    memory_mb: list[float] = field(default_factory=list)  # after each day
    wanted: dict[str, set[str]] = field(default_factory=dict)  # slot: who was to get it
    wrong: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    cpu_s: float = 0.0

    @property
    def growth(self) -> float:
        """Memory of the last third over that of the middle one: 1.0 is flat."""
        third = max(1, len(self.memory_mb) // 3)
        before = self.memory_mb[-2 * third : -third] or self.memory_mb[:1]
        return statistics.median(self.memory_mb[-third:]) / statistics.median(before)


class Soak:
    """One daemon and its world."""

    def __init__(self, folder: Path, kit: Kit, clock: Clock, told: Told) -> None:
        self.folder, self.kit, self.clock, self.told = folder, kit, clock, told
        self.ids: dict[str, int] = {}
        self.fresh = 0

    async def month(self) -> None:
        daemon, engine = self.begin()
        for day in range(self.told.days):
            if day % 5 == 4:
                daemon, engine = self.begin()
            for hours in HOURS:
                self.at(START + timedelta(days=day, hours=hours))
                if hours == 5.3:
                    await self.come_and_go()
                if hours == 5.5:
                    self.told.wanted[f"{self.clock():%Y-%m-%d}"] = await self.active()
                for _ in range(2):  # what the first one's steps leave to do
                    await daemon.sweep()
                    await engine.drain(300)
            self.told.memory_mb.append(memory_mb())
            print(f"day {day + 1}: {self.told.memory_mb[-1]:.0f} MB", file=sys.stderr, flush=True)

    def begin(self) -> tuple[Daemon, Local]:
        engine = Local(self.kit, stages.OURS)
        return Daemon(self.kit, engine), engine

    def at(self, now: datetime) -> None:
        self.clock.set(now)
        part = self.folder / "day.part"
        part.write_text(str(self.clock().timestamp()))
        part.rename(self.folder / "day")

    async def join(self, count: int) -> None:
        async with self.kit.database.write() as connection:
            for _ in range(count):
                self.fresh += 1
                address = f"reader-{self.fresh}@example.org"
                at = self.clock()
                await roster.add(connection, address=address, newsletter="morning", source="soak", at=at)

    async def active(self) -> set[str]:
        with closing(sqlite3.connect(self.folder / "digest.db")) as connection:
            rows = connection.execute(
                "SELECT address, id FROM subscriber JOIN subscription ON id = subscriber_id WHERE state = 'active'"
            ).fetchall()
        self.ids = dict(rows)
        return set(self.ids)

    async def come_and_go(self) -> None:
        """Five leave, five come."""
        await self.active()
        leaving = sorted(self.ids.values())[:5]
        async with self.kit.database.write() as connection:
            for number in leaving:
                await roster.unsubscribe(connection, number, "morning", self.clock())
        await self.join(5)


def memory_mb() -> float:
    """Resident memory of this process and of its workers, shared pages counted once each where the kernel says so."""
    found = 0
    mine = os.getpid()
    parents = {int(p.name): _parent(p) for p in Path("/proc").iterdir() if p.name.isdigit()}
    for pid in parents:
        above = pid
        while above not in {0, 1, mine}:
            above = parents.get(above, 0)
        if above == mine and not _is_far_side(pid):
            found += _pss_kb(pid)
    return found / 1024


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _is_far_side(pid: int) -> bool:
    try:
        return b"far_side.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _pss_kb(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


async def run(folder: Path, *, days: int, feeds: int, readers: int) -> Told:
    told, clock = Told(days=days), Clock()
    (folder / "day").write_text(str(START.timestamp()))
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [sys.executable, FAR_SIDE, folder, str(feeds)]
    far = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path})
    try:
        there = json.loads(far.stdout.readline())
        text = CONFIG.format(mail=there["mail"], feeds=json.dumps(there["feeds"]))
        config = parse(text, path=folder / "digest.toml", environ={})
        began = time.process_time()
        async with AsyncExitStack() as stack:
            soak = Soak(folder, await _kit(stack, config, clock), clock, told)
            await soak.join(readers)
            await soak.month()
        told.cpu_s = time.process_time() - began
    finally:
        far.kill()
        far.wait()
    _judge(folder, told)
    return told


async def _kit(stack: AsyncExitStack, config: Config, clock: Clock) -> Kit:
    database = await stack.enter_async_context(Database(config.database_url))
    workers = await stack.enter_async_context(Workers(preload=preloads.FOR_YEARS))
    private = config.collect.allow_private
    fetcher = await stack.enter_async_context(
        Fetcher(public_url=config.digest.public_url, allow_private=private, now=clock)
    )
    return Kit(config=config, database=database, workers=workers, fetcher=fetcher, now=clock, owner=owner.mine())


def _judge(folder: Path, told: Told) -> None:
    with closing(sqlite3.connect(folder / "digest.db")) as connection:

        def rows(query: str) -> list[tuple]:
            return connection.execute(query).fetchall()

        issues = rows("SELECT newsletter || '/' || number, slot, state, id FROM issue ORDER BY slot")
        got = Counter[tuple[str, str]]()
        with (folder / "taken.jsonl").open() as log:
            for line in log:
                taken = json.loads(line)
                got[taken["headers"]["X-Digest-Issue"], taken["to"]] += 1
        wanted = {(name, to) for name, slot, *_ in issues for to in told.wanted.get(slot[:10], ())}
        twice = "SELECT article_id FROM issue_article GROUP BY newsletter, article_id HAVING count(*) > 1"
        days = {f"{START + timedelta(days=n):%Y-%m-%d}T07:30" for n in range(told.days)}
        checks = {
            "slots without an issue, or issues without a slot": days ^ {slot for _, slot, *_ in issues},
            "issues not sent": [issue for issue in issues if issue[2] != "sent"],
            "messages lost": wanted - set(got),
            "messages to people who had left, or were not there": set(got) - wanted,
            "messages twice": [key for key, count in got.items() if count > 1],
            "deliveries not settled": rows("SELECT state, count(*) FROM delivery WHERE state <> 'accepted' GROUP BY 1"),
            "claims left": rows("SELECT number FROM batch WHERE state <> 'done'"),
            "articles told twice": rows(twice),
            "damage": [row for row in rows("PRAGMA integrity_check") if row != ("ok",)],
            "feeds that died": rows("SELECT requested_url FROM feed WHERE state IN ('dead', 'gone')"),
        }
        told.wrong += [f"{what}: {sorted(map(str, found))[:3]}" for what, found in checks.items() if found]
        told.counts = {
            "issues": len(issues),
            "messages": got.total(),
            "articles": rows("SELECT count(*) FROM article")[0][0],
            "told": rows("SELECT count(*) FROM issue_article WHERE story >= 0")[0][0],
        }
    told.counts["database_mb"] = (folder / "digest.db").stat().st_size // 1_000_000


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("days", 30), ("feeds", 200), ("readers", 2000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        told = asyncio.run(run(Path(name), days=given.days, feeds=given.feeds, readers=given.readers))
    if told.days >= 9 and told.growth > 1.1:
        told.wrong.append(f"memory grew by {told.growth - 1:.0%}")
    third = max(1, len(told.memory_mb) // 3)
    parts = [told.memory_mb[n : n + third] for n in range(0, 3 * third, third)]
    thirds = [f"{statistics.median(part):.0f}" for part in parts if part]
    print(f"{given.days} days, {given.feeds} feeds, {given.readers} readers: {told.counts}")
    print(f"memory by thirds of the month (MB, workers included): {', '.join(thirds)}; growth {told.growth:.2f}")
    print(f"{time.monotonic() - began:.0f} s, {told.cpu_s:.0f} s of the daemon's processor")
    print("wrong: " + "; ".join(told.wrong) if told.wrong else "nothing is wrong")
    return 1 if told.wrong else 0


if __name__ == "__main__":
    raise SystemExit(_main())
