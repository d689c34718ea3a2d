"""The preview over the real thing: the sample collected over loopback, drafted, frozen, changed."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from starlette.applications import Starlette

from digest import config as settings
from digest import sample as shipped
from digest.cli import desk
from digest.errors import ConfigError, NothingToDo, TemplateError, UsageError
from digest.pipeline import build, collect
from digest.pipeline.kit import Kit
from digest.store import glances, renditions, sendings
from digest.web import server
from digest.web.preview import Act, ChoiceKind, Look, sample
from digest.web.preview.source import Drawn
from subscribers import roster, tokens
from subscribers.model import SubscriptionState

BASE = "http://127.0.0.1:8765/sample"
CONFIG = """
[digest]
postal_address = "1 Example Street, 10115 Berlin"
templates = "templates"
[mail]
sender = "The Coast Digest <digest@example.org>"
[newsletters.other]
title = "Another"
[newsletters.coast]
title = "The Coast Digest"
timezone = "Europe/Berlin"
feeds = [{feeds}]
"""


@pytest.fixture(scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kit]:
    """The sample, collected; one subscriber."""
    folder = tmp_path_factory.mktemp("preview")
    (folder / "templates").mkdir()
    async with server.serve(Starlette(routes=[sample.route()])) as address:
        feeds = ", ".join(f'"{address}{sample.ROOT}{path}"' for path in shipped.FEEDS)
        text = CONFIG.format(feeds=feeds) + f'[collect]\nallow_private = ["{address.removeprefix("http://")}"]\n'
        (folder / "digest.toml").write_text(text, encoding="utf-8")
        async with desk.kit(settings.load(folder / "digest.toml", environ={})) as opened:
            letter = opened.config.newsletters["coast"]
            report = await collect.newsletter_feeds(opened, letter.feeds, everything=True)
            assert [feed.error for feed in report.feeds] == [None] * 4
            async with opened.database.write() as connection:
                await roster.add(
                    connection, address="ada@example.com", name="Ada <b>", newsletter="coast",
                    state=SubscriptionState.ACTIVE, source="test", at=opened.now(),
                )  # fmt: skip
            yield opened


@pytest.fixture
def source(kit: Kit, tmp_path: Path) -> Drawn:
    """Over a configuration and templates of the test's own."""
    path = tmp_path / "digest.toml"
    path.write_text(kit.config.path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "templates").mkdir()
    config = settings.load(path, environ={})
    return Drawn(replace(kit, config=config), first="coast", reload=lambda: settings.load(path, environ={}), base=BASE)


@pytest.fixture
def template(source: Drawn) -> Path:
    """A template of the user's own."""
    file = source.kit.config.folder / "templates" / "digest.html.j2"
    file.write_text('{% extends "builtin/digest.html.j2" %}', encoding="utf-8")
    return file


async def test_the_list_begins_with_what_was_asked_for(source):
    choices = await source.choices()
    assert [choice.key for choice in choices if choice.kind is ChoiceKind.NEXT] == ["next:coast", "next:other"]
    assert choices[-1].key == "sample"


async def test_the_next_issue_is_what_build_would_make(source, kit):
    shown = await source.shown("next:coast", reader="", look=Look())
    letter = kit.config.newsletters["coast"]
    draft = await build.draft(kit, letter, build.by_hand(letter, kit.now()), number=shown.issue.number)
    told = [story.lead.link for story in shown.issue.stories]
    assert told == [story.lead.link for story in draft.issue.stories]
    assert len(told) >= 10
    assert shown.rendered.subject == draft.rendered.subject
    assert [finding.rule for finding in shown.findings] == [finding.rule for finding in draft.findings]
    assert shown.message.subject == draft.rendered.subject


async def test_nothing_is_frozen_by_looking(source, kit):
    async with kit.database.read() as connection:
        before = await glances.mark(connection)
    await source.shown("next:coast", reader="", look=Look())
    await source.shown("sample", reader="", look=Look())
    async with kit.database.read() as connection:
        assert await glances.mark(connection) == before


async def test_a_readers_copy_names_them_and_its_links_change_nothing(source, kit):
    readers = await source.readers("next:coast")
    assert [reader.label for reader in readers] == ["Anyone", "Ada <b>"]
    shown = await source.shown("next:coast", reader=readers[1].key, look=Look())
    assert shown.message.to_address == "ada@example.com"
    link = re.search(r"https?://\S*/unsubscribe/([\w.~-]+)", shown.message.text)
    assert link
    async with kit.database.write() as connection:
        keys = await roster.signing_keys(connection)
    assert tokens.read([key.secret for key in keys], "unsubscribe", link[1]) is None
    neutral = await source.shown("next:coast", reader="", look=Look())
    assert "ada@example.com" not in neutral.message.html


