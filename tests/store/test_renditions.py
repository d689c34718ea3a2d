"""What was frozen comes back as it was."""

import pytest
from send.world import RENDERED, seed
from sqlalchemy.exc import IntegrityError

from digest.errors import StoreError
from digest.store import Database, renditions

pytestmark = pytest.mark.anyio


async def test_a_rendition_comes_back_as_it_was(database: Database) -> None:
    issue_id = await seed(database, readers=0)
    async with database.read() as connection:
        assert await renditions.load(connection, issue_id) == RENDERED


async def test_it_is_written_once(database: Database) -> None:
    issue_id = await seed(database, readers=0)
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await renditions.save(connection, issue_id, "", RENDERED)


async def test_one_that_was_never_built_is_named(database: Database) -> None:
    issue_id = await seed(database, readers=0)
    with pytest.raises(StoreError, match="short"):
        async with database.read() as connection:
            await renditions.load(connection, issue_id, "short")
