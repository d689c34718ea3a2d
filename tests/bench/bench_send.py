"""How fast issues leave: python tests/bench/bench_send.py [--messages 20000] [--planned 1000000]

Two APIs on loopback, in a process of their own, answer after 50 ms: one takes whole messages, 100 a request (Resend's),
one merges, 1,000 a request with the body once (SendGrid's). One sender, ledger on SQLite with synchronous FULL, messages
of about 20 KB. Beside them, in the same run: the same messages, one request and one commit each.
"""

import argparse
import asyncio
import logging
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import text

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from send.world import START, IdleWorkers, config, seed  # noqa: E402

from digest.collect.fetch import Fetcher  # noqa: E402
from digest.model import Rendered, Slot, SlotKind, Slotted  # noqa: E402
from digest.pipeline import send  # noqa: E402
from digest.pipeline.kit import Kit  # noqa: E402
from digest.store import Database  # noqa: E402

_DELAY_S = 0.05
_PARAGRAPH = (
    "<p>Trains on line four ran again this morning after three weeks of work on the bridge over the river.</p>\n"
)


def rendered(html_bytes: int) -> Rendered:
    """A body of that size with four slots."""
    body = _PARAGRAPH * (html_bytes // len(_PARAGRAPH))
    slots = (
        Slot(name="recipient.name"),
        Slot(name="view_url", kind=SlotKind.URL),
        Slot(name="unsubscribe_url", kind=SlotKind.URL),
    )
    return Rendered(
        subject="Morning digest",
        preheader="",
        html=Slotted(
            parts=("<p>", "</p><a href='", "'>view</a>" + body + "<a href='", "'>leave</a>"), slots=slots, is_html=True
        ),
        text=Slotted(
            parts=("Hello ", "\n" + "A line of plain text.\n" * 40 + "\nLeave: ", "\n"), slots=(slots[0], slots[2])
        ),
    )


def serve(pipe: Connection) -> None:
    """A batch API that takes all, after 50 ms: minimal, so that the sender is what is measured."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionResetError):
                return
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            body = await reader.readexactly(length)
            count = body.count(b'"subject"')
            await asyncio.sleep(_DELAY_S)
            ids = ",".join(f'{{"id":"{n}"}}' for n in range(count))
            answer = f'{{"data":[{ids}]}}' if body[:1] == b"[" else '{"ID":"1","MessageId":"1"}'
            named = "X-Message-Id: 1\r\n"
            writer.write(f"HTTP/1.1 200 OK\r\n{named}Content-Length: {len(answer)}\r\n\r\n{answer}".encode())
            await writer.drain()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=4_000_000)
    pipe.send(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(pipe.recv)


async def timed(messages: int, base_url: str, provider: str) -> dict[str, float]:
    """Seconds and CPU seconds of sending that many."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Database(f"sqlite+aiosqlite:///{folder / 'd.db'}") as database:
            issue_id = await seeded(database, messages, rendered(19_000))
            kit = Kit(
                config=config(folder, provider=provider, base_url=base_url),
                database=database,
                workers=IdleWorkers(),
                fetcher=Fetcher(public_url="https://news.example.org", now=_now),
                now=_now,
            )
            await send.plan(kit, issue_id)
            began, cpu = time.perf_counter(), time.process_time()
            report = await send.issue(kit, issue_id)
            took, used = time.perf_counter() - began, time.process_time() - cpu
    assert report.accepted == messages, report
    return {"rate": messages / took, "cpu_us": used / messages * 1e6, "per_core": messages / used}


async def seeded(database: Database, readers: int, issue: Rendered) -> int:
    """An issue and that many readers, made by the database: no list of them stands in this process's memory."""
    issue_id = await seed(database, readers=0, rendered=issue)
    at = START.isoformat(" ")[:19] + ".000000"
    async with database.write() as connection:
        await connection.execute(text(_PEOPLE), {"count": readers, "at": at})
        await connection.execute(text(_ACTIVE), {"at": at})
    return issue_id


async def planned(count: int) -> float:
    """Seconds to plan that many."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Database(f"sqlite+aiosqlite:///{folder / 'd.db'}") as database:
            issue_id = await seeded(database, count, rendered(1000))
            kit = Kit(
                config=config(folder, base_url="http://127.0.0.1:9"),
                database=database,
                workers=IdleWorkers(),
                fetcher=Fetcher(public_url="https://news.example.org", now=_now),
                now=_now,
            )
            began = time.perf_counter()
            assert await send.plan(kit, issue_id) == count
            return time.perf_counter() - began


_PEOPLE = """
INSERT INTO subscriber (id, address, address_key, address_hash, name, fields, created_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT i, 'reader-' || i || '@example.org', 'reader-' || i || '@example.org', randomblob(32), 'Reader ' || i, '{}', :at
FROM n
"""
_ACTIVE = """
INSERT INTO subscription (subscriber_id, newsletter, state, since) SELECT id, 'morning', 'active', :at FROM subscriber
"""


def _now() -> datetime:
    return datetime.now(UTC)


def museletter(base_url: str, messages: int) -> float | None:
    """Messages a second of museletter (PyPI) to the same API; None, loudly, where it cannot be installed."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        try:
            venv.create(folder, with_pip=True)
            install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "museletter"]
            subprocess.run(install, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"LOUD: museletter could not be installed, so it was not measured ({error})\n")
            return None
        child = [python, "-P", str(Path(__file__).with_name("museletter.py")), base_url, str(messages)]
        return float(subprocess.run(child, check=True, capture_output=True, timeout=300).stdout)


def peak_mb() -> float:
    """Of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(messages: int, plan: int) -> None:
    """Prints the table."""
    logging.getLogger("digest").setLevel(logging.ERROR)
    context: Any = multiprocessing.get_context("spawn")
    ours, far_end = context.Pipe()
    server = context.Process(target=serve, args=(far_end,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    batch = [await timed(messages, url, "resend") for _ in range(3)]
    merged = [await timed(messages, url, "sendgrid") for _ in range(3)]
    peak = peak_mb()
    single = [await timed(max(50, messages // 50), url, "mailpit") for _ in range(3)]
    rows = [
        ("whole messages, batches of 100", batch),
        ("merged by the API, batches of 1,000", merged),
        ("one request, one commit pair a message", single),
    ]
    base = statistics.median(run["rate"] for run in single)
    write = sys.stdout.write
    write(f"{'20 KB messages, answer after 50 ms':<44}{'msg/s':>9}{'msg/CPU s':>11}{'CPU µs/msg':>12}{'ratio':>8}\n")
    for label, runs in rows:
        rate, core, cpu = (statistics.median(run[key] for run in runs) for key in ("rate", "per_core", "cpu_us"))
        write(f"{label:<44}{rate:>9.0f}{core:>11.0f}{cpu:>12.0f}{rate / base:>8.1f}\n")
    if theirs := museletter(url, max(50, messages // 50)):
        ours_rate = statistics.median(run["rate"] for run in batch)
        write(f"{'museletter, the same API':<44}{theirs:>9.0f}{'':>11}{'':>12}{theirs / base:>8.1f}\n")
        write(f"digest sends {ours_rate / theirs:.0f} times as many messages a second as museletter\n")
    write(f"peak memory after {6 * messages} messages: {peak:.0f} MB\n")
    if plan:
        seconds = await planned(plan)
        write(f"{plan} recipients planned in {seconds:.1f} s ({plan / seconds:.0f}/s); peak {peak_mb():.0f} MB\n")
    ours.send("end")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--planned", type=int, default=1_000_000)
    given = parser.parse_args()
    asyncio.run(main(given.messages, given.planned))
