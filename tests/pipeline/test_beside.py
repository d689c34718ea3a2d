"""Test copies, confirmations and words to the owner leave at once, and count in the rate and the day of all."""

from datetime import timedelta

import pytest
from send.world import START, Clock, config, kit, seed

from digest.model import Message
from digest.pipeline import letters, notices, send
from digest.send import pace
from digest.store import Database, paces
from digest.store.notices import Words
from digest.testing import Fault, MailServer

pytestmark = pytest.mark.anyio


def message() -> Message:
    return Message(
        sender="Morning digest <digest@example.org>",
        reply_to="",
        to_address="new@example.org",
        to_name="",
        subject="Confirm",
        date=START,
        message_id="<confirm.1@example.org>",
        headers=(),
        html="<p>Yes</p>",
        text="Yes",
    )


class World:
    """Five messages a day, one request in ten seconds, twelve readers."""

    def __init__(self, database: Database, server: MailServer, folder) -> None:
        self.clock, self.database = Clock(), database
        made = config(folder, base_url=server.url, more="per_day = 5")
        mail = made.mail.model_copy(update={"rate": "6/minute"})
        owned = made.digest.model_copy(update={"owner": "owner@example.org"})
        self.kit = kit(made.model_copy(update={"mail": mail, "digest": owned}), database, self.clock)

    async def left(self) -> int:
        spent = await self.database.at_once(lambda connection: paces.spent(connection, "resend"))
        return pace.allowance(spent, self.clock.now(), per_day=5)[0]

    async def next_at(self) -> timedelta:
        known = await self.database.at_once(lambda connection: paces.find(connection, "resend"))
        return (known.next_at or START) - START

    async def copy(self, *to: str) -> None:
        issue_id = await seed(self.database, readers=1)
        await send.test_copy(self.kit, issue_id, to)

    async def notice(self) -> None:
        async with self.database.write() as connection:
            words = Words(about="x", subject="Hear", text="hear", html="<p>hear</p>")
            (number,) = await notices.say(self.kit, connection, words)
        await notices.post(self.kit, number)


async def test_a_test_copy_counts(database: Database, tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        world = World(database, server, tmp_path)
        await world.copy("a@example.org", "b@example.org")
        assert len(server.seen) == 2
    assert (await world.left(), await world.next_at()) == (3, timedelta(seconds=20))
    assert world.clock.slept == 0, "it overtakes"


async def test_a_confirmation_counts(database: Database, tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        world = World(database, server, tmp_path)
        await letters.post(world.kit, message())
    assert (await world.left(), await world.next_at()) == (4, timedelta(seconds=10))


async def test_a_word_to_the_owner_counts(database: Database, tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        world = World(database, server, tmp_path)
        await world.notice()
        assert len(server.seen) == 1
    assert (await world.left(), await world.next_at()) == (4, timedelta(seconds=10))


@pytest.mark.parametrize("way", ["copy", "notice"])
async def test_what_surely_did_not_leave_is_none_of_the_day(way: str, database: Database, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.UNAUTHORIZED]) as server:
        world = World(database, server, tmp_path)
        await (world.notice() if way == "notice" else world.copy("a@example.org"))
    assert await world.left() == 5


async def test_an_issue_sends_what_they_left_of_the_day(database: Database, tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        world = World(database, server, tmp_path)
        issue_id = await seed(database, readers=12)
        await send.test_copy(world.kit, issue_id, ["a@example.org", "b@example.org"])
        report = await send.issue(world.kit, issue_id, sleep=world.clock.sleep)
    assert (report.accepted, report.pending) == (3, 9)
    assert "per_day" in report.note
