"""The first program at its daily work, and this one that brings the database up to date under it: both go on.

Both are kept in tests/data/db: NNNN.db, and NNNN.tar.xz with the packages that made it (the demo's sample left out).

python tests/crash/upgrade.py [--days 6] [--feeds 6]
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from crash.far_side import SHOWN_DAYS, Publishers

from digest.testing import FeedServer, MailServer

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parents[1] / "data" / "db"
CHILD = Path(__file__).with_name("program_child.py")
START = datetime(2026, 11, 26, 3, tzinfo=UTC)  # some hours after 0001.db was made
SLOT = timedelta(hours=3, minutes=30, seconds=1)  # after a day's start: 07:30 in Berlin
PATIENCE_S = 60.0
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
catch_up = "all"
feeds = {feeds}
"""


def unpacked(stem: str, folder: Path) -> Path:
    """The folder of the program that made that database file."""
    with tarfile.open(KEPT / f"{stem}.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder


def environment(program: Path) -> dict[str, str]:
    """Of a process of that program."""
    return {**os.environ, "PYTHONPATH": str(program), "OPENBLAS_NUM_THREADS": "1"}


@dataclass
class Told:
    """What came of it."""

    issues: int = 0
    messages: int = 0
    old_code: int | None = None  # how the old program ended, asked to at the last
    wrong: list[str] = field(default_factory=list)


class Town:
    """The folder they share, its feeds and mail API, and who works there."""

    def __init__(self, folder: Path, mail: MailServer, web: FeedServer, feeds: int) -> None:
        self.folder, self.mail, self.web, self.feeds = folder, mail, web, feeds
        self.now = START
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        publishers = Publishers(folder, web)
        web.route("/robots.txt", publishers.answer)
        urls = [f"http://127.0.1.{n + 1}:{web.port}/{n}/feed.xml" for n in range(feeds)]
        for n in range(feeds):
            web.route(f"/{n}/feed.xml", publishers.answer)
        (folder / "digest.toml").write_text(CONFIG.format(mail=mail.url, feeds=json.dumps(urls)))
        self.set_clock(START)

    def set_clock(self, now: datetime) -> None:
        """For all of them; from there on it runs as the real one does."""
        self.now = now
        for name, text in (("clock", f"{now.timestamp()} {time.time()}"), ("day", str(now.timestamp()))):
            part = self.folder / f"{name}.part"
            part.write_text(text)
            part.rename(self.folder / name)

    def start(self, name: str, program: Path) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        command = [sys.executable, CHILD, self.folder]
        self.processes[name] = subprocess.Popen(
            command, cwd=self.folder, env=environment(program), stdout=log, stderr=log
        )

    async def until(self, there: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
        end = time.monotonic() + patience_s
        while not (is_there := there()) and time.monotonic() < end:
            await asyncio.sleep(0.05)
        return bool(is_there)

    def rows(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.folder / "digest.db", timeout=30)) as connection:
            return connection.execute(query).fetchall()

    def stored(self) -> set[str]:
        return {row[0] for row in self.rows("SELECT link FROM article")}

    async def set_clock_at_rest(self, now: datetime) -> None:
        """The same once no request is under way: a leap of hours in its midst is no upgrade, and lets its claim lapse."""
        await self.until(lambda: self.rows("SELECT count(*) FROM batch WHERE state = 'sending'") == [(0,)])
        self.set_clock(now)

    def over(self, slot_day: datetime) -> bool:
        found = self.rows(f"SELECT state FROM issue WHERE slot = '{slot_day:%Y-%m-%d}T07:30'")
        return found in ([("sent",)], [("skipped",)])

    async def stop(self, name: str) -> int:
        self.processes[name].send_signal(signal.SIGTERM)
        await self.until(lambda: self.processes[name].poll() is not None)
        return self.processes[name].poll()

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


async def upgrade(folder: Path) -> str:
    """`digest db upgrade` of this program; what went wrong with it."""
    command = [sys.executable, "-m", "digest", "db", "upgrade", "--config", str(folder / "digest.toml")]
    child = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await child.communicate()
    return "" if child.returncode == 0 else f"upgrade ended with {child.returncode}: {said.decode()}"


async def run(folder: Path, *, days: int = 5, feeds: int = 4, stem: str = "0001") -> Told:
    """Day 1: the old program alone. Day 2: upgraded while it sends. Then both, and on the last day the new one alone."""
    old = unpacked(stem, folder / "old")
    shutil.copy(KEPT / f"{stem}.db", folder / "digest.db")
    told = Told()
    async with MailServer(folder / "taken.jsonl", delay_s=0.15) as mail:
        with FeedServer(host="0.0.0.0") as web:
            town = Town(folder, mail, web, feeds)
            try:
                town.start("old", old)
                for day in range(days):
                    await _day(town, told, START + timedelta(days=day), day, days)
                await town.stop("new")
            finally:
                town.end()
            _judge(town, told, days)
    return told


async def _day(town: Town, told: Told, morning: datetime, day: int, days: int) -> None:
    if day == 2:
        town.start("new", ROOT)
    if day == days - 1:
        told.old_code = await town.stop("old")
    both = 2 <= day < days - 1
    is_collected = await _collected(town, morning, 1.0 if both else PATIENCE_S / 8)
    if not is_collected and not both:
        told.wrong.append(f"by the slot of {morning:%d %B} not all was collected")
    await town.set_clock_at_rest(morning + SLOT)
    if day == 1:
        before = len(town.mail.taken())
        if not await town.until(lambda: len(town.mail.taken()) > before):
            told.wrong.append("the old program did not begin to send")
        told.wrong += [fault for fault in [await upgrade(town.folder)] if fault]
    if not await town.until(lambda: town.over(morning)):
        told.wrong.append(f"the issue of {morning:%d %B} was not over in {PATIENCE_S:g} s")


async def _collected(town: Town, morning: datetime, patience_s: float) -> bool:
    """Whether all of the day's entries are stored before its slot; the next round is waited for where one failed.

    Which the old program brings about: it cannot store any more, and both wait before they ask that feed again.
    """
    shown = published(town.feeds, town.web.port, [morning])
    for after in range(0, 200, 25):
        await town.set_clock_at_rest(morning + timedelta(minutes=after))
        if await town.until(lambda: shown <= town.stored(), patience_s):
            return True
    return False


def published(feeds: int, port: int, days: Iterable[datetime]) -> set[str]:
    """The links of all entries of those days."""
    found = set()
    for day in days:
        for feed in range(feeds):
            if random.Random(f"{feed}{day.replace(hour=0):%j}").random() < 0.6:
                found.add(f"http://127.0.1.{feed % 250 + 1}:{port}/{feed}/{day:%Y%m%d}")
    return found


def _judge(town: Town, told: Told, days: int) -> None:
    issues = town.rows("SELECT newsletter || '/' || number, slot, state FROM issue WHERE state <> 'missed'")
    due = {f"{START + timedelta(days=n):%Y-%m-%d}T07:30" for n in range(days)}
    readers = {
        row[0]
        for row in town.rows(
            "SELECT address FROM subscriber JOIN subscription ON id = subscriber_id WHERE state = 'active'"
        )
    }
    got = Counter((taken.headers["X-Digest-Issue"], taken.to) for taken in town.mail.taken())
    first = {(row[0], row[1]) for row in town.rows(FIRST)}
    late = sorted(due)[2:-1]  # both work: what the old one could not store is told a day later
    wanted = {(name, to) for name, slot, state in issues if slot in due and state == "sent" for to in readers} | first
    told.issues, told.messages = len(issues), got.total()
    shown = [START + timedelta(days=n) for n in range(-SHOWN_DAYS + 1, days)]
    stored = Counter(row[0] for row in town.rows("SELECT link FROM article"))
    twice = "SELECT article_id FROM issue_article GROUP BY newsletter, article_id HAVING count(*) > 1"
    checks = {
        "slots without an issue": due - {slot for _, slot, _ in issues},
        "issues not sent": [row for row in issues if row[2] != "sent" and not (row[2] == "skipped" and row[1] in late)],
        "messages lost": wanted - set(got),
        "messages to strangers": set(got) - wanted,
        "messages twice": [key for key, count in got.items() if count > 1],
        "deliveries not settled": town.rows(
            "SELECT state, count(*) FROM delivery WHERE state <> 'accepted' GROUP BY 1"
        ),
        "articles lost": published(town.feeds, town.web.port, shown) - set(stored),
        "articles stored twice": [link for link, count in stored.items() if count > 1],
        "articles told twice": town.rows(twice),
        "damage": [row for row in town.rows("PRAGMA integrity_check") if row != ("ok",)]
        + town.rows("PRAGMA foreign_key_check"),
    }
    told.wrong += [f"{what}: {len(found)}, {sorted(map(str, found))[:3]}" for what, found in checks.items() if found]


# Whom the kept file's issue was still to reach, under the program that finds it.
FIRST = "SELECT 'morning/1', address FROM delivery WHERE issue_id = 1 AND batch > 1"


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--feeds", type=int, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        told = asyncio.run(run(Path(name), days=given.days, feeds=given.feeds))
        for log in sorted(Path(name).glob("*.log")):
            print(f"--- {log.name}\n{log.read_text()[-3000:]}")
    print(told)
    return 1 if told.wrong else 0


if __name__ == "__main__":
    raise SystemExit(_main())
