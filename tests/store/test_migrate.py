"""The migrations make what the tables say, on both databases; opening again changes nothing."""

from datetime import datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from digest.errors import StoreError
from digest.store import Database, tables
from digest.store.migrate import OWNERS, upgrade
from subscribers import tables as people

pytestmark = pytest.mark.anyio


def differences(connection: Connection) -> list[object]:
    found = []
    for metadata in (people.metadata, tables.metadata):
        names = set(metadata.tables)
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _, names=names: kind != "table" or name in names},
        )
        found += compare_metadata(context, metadata)
    return found


async def test_the_migrated_schema_is_the_one_in_tables(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.name)
def test_head_names_the_newest_migration(owner) -> None:
    assert ScriptDirectory(str(owner.folder)).get_current_head() == owner.head


async def test_an_up_to_date_database_is_left_alone(database: Database) -> None:
    async with database.write() as connection:
        assert await upgrade(connection) == ()


async def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE digest_schema SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer"):
        async with Database(database.url):
            pass


async def test_sqlite_is_durable_and_checks_foreign_keys(tmp_path) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as database, database.read() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


async def test_a_write_that_raises_leaves_nothing(database: Database, now: datetime) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await connection.execute(tables.host.insert().values(name="x", closed_until=now))
            raise RuntimeError
    async with database.read() as connection:
        assert (await connection.execute(tables.host.select())).all() == []


async def test_a_folder_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        async with Database(f"sqlite+aiosqlite:///{tmp_path}/no/such/x.db"):
            pass
