"""Each act of the editor over what was told: what it leaves, and what is said."""

from dataclasses import replace

import pytest
from canned_preview import SPARE, TITLES, Canned

from digest.errors import UsageError
from digest.model import Edit
from digest.store.edits import Saved
from digest.web.preview import Act, acts
from digest.web.preview.editor import Editor

KEY = "next:morning"


@pytest.fixture
def found() -> acts.Material:
    return Canned().material(KEY)


def story(number: int) -> str:
    return f"https://example.org/{number}"


def titles(found: acts.Material, edit: Edit) -> list[str]:
    return [row.title for row in acts.desk(found, edit).rows]


@pytest.mark.parametrize(
    ("act", "order", "said"),
    [
        (Act(do="down", story=story(0)), [1, 0, 2, 3, 4], "Moved: 2 of 5."),
        (Act(do="up", story=story(4)), [0, 1, 2, 4, 3], "Moved: 4 of 5."),
        (Act(do="up", story=story(0)), [0, 1, 2, 3, 4], "Moved: 1 of 5."),
        (Act(do="to", story=story(0), to=99), [1, 2, 3, 4, 0], "Moved: 5 of 5."),
        (Act(do="pin", story=story(3)), [3, 0, 1, 2, 4], "Pinned: 1 of 5."),
        (Act(do="unpin", story=story(3)), [0, 1, 2, 3, 4], "Unpinned: 4 of 5."),
        (Act(do="add", story=story(5)), [0, 1, 2, 3, 5], "Added: 5 of 5."),
        (Act(do="drop", story=story(1)), [0, 2, 3, 4, 5], "Left out."),
        (Act(do="to", story=story(5), to=0), [0, 1, 2, 3, 4], "Moved: below the cut."),
    ],
)
def test_what_an_act_does_and_says(found, act, order, said):
    edit, words = acts.done(act, found, Edit())
    assert titles(found, edit) == [(*TITLES, *SPARE)[number] for number in order]
    assert words == said


def test_a_source_is_called_as_the_issue_calls_it(found):
    named = {"feed_title": "World", "link": "https://www.harbour.example/1"}
    first, *rest = found.told.stories
    lead = replace(first.lead, feed_title="Harbour Post – Breaking News, Weather and Video from the Coast")
    told = replace(first, articles=(lead, replace(lead, **named), replace(lead, **named)))
    row = acts.desk(replace(found, told=replace(found.told, stories=(told, *rest))), Edit()).rows[0]
    assert (row.source, row.also) == ("Harbour Post", ("harbour.example",))


def test_the_desk_has_every_story_in_one_place(found):
    edit, _ = acts.done(Act(do="drop", story=story(0)), found, Edit())
    desk = acts.desk(found, edit)
    shown = [row.key for row in (*desk.rows, *desk.dropped, *desk.spare)]
    assert sorted(shown) == sorted(story(number) for number in range(7))
    assert (len(desk.rows), len(desk.dropped), len(desk.spare)) == (5, 1, 1)
    assert (desk.is_changed, desk.is_edited) == (True, True)


def test_a_restored_story_is_told_again_though_others_took_its_place(found):
    away, _ = acts.done(Act(do="drop", story=story(4)), found, Edit())
    back, _ = acts.done(Act(do="restore", story=story(4)), found, away)
    assert TITLES[4] in titles(found, back)


def test_the_intro_comes_along_with_any_act(found):
    edit, said = acts.done(Act(do="intro", intro="New"), found, Edit())
    assert (edit.intro, said) == ("New", "The intro is changed.")
    edit, _ = acts.done(Act(do="pin", story=story(2), intro="Good morning."), found, edit)
    assert edit == Edit(pins=(story(2),))


def test_everything_can_be_undone(found):
    edit, _ = acts.done(Act(do="pin", story=story(2), intro="x"), found, Edit())
    assert acts.done(Act(do="reset"), found, edit)[0] == Edit()