async def test_the_message_has_the_headers_it_leaves_with(source):
    head = (await source.shown("next:coast", reader="", look=Look())).eml.partition(b"\r\n\r\n")[0].decode()
    for name in (
        "From",
        "Reply-To",
        "To",
        "Date",
        "Subject",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Auto-Submitted",
    ):
        assert re.search(rf"^{name}: ", head, re.MULTILINE), name


async def test_language_and_layout_can_be_tried(source):
    usual = await source.shown("sample", reader="", look=Look())
    arabic = await source.shown("sample", reader="", look=Look(language="ar"))
    assert 'dir="rtl"' in arabic.message.html
    assert arabic.rendered.language == "ar"
    assert usual.rendered.language == "en"
    looks = source.looks()
    assert {"en", "de", "ar", "he"} <= set(looks.languages)
    others = [layout for layout in looks.layouts if layout != "digest"]
    for layout in others:
        shown = await source.shown("sample", reader="", look=Look(layout=layout))
        assert shown.message.html != usual.message.html


async def test_the_samples_pictures_lie_below_the_preview(source):
    shown = await source.shown("sample", reader="", look=Look())
    assert f'src="{BASE}/images/' in shown.message.html
    assert shipped.page("/images/tram.jpg", base=BASE, now=datetime.now(UTC)) is not None


async def test_a_changed_template_is_seen_at_once(source, template):
    before = await source.shown("sample", reader="", look=Look())
    told = before.issue
    template.write_text(
        "<html lang='en'><body><p>Mine</p><a href='{{ unsubscribe_url }}'>Out</a></body></html>", encoding="utf-8"
    )
    assert await source.changed([template])
    after = await source.shown("sample", reader="", look=Look())
    assert "Mine" in after.message.html
    assert all(new is old for new, old in zip(after.issue.stories, told.stories, strict=True))  # not told again


async def test_a_template_that_was_not_there_before_is_seen_and_goes_again(source):
    shipped_one = await source.shown("sample", reader="", look=Look())
    file = source.kit.config.folder / "templates" / "digest.html.j2"
    file.write_text(
        "<html lang='en'><body>Mine <a href='{{ unsubscribe_url }}'>Out</a></body></html>", encoding="utf-8"
    )
    assert "Mine" in (await source.shown("sample", reader="", look=Look())).message.html
    file.unlink()
    again = await source.shown("sample", reader="", look=Look())
    assert again.message.html == shipped_one.message.html


async def test_a_broken_template_names_file_and_line(source, template):
    template.write_text("<html>\n{% if %}", encoding="utf-8")
    await source.changed([template])
    with pytest.raises(TemplateError, match=r"digest\.html\.j2:2:"):
        await source.shown("next:coast", reader="", look=Look())


async def test_a_fault_of_the_configuration_is_raised_until_it_is_mended(source):
    path = source.kit.config.path
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace('title = "The Coast Digest"', "stories = 0"), encoding="utf-8")
    assert await source.changed([path])
    with pytest.raises(ConfigError, match=r"newsletters\.coast"):
        await source.shown("next:coast", reader="", look=Look())
    path.write_text(
        good.replace('The Coast Digest"\ntimezone', 'The Shore Digest"\nstories = 3\ntimezone'), encoding="utf-8"
    )
    assert await source.changed([path])
    shown = await source.shown("next:coast", reader="", look=Look())
    assert shown.issue.title == "The Shore Digest"
    assert len(shown.issue.stories) == 3


async def test_a_frozen_issue_is_shown_as_it_was_frozen(kit):
    letter = kit.config.newsletters["coast"].model_copy(update={"name": "frozen", "title": "Frozen"})
    made = await build.issue(kit, letter, build.by_hand(letter, kit.now()))
    source = Drawn(kit)
    database = [Path(kit.config.database_url.partition(":///")[2])]
    assert await source.changed(database)
    assert not await source.changed(database)  # nothing since
    shown = await source.shown(made.name, reader="", look=Look(language="de"))
    assert shown.issue.title == "Frozen"
    assert shown.rendered.language == "en"  # as it was frozen
    assert made.content is not None
    assert [finding.rule for finding in shown.findings] == [found["rule"] for found in made.content["preflight"]]
    assert made.name in {choice.key for choice in await source.choices()}


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("next:evening", UsageError),
        ("coast/999", NothingToDo),
        ("coast/x", NothingToDo),
        ("", NothingToDo),
        ("next:other", NothingToDo),
    ],
)
async def test_what_is_not_there_is_said(source, key, error):
    with pytest.raises(error):
        await source.shown(key, reader="", look=Look())


