"""Asking everyone who is still to be asked, after an import without consent."""

from datetime import datetime

import pytest
from web.reader import config

from digest.model import Message
from digest.store import Database
from digest.web.asking import Asker
from digest.web.pages import Pages
from subscribers import exchange, roster

pytestmark = pytest.mark.anyio


class Post:
    """A mail provider that refuses some addresses."""

    def __init__(self, *refused: str) -> None:
        self.refused, self.sent = set(refused), []

    async def __call__(self, message: Message) -> None:
        if message.to_address in self.refused or "*" in self.refused:
            raise OSError("refused")
        self.sent.append(message)


def asker(database: Database, now: datetime, post: Post) -> Asker:
    return Asker(config=config(), database=database, now=lambda: now, confirm=post, pages=Pages())


async def imported(database: Database, now: datetime, newsletter: str, *people: str) -> None:
    table = exchange.read(("address,name,language\n" + "\n".join(people)).encode())
    async with database.write() as connection:
        await exchange.import_rows(connection, table, newsletter=newsletter, consent=None, at=now)


async def test_everyone_is_asked_once_in_their_language(database: Database, now: datetime) -> None:
    await imported(database, now, "morning", "ann@example.org,Ann,de", "bob@example.org,Bob,", "carl@example.org,,tlh")
    await imported(database, now, "evening", "eve@example.org,Eve,")
    post = Post()
    assert await asker(database, now, post).ask_all("morning", page=2) == (3, 0)
    assert [message.to_address for message in post.sent] == ["ann@example.org", "bob@example.org", "carl@example.org"]
    assert post.sent[0].subject.startswith("Bitte bestätigen")
    assert "Guten Tag Ann," in post.sent[0].text
    assert post.sent[1].subject.startswith("Please confirm")
    assert await asker(database, now, post).ask_all() == (1, 0)
    assert await asker(database, now, post).ask_all() == (0, 0)
    assert len({message.message_id for message in post.sent}) == 4


async def test_who_could_not_be_reached_is_asked_again(database: Database, now: datetime) -> None:
    await imported(
        database, now, "morning", *[f"{name}@example.org,," for name in ("ann", "bob", "carl", "dan", "eve")]
    )
    post = Post("ann@example.org")
    assert await asker(database, now, post).ask_all("morning", page=2) == (4, 1)
    post.refused.clear()
    assert await asker(database, now, post).ask_all("morning") == (1, 0)


async def test_a_provider_that_takes_nothing_is_not_asked_for_ever(database: Database, now: datetime) -> None:
    await imported(database, now, "morning", *[f"p{i}@example.org,," for i in range(5)])
    assert await asker(database, now, Post("*")).ask_all("morning", page=2) == (0, 2)
    async with database.read() as connection:
        assert len(await roster.unasked(connection)) == 5
