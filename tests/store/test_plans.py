"""Who gets which rendition of an issue: planned in the database, a variant to a batch, on SQLite and PostgreSQL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from send.world import START, active, reader, seed
from sqlalchemy import select

from digest.model import DeliveryState
from digest.store import Database, batches, deliveries, tables
from subscribers import roster
from subscribers import tables as people
from subscribers.model import Choice, Choosers

pytestmark = pytest.mark.anyio
LANGUAGES = (None, "de", "FR")
SECTIONS = (None, ["World"], ["Arts", "World"])


async def settle(database: Database, chosen: list[dict[str, object]]) -> int:
    """An issue, and a reader for each of these: language, sections, cadence; its id."""
    issue_id = await seed(database, readers=0)
    async with database.write() as connection:
        for n, choice in enumerate(chosen, 1):
            who = {**reader(n), "language": choice.get("language")}
            on = {**active(n), "cadence": choice.get("cadence", "")}
            if "sections" in choice:
                on["sections"] = choice["sections"]
            await connection.execute(people.subscriber.insert().values(who))
            await connection.execute(people.subscription.insert().values(on))
    return issue_id


async def planned(database: Database, issue_id: int) -> dict[int, tuple[int, str, str]]:
    d = tables.delivery.c
    async with database.read() as connection:
        rows = await connection.execute(
            select(d.subscriber_id, d.batch, d.variant, d.state).where(d.issue_id == issue_id)
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def test_choices_are_counted_and_can_be_read(database: Database) -> None:
    await settle(
        database,
        [
            {},
            {"sections": None},
            {"language": "DE", "sections": ["Arts", "World"]},
            {"language": "de", "sections": ["Arts", "World"]},
            {"sections": ["World"], "cadence": "weekly"},
        ],
    )
    async with database.read() as connection:
        found = await roster.choices(connection, "morning")
        weekly = await roster.choices(connection, "morning", Choosers(only=("weekly",)))
        usual = await roster.choices(connection, "morning", Choosers(but=("weekly",)))
    read = {roster.read_choice(text): count for text, count in found.items()}
    assert read == {
        Choice(): 2,
        Choice(language="de", sections=("Arts", "World")): 2,
        Choice(sections=("World",)): 1,
    }
    assert [roster.read_choice(text) for text in weekly] == [Choice(sections=("World",))]
    assert sum(usual.values()) == 4


async def test_a_batch_is_of_one_variant_and_who_has_nothing_in_it_is_recorded(database: Database) -> None:
    chosen = [{}, {"language": "de"}, {}, {"sections": ["Arts"]}, {"language": "de"}, {"language": "de"}, {}]
    issue_id = await settle(database, chosen)
    variants = {"de\n": "de", '\n["Arts"]': None}
    async with database.write() as connection:
        made = await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=2, variants=variants)
        again = await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=2, variants=variants)
    assert (made, again) == (7, 0)
    found = await planned(database, issue_id)
    assert {who: row[1:] for who, row in found.items()} == {
        1: ("", "pending"),
        2: ("de", "pending"),
        3: ("", "pending"),
        4: ("", "skipped"),
        5: ("de", "pending"),
        6: ("de", "pending"),
        7: ("", "pending"),
    }
    assert [found[n][0] for n in (1, 3, 7, 2, 5, 6, 4)] == [0, 0, 1, 2, 2, 3, -1]
    async with database.read() as connection:
        b = tables.batch.c
        rows = await connection.execute(select(b.number, b.variant, b.state).order_by(b.number))
        assert [tuple(row) for row in rows] == [
            (0, "", "pending"), (1, "", "pending"), (2, "de", "pending"), (3, "de", "pending")
        ]  # fmt: skip
        counts = await deliveries.counts(connection, issue_id)
        assert await deliveries.person(connection, issue_id, "reader-4@example.org") is None
        assert (await deliveries.person(connection, issue_id, "READER-5@example.org")).variant == "de"
    assert (counts[DeliveryState.PENDING], counts[DeliveryState.SKIPPED]) == (6, 1)


async def test_where_nobody_has_anything_in_it_there_is_no_batch(database: Database) -> None:
    issue_id = await settle(database, [{"sections": ["Arts"]}])
    async with database.write() as connection:
        await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=2, variants={'\n["Arts"]': None})
        assert await batches.next_due(connection, issue_id=issue_id, beginning=START) is None
    assert (await planned(database, issue_id))[1][2] == "skipped"


async def test_each_cadence_has_its_own_readers(database: Database) -> None:
    issue_id = await settle(database, [{}, {"cadence": "weekly"}, {"cadence": "gone"}, {"cadence": "daily"}])
    async with database.write() as connection:
        usual = Choosers(but=("weekly",))
        assert await batches.recipients(connection, "morning", usual) == 3
        assert await batches.recipients(connection, "morning", Choosers(only=("weekly",))) == 1
        assert await batches.recipients(connection, "morning") == 4
        await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=9, of=usual)
    assert sorted(await planned(database, issue_id)) == [1, 3, 4]


readers = st.lists(st.tuples(st.sampled_from(LANGUAGES), st.sampled_from(SECTIONS)), min_size=1, max_size=12)


@settings(max_examples=15, deadline=None)
@given(chosen=readers, size=st.integers(1, 4), empty=st.sampled_from([None, ("World",)]))
async def test_everybody_is_planned_once_as_they_chose(chosen, size: int, empty: tuple[str, ...] | None) -> None:
    async with Database("sqlite+aiosqlite:///:memory:") as database:
        issue_id = await settle(database, [{"language": lang, "sections": names} for lang, names in chosen])
        async with database.write() as connection:
            texts = await roster.choices(connection, "morning")
            named = {text: roster.read_choice(text) for text in texts}
            variants = {text: _variant(choice, empty) for text, choice in named.items() if choice != Choice()}
            made = await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=size, variants=variants)
        found = await planned(database, issue_id)
    assert made == len(found) == len(chosen)
    of_batch: dict[int, list[str]] = {}
    for n, (language, names) in enumerate(chosen, 1):
        choice = Choice(language=(language or "").lower(), sections=tuple(names) if names else None)
        expected = _variant(choice, empty)
        number, variant, state = found[n]
        assert (state, variant) == (("skipped", "") if expected is None else ("pending", expected))
        of_batch.setdefault(number, []).append(variant)
    of_batch.pop(-1, None)
    assert sorted(of_batch) == list(range(len(of_batch)))
    assert all(len(set(variants)) == 1 and len(variants) <= size for variants in of_batch.values())


def _variant(choice: Choice, empty: tuple[str, ...] | None) -> str | None:
    if choice.sections is not None and choice.sections == empty:
        return None
    return f"{choice.language}.{len(choice.sections or ())}" if choice != Choice() else ""
