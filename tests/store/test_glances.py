"""The preview's small questions, on each kind of database."""

from datetime import UTC, datetime

from digest.store import glances, issues
from subscribers import roster
from subscribers.model import Choice, SubscriptionState

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


async def subscribe(connection, address: str, name: str, newsletter: str = "morning", state=SubscriptionState.ACTIVE):
    await roster.add(connection, address=address, name=name, newsletter=newsletter, state=state, source="test", at=NOW)


async def test_some_readers_the_longest_standing_first(database):
    async with database.write() as connection:
        for number in range(5):
            await subscribe(connection, f"{number}@example.com", f"Reader {number}")
        await subscribe(connection, "other@example.com", "Other", newsletter="evening")
        await subscribe(connection, "wait@example.com", "Waits", state=SubscriptionState.PENDING)
    async with database.read() as connection:
        some = await glances.readers(connection, "morning", limit=3)
        everyone = await glances.readers(connection, "morning", limit=99)
    assert [one.name for one in some] == ["Reader 0", "Reader 1", "Reader 2"]
    assert {one.address for one in everyone} == {f"{number}@example.com" for number in range(5)}


async def test_one_reader_of_each_choice_comes_first(database):
    async with database.write() as connection:
        for number in range(4):
            await subscribe(connection, f"{number}@example.com", f"Reader {number}")
        person = await roster.story(connection, "2@example.com")
        await roster.narrow(connection, person.subscriber.id, "morning", NOW, sections=("World",), cadence="")
        person = await roster.story(connection, "3@example.com")
        await roster.speak(connection, person.subscriber.id, "de")
    async with database.read() as connection:
        some = await glances.readers(connection, "morning", limit=3)
    assert [one.name for one in some] == ["Reader 0", "Reader 2", "Reader 3"]
    choices = [roster.read_choice(one.choice) for one in some]
    assert choices == [Choice(), Choice(sections=("World",)), Choice(language="de")]


async def test_the_mark_moves_when_an_issue_does_and_not_by_itself(database):
    async with database.read() as connection:
        before = await glances.mark(connection)
        assert await glances.mark(connection) == before
    async with database.write() as connection:
        held = await issues.claim(
            connection, name="morning", slot="2026-11-23T07:30", due_at=NOW, owner="test", lease_until=NOW
        )
        assert held is not None
    async with database.read() as connection:
        claimed = await glances.mark(connection)
    async with database.write() as connection:
        await issues.release(connection, held)
    async with database.read() as connection:
        released = await glances.mark(connection)
    assert claimed != before
    assert released == before
