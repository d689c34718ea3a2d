"""The signing keys: made once, rotated by adding."""

from datetime import datetime

import pytest

from digest.store import Database
from subscribers import roster, tokens

pytestmark = pytest.mark.anyio


async def test_the_first_key_is_made_once(database: Database) -> None:
    async with database.write() as connection:
        first = await roster.signing_keys(connection)
    async with database.write() as connection:
        assert await roster.signing_keys(connection) == first
    assert len(first) == 1
    assert len(first[0].secret) == 32


async def test_the_newest_key_stands_first_and_old_tokens_still_verify(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        (old,) = await roster.signing_keys(connection)
        await roster.rotate(connection, now)
        keys = await roster.signing_keys(connection)
    assert keys[1] == old
    assert keys[0].created_at == now
    token = tokens.sign(old.secret, "unsubscribe", 7, "morning")
    assert tokens.read([key.secret for key in keys], "unsubscribe", token) == (7, "morning")


async def test_a_key_is_not_shown(database: Database) -> None:
    async with database.write() as connection:
        (key,) = await roster.signing_keys(connection)
    assert repr(key) == f"SigningKey(id={key.id})"