async def test_articles_of_an_address_are_told_though_nothing_is_stored(kit):
    found = await kit.workers.run(sample.articles, BASE, kit.now())
    assert len(found) == 20
    assert all(article.text for article in found)
    alone = Drawn(replace(kit), found=found[:1])
    shown = await alone.shown("next:other", reader="", look=Look())
    assert [story.lead.title for story in shown.issue.stories] == [found[0].title]
    assert "sample" not in {choice.key for choice in await alone.choices()}


# ------------------------------------------------------------------ editing


@pytest.fixture
def own(kit: Kit, source: Drawn, request: pytest.FixtureRequest) -> tuple[Drawn, str]:
    """A newsletter of the test's own over the same articles."""
    name = re.sub(r"[^a-z]", "-", request.node.name)[:50].strip("-")
    letter = kit.config.newsletters["coast"].model_copy(update={"name": name, "title": name, "stories": 5})
    config = source.kit.config.model_copy(update={"newsletters": {**source.kit.config.newsletters, name: letter}})
    source.kit = replace(source.kit, config=config)
    return source, name


async def told(source: Drawn, key: str) -> list[str]:
    """The links of the stories shown, which are those of the desk."""
    shown = [story.lead.link for story in (await source.shown(key, reader="", look=Look())).issue.stories]
    desk = await source.desk(key)
    assert desk
    assert [row.key for row in desk.rows] == shown
    return shown


async def test_what_is_on_the_desk_is_shown_and_the_build_knows_nothing_of_it(own):
    source, name = own
    key = f"next:{name}"
    before = await told(source, key)
    assert await source.edit(key, Act(do="drop", story=before[0], intro="Mind the tide.")) == "Left out."
    after = await told(source, key)
    assert after[:4] == before[1:]
    assert len(after) == 5
    assert "Mind the tide." in (await source.shown(key, reader="", look=Look())).message.html
    draft = await source.drafted(source.kit.config.newsletters[name])
    assert [story.lead.link for story in draft.issue.stories] == before


async def test_a_saved_edit_is_what_the_build_makes_and_another_preview_shows(own):
    source, name = own
    key, letter = f"next:{name}", source.kit.config.newsletters[name]
    before = await told(source, key)
    await source.edit(key, Act(do="pin", story=before[3]))
    await source.edit(key, Act(do="drop", story=before[1]))
    said = await source.edit(key, Act(do="save"))
    assert said == f"Saved: {name}/1 will be made so."
    wanted = await told(source, key)
    assert wanted[0] == before[3]
    other = Drawn(source.kit, reload=source.reload)
    assert await told(other, key) == wanted
    made = await build.issue(source.kit, letter, build.by_hand(letter, source.kit.now()))
    assert [story.lead.link for story in build.document(made).stories] == wanted


async def test_all_sentences_of_an_article_can_be_chosen_from(own):
    source, name = own
    key = f"next:{name}"
    desk = await source.desk(key)
    assert desk
    row = desk.rows[0]
    assert len(row.sentences) > 5
    last = row.sentences[-1]
    await source.edit(key, Act(do="sentences", story=row.key, sentences=(last.key,)))
    story = (await source.shown(key, reader="", look=Look())).issue.stories[0]
    assert story.summary
    assert story.summary.sentences == (last.text,)
    assert any(last.text in paragraph for paragraph in story.lead.text)


async def test_a_waiting_issue_is_edited_in_its_own_place_and_a_sent_one_is_not(own):
    source, name = own
    letter = source.kit.config.newsletters[name]
    made = await build.issue(source.kit, letter, build.by_hand(letter, source.kit.now()))
    before = await told(source, made.name)
    await source.edit(made.name, Act(do="to", story=before[4], to=0, intro="Edited."))
    assert (await source.shown(made.name, reader="", look=Look())).message.subject.startswith(
        (await source.shown(made.name, reader="", look=Look())).issue.stories[0].lead.title[:20]
    )
    assert await source.edit(made.name, Act(do="save")) == f"Saved into {made.name}."
    assert await told(Drawn(source.kit), made.name) == [before[4], *before[:4]]
    async with source.kit.database.write() as connection:
        await sendings.begin(connection, made.id, source.kit.now())
    fresh = Drawn(source.kit)
    desk = await fresh.desk(made.name)
    assert desk
    assert "nothing has left" in desk.note
    with pytest.raises(UsageError, match="nothing has left"):
        await fresh.edit(made.name, Act(do="drop", story=before[0]))
    with pytest.raises(UsageError, match="nothing has left"):  # one that was opened before knows it by then
        await source.changed([Path(source.kit.config.database_url.partition(":///")[2])])
        await source.edit(made.name, Act(do="drop", story=before[0]))


