"""The same work on each engine and database, in one run.

    PYTHONPATH=. python tests/bench/bench_engine.py [--feeds 1000] [--messages 20000] [--jobs 1000] [--planned 1000000]
    PYTHONPATH=. python tests/bench/bench_engine.py --collect --feeds 10000 [--on sqlite postgresql 1 2 4]

`--collect`: collecting alone, cold and then warm (nine of ten answer 304). `--on`: which engines (a number: so many workers).

Local on SQLite, Local on PostgreSQL, and Procrastinate with 1, 2 and 4 workers (`digest worker`, each with two worker
processes of its own for parsing). Servers stand on loopback in processes of their own, whose CPU is left out. CPU is that
of the program: this process, or the workers, and all below them; PostgreSQL's own stands apart (µs a message), and *with
it* is messages a CPU second of both. Feeds: 30 entries, 54 KB, gzipped, all new.
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
from datetime import UTC, datetime
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
    warm: Callable[[bool], None]  # from now on nine of ten feeds answer 304, or all are new


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
_IDLE_S = 180.0  # three sweeps that found nothing to do
KINDS = {
    "sqlite": "Local, SQLite",
    "postgresql": "Local, PostgreSQL",
    "1": "Procrastinate, 1 worker",
    "2": "Procrastinate, 2 workers",
    "4": "Procrastinate, 4 workers",
}


class InProcess:
    """Steps as tasks of this process."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self._engine = kit, Local(kit, stages.OURS)
        self.pids = [os.getpid()]

    async def rest(self) -> None:
        """Until nothing is under way."""

    async def do(self, todo: list[Step], is_done: Wait) -> Spent:
        cpu, began = bench_collect.cpu_s(), time.monotonic()
        await self._engine.submit(todo)
        await self._engine.drain(3600)
        assert await is_done()
        return Spent(wall_s=time.monotonic() - began, cpu_s=bench_collect.cpu_s() - cpu)


class ByWorkers:
    """Steps as jobs of so many `digest worker`."""

    def __init__(self, kit: Kit, engine: Any, crew: "Crew") -> None:
        self.kit, self._engine, self._crew, self.pids = kit, engine, crew, crew.pids

    async def rest(self) -> None:
        """Until nothing is under way."""
        while not await self._is_idle():
            await self._crew.wait()

    async def do(self, todo: list[Step], is_done: Wait) -> Spent:
        cpu, began = _cpu_s(self.pids), time.monotonic()
        for at in range(0, len(todo), 500):
            await self._engine.submit(todo[at : at + 500])
        idle_since = time.monotonic()
        while not ((is_idle := await self._is_idle()) and await is_done()):
            await self._crew.wait()
            idle_since = idle_since if is_idle else time.monotonic()
            if time.monotonic() - idle_since > _IDLE_S:
                raise Stuck(
                    f"no job for {_IDLE_S:g} s, and the work is not done; the workers say:\n{self._crew.words()}"
                )
        return Spent(wall_s=time.monotonic() - began, cpu_s=_cpu_s(self.pids) - cpu)

    async def _is_idle(self) -> bool:
        async with self.kit.database.read() as connection:
            found = (await queue.standing(connection)).queues
        return not any(found.get(name, {}).get(state) for name in ("collect", "send") for state in ("todo", "doing"))


def _largest_mb(pids: list[int]) -> float:
    """The most memory that any of these ever held."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return max(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


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
        with _processes(folder, count) as begun:
            while len(await _listed(kit)) < count:
                await begun.wait()
            yield ByWorkers(engine.kit, engine, begun)


async def _listed(kit: Kit) -> Any:
    async with kit.database.read() as connection:
        return await crew.listed(connection)


class Stuck(Exception):  # noqa: N818 — no fault of the bench
    """It would be waited for in vain."""


class Crew:
    """The worker processes of a run, which are to outlive it."""

    def __init__(self, processes: list[subprocess.Popen[bytes]], log: Path) -> None:
        self._processes, self._log = processes, log
        self.pids = [process.pid for process in processes]

    async def wait(self) -> None:
        """A moment; Stuck where one of them has ended."""
        ended = [f"{one.pid} with {one.returncode}" for one in self._processes if one.poll() is not None]
        if ended:
            raise Stuck(f"of {len(self.pids)} workers ended: {', '.join(ended)}; they say:\n{self.words()}")
        await asyncio.sleep(0.05)

    def words(self, lines: int = 20) -> str:
        """Their last."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def _processes(folder: Path, count: int) -> Iterator[Crew]:
    command = [sys.executable, "-m", "digest", "worker", "--config", str(folder / "digest.toml")]
    with (folder / "workers.log").open("ab") as log:
        begun = [
            subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=log) for _ in range(count)
        ]
    try:
        yield Crew(begun, folder / "workers.log")
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
        return await _asked(kit) == sizes.feeds

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


async def _asked(kit: Kit, since: datetime = datetime(1970, 1, 1, tzinfo=UTC)) -> int:
    """How many feeds were asked since then, and are well."""
    asked = (tables.feed.c.last_checked > since, tables.feed.c.last_error.is_(None))
    async with kit.database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(tables.feed).where(*asked)) or 0


