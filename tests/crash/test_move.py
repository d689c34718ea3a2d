"""A sender dies in mid-issue, its database is copied into PostgreSQL, two settings are changed: nobody is lost or doubled."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from subprocess import run

import pytest
from conftest import postgres_database
from crash.killing import Scene, ended
from send.world import START, Clock, config, kit

import digest
from digest.pipeline import send
from digest.store import Database, copying, deliveries
from digest.testing import Fault, MailServer

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]
READERS = 2000  # 20 requests
CONFIG = """
[digest]
database = "{database}"
public_url = "https://news.example.org"
postal_address = "1 Example Street, 10115 Berlin"
engine = "{engine}"
[mail]
provider = "resend"
sender = "Morning digest <digest@example.org>"
api_key = "re_key"
base_url = "{mail}"
rate = "100000/second"
[newsletters.morning]
title = "Morning digest"
"""


async def states(database: Database) -> Counter[str]:
    async with database.read() as connection:
        return Counter(await deliveries.counts(connection))  # those being sent are known by their batch


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fatal", [40, 51, 64])  # of some 125, in the midst on a loaded machine too
async def test_dead_at_a_border_moved_and_gone_on_with(fatal: int, postgres: str, tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server, postgres_database(postgres) as url:
        scene = await Scene.make(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}", server, tmp_path, readers=READERS)
        process = scene.start(fatal=fatal)
        await ended(process)
        assert process.exitcode == 137
        async with Database(scene.url) as old, Database(url) as new:
            before = await states(old)
            await copying.to(old, new, now=START)
            assert await states(new) == before
            assert 0 < before["pending"] < READERS
        report = await Scene(url, server, tmp_path, scene.issue_id, READERS).finish()
    assert scene.got == scene.expected
    assert (report.accepted, report.unknown, report.pending) == (READERS, 0, 0)


async def test_what_is_unknown_stays_so_until_the_owner_speaks(postgres: str, tmp_path: Path) -> None:
    faults = [Fault.CUT_BEFORE, Fault.CUT_AFTER]
    async with (
        MailServer(tmp_path / "log", faults=faults, is_searchable=False) as server,
        postgres_database(postgres) as url,
    ):
        old_url = f"sqlite+aiosqlite:///{tmp_path / 'd.db'}"
        scene = await Scene.make(old_url, server, tmp_path, readers=4, provider="mailpit")
        assert (await scene.finish()).unknown == 2
        async with Database(old_url) as old, Database(url) as new:
            await copying.to(old, new, now=START)
        moved = Scene(url, server, tmp_path, scene.issue_id, 4, "mailpit")
        assert (await moved.finish()).unknown == 2
        assert scene.got.total() == 3
        assert (await moved.finish(resend_unknown=True)).unknown == 0
    assert set(scene.got) == set(scene.expected)


def digest_command(folder: Path, *words: str) -> tuple[int, str, str]:
    root = Path(digest.__file__).parents[1]
    done = run(
        [sys.executable, "-m", "digest", *words],
        cwd=folder, env={"PYTHONPATH": str(root), "PATH": ""}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.timeout(200)
async def test_by_command_and_two_settings(postgres: str, tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server, postgres_database(postgres) as sqlalchemy_url:
        url = sqlalchemy_url.replace("+psycopg", "")
        scene = await Scene.make(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}", server, tmp_path, readers=READERS)
        await ended(scene.start(fatal=23))
        file = tmp_path / "digest.toml"
        file.write_text(CONFIG.format(database="sqlite:///d.db", engine="local", mail=server.url))
        code, said, _ = await asyncio.to_thread(digest_command, tmp_path, "db", "copy", url, "--json")
        assert code == 0
        assert json.loads(said)["rows"]["delivery"] == READERS
        code, _, said = await asyncio.to_thread(digest_command, tmp_path, "db", "copy", url)
        assert (code, "is not empty" in said) == (2, True)
        code, _, said = await asyncio.to_thread(digest_command, tmp_path, "db", "copy", "mysql://x/y")
        assert (code, "postgresql://" in said) == (2, True)
        file.write_text(CONFIG.format(database=url, engine="procrastinate", mail=server.url))
        code, said, _ = await asyncio.to_thread(digest_command, tmp_path, "send", "morning/1", "--resume", "--json")
    assert (code, json.loads(said)["accepted"]) == (0, READERS)
    assert scene.got == scene.expected


async def test_a_run_may_go_on_in_this_process_too(postgres: str, tmp_path: Path) -> None:
    """Stopped in good order, moved, resumed: the counts are those of both halves."""
    clock = Clock()
    async with MailServer(tmp_path / "log") as server, postgres_database(postgres) as url:
        scene = await Scene.make(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}", server, tmp_path, readers=500)
        settings = config(tmp_path, base_url=server.url)
        async with Database(scene.url) as old, Database(url) as new:
            await send.plan(kit(settings, old, clock), scene.issue_id)
            await copying.to(old, new, now=START)
            report = await send.issue(kit(settings, new, clock), scene.issue_id, sleep=clock.sleep)
    assert report.accepted == 500
    assert scene.got == scene.expected
