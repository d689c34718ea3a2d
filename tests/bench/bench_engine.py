"""The same work on each engine and database, in one run.

    PYTHONPATH=. python tests/bench/bench_engine.py [--feeds 1000] [--messages 20000] [--jobs 1000] [--planned 1000000]

Local on SQLite, Local on PostgreSQL, and Procrastinate with 1, 2 and 4 workers (`digest worker`, each with two worker
processes of its own for parsing). Servers stand on loopback in processes of their own, whose CPU is left out. CPU is that of the program: this process, or
the workers, and all below them; PostgreSQL's own stands apart (µs a message). Feeds: 30 entries, 54 KB, gzipped, all new.
Messages: 20 KB, in batches of 100, answered after 50 ms. Jobs: steps that find nothing to do.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import bench_collect  # noqa: E402
import bench_send  # noqa: E402
from conftest import postgres_database  # noqa: E402
from crash.fleet import Server  # noqa: E402
from send.world import seed  # noqa: E402
from sqlalchemy import func, select, text  # noqa: E402

from digest.cli import desk  # noqa: E402
from digest.config import Config  # noqa: E402
from digest.model import Step  # noqa: E402
from digest.pipeline import stages, steps  # noqa: E402
from digest.pipeline.kit import Kit  # noqa: E402
from digest.schedule.engine import Local  # noqa: E402
from digest.store import crew, queue, tables  # noqa: E402

ROOT = Path(__file__).parents[2]
CONFIG = """
[digest]
database = "{database}"
public_url = "https://news.example.org"
postal_address = "1 Example Street"
engine = "{engine}"
[mail]
provider = "resend"
sender = "Morning digest <digest@example.org>"
api_key = "re_key"
base_url = "{mail}"
rate = "100000/second"
[collect]
allow_private = ["127.0.0.0/8"]
[newsletters.morning]
title = "Morning digest"
feeds = [{feeds}]
"""


@dataclass(frozen=True, kw_only=True)
class Far:
    """The servers."""

    mail: str
    feeds: list[str]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    feeds: int
    messages: int
    jobs: int


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a piece of work took."""

    wall_s: float
    cpu_s: float
    postgres_s: float = 0.0  # of CPU


Wait = Callable[[], Awaitable[bool]]