def test_sentences_are_chosen_by_their_keys_and_never_by_their_words(found):
    wanted = (acts.sentence_key("Another one."), "Made up.", "ffffffff")
    edit, said = acts.done(Act(do="sentences", story=story(0), sentences=wanted), found, Edit())
    row = acts.desk(found, edit).rows[0]
    assert [sentence.text for sentence in row.sentences if sentence.is_told] == ["Another one."]
    assert row.is_chosen
    assert said == "Its sentences are chosen: 1 of 5."
    assert acts.done(Act(do="usual", story=story(0)), found, edit)[0] == Edit()


@pytest.mark.parametrize("do", ["", "explode", "save", "__class__", "up"])
def test_an_act_or_a_story_there_is_not_is_refused(found, do):
    with pytest.raises(UsageError):
        acts.done(Act(do=do, story="https://example.org/none"), found, Edit())


def test_the_last_story_stays(found):
    edit = Edit(drops=tuple(story(number) for number in range(6)))
    with pytest.raises(UsageError, match="the last one"):
        acts.done(Act(do="drop", story=story(6)), found, edit)


def test_a_long_issue_shows_fewer_sentences_of_each(found):
    many = replace(found.told, stories=found.told.stories * 40, sentences=(("A.",) * 500,) * 280)
    desk = acts.desk(replace(found, told=many, count=280), Edit())
    assert sum(len(row.sentences) for row in desk.rows) <= 280 * 8
    alone = replace(found, told=replace(found.told, sentences=(("A.",) * 500,) * 7))
    assert {len(row.sentences) for row in acts.desk(alone, Edit()).rows} == {60}


# ------------------------------------------------------------------ until it is saved


def test_changes_lie_on_the_desk_until_they_are_discarded(found):
    editor = Editor()
    editor.act(KEY, found, Act(do="pin", story=story(3)))
    assert editor.edit(KEY, found) == editor.lying(KEY) == Edit(pins=(story(3),))
    editor.act(KEY, found, Act(do="discard"))
    assert editor.edit(KEY, found) == Edit()


def test_what_comes_to_the_same_as_was_saved_is_no_change(found):
    editor = Editor()
    editor.act(KEY, found, Act(do="pin", story=story(3)))
    editor.act(KEY, found, Act(do="unpin", story=story(3)))
    assert not acts.desk(found, editor.edit(KEY, found)).is_changed


def test_a_refused_act_leaves_the_desk_as_it_was(found):
    editor = Editor()
    editor.act(KEY, found, Act(do="pin", story=story(3)))
    with pytest.raises(UsageError):
        editor.act(KEY, found, Act(do="pin", story="gone"))
    assert editor.lying(KEY) == Edit(pins=(story(3),))


def saved(found: acts.Material, number: int, *, name: str = "") -> acts.Material:
    return replace(found, saved=Saved(edit=Edit(intro="theirs"), number=number), name=name or found.name)


def test_who_was_overtaken_is_told(found):
    editor = Editor()
    editor.act(KEY, found, Act(do="pin", story=story(3)))
    editor.check(KEY, found)
    with pytest.raises(UsageError, match="Somebody else"):
        editor.check(KEY, saved(found, 1))
    editor.act(KEY, saved(found, 1), Act(do="pin", story=story(2)))  # goes on with what it began
    with pytest.raises(UsageError, match="Somebody else"):
        editor.check(KEY, saved(found, 1))


def test_changes_of_an_issue_that_was_made_meanwhile_go_with_it(found):
    editor = Editor()
    editor.act(KEY, found, Act(do="pin", story=story(3)))
    later = saved(found, 0, name="morning/14")
    assert editor.edit(KEY, later) == later.saved.edit
    made = saved(found, 7)  # its own page, where it is called as it was
    assert editor.edit(found.name, made) == Edit(pins=(story(3),))
    editor.check(found.name, made)
