"""What the editor wants of the next issue is done by the build; what waits is edited until it begins to leave."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline import newsroom
from pipeline.newsroom import NOW, WORDS, built, link, sentences, stock, told
from send.world import RENDERED
from sqlalchemy import func, insert, select, update

from digest.errors import NothingToDo, PreflightError, UsageError
from digest.model import Edit, IssueState
from digest.pipeline import amend, build
from digest.pipeline.kit import Kit
from digest.render import variants as ways
from digest.render.variants import Variant
from digest.store import Database, articles, claims, edits, issues, renditions, sendings, tables
from digest.store.issues import IssueRecord
from digest.workers import Workers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(tmp_path: Path, workers: Workers) -> AsyncIterator[Kit]:
    """Eight stories, of which an issue tells four."""
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'digest.db'}") as database:
        await stock(database)
        yield newsroom.kit(newsroom.config(tmp_path), database, workers)


async def want(kit: Kit, edit: Edit, *, after: int = 0) -> None:
    """Saves it for the next issue."""
    async with kit.database.write() as connection:
        assert await edits.save(connection, "morning", edit, after=after, at=NOW, owner="editor")


async def fresh(kit: Kit, record: IssueRecord) -> IssueRecord:
    async with kit.database.read() as connection:
        found = await issues.by_id(connection, record.id)
    assert found
    return found


async def frozen(kit: Kit, record: IssueRecord) -> tuple[str, str, list[tuple[int, int]]]:
    """Subject and HTML as they would leave, and what is told."""
    async with kit.database.read() as connection:
        rendered = await renditions.load(connection, record.id)
        return rendered.subject, "".join(rendered.html.parts), await edits.told(connection, record.id)


# ------------------------------------------------------------------ the next issue


async def test_without_an_edit_the_best_are_told(desk: Kit) -> None:
    record = await built(desk)
    assert told(record) == list(WORDS[:4])
    async with desk.database.read() as connection:
        assert await edits.revised(connection, record.id) is None


async def test_the_build_follows_the_edit_and_uses_it_up(desk: Kit) -> None:
    wanted = Edit(
        pins=(link("orchard"),),
        order=(link("harbour"), link("ferry")),
        drops=(link("tram"),),
        intro="Mind the <b>tide</b>.\nIt is high.",
        sentences={link("ferry"): (sentences("ferry")[2],)},
    )
    await want(desk, wanted)
    record = await built(desk)
    assert told(record) == ["orchard", "harbour", "ferry", "bridge"]
    _, html, _ = await frozen(desk, record)
    assert "Mind the &lt;b&gt;tide&lt;/b&gt;." in html
    assert "It is high." in html
    assert "Good morning." not in html
    assert sentences("ferry")[2] in html
    assert sentences("ferry")[0] not in html
    async with desk.database.read() as connection:
        assert (await edits.saved(connection, "morning")).number == 0
        revised = await edits.revised(connection, record.id)
    assert revised is not None
    assert (revised.last.edit, revised.last.owner) == (wanted, "editor")


async def test_a_dropped_story_counts_as_seen(desk: Kit) -> None:
    await want(desk, Edit(drops=(link("tram"), link("river"))))
    assert told(await built(desk)) == ["ferry", "bridge", "harbour", "museum"]
    assert told(await built(newsroom.later(desk, minutes=1))) == ["castle", "orchard"]


async def test_an_intro_taken_away_is_away(desk: Kit) -> None:
    await want(desk, Edit(intro=""))
    assert "Good morning." not in (await frozen(desk, await built(desk)))[1]


async def test_an_issue_of_which_all_is_left_out_is_not_made_and_the_edit_stays(desk: Kit) -> None:
    await want(desk, Edit(drops=tuple(map(link, WORDS))))
    with pytest.raises(NothingToDo, match="left out by hand"):
        await built(desk)
    async with desk.database.read() as connection:
        assert (await edits.saved(connection, "morning")).number == 1
        assert await issues.listed(connection) == []


async def test_the_printed_shape_knows_nothing_of_edits(desk: Kit) -> None:
    plain = await built(desk)
    await want(desk, Edit(pins=(link("castle"),), drops=(link("museum"),)))
    edited = await built(newsroom.later(desk, minutes=1))
    assert plain.content
    assert edited.content
    assert set(plain.content) == set(edited.content)
    assert set(plain.content["stories"][0]) == set(edited.content["stories"][0])


async def test_each_cadence_follows_its_own_edit(desk: Kit) -> None:
    several = {"daily": "30 7 * * *", "weekly": "0 9 * * sat"}
    letter = desk.config.newsletters["morning"].model_copy(update={"cadences": several})
    async with desk.database.write() as connection:
        wanted = Edit(pins=(link("bridge"),), drops=(link("ferry"),))
        assert await edits.save(connection, "morning", wanted, after=0, at=NOW, owner="me", cadence="weekly")
    daily = await build.issue(desk, letter, build.by_hand(letter, NOW, cadence="daily"))
    assert told(daily) == list(WORDS[:4])
    weekly = await build.issue(desk, letter, build.by_hand(letter, NOW, cadence="weekly"))
    assert told(weekly) == ["bridge", "tram", "harbour", "museum"]
    await save(desk, weekly, Edit(drops=(link("tram"),)))
    async with desk.database.read() as connection:
        assert (await edits.saved(connection, "morning", cadence="weekly")).number == 0
        seen = await connection.scalars(
            select(tables.issue_article.c.cadence).where(tables.issue_article.c.issue_id == weekly.id).distinct()
        )
        assert seen.all() == ["weekly"]


# ------------------------------------------------------------------ an issue that waits


async def save(kit: Kit, record: IssueRecord, edit: Edit) -> None:
    await amend.save(kit, await amend.opened(kit, await fresh(kit, record)), edit)


async def test_an_issue_that_waits_is_rewritten_from_what_was_frozen(desk: Kit) -> None:
    record = await built(desk)
    async with desk.database.write() as connection:
        before = (await connection.execute(select(tables.delivery))).all()
        url = "https://late.example/feed"
        await connection.execute(insert(tables.feed).values(id=99, url=url, requested_url=url, state="active"))
    subject, _, _ = await frozen(desk, record)
    await save(desk, record, Edit(pins=(link("harbour"),), drops=(link("ferry"),), intro="Edited."))
    again = await fresh(desk, record)
    assert told(again) == ["harbour", "tram", "bridge"]  # and nothing new for what was dropped
    assert again.content
    assert [s["link"] for s in again.content["stories"]] == [link("harbour"), link("tram"), link("bridge")]
    assert (again.made_at, again.state, again.number) == (record.made_at, record.state, record.number)
    new, html, seen = await frozen(desk, record)
    assert "harbour" in new
    assert new != subject
    assert "Edited." in html
    assert sorted(n for _, n in seen) == [-1, 0, 1, 2]
    async with desk.database.read() as connection:
        assert (await connection.execute(select(tables.delivery))).all() == before


async def test_what_was_dropped_can_be_brought_back_until_it_leaves(desk: Kit) -> None:
    await want(desk, Edit(drops=(link("tram"),)))  # before it was made
    record = await built(desk)
    assert told(record) == ["ferry", "bridge", "harbour", "museum"]
    await save(desk, record, Edit(drops=(link("museum"),)))  # and after
    assert told(await fresh(desk, record)) == ["ferry", "tram", "bridge", "harbour"]
    await save(desk, record, Edit())
    assert told(await fresh(desk, record)) == ["ferry", "tram", "bridge", "harbour", "museum"]
    assert sorted(n for _, n in (await frozen(desk, record))[2]) == [0, 1, 2, 3, 4]


async def test_undoing_everything_gives_the_very_issue_again(desk: Kit) -> None:
    record = await built(desk)
    before = record.content
    assert before
    await save(desk, record, Edit(order=(link("harbour"),), intro="x", sentences={link("tram"): ()}))
    await save(desk, record, Edit())
    after = (await fresh(desk, record)).content
    assert after == before


async def test_the_reading_time_and_the_sentences_are_those_of_the_article_while_it_is_the_same(desk: Kit) -> None:
    record = await built(desk)
    found = await amend.opened(desk, record)
    assert found.before.told.sentences[0] == sentences("ferry")
    assert found.before.told.stories[0].lead.text == sentences("ferry")
    async with desk.database.write() as connection:  # the publisher revises it
        where = tables.article.c.link == link("ferry")
        await connection.execute(update(tables.article).where(where).values(text=["All is new here, and longer."]))
    again = await amend.opened(desk, record)
    assert again.before.told.sentences[:2] == ((), sentences("tram"))
    assert again.before.told.stories[0].lead.text == ()
    await save(desk, record, Edit(sentences={link("ferry"): ("All is new here, and longer.",)}))
    assert "All is new" not in (await frozen(desk, record))[1]


async def test_sentences_chosen_before_the_build_stay_though_the_article_is_revised(desk: Kit) -> None:
    await want(desk, Edit(sentences={link("ferry"): (sentences("ferry")[3],)}))
    record = await built(desk)
    async with desk.database.write() as connection:
        await connection.execute(update(tables.article).values(text=["All is new here, and longer."]))
    found = await amend.opened(desk, record)
    await amend.save(desk, found, Edit(sentences=found.saved.edit.sentences, pins=(link("tram"),)))
    assert sentences("ferry")[3] in (await frozen(desk, record))[1]


async def test_a_held_issue_can_be_edited_and_stays_held(tmp_path: Path, workers: Workers) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'digest.db'}") as database:
        await stock(database)
        kit = newsroom.kit(newsroom.config(tmp_path, held=True), database, workers)
        record = await built(kit)
        assert record.state is IssueState.HELD
        await save(kit, record, Edit(drops=(link("ferry"),)))
        assert (await fresh(kit, record)).state is IssueState.HELD


async def test_an_issue_that_began_to_leave_meanwhile_stays_as_it_was(desk: Kit) -> None:
    record = await built(desk)
    found = await amend.opened(desk, record)
    async with desk.database.write() as connection:
        await sendings.begin(connection, record.id, NOW)
    before = await frozen(desk, record)
    with pytest.raises(UsageError, match="begun to leave"):
        await amend.save(desk, found, Edit(drops=(link("ferry"),)))
    assert await frozen(desk, record) == before
    async with desk.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(tables.revision)) == 0


async def test_an_issue_of_which_a_batch_was_claimed_cannot_be_opened(desk: Kit) -> None:
    record = await built(desk)
    async with desk.database.write() as connection:
        assert await connection.run_sync(
            claims.claim, issue_id=record.id, newsletter="morning", owner="o", now=NOW, lease=timedelta(minutes=5)
        )
    with pytest.raises(UsageError, match="nothing has left"):
        await amend.opened(desk, record)


async def test_two_editors_do_not_overwrite_each_other(desk: Kit) -> None:
    record = await built(desk)
    mine, yours = await amend.opened(desk, record), await amend.opened(desk, record)
    await amend.save(desk, mine, Edit(intro="Mine."))
    with pytest.raises(UsageError, match="somebody else"):
        await amend.save(desk, yours, Edit(intro="Yours."))
    assert "Mine." in (await frozen(desk, record))[1]


async def test_an_issue_that_must_not_leave_is_not_saved(desk: Kit, tmp_path: Path) -> None:
    record = await built(desk)
    folder = tmp_path / "templates"
    folder.mkdir()
    layout = (
        '<html lang="en"><body><a href="{{ unsubscribe_url }}">Leave</a><img src="x"><a href="">x</a></body></html>'
    )
    (folder / "digest.html.j2").write_text(layout, encoding="utf-8")
    bare = desk.config.model_copy(
        update={"digest": desk.config.digest.model_copy(update={"templates": "templates", "postal_address": ""})}
    )
    broken = newsroom.kit(bare, desk.database, desk.workers)
    before = await frozen(desk, record)
    with pytest.raises(PreflightError):
        await save(broken, record, Edit(intro="x"))
    assert await frozen(desk, record) == before


@pytest.fixture
async def parted(tmp_path: Path, workers: Workers) -> AsyncIterator[tuple[Kit, IssueRecord]]:
    """An issue of two sections, made for readers of German, of one section, and of one in Swedish."""
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'digest.db'}") as database:
        await stock(database)
        kit = newsroom.kit(newsroom.config(tmp_path, sections={"ferry": "Sea", "harbour": "Sea"}), database, workers)
        record = await built(kit)
        letter, issue = kit.config.newsletters["morning"], build.document(record)
        async with database.write() as connection:
            for variant in VARIANTS:
                made = await build.rendered(kit, letter, ways.narrowed(issue, variant))
                await renditions.save(connection, record.id, variant.key, made.rendered)
        yield kit, record


VARIANTS = (Variant(language="de"), Variant(sections=("Sea",)), Variant(language="sv", sections=("",)))


async def text(kit: Kit, record: IssueRecord, variant: Variant) -> str:
    async with kit.database.read() as connection:
        return "".join((await renditions.load(connection, record.id, variant.key)).text.parts)


async def test_every_variant_is_rendered_anew(parted: tuple[Kit, IssueRecord]) -> None:
    kit, record = parted
    await save(kit, record, Edit(drops=(link("ferry"), link("tram")), intro="Edited."))
    german, sea, swedish = [await text(kit, record, variant) for variant in VARIANTS]
    assert all("Edited." in part for part in (german, sea, swedish))
    assert [word for word in WORDS[:4] if word.title() in german] == ["bridge", "harbour"]
    assert [word for word in WORDS[:4] if word.title() in sea] == ["harbour"]
    assert [word for word in WORDS[:4] if word.title() in swedish] == ["bridge"]
    assert "November" in german
    assert "november" in swedish


async def test_readers_of_one_section_are_not_left_with_nothing(parted: tuple[Kit, IssueRecord]) -> None:
    kit, record = parted
    before = await frozen(kit, record)
    with pytest.raises(UsageError, match="who chose Sea alone would get nothing"):
        await save(kit, record, Edit(drops=(link("ferry"), link("harbour"))))
    assert await frozen(kit, record) == before


async def test_a_variant_nobody_knows_is_not_guessed(parted: tuple[Kit, IssueRecord]) -> None:
    kit, record = parted
    async with kit.database.write() as connection:
        await renditions.save(connection, record.id, ".0123456789abcdef01234567", RENDERED)
    with pytest.raises(UsageError, match="not known any more"):
        await save(kit, record, Edit(intro="x"))


async def test_no_story_left_is_refused(desk: Kit) -> None:
    record = await built(desk)
    with pytest.raises(NothingToDo, match="tell nothing"):
        await save(desk, record, Edit(drops=tuple(map(link, WORDS))))


async def test_a_newsletter_that_is_gone_is_named(desk: Kit) -> None:
    record = await built(desk)
    alone = newsroom.kit(desk.config.model_copy(update={"newsletters": {}}), desk.database, desk.workers)
    with pytest.raises(UsageError, match="no newsletter morning"):
        await amend.opened(alone, record)


async def test_no_other_way_changes_what_is_frozen(desk: Kit) -> None:
    """Building again, collecting and looking leave content and renditions as they are."""
    record = await built(desk)
    before = await frozen(desk, record), record.content
    async with desk.database.write() as connection:
        await connection.execute(update(tables.article).values(title="Revised", text=["Revised."]))
        assert await articles.get(connection, [1])
    with pytest.raises(NothingToDo):
        await built(desk)
    opened = await amend.opened(desk, record)
    await amend.draft(desk, opened, Edit(drops=(link("ferry"),)))
    await build.draft(desk, opened.newsletter, build.by_hand(opened.newsletter, NOW), number=2)
    assert (await frozen(desk, record), (await fresh(desk, record)).content) == before
