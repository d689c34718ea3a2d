"""Feeds per CPU-second: collecting with storage beside `reader`, and beside a bare loop that stores nothing.

    PYTHONPATH=. python tests/bench/bench_collect.py [FEEDS] [--reader PYTHON|install]

A server process on loopback serves FEEDS feeds (1,000) of 30 entries, about 54 KB each, gzipped; the warm round answers 304
to nine of ten. CPU is that of this process and its workers; the server's is left out. `--reader`: a Python that can import
`reader` (PyPI), or `install` for one in a temporary environment of its own; it stores too, without cleaning or fingerprints.
"""

import argparse
import asyncio
import gzip
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

ENTRIES = 30
PARAGRAPHS = 4
START = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def body(number: int, extra: int = 0) -> bytes:
    """30 entries of about 1.8 KB, each with words of its own; `extra` newer ones above them."""
    items = []
    for place in range(ENTRIES + extra):
        key = number * 1_000 + place
        text = "".join(
            f"<p>{' '.join(f'word{(key * 31 + part * 977 + word * word * 7) % 9_973}' for word in range(48))}.</p>"
            for part in range(PARAGRAPHS)
        )
        date = (START - timedelta(hours=place - extra)).strftime("%a, %d %b %Y %H:%M:%S +0000")
        items.append(
            f"<item><title>Story {key} of the day word{key % 9_973}</title><link>https://example.org/{number}/{key}</link>"
            f"<guid>https://example.org/?p={key}</guid><pubDate>{date}</pubDate>"
            f"<content:encoded><![CDATA[{text}]]></content:encoded></item>"
        )
    head = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Feed</title>'
    return (head + "".join(items) + "</channel></rss>").encode()


def serve(pipe: Connection, count: int) -> None:
    """The server's process; a message on the pipe begins the warm round."""
    from digest.testing import FeedServer, Reply, Request

    cold = [gzip.compress(body(number), 6) for number in range(count)]
    is_warm = False

    def answer(number: int) -> Callable[[Request], Reply]:
        def reply(request: Request) -> Reply:
            if is_warm and number % 10 and request.headers.get("if-none-match"):
                return Reply(status=304, headers=(("ETag", f'"{number}"'),))
            data = gzip.compress(body(number, 1), 6) if is_warm and number % 10 == 0 else cold[number]
            headers = (("ETag", f'"{number}"'), ("Content-Encoding", "gzip"))
            return Reply(body=data, headers=headers, content_type="application/rss+xml")

        return reply

    servers = [FeedServer(host=f"127.0.1.{n + 1}").__enter__() for n in range(50)]
    urls = [servers[n % 50].route(f"/{n}.xml", answer(n)) for n in range(count)]
    pipe.send((len(body(1)), urls))
    while (word := pipe.recv()) != "end":
        is_warm = word == "warm"
        pipe.send("ok")


def cpu_s() -> float:
    """CPU seconds of this process and of its living and dead workers."""
    total = sum(os.times()[:4])
    for pid in children():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def children() -> list[int]:
    """Every process below this one but the feed server's."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, front = [], [os.getpid()]
    while front:
        front = [pid for pid, parent in parents.items() if parent in front and pid not in _SERVERS]
        found += front
    return found


def largest_mb() -> float:
    """The most memory one of them held at a time."""
    peaks = [0.0]
    for pid in children():
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        peaks += [int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")]
    return max(peaks)


_SERVERS: set[int] = set()
_WORKERS_MB = [0.0]


async def bare(urls: list[str], etags: dict[str, str]) -> None:
    """httpx and fastfeedparser, nothing else: the floor."""
    import fastfeedparser
    import httpx

    gate = asyncio.Semaphore(16)
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=20), trust_env=False) as client:

        async def one(url: str) -> None:
            async with gate:
                headers = {"If-None-Match": etags[url]} if url in etags else {}
                response = await client.get(url, headers=headers)
            if response.status_code == 200:
                etags[url] = response.headers["etag"]
                fastfeedparser.parse(response.content)

        await asyncio.gather(*(one(url) for url in urls))


async def ours(
    folder: Path, rounds: list[str], urls: list[str], warm: Callable[[], None]
) -> list[tuple[str, float, float]]:
    from digest.collect.fetch import Fetcher
    from digest.config import Collecting, Config, FeedSettings, Mail
    from digest.pipeline import collect
    from digest.pipeline.kit import Kit
    from digest.store import Database
    from digest.workers import Workers

    now = START
    config = Config(
        path=folder / "digest.toml",
        mail=Mail(sender="Bench <bench@example.org>"),
        collect=Collecting(allow_private=("127.0.0.0/8",)),
    )
    feeds = [FeedSettings(url=url, full_text="never") for url in urls]
    measured = []
    async with (
        Database(f"sqlite+aiosqlite:///{folder / 'digest.db'}") as database,
        Workers(count=2, preload=["digest.summarize", "digest.collect.reading", "fastfeedparser", "numpy"]) as workers,
        Fetcher(public_url="https://example.org", now=lambda: now, allow_private=["127.0.0.0/8"]) as fetcher,
    ):
        kit = Kit(config=config, database=database, workers=workers, fetcher=fetcher, now=lambda: now)
        for name in rounds:
            if name == "warm":
                warm()
                now += timedelta(hours=2)
            measured.append(
                (f"digest {name}", *await timed(lambda: collect.newsletter_feeds(kit, feeds, everything=True)))
            )
            _WORKERS_MB[0] = largest_mb()
    return measured


READER = """
import json, os, sys, tempfile
from reader import make_reader
def cpu():
    return sum(os.times()[:4])