class InProcess:
    """Steps as tasks of this process."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self._engine = kit, Local(kit, stages.OURS)

    async def do(self, todo: list[Step], is_done: Wait) -> Spent:
        cpu, began = bench_collect.cpu_s(), time.monotonic()
        await self._engine.submit(todo)
        await self._engine.drain(3600)
        assert await is_done()
        return Spent(wall_s=time.monotonic() - began, cpu_s=bench_collect.cpu_s() - cpu)


class ByWorkers:
    """Steps as jobs of so many `digest worker`."""

    def __init__(self, kit: Kit, engine: Any, pids: list[int]) -> None:
        self.kit, self._engine, self._pids = kit, engine, pids

    async def do(self, todo: list[Step], is_done: Wait) -> Spent:
        cpu, began = _cpu_s(self._pids), time.monotonic()
        for at in range(0, len(todo), 500):
            await self._engine.submit(todo[at : at + 500])
        while not (await self._is_idle() and await is_done()):
            await asyncio.sleep(0.05)
        return Spent(wall_s=time.monotonic() - began, cpu_s=_cpu_s(self._pids) - cpu)

    async def _is_idle(self) -> bool:
        async with self.kit.database.read() as connection:
            found = (await queue.standing(connection)).queues
        return not any(found.get(name, {}).get(state) for name in ("collect", "send") for state in ("todo", "doing"))


def _cpu_s(pids: list[int]) -> float:
    """CPU seconds of these processes and all below them, the dead included."""
    parents, ticks = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)], ticks[int(folder.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    found, front = set(pids), list(pids)
    while front:
        front = [pid for pid, parent in parents.items() if parent in front and pid not in found]
        found |= set(front)
    return sum(ticks.get(pid, 0) for pid in found) / os.sysconf("SC_CLK_TCK")


def settings(folder: Path, database: str, far: Far, *, engine: str) -> Config:
    feeds = ", ".join(f'{{ url = "{url}", full_text = "never" }}' for url in far.feeds)
    file = folder / "digest.toml"
    file.write_text(CONFIG.format(database=database, engine=engine, mail=far.mail, feeds=feeds))
    return desk.load(file)


@contextlib.asynccontextmanager
async def local(folder: Path, database: str, far: Far) -> AsyncIterator[InProcess]:
    async with desk.kit(settings(folder, database, far, engine="local")) as kit:
        yield InProcess(kit)


@contextlib.asynccontextmanager
async def workers(folder: Path, database: str, far: Far, *, count: int) -> AsyncIterator[ByWorkers]:
    from digest.cli import working

    config = settings(folder, database, far, engine="procrastinate")
    async with desk.kit(config) as kit, working.engine(kit) as engine:
        with _processes(folder, count) as pids:
            while len(await _crew(kit)) < count:
                await asyncio.sleep(0.1)
            yield ByWorkers(engine.kit, engine, pids)


async def _crew(kit: Kit) -> Any:
    async with kit.database.read() as connection:
        return await crew.listed(connection)


@contextlib.contextmanager
def _processes(folder: Path, count: int) -> Iterator[list[int]]:
    command = [sys.executable, "-m", "digest", "worker", "--config", str(folder / "digest.toml")]
    with (folder / "workers.log").open("ab") as log:
        begun = [
            subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=log) for _ in range(count)
        ]
    try:
        yield [process.pid for process in begun]
    finally:
        for process in begun:
            process.terminate()
        for process in begun:
            process.wait()


async def measured(engine: InProcess | ByWorkers, sizes: Sizes, postgres: int) -> Mapping[str, Spent]:
    """Jobs, collecting, sending. `postgres`: the process of its server."""
    kit = engine.kit

    async def always() -> bool:
        return True

    async def is_sent() -> bool:
        async with kit.database.read() as connection:
            return await connection.scalar(select(tables.issue.c.state)) == "sent"

    async def is_collected() -> bool:
        async with kit.database.read() as connection:
            asked = tables.feed.c.last_checked.is_not(None)
            seen = select(func.count()).select_from(tables.feed).where(asked)
            return await connection.scalar(seen) == sizes.feeds

    await engine.do([steps.sending(10**9)], always)  # what is imported once
    jobs = await engine.do([steps.sending(10**9 + n) for n in range(sizes.jobs)], always)
    async with kit.database.write() as connection:
        await connection.execute(tables.feed.delete())  # a worker's sweep may have collected meanwhile
    collected = await engine.do([steps.collecting("morning")], is_collected)
    issue_id = await seed(kit.database, readers=sizes.messages, rendered=bench_send.rendered(19_000))
    from digest.pipeline import send

    await send.plan(kit, issue_id)
    before = _cpu_s([postgres])
    sent = await engine.do([steps.sending(issue_id)], is_sent)
    sent = replace(sent, postgres_s=_cpu_s([postgres]) - before)
    return {"jobs": jobs, "feeds": collected, "messages": sent}


# ------------------------------------------------------------------ a million readers


_PEOPLE = """
INSERT INTO subscriber (address, address_key, address_hash, name, fields, created_at)
SELECT 'reader-' || i || '@example.org', 'reader-' || i || '@example.org', sha256(i::text::bytea), 'Reader', '{{}}', now()
FROM generate_series(1, {count}) AS i
"""
_ACTIVE = "INSERT INTO subscription (subscriber_id, newsletter, state, since) SELECT id, 'morning', 'active', now() FROM subscriber"


async def planned(folder: Path, url: str, far: Far, count: int, postgres: int) -> None:
    """Planning a million on PostgreSQL; counting and dropping them."""
    from digest.pipeline import send
    from digest.store import deliveries

    async with desk.kit(settings(folder, url, far, engine="local")) as kit:
        issue_id = await seed(kit.database, readers=0, rendered=bench_send.rendered(1000))
        async with kit.database.write() as connection:
            await connection.execute(text(_PEOPLE.format(count=count)))
            await connection.execute(text(_ACTIVE))
        async with kit.database.write() as connection:
            await connection.execute(text("ANALYZE subscriber, subscription"))
        began, cpu = time.monotonic(), _cpu_s([postgres])
        assert await send.plan(kit, issue_id) == count
        took, used = time.monotonic() - began, _cpu_s([postgres]) - cpu
        _say(f"{count:,} recipients planned on PostgreSQL in {took:.1f} s, of its CPU {used:.1f} s")
        began = time.monotonic()
        async with kit.database.read() as connection:
            assert (await deliveries.counts(connection))["pending"] == count
        _say(f"counted row by row in {time.monotonic() - began:.2f} s")
        async with kit.database.read() as connection:
            size = await connection.scalar(text("SELECT pg_total_relation_size('delivery')"))
        _say(f"{size / count:.0f} bytes a delivery, indexes included")
        began = time.monotonic()
        async with kit.database.write() as connection:
            await connection.execute(tables.delivery.delete().where(tables.delivery.c.issue_id == issue_id))
        _say(f"its deliveries dropped in {time.monotonic() - began:.1f} s")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# ------------------------------------------------------------------ the table


async def run(folder: Path, server: Server, far: Far, sizes: Sizes, planned_count: int) -> None:
    admin = server.url.replace("postgresql://", "postgresql+psycopg://")
    entries = sizes.feeds * bench_collect.ENTRIES
    _say(
        f"{sizes.feeds} feeds, {entries} articles, {sizes.messages} messages, {sizes.jobs} jobs; per second, and per CPU second"
    )
    _say(
        f"{'':26}{'feeds/s':>9}{'art./s':>9}{'/CPU s':>9}{'msg/s':>9}{'/CPU s':>9}{'PG µs':>9}{'jobs/s':>9}{'CPU ms/job':>12}"
    )
    if planned_count:
        async with postgres_database(admin) as url:
            await planned(folder, url.replace("+psycopg", ""), far, planned_count, server.pid)
    kinds: list[tuple[str, int]] = [("Local, SQLite", 0), ("Local, PostgreSQL", 0)]
    kinds += [(f"Procrastinate, {n} worker{'s' * (n > 1)}", n) for n in (1, 2, 4)]
    for name, count in kinds:
        place = folder / name.replace(" ", "-")
        place.mkdir()
        async with contextlib.AsyncExitStack() as stack:
            url = f"sqlite:///{place / 'd.db'}"
            if "SQLite" not in name:
                url = (await stack.enter_async_context(postgres_database(admin))).replace("+psycopg", "")
            make = workers(place, url, far, count=count) if count else local(place, url, far)
            found = await measured(await stack.enter_async_context(make), sizes, server.pid)
        _say(_row(name, found, sizes, entries))


def _row(name: str, found: Mapping[str, Spent], sizes: Sizes, entries: int) -> str:
    feeds, sent, jobs = found["feeds"], found["messages"], found["jobs"]
    return (
        f"{name:26}{sizes.feeds / feeds.wall_s:9.0f}{entries / feeds.wall_s:9.0f}{entries / feeds.cpu_s:9.0f}"
        f"{sizes.messages / sent.wall_s:9.0f}{sizes.messages / sent.cpu_s:9.0f}"
        f"{1e6 * sent.postgres_s / sizes.messages:9.0f}"
        f"{sizes.jobs / jobs.wall_s:9.0f}{1000 * jobs.cpu_s / sizes.jobs:12.2f}"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--planned", type=int, default=1_000_000)
    given = parser.parse_args()
    import logging
    import tempfile

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    logging.disable(logging.WARNING)
    context: Any = multiprocessing.get_context("spawn")
    mail, theirs = context.Pipe()
    feeds, far_feeds = context.Pipe()
    servers = [
        context.Process(target=bench_send.serve, args=(theirs,), daemon=True),
        context.Process(target=bench_collect.serve, args=(far_feeds, given.feeds), daemon=True),
    ]
    for process in servers:
        process.start()
        bench_collect._SERVERS.add(process.pid)
    _, urls = feeds.recv()
    far = Far(mail=f"http://127.0.0.1:{mail.recv()}", feeds=urls)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder / "pg")
        try:
            sizes = Sizes(feeds=given.feeds, messages=given.messages, jobs=given.jobs)
            asyncio.run(run(folder, server, far, sizes, given.planned))
        finally:
            server.end()
    mail.send("end")
    feeds.send("end")


if __name__ == "__main__":
    main()
