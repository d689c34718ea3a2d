"""A backup is whole while others write, is checked, and never lies half-written under its name."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from digest.errors import StoreError, UsageError
from digest.store import Database, backup, issues

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


async def test_what_is_committed_is_in_it_and_what_is_not_is_not(tmp_path) -> None:
    url, target = f"sqlite+aiosqlite:///{tmp_path / 'd.db'}", tmp_path / "copy.db"
    async with Database(url) as database:
        async with database.write() as connection:
            await issues.started(connection, "morning", now=NOW)
        async with database.write() as connection:
            await issues.started(connection, "evening", now=NOW)
            size = backup.to(url, target)  # in mid-transaction of another
    assert size == target.stat().st_size > 0
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT name FROM newsletter").fetchall() == [("morning",)]
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(("copy", ".copy"))) == ["copy.db"]
    assert target.stat().st_mode & 0o077 == 0


async def test_a_copy_opens_as_a_database(tmp_path) -> None:
    url, target = f"sqlite+aiosqlite:///{tmp_path / 'd.db'}", tmp_path / "copy.db"
    async with Database(url):
        backup.to(url, target)
    async with Database(f"sqlite+aiosqlite:///{target}") as opened, opened.read() as connection:
        assert await issues.listed(connection) == []


def test_a_file_that_is_there_is_left(tmp_path) -> None:
    (tmp_path / "d.db").touch()
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        backup.to(f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_postgresql_is_another_tools_work(tmp_path) -> None:
    with pytest.raises(UsageError, match="pg_dump"):
        backup.to("postgresql+psycopg://u:p@h/d", tmp_path / "copy.db")


@pytest.mark.parametrize("content", [None, b"this is no database at all" * 100])
def test_what_cannot_be_copied_leaves_no_file(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "d.db").write_bytes(content)
    with pytest.raises(StoreError):
        backup.to(f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == (["d.db"] if content else [])


def test_a_folder_that_is_not_there_is_said(tmp_path) -> None:
    with closing(sqlite3.connect(tmp_path / "d.db")) as made:
        made.execute("CREATE TABLE t (a)")
    with pytest.raises(UsageError, match=r"there is no folder .*no: make it first"):
        backup.to(f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "no" / "copy.db")


async def test_a_new_file_is_its_owners_alone(tmp_path) -> None:
    """It holds addresses, and so do the files that SQLite keeps beside it; one that is there keeps its mode."""
    path = tmp_path / "digest.db"
    async with Database(f"sqlite+aiosqlite:///{path}"):
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes["digest.db"] == 0o600
    assert set(modes.values()) == {0o600}
    path.chmod(0o640)
    async with Database(f"sqlite+aiosqlite:///{path}"):
        assert path.stat().st_mode & 0o777 == 0o640
