"""A full disk, a database that another process holds, a provider that is away for an hour: late, but once."""

import asyncio
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from schedule.world import MINUTE, START, Clock, Work, freeze, kit_of
from send.world import active, reader
from sqlalchemy import event, insert

from digest.config import parse
from digest.pipeline import send
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database, issues
from subscribers import tables as people

pytestmark = pytest.mark.anyio
SLOT = START + 30 * MINUTE
MADE = [("2026-11-23T07:30", "ready")]
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
"""


class Limited:
    """A SQLite database whose pragmas may be set at any time, for every connection."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.pragmas: dict[str, int] = {}
        self.database = Database(f"sqlite+aiosqlite:///{file}")
        event.listen(self.database.engine.sync_engine, "checkout", self._set)

    def _set(self, connection, *_) -> None:
        cursor = connection.cursor()
        for name, value in self.pragmas.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    def rows(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Limited]:
    made = Limited(tmp_path / "digest.db")
    async with made.database:
        yield made


class Here:
    """One daemon over it."""

    def __init__(self, database: Database, work: Work, settings=None) -> None:
        self.clock, self.work = Clock(), work
        self.kit = kit_of(database, self.clock, settings=settings)
        self.engine = Local(self.kit, work.stages)
        self.daemon = Daemon(self.kit, self.engine)

    async def sweep(self, to) -> None:
        self.clock.at = max(to, self.clock.at)
        await self.daemon.sweep()
        await self.engine.drain(20)

    async def states(self) -> list[tuple[str, str]]:
        async with self.kit.database.read() as connection:
            return [(record.slot, str(record.state)) for record in await issues.listed(connection)]


class Bulky(Work):
    """An issue of a quarter of a megabyte."""

    async def make(self, kit, newsletter, due, held, *_) -> None:
        if await freeze(kit, newsletter, held, bulk="x" * 250_000):
            self.made.append(due.slot)


@pytest.mark.parametrize("pages_left", [0, 1, 3, 10, 40])
async def test_a_full_disk_makes_the_issue_late_and_once(limited: Limited, pages_left: int) -> None:
    here = Here(limited.database, Bulky())
    await here.sweep(START)
    (pages,) = limited.rows("PRAGMA page_count")[0]
    limited.pragmas["max_page_count"] = pages + pages_left
    for minutes in range(3):
        await here.sweep(SLOT + minutes * MINUTE)
    assert here.work.made == []
    assert here.work.sent == []
    assert limited.rows("SELECT count(*) FROM rendition") == [(0,)]  # nothing of it is there by half
    limited.pragmas["max_page_count"] = 1_000_000
    for minutes in range(3, 25):
        await here.sweep(SLOT + minutes * MINUTE)
    assert await here.states() == MADE
    assert here.work.made == ["2026-11-23T07:30"]
    assert limited.rows("PRAGMA integrity_check") == [("ok",)]


async def test_a_database_that_another_process_holds_is_waited_for(limited: Limited) -> None:
    here = Here(limited.database, Work())
    await here.sweep(START)
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(limited.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout.readline() == b"held\n"
        limited.pragmas["busy_timeout"] = 20
        await here.sweep(SLOT)
        assert here.daemon.failures == 1  # asked once, rather than by each part in turn
        assert "database is locked" in here.daemon.trouble
        limited.pragmas["busy_timeout"] = 15_000
        waiting = asyncio.create_task(here.sweep(SLOT + MINUTE))
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
        child.stdin.write(b"\n")
        child.stdin.flush()
        await waiting
    finally:
        child.kill()
        child.communicate()
    assert here.daemon.trouble == ""
    assert await here.states() == MADE
    assert here.work.made == ["2026-11-23T07:30"]


MAIL = """
[digest]
postal_address = "1 Example Street"
[mail]
sender = "A <a@example.org>"
provider = "resend"
api_key = "re_key"
base_url = "http://mail.test"
rate = "100000/second"
[newsletters.morning]
title = "Morning"
schedule = "30 7 * * *"
timezone = "Europe/Berlin"
"""


class Provider(Work):
    """Sending as it is, to a provider that is away until a time."""

    def __init__(self, clock: Clock, back_at) -> None:
        super().__init__()
        self.clock, self.back_at = clock, back_at
        self.got: Counter[str] = Counter()
        self.asked = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.clock.at < self.back_at:
            raise httpx.ConnectError("nobody there", request=request)
        import orjson

        messages = orjson.loads(request.content)
        self.got.update(message["to"][0] for message in messages)
        return httpx.Response(200, json={"data": [{"id": f"m{n}"} for n in range(len(messages))]})

    async def sleep(self, seconds: float) -> None:
        self.clock.at += MINUTE / 60 * seconds
        await asyncio.sleep(0)

    async def send(self, kit, issue_id, stop) -> None:
        transport = httpx.MockTransport(self.answer)
        await send.issue(kit, issue_id, sleep=self.sleep, stop=stop, transport=transport)


async def test_a_provider_that_is_away_for_an_hour_gets_everything_once_it_is_back(database) -> None:
    settings = parse(MAIL, path=Path("digest.toml"), environ={})
    work = Provider(Clock(), SLOT + 60 * MINUTE)
    here = Here(database, work, settings)
    here.clock = work.clock = here.kit.now
    async with database.write() as connection:
        await connection.execute(insert(people.subscriber), [reader(n) for n in range(1, 251)])
        await connection.execute(insert(people.subscription), [active(n) for n in range(1, 251)])
    await here.sweep(START)
    for minutes in range(0, 90, 10):
        await here.sweep(SLOT + minutes * MINUTE)
        if here.clock.at < work.back_at:
            assert await here.states() == [("2026-11-23T07:30", "sending")]
    assert await here.states() == [("2026-11-23T07:30", "sent")]
    assert set(work.got.values()) == {1}
    assert len(work.got) == 250
    assert work.asked < 250  # it is not hammered meanwhile: a probe now and then
