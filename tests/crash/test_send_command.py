"""The command itself, `digest send`, killed at random and gone on with: judged by what the far side wrote down."""

import asyncio
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

import digest
from digest import sample
from digest.testing import FeedServer, MailServer

pytestmark = pytest.mark.anyio
KILLS = int(os.environ.get("CRASH_KILLS", "20"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 1_000_000)
READERS = 2000  # 20 requests
DELAY_S = 0.12  # of each answer of the mail server; kills land inside
AT_ONCE_S = 30.0  # a lease lasts minutes, the command's start a second
NOWHERE = "http://127.0.0.1:9"
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
rate = "8/second"
[collect]
allow_private = ["127.0.0.1"]
[newsletters.morning]
title = "Morning digest"
schedule = "30 7 * * *"
timezone = "Europe/Berlin"
feeds = [{feeds}]
"""


@dataclass
class Tally:
    """What the kills met."""

    killed: int = 0
    inside: int = 0  # with a request begun
    starts_s: list[float] = field(default_factory=list)  # from each resume to its first request


async def start(folder: Path, *args: str) -> asyncio.subprocess.Process:
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(filter(None, [str(Path(digest.__file__).parents[1]), inherited]))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "digest", *args),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(folder: Path, *args: str) -> None:
    process = await start(folder, *args)
    _, said = await process.communicate()
    assert process.returncode == 0, f"digest {' '.join(args)}: {said.decode()}"


def serve(site: FeedServer, path: str) -> str:
    """One feed of the sample; its address as TOML. The pages it leads to are not there: its excerpts will do."""
    kind, body = sample.page(path, base=site.url("").rstrip("/"), now=datetime.now(UTC)) or ("", b"")
    assert body
    return f'"{site.serve(path, body, content_type=kind)}"'


@pytest.fixture
async def built(tmp_path: Path) -> Path:
    """A folder with readers and an issue that is ready, made by the commands; its mail server is nowhere yet."""
    folder = tmp_path / "built"
    folder.mkdir()
    rows = "".join(f"reader-{n}@example.org,Reader {n}\n" for n in range(READERS))
    (folder / "people.csv").write_text("address,name\n" + rows, encoding="utf-8")
    with FeedServer() as site:
        feeds = [serve(site, path) for path in sample.FEEDS]
        (folder / "digest.toml").write_text(CONFIG.format(mail=NOWHERE, feeds=", ".join(feeds)), encoding="utf-8")
        await run(folder, "subscribers", "import", "people.csv", "--newsletter", "morning", "--consent", "fair, 2026")
        await run(folder, "collect", "morning")
        await run(folder, "build", "morning")
    return folder


@asynccontextmanager
async def scene(built: Path, folder: Path) -> AsyncIterator[MailServer]:
    """A fresh copy of the built folder, and the far side it sends to."""
    shutil.copytree(built, folder)
    async with MailServer(folder / "log", delay_s=DELAY_S) as server:
        file = folder / "digest.toml"
        file.write_text(file.read_text(encoding="utf-8").replace(NOWHERE, server.url), encoding="utf-8")
        yield server


async def seen(server: MailServer, count: int, process: asyncio.subprocess.Process) -> bool:
    """Whether so many requests came before the process ended."""
    while len(server.seen) < count and process.returncode is None:
        await asyncio.sleep(0.005)
    return len(server.seen) >= count


async def kill_one(folder: Path, server: MailServer, chance: random.Random, tally: Tally) -> bool:
    """Starts the command and kills it; False where it came to its end first."""
    before, began = len(server.seen), time.monotonic()
    process = await start(folder, "send", "morning", *(["--resume"] if before else []))
    if chance.random() < 0.2:  # while it starts, or wherever it is by then
        await asyncio.sleep(chance.uniform(0, 1.5))
    else:
        async with asyncio.timeout(AT_ONCE_S):
            if await seen(server, before + 1, process) and before:
                tally.starts_s.append(time.monotonic() - began)
            await seen(server, before + chance.randint(1, 3), process)
        await asyncio.sleep(chance.uniform(0, 1.2 * DELAY_S))
    is_alive = process.returncode is None
    if is_alive:
        process.kill()
        tally.killed += 1
        tally.inside += len(server.seen) > before
    await process.communicate()
    return is_alive


async def finish(folder: Path, server: MailServer, tally: Tally) -> None:
    """Goes on to the end, at once; then nobody is lost and nobody doubled."""
    began, command = time.monotonic(), ("send", "morning/1", "--resume")
    process = await start(folder, *command)
    said = b"".join(await process.communicate()).decode()
    assert time.monotonic() - began < AT_ONCE_S
    assert process.returncode == 0, said
    got = Counter(taken.to for taken in server.taken())
    expected = Counter(f"reader-{n}@example.org" for n in range(READERS))
    assert not expected - got, "lost"
    assert not got - expected, "doubled"


@pytest.mark.timeout(300)
async def test_killed_at_random_and_resumed(built: Path, tmp_path: Path) -> None:
    print(f"CRASH_SEED={SEED}")
    chance, tally, rounds = random.Random(SEED), Tally(), 0
    while tally.killed < KILLS:
        rounds += 1
        folder = tmp_path / f"round-{rounds}"
        async with scene(built, folder) as server:
            while tally.killed < KILLS and await kill_one(folder, server, chance, tally):
                pass
            await finish(folder, server, tally)
    print(f"{tally}, {rounds} rounds")
    assert tally.killed == KILLS
    assert tally.inside >= KILLS // 2, "most kills land in mid-sending"
    assert tally.starts_s
