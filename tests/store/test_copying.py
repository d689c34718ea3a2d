"""One database into another: every row of every table as it stands, all or nothing, and never under somebody's hands."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import empty
from send.world import START, seed
from sqlalchemy import Table, func, insert, select, text, update

from digest.errors import StoreError, UsageError
from digest.model import BatchState
from digest.store import Database, copying, crew, instance, owner, tables
from subscribers import roster
from subscribers import tables as people

pytestmark = pytest.mark.anyio
FILE = Path(__file__).parents[1] / "data" / "db" / "0001.db"  # feeds, readers, an issue half sent, a slot missed


@pytest.fixture
async def filled(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite+aiosqlite:///{shutil.copy(FILE, tmp_path / 'filled.db')}") as database:
        yield database


@pytest.fixture
async def other(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"
    if kind == "postgresql":
        await empty(url := request.getfixturevalue("postgres_kept"))
    async with Database(url) as database:
        yield database


async def rows(database: Database, table: Table) -> list[tuple[Any, ...]]:
    async with database.read() as connection:
        found = await connection.execute(select(table).order_by(*table.primary_key.columns))
        return [tuple(row) for row in found]


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    return {each.name: await rows(database, each) for each in copying._all()}


async def test_every_row_is_there_as_it_was(filled: Database, other: Database) -> None:
    told: dict[str, int] = {}
    copied = await copying.to(filled, other, now=START, progress=told.__setitem__)
    before = await everything(filled)
    assert await everything(other) == before
    assert copied == told == {name: len(found) for name, found in before.items()}
    assert {"subscriber", "consent", "signing_key", "secret", "article", "issue", "rendition", "delivery"} <= {
        name for name, count in copied.items() if count
    }


async def test_there_and_back_again(filled: Database, database: Database, tmp_path: Path) -> None:
    await copying.to(filled, database, now=START)
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'back.db'}") as back:
        await copying.to(database, back, now=START)
        assert await everything(back) == await everything(filled)


async def test_numbers_go_on_where_they_were(filled: Database, other: Database) -> None:
    """That of a person who left and was removed is given to nobody: their old links must not reach another."""
    async with filled.write() as connection:
        gone = await roster.add(connection, address="gone@example.org", newsletter="morning", source="x", at=START)
        await roster.remove(connection, "gone@example.org", at=START)
        newest = {each.name: await connection.scalar(select(func.max(each.c.id))) or 0 for each in NUMBERED}
    await copying.to(filled, other, now=START)
    async with other.write() as connection:
        came = await roster.add(connection, address="new@example.org", newsletter="morning", source="x", at=START)
        feed = insert(tables.feed).values(requested_url="https://x", url="https://x").returning(tables.feed.c.id)
        assert (await connection.execute(feed)).scalar_one() == newest["feed"] + 1
    assert came.subscriber_id == gone.subscriber_id + 1


NUMBERED = [each for each in copying._all() if each.primary_key.columns.keys() == ["id"]]


def test_all_tables_of_both_owners_are_meant() -> None:
    names = {each.name for each in copying._all()}
    assert names == {*people.metadata.tables, *tables.metadata.tables} - {"worker"}
    assert len(NUMBERED) >= 6


async def test_a_database_that_holds_anything_is_refused(filled: Database, other: Database) -> None:
    async with other.write() as connection:
        await connection.execute(insert(people.secret).values(name="address", value=b"x"))
    with pytest.raises(UsageError, match="secret has rows"):
        await copying.to(filled, other, now=START)
    assert len(await rows(other, people.secret)) == 1
    assert not await rows(other, tables.article)


async def test_a_row_that_does_not_fit_stops_all(filled: Database, kind: str, other: Database) -> None:
    if kind == "sqlite":
        pytest.skip("everything fits into SQLite")
    async with filled.write() as connection:  # SQLite holds no text to its length
        await connection.execute(insert(tables.host).values(name="h", closed_until=START))
        await connection.execute(text("UPDATE delivery SET state = :long WHERE subscriber_id = 1"), {"long": "x" * 99})
    with pytest.raises(StoreError, match=r"delivery: a row does not fit .*too long"):
        await copying.to(filled, other, now=START)
    assert not any((await everything(other)).values())


async def test_a_nul_in_a_text_is_left_out(filled: Database, other: Database) -> None:
    async with filled.write() as connection:
        await connection.execute(update(tables.feed).values(title="a\0b"))
    await copying.to(filled, other, now=START)
    expected = {"a\0b"} if other.is_sqlite else {"ab"}
    assert {row[3] for row in await rows(other, tables.feed)} == expected


# ------------------------------------------------------------------ who is at work on the old one


async def test_a_living_sender_is_not_cut_off(database: Database, other_file: Database) -> None:
    issue_id = await seed(database)
    held = {"issue_id": issue_id, "number": 0, "state": BatchState.SENDING, "owner": owner.of_run()}
    async with database.write() as connection:
        await connection.execute(insert(tables.batch).values(lease_until=START + timedelta(minutes=5), **held))
    with pytest.raises(UsageError, match="is sending"):
        await copying.to(database, other_file, now=START)
    await copying.to(database, other_file, now=START + timedelta(minutes=6))  # nobody holds it any more


async def test_what_a_dead_sender_held_is_copied(database: Database, other_file: Database) -> None:
    issue_id = await seed(database)
    dead = owner.mine().rpartition(":")[0] + ":1"  # this process's number, begun at another time
    held = {"issue_id": issue_id, "number": 0, "state": BatchState.SENDING, "owner": dead}
    async with database.write() as connection:
        await connection.execute(insert(tables.batch).values(lease_until=START + timedelta(minutes=5), **held))
    await copying.to(database, other_file, now=START)
    assert await rows(other_file, tables.batch) == await rows(database, tables.batch)


async def test_a_living_worker_is_told_to_end(database: Database, other_file: Database) -> None:
    async with database.write() as connection:
        here = crew.Worker(name="a:1:2", queues=("send",), concurrency=1, started_at=START)
        await crew.sign(connection, here, at=START)
    with pytest.raises(UsageError, match="a:1:2 works on it"):
        await copying.to(database, other_file, now=START)
    await copying.to(database, other_file, now=START + timedelta(minutes=1))
    assert not await rows(other_file, tables.worker)


async def test_a_living_daemon_is_told_to_end(database: Database, other_file: Database) -> None:
    async with instance.first(database):
        with pytest.raises(UsageError, match="a daemon works on it"):
            await copying.to(database, other_file, now=START)
    await copying.to(database, other_file, now=START)


@pytest.fixture
async def other_file(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'copy.db'}") as database:
        yield database