async def test_changes_to_an_issue_that_is_made_meanwhile_are_found_on_its_page(own):
    source, name = own
    key, letter = f"next:{name}", source.kit.config.newsletters[name]
    first, *_ = await told(source, key)
    await source.edit(key, Act(do="drop", story=first))
    made = await build.issue(source.kit, letter, build.by_hand(letter, source.kit.now()))
    with pytest.raises(UsageError, match="was made meanwhile"):
        await source.edit(key, Act(do="save"))
    await source.changed([Path(source.kit.config.database_url.partition(":///")[2])])
    await source.desk(key)
    desk = await source.desk(made.name)
    assert desk
    assert desk.is_changed
    assert [row.key for row in desk.dropped] == [first]


async def test_the_sample_is_to_try_with_and_nothing_of_it_is_kept(source):
    before = await told(source, "sample")
    await source.edit("sample", Act(do="drop", story=before[0]))
    assert (await told(source, "sample"))[0] == before[1]
    desk = await source.desk("sample")
    assert desk
    assert not desk.is_kept
    with pytest.raises(UsageError, match="none of it is kept"):
        await source.edit("sample", Act(do="save"))
    assert source.unsaved() == []


async def test_without_a_configuration_nothing_is_kept(own):
    source, name = own
    source.reload = None
    first, *_ = await told(source, f"next:{name}")
    await source.edit(f"next:{name}", Act(do="drop", story=first))
    with pytest.raises(UsageError, match="nowhere to keep it"):
        await source.edit(f"next:{name}", Act(do="save"))


async def test_what_was_not_saved_is_known_at_the_end(own):
    source, name = own
    first, *_ = await told(source, f"next:{name}")
    assert source.unsaved() == []
    await source.edit(f"next:{name}", Act(do="drop", story=first))
    assert source.unsaved() == [f"{name}/1"]
    await source.edit(f"next:{name}", Act(do="save"))
    assert source.unsaved() == []


async def test_each_cadence_has_its_next_issue_and_its_own_edit(own):
    source, name = own
    letter = source.kit.config.newsletters[name].model_copy(
        update={"cadences": {"daily": "0 7 * * *", "weekly": "0 9 * * sat"}}
    )
    source.kit = replace(source.kit, config=source.kit.config.model_copy(update={"newsletters": {name: letter}}))
    keys = [choice.key for choice in await source.choices() if choice.kind is ChoiceKind.NEXT]
    assert keys == [f"next:{name}", f"next:{name}:weekly"]
    before = await told(source, keys[1])
    await source.edit(keys[1], Act(do="pin", story=before[2]))
    assert await source.edit(keys[1], Act(do="save")) == "Saved: the next weekly issue will be made so."
    assert await told(source, keys[0]) == before
    await build.issue(source.kit, letter, build.by_hand(letter, source.kit.now(), cadence="daily"))
    await source.edit(keys[1], Act(do="drop", story=before[0]))
    assert (await source.edit(keys[1], Act(do="save"))).startswith("Saved")  # another cadence's issue is none of its
    made = await build.issue(source.kit, letter, build.by_hand(letter, source.kit.now(), cadence="weekly"))
    assert [story.lead.link for story in build.document(made).stories][:2] == [before[2], before[1]]
    with pytest.raises(UsageError, match="no cadence"):
        await source.shown(f"next:{name}:hourly", reader="", look=Look())


async def test_a_test_copy_is_what_is_seen_also_before_it_is_saved(own):
    source, name = own
    config = source.kit.config
    source.kit = replace(
        source.kit, config=config.model_copy(update={"mail": config.mail.model_copy(update={"provider": "file"})})
    )
    letter = source.kit.config.newsletters[name]
    made = await build.issue(source.kit, letter, build.by_hand(letter, source.kit.now()))
    await source.edit(made.name, Act(do="intro", intro="Mind the tide."))
    await source.copy(made.name, "me@example.org", look=Look())
    (kept,) = source.kit.config.folder.glob("**/*.eml")
    copy = message_from_bytes(kept.read_bytes(), policy=policy.default)
    body = copy.get_body(("plain",))
    assert body
    assert "Mind the tide." in body.get_content()
    assert copy["X-Digest-Test"] == "yes"