urls = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    reader = make_reader(folder + "/reader.sqlite")
    for url in urls:
        reader.add_feed(url)
    for name in ("cold", "warm"):
        before, failed = cpu(), 0
        for result in reader.update_feeds_iter(scheduled=False, workers=20):
            failed += isinstance(result.value, Exception)
        print(json.dumps([f"reader {name}", cpu() - before, failed]), flush=True)
        if name == "cold":
            sys.stdout.write("warm?\\n"); sys.stdout.flush()
            open(sys.argv[1]).read()
"""


def reader_python(given: str, folder: Path) -> str:
    """The interpreter that has it; made anew for `install`."""
    if given != "install":
        return given
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = str(folder / "env" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "reader", "sgmllib3k"], check=True)
    return python


def reader(python: str, urls: list[str], warm: Callable[[], None], folder: Path) -> list[tuple[str, float, float]]:
    """Its two rounds, in a process of its own; a named pipe tells it that the server is warm."""
    gate = folder / "gate"
    os.mkfifo(gate)
    process = subprocess.Popen(
        [python, "-c", READER, str(gate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin, "piped"
    assert process.stdout, "piped"
    _SERVERS.add(process.pid)
    process.stdin.write(json.dumps(urls))
    process.stdin.close()
    rows: list[tuple[str, float, float]] = []
    began = time.monotonic()
    for line in process.stdout:
        if line.startswith("warm?"):
            warm()
            gate.write_text("go")
            began = time.monotonic()
        else:
            name, cpu, failed = json.loads(line)
            assert not failed, f"{failed} feeds failed with reader"
            rows.append((name, cpu, time.monotonic() - began))
    process.wait()
    return rows


async def timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """(CPU seconds, wall seconds)"""
    cpu, wall = cpu_s(), time.monotonic()
    await work()
    return cpu_s() - cpu, time.monotonic() - wall


async def run(urls: list[str], turn: Callable[[bool], None], python: str) -> list[tuple[str, float, float]]:
    etags: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = reader(reader_python(python, folder), urls, lambda: turn(True), folder) if python else []
        turn(False)
        rows.append(("bare cold", *await timed(lambda: bare(urls, etags))))
        rows += await ours(folder, ["cold", "warm"], urls, lambda: turn(True))
        rows.append(("bare warm", *await timed(lambda: bare(urls, etags))))
    return rows


def main() -> None:
    """Prints the table."""
    given = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    given.add_argument("feeds", nargs="?", type=int, default=1_000)
    given.add_argument("--reader", default="", help="a Python with reader, or `install`")
    options = given.parse_args()
    pipe, far = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(far, options.feeds), daemon=True)
    server.start()
    _SERVERS.add(server.pid or 0)
    size, urls = pipe.recv()

    def turn(is_warm: bool) -> None:
        pipe.send("warm" if is_warm else "cold")
        pipe.recv()

    rows = asyncio.run(run(urls, turn, options.reader))
    pipe.send("end")
    show(options.feeds, size, rows)


def show(count: int, size: int, rows: list[tuple[str, float, float]]) -> None:
    """The table, and the ratios that matter."""
    print(f"{count} feeds of {ENTRIES} entries, {size / 1000:.0f} KB each")
    print(f"{'':14}{'feeds/cpu-s':>12}{'cpu s':>9}{'wall s':>9}")
    for name, cpu, wall in rows:
        print(f"{name:14}{count / cpu:12.0f}{cpu:9.2f}{wall:9.2f}")
    figures = {name: count / cpu for name, cpu, _ in rows}
    for kind in ("cold", "warm"):
        ours_now = figures[f"digest {kind}"]
        beside = f", {ours_now / figures[f'reader {kind}']:.1f} times reader" if f"reader {kind}" in figures else ""
        print(f"{kind}: {ours_now / figures[f'bare {kind}']:.0%} of the bare loop{beside}")
    print(
        f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB of this process, {_WORKERS_MB[0]:.0f} MB of its largest worker"
    )


if __name__ == "__main__":
    main()
