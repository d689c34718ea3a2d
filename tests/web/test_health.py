"""Ready means that the database answers."""

from datetime import datetime

import pytest
from web.reader import reading

from digest.store import Database

pytestmark = pytest.mark.anyio


async def test_not_ready_without_a_database_yet_alive(tmp_path, now: datetime) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'digest.db'}")
    async with database:
        pass
    unreachable = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    try:
        async with reading(unreachable, now) as reader:
            assert (await reader.web.get("/readyz")).status_code == 503
            assert (await reader.web.get("/healthz")).status_code == 200
    finally:
        await unreachable.engine.dispose()