async def test_a_theme_can_be_tried(source):
    plain = await source.shown("sample", reader="", look=Look())
    plum = await source.shown("sample", reader="", look=Look(theme="plum"))
    assert "#7a2f6b" in plum.message.html
    assert "#7a2f6b" not in plain.message.html
    assert "plum" in source.looks().themes


async def test_when_the_next_issues_are_due_stands_beside_the_newsletter(kit: Kit) -> None:
    choices = await Drawn(kit, dates=lambda letter: f"soon ({letter.name})").choices()
    assert choices[0].detail == f"as it would be now; due soon ({choices[0].key.partition(':')[2]})"
    assert (await Drawn(kit).choices())[0].detail == "as it would be now"


# ------------------------------------------------------------------ copies


@pytest.fixture
async def sections(kit: Kit, own: tuple[Drawn, str]) -> tuple[Drawn, str]:
    """That newsletter with a section for each feed, and three readers: of all, of one section in German, of none left."""
    source, name = own
    letter = source.kit.config.newsletters[name]
    named = [feed.model_copy(update={"section": f"S{place}"}) for place, feed in enumerate(letter.feeds)]
    wanted = letter.model_copy(update={"feeds": tuple(named), "stories": 20})
    extra = named[0].model_copy(update={"url": "https://example.org/silent", "section": "Silent"})
    wanted = wanted.model_copy(update={"feeds": (*wanted.feeds, extra)})
    config = source.kit.config.model_copy(update={"newsletters": {name: wanted}})
    source.kit = replace(source.kit, config=config)
    async with kit.database.write() as connection:
        for who, chosen in (("all", None), ("one", ("S1",)), ("none", ("Silent",))):
            address, now = f"{who}.{name}@example.com", kit.now()
            await roster.add(
                connection, address=address, name=who, newsletter=name,
                state=SubscriptionState.ACTIVE, source="test", at=now,
            )  # fmt: skip
            person = await roster.story(connection, address)
            await roster.narrow(connection, person.subscriber.id, name, now, sections=chosen, cadence="")
            if who == "one":
                await roster.speak(connection, person.subscriber.id, "de")
    return source, name


async def keys(source: Drawn, key: str) -> dict[str, str]:
    return {reader.label: reader.key for reader in await source.readers(key)}


async def test_the_list_says_what_a_reader_chose(sections):
    source, name = sections
    assert set(await keys(source, f"next:{name}")) == {"Anyone", "all", "one (S1, de)", "none (Silent)"}


async def test_a_reader_s_copy_has_their_sections_and_their_language(sections):
    source, name = sections
    found = await keys(source, f"next:{name}")
    whole = await source.shown(f"next:{name}", reader=found["all"], look=Look())
    own_copy = await source.shown(f"next:{name}", reader=found["one (S1, de)"], look=Look())
    assert {story.section for story in whole.issue.stories} > {"S1"}
    assert {story.section for story in own_copy.issue.stories} == {"S1"}
    assert "Abbestellen" in own_copy.message.html
    assert "Abbestellen" not in whole.message.html
    assert len(own_copy.message.html) < len(whole.message.html)


async def test_the_language_switch_wins_over_the_reader_s(sections):
    source, name = sections
    found = await keys(source, f"next:{name}")
    shown = await source.shown(f"next:{name}", reader=found["one (S1, de)"], look=Look(language="fr"))
    assert shown.issue.language == "fr"
    assert {story.section for story in shown.issue.stories} == {"S1"}


async def test_who_gets_none_of_it_is_said(sections):
    source, name = sections
    found = await keys(source, f"next:{name}")
    with pytest.raises(NothingToDo, match="none of this issue"):
        await source.shown(f"next:{name}", reader=found["none (Silent)"], look=Look())


async def test_a_frozen_copy_is_the_one_that_was_frozen(sections):
    source, name = sections
    letter = source.kit.config.newsletters[name]
    made = await build.issue(source.kit, letter, build.by_hand(letter, source.kit.now()))
    found = await keys(source, made.name)
    shown = await source.shown(made.name, reader=found["one (S1, de)"], look=Look())
    async with source.kit.database.read() as connection:
        kept = await renditions.every(connection, made.id)
    (variant,) = set(kept) - {""}
    assert shown.rendered == kept[variant]
    assert {story.section for story in shown.issue.stories} == {"S1"}
