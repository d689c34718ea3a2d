"""Every database file that an older program left (tests/data/db) is brought up to date, keeps what it has, and works."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from send.world import IdleWorkers
from sqlalchemy import Connection

from digest.collect.fetch import Fetcher
from digest.config import parse
from digest.pipeline import build, send
from digest.pipeline.kit import Kit
from digest.store import Database, issues, tables
from digest.store.migrate import OWNERS, current
from digest.testing import MailServer
from digest.workers import Workers
from subscribers import tables as people

pytestmark = pytest.mark.anyio
FILES = sorted((Path(__file__).parents[1] / "data" / "db").glob("*.db"))
CONFIG = """
[digest]
public_url = "https://news.example.org"
postal_address = "1 Example Street, 10115 Berlin"
[mail]
sender = "Morning digest <digest@example.org>"
provider = "resend"
api_key = "re_key"
base_url = "{url}"
rate = "100000/second"
[newsletters.morning]
title = "Morning digest"
schedule = "30 7 * * *"
timezone = "Europe/Berlin"
feeds = [{feeds}]
"""
OTHERS = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
for number in range(100_000):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE newsletter SET started_at = started_at")
    connection.execute("COMMIT")
    if number == 3:
        print("at work", flush=True)
    time.sleep(0.002)
"""


def rows(file: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def differences(connection: Connection) -> list[object]:
    found = []
    for metadata in (people.metadata, tables.metadata):
        names = set(metadata.tables)
        opts = {"include_name": lambda name, kind, _, names=names: kind != "table" or name in names}
        found += compare_metadata(MigrationContext.configure(connection, opts=opts), metadata)
    return found


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def old(request, tmp_path: Path) -> Path:
    """A copy of the file."""
    return Path(shutil.copy(request.param, tmp_path / "digest.db"))


def url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def kit_of(file: Path, database: Database, mail: str) -> Kit:
    """The desk that made the file, an hour after it made the issue."""
    feeds = ", ".join(f'"{row[0]}"' for row in rows(file, "SELECT requested_url FROM feed"))
    made_at = datetime.fromisoformat(rows(file, "SELECT max(made_at) FROM issue")[0][0]).replace(tzinfo=UTC)
    now = lambda: made_at + timedelta(hours=1)  # noqa: E731
    config = parse(CONFIG.format(url=mail, feeds=feeds), path=file.with_name("digest.toml"), environ={})
    fetcher = Fetcher(public_url="https://news.example.org", now=now)
    return Kit(config=config, database=database, workers=IdleWorkers(), fetcher=fetcher, now=now)


def test_there_is_one_of_the_first_schema() -> None:
    assert [file.stem for file in FILES][:1] == ["0001"]


async def test_it_becomes_what_the_tables_say_and_keeps_its_rows(old: Path) -> None:
    query = "SELECT (SELECT count(*) FROM article), (SELECT count(*) FROM delivery), (SELECT count(*) FROM subscriber)"
    before = rows(old, query)
    async with Database(url(old)) as database, database.read() as connection:
        assert await connection.run_sync(differences) == []
        assert [await connection.run_sync(current, owner) for owner in OWNERS] == [owner.head for owner in OWNERS]
    assert rows(old, query) == before != [(0, 0, 0)]
    assert rows(old, "PRAGMA integrity_check") == [("ok",)]
    assert rows(old, "PRAGMA foreign_key_check") == []


async def test_the_half_sent_issue_goes_to_the_other_half(old: Path, tmp_path: Path) -> None:
    open_ = {row[0] for row in rows(old, "SELECT address FROM delivery WHERE state IN ('pending', 'unknown')")}
    async with MailServer(tmp_path / "log") as server, Database(url(old)) as database:
        report = await send.issue(kit_of(old, database, server.url), 1)
        assert (report.pending, report.unknown, report.rejected) == (0, 0, 0)
        assert Counter(taken.to for taken in server.taken()) == Counter(open_)
    assert len(open_) > 100


async def test_the_next_issue_is_built_of_what_is_new_and_sent(old: Path, tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server, Database(url(old)) as database, Workers() as workers:
        kit = replace(kit_of(old, database, server.url), workers=workers)
        letter = kit.config.newsletters["morning"]
        told = {row[0] for row in rows(old, "SELECT article_id FROM issue_article")}
        record = await build.issue(kit, letter, build.by_hand(letter, kit.now()))
        report = await send.issue(kit, record.id)
        readers = rows(old, "SELECT count(*) FROM subscription WHERE state = 'active'")[0][0]
        async with database.read() as connection:
            assert {r.name: str(r.state) for r in await issues.listed(connection, "morning")}[record.name] == "sent"
        assert report.accepted == len(server.taken()) == readers
    anew = {row[0] for row in rows(old, f"SELECT article_id FROM issue_article WHERE issue_id = {record.id}")}
    assert told
    assert anew
    assert not told & anew


async def test_two_new_programs_open_it_at_once_while_an_old_one_writes(old: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OTHERS, old, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout
    try:
        assert await child.stdout.readline() == b"at work\n"
        async with Database(url(old)) as one, Database(url(old)) as two:
            for database in (one, two):
                async with database.read() as connection:
                    assert await connection.run_sync(differences) == []
        assert child.returncode is None  # the old program was not disturbed
    finally:
        child.kill()
        await child.communicate()
    assert rows(old, "PRAGMA integrity_check") == [("ok",)]
