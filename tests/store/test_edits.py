"""Edits are kept until they are used, nobody overwrites another's, and what has begun to leave is not rewritten."""

from datetime import UTC, datetime, timedelta

import pytest
from send.world import RENDERED, seed
from sqlalchemy import insert, select, update

from digest.model import Edit, IssueState, Rendered, Slotted
from digest.store import Database, batches, claims, edits, renditions, sendings, tables
from digest.store.edits import Saved

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
WANTED = Edit(
    pins=("https://a.example/1",),
    order=("https://a.example/2", "https://a.example/3"),
    moved=("https://a.example/2",),
    drops=("https://a.example/4",),
    intro="Good morning, <b>.",
    sentences={"https://a.example/1": ("One is said.", "Zwei — „auch“.")},
)
NEW = Rendered(
    subject="Edited", preheader="", html=Slotted(parts=("<p>new</p>",), is_html=True), text=Slotted(parts=("new",))
)


async def save(database, wanted=WANTED, *, after=0, cadence="", owner="me") -> bool:
    async with database.write() as connection:
        return await edits.save(connection, "morning", wanted, after=after, at=NOW, owner=owner, cadence=cadence)


async def saved(database, *, cadence="") -> Saved:
    async with database.read() as connection:
        return await edits.saved(connection, "morning", cadence=cadence)


async def rewrite(database, issue_id: int, *, told=()) -> bool:
    async with database.write() as connection:
        return await edits.rewrite(connection, issue_id, content={"new": True}, made={"": NEW}, told=told)


async def claim(database, issue_id: int):
    async with database.write() as connection:
        return await connection.run_sync(
            claims.claim, issue_id=issue_id, newsletter="morning", owner="o", now=NOW, lease=timedelta(minutes=5)
        )


async def says(database, issue_id: int) -> str:
    async with database.read() as connection:
        return (await renditions.load(connection, issue_id)).subject


async def ready(database) -> int:
    """A frozen issue of two readers in one batch."""
    issue_id = await seed(database, readers=2)
    async with database.write() as connection:
        await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=100)
    return issue_id


# ------------------------------------------------------------------ the next issue


async def test_what_was_never_saved_changes_nothing(database: Database) -> None:
    assert await saved(database) == Saved(edit=Edit(), number=0)


async def test_an_edit_comes_back_to_the_letter_under_its_cadence(database: Database) -> None:
    assert await save(database)
    assert await saved(database) == Saved(edit=WANTED, number=1, owner="me")
    assert (await saved(database, cadence="weekly")).number == 0


async def test_who_was_overtaken_does_not_overwrite(database: Database) -> None:
    assert await save(database)
    assert not await save(database, Edit(intro="mine"))
    assert (await saved(database)).edit == WANTED
    assert await save(database, Edit(intro="mine"), after=1)
    assert (await saved(database)).edit == Edit(intro="mine")


async def test_a_used_edit_is_gone_but_not_one_that_was_saved_since(database: Database) -> None:
    await save(database)
    await save(database, Edit(intro="later"), after=1)
    async with database.write() as connection:
        await edits.use(connection, "morning", 1)
    assert (await saved(database)).number == 2
    async with database.write() as connection:
        await edits.use(connection, "morning", 2)
    assert (await saved(database)).number == 0


# ------------------------------------------------------------------ a frozen issue


async def test_what_waits_is_rewritten_and_who_gets_it_stays(database: Database) -> None:
    issue_id = await ready(database)
    async with database.read() as connection:
        before = (await connection.execute(select(tables.delivery))).all()
        assert await edits.waits(connection, issue_id)
    assert await rewrite(database, issue_id)
    assert await says(database, issue_id) == "Edited"
    async with database.read() as connection:
        assert (await connection.execute(select(tables.delivery))).all() == before
        assert await edits.variants(connection, issue_id) == [""]


async def test_what_is_told_is_written_anew(database: Database) -> None:
    issue_id = await ready(database)
    async with database.write() as connection:
        await connection.execute(insert(tables.feed).values(id=1, url="u", requested_url="u", state="active"))
        row = {"feed_id": 1, "link": "l", "title": "t", "authors": [], "first_seen": NOW, "sort_at": NOW, "tags": []}
        more = {"text": [], "source": "feed", "content_hash": b""}
        await connection.execute(insert(tables.article), [{"id": i, **row, **more} for i in (1, 2, 3)])
    for told in ([(1, 0), (2, 1)], [(1, -1), (2, 0), (3, 0)]):
        assert await rewrite(database, issue_id, told=told)
        async with database.read() as connection:
            assert await edits.told(connection, issue_id) == told


async def test_once_a_batch_was_claimed_nothing_is_rewritten(database: Database) -> None:
    issue_id = await ready(database)
    held = await claim(database, issue_id)
    assert held
    assert not await rewrite(database, issue_id)
    async with database.write() as connection:  # the request failed, and the batch waits again
        await connection.run_sync(claims.postpone, held, next_at=NOW, note="no connection")
    assert not await rewrite(database, issue_id)
    assert await says(database, issue_id) == RENDERED.subject


async def test_once_sending_began_nothing_is_rewritten(database: Database) -> None:
    issue_id = await ready(database)
    async with database.write() as connection:
        await sendings.begin(connection, issue_id, NOW)
    assert not await rewrite(database, issue_id)
    async with database.write() as connection:  # held again by its owner: its date was fixed
        await connection.execute(update(tables.issue).values(state=IssueState.HELD))
    assert not await rewrite(database, issue_id)
    assert await says(database, issue_id) == RENDERED.subject


@pytest.mark.parametrize("state", [s for s in IssueState if s not in {IssueState.READY, IssueState.HELD}])
async def test_only_what_is_ready_or_held_is_rewritten(database: Database, state: IssueState) -> None:
    issue_id = await ready(database)
    async with database.write() as connection:
        await connection.execute(update(tables.issue).values(state=state))
    assert not await rewrite(database, issue_id)
    async with database.read() as connection:
        assert not await edits.waits(connection, issue_id)


async def test_revisions_are_appended_and_never_overtake(database: Database) -> None:
    issue_id = await ready(database)
    async with database.write() as connection:
        assert await edits.revised(connection, issue_id) is None
        await edits.begin(connection, issue_id, {"stories": ["ä"]}, at=NOW, owner="me")
        assert await edits.append(connection, issue_id, WANTED, after=0, at=NOW, owner="me")
        assert not await edits.append(connection, issue_id, Edit(), after=0, at=NOW, owner="you")
        found = await edits.revised(connection, issue_id)
    assert found is not None
    assert found.document == {"stories": ["ä"]}
    assert found.last == Saved(edit=WANTED, number=1, owner="me")