async def collected(engine: InProcess | ByWorkers, far: Far, postgres: int) -> Mapping[str, Spent]:
    """A cold round and a warm one."""
    found, kit = {}, engine.kit
    for name in ("cold", "warm"):
        far.warm(name == "warm")
        await engine.rest()
        async with kit.database.write() as connection:
            # All are due. A worker's sweep may have collected meanwhile.
            anew = tables.feed.update().values(next_check=None) if name == "warm" else tables.feed.delete()
            await connection.execute(anew)
        since = datetime.now(UTC)

        async def is_done(since: datetime = since) -> bool:
            return await _asked(kit, since) == len(far.feeds)

        before = _cpu_s([postgres])
        spent = await engine.do([steps.collecting("morning")], is_done)
        found[name] = replace(spent, postgres_s=_cpu_s([postgres]) - before)
    return found


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


@contextlib.asynccontextmanager
async def opened(folder: Path, kind: str, admin: str, far: Far) -> AsyncIterator[InProcess | ByWorkers]:
    """That engine on a database of its own."""
    place = folder / kind
    place.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        url = f"sqlite:///{place / 'd.db'}"
        if kind != "sqlite":
            url = (await stack.enter_async_context(postgres_database(admin))).replace("+psycopg", "")
        make = workers(place, url, far, count=int(kind)) if kind.isdigit() else local(place, url, far)
        yield await stack.enter_async_context(make)


async def run(folder: Path, server: Server, far: Far, sizes: Sizes, kinds: list[str], planned_count: int) -> None:
    admin = server.url.replace("postgresql://", "postgresql+psycopg://")
    entries = sizes.feeds * bench_collect.ENTRIES
    _say(
        f"{sizes.feeds} feeds, {entries} articles, {sizes.messages} messages, {sizes.jobs} jobs; per second, and per CPU second"
    )
    _say(
        f"{'':26}{'feeds/s':>9}{'art./s':>9}{'/CPU s':>9}{'msg/s':>9}{'/CPU s':>9}{'PG µs':>9}{'with it':>9}{'jobs/s':>9}{'CPU ms/job':>12}"
    )
    if planned_count:
        async with postgres_database(admin) as url:
            await planned(folder, url.replace("+psycopg", ""), far, planned_count, server.pid)
    for kind in kinds:
        async with opened(folder, kind, admin, far) as engine:
            found = await measured(engine, sizes, server.pid)
        _say(_row(KINDS[kind], found, sizes, entries))


async def run_collect(folder: Path, server: Server, far: Far, kinds: list[str]) -> None:
    """Collecting alone: a row for each round."""
    count, admin = len(far.feeds), server.url.replace("postgresql://", "postgresql+psycopg://")
    _say(
        f"{count} feeds of {bench_collect.ENTRIES} entries; feeds per second, per CPU second, and with PostgreSQL's own"
    )
    _say(f"{'':26}{'round':>6}{'seconds':>9}{'feeds/s':>9}{'/CPU s':>9}{'with PG':>9}{'MB at most':>12}")
    for kind in kinds:
        async with opened(folder, kind, admin, far) as engine:
            for name, spent in (await collected(engine, far, server.pid)).items():
                both = spent.cpu_s + spent.postgres_s
                _say(
                    f"{KINDS[kind]:26}{name:>6}{spent.wall_s:9.0f}{count / spent.wall_s:9.0f}{count / spent.cpu_s:9.0f}"
                    f"{count / both:9.0f}{_largest_mb(engine.pids):12.0f}"
                )


def _row(name: str, found: Mapping[str, Spent], sizes: Sizes, entries: int) -> str:
    feeds, sent, jobs = found["feeds"], found["messages"], found["jobs"]
    return (
        f"{name:26}{sizes.feeds / feeds.wall_s:9.0f}{entries / feeds.wall_s:9.0f}{entries / feeds.cpu_s:9.0f}"
        f"{sizes.messages / sent.wall_s:9.0f}{sizes.messages / sent.cpu_s:9.0f}"
        f"{1e6 * sent.postgres_s / sizes.messages:9.0f}{sizes.messages / (sent.cpu_s + sent.postgres_s):9.0f}"
        f"{sizes.jobs / jobs.wall_s:9.0f}{1000 * jobs.cpu_s / sizes.jobs:12.2f}"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--planned", type=int, default=1_000_000)
    parser.add_argument("--collect", action="store_true", help="collecting alone, cold and warm")
    parser.add_argument("--on", nargs="+", choices=list(KINDS), default=list(KINDS), help="which engines")
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

    def warm(is_warm: bool) -> None:
        feeds.send("warm" if is_warm else "cold")
        feeds.recv()

    far = Far(mail=f"http://127.0.0.1:{mail.recv()}", feeds=urls, warm=warm)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder / "pg")
        try:
            sizes = Sizes(feeds=given.feeds, messages=given.messages, jobs=given.jobs)
            if given.collect:
                asyncio.run(run_collect(folder, server, far, given.on))
            else:
                asyncio.run(run(folder, server, far, sizes, given.on, given.planned))
        except Stuck as stuck:
            raise SystemExit(str(stuck)) from None
        finally:
            server.end()
    mail.send("end")
    feeds.send("end")


if __name__ == "__main__":
    main()
