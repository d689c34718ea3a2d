"""An edit over ranked stories: nobody lost, nobody doubled, pins first, drops gone, and the same again when repeated."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Article, Edit, Story, Summary
from digest.pipeline import edits

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SENTENCES = ("One is said.", "Two is said.", "One is said.", "Three is said.")


def article(link: str) -> Article:
    return Article(feed_url="https://example.org/feed", link=link, title=link.upper(), first_seen=NOW)


def story(*found: str, section: str = "") -> Story:
    return Story(articles=tuple(map(article, found)), section=section)


def stories(names: str) -> tuple[Story, ...]:
    """A story a letter."""
    return tuple(map(story, names))


def read(ranked, edit, *, count=99, sections=()) -> tuple[str, str, str]:
    """What is told, dropped, spare: a letter a story."""
    found = edits.arranged(ranked, edit, count=count, sections=sections)
    told, dropped, spare = (
        "".join(ranked[p].lead.link for p in part) for part in (found.told, found.dropped, found.spare)
    )
    return told, dropped, spare


NAMES = st.text(alphabet="abcdefgh", max_size=8).map(lambda text: tuple(dict.fromkeys(text)))
EDITS = st.builds(Edit, pins=NAMES, order=NAMES, moved=NAMES, drops=NAMES)
RANKED = st.lists(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=3, unique=True), max_size=8).map(
    lambda groups: tuple(story(*group) for group in groups)
)


@given(RANKED, EDITS, st.integers(0, 10), st.lists(st.sampled_from(["", "x", "y"]), unique=True))
def test_every_story_stands_in_exactly_one_place(ranked, edit, count, sections):
    found = edits.arranged(ranked, edit, count=count, sections=sections)
    assert sorted((*found.told, *found.dropped, *found.spare)) == list(range(len(ranked)))


@given(RANKED, EDITS, st.integers(0, 10))
def test_what_is_dropped_is_not_told_and_nothing_else_is_dropped(ranked, edit, count):
    found = edits.arranged(ranked, edit, count=count)
    gone = {p for p, one in enumerate(ranked) if set(edits.links(one)) & set(edit.drops)}
    assert set(found.dropped) == gone


@given(RANKED, EDITS, st.integers(0, 10))
def test_pins_come_first_in_their_order_whatever_they_rank(ranked, edit, count):
    found = edits.arranged(ranked, edit, count=count)
    pins = [[edit.pins.index(link) for link in edits.links(ranked[p]) if link in edit.pins] for p in found.told]
    first = [min(places) for places in pins if places]
    assert all(pins[: len(first)])
    assert first == sorted(first)
    wanted = {p for p, one in enumerate(ranked) if set(edits.links(one)) & set(edit.pins)} - set(found.dropped)
    assert wanted <= set(found.told)


@given(RANKED, EDITS, st.integers(0, 10))
def test_applied_to_what_it_made_it_makes_the_same(ranked, edit, count):
    once = [ranked[p] for p in edits.arranged(ranked, edit, count=count).told]
    again = edits.arranged(once, edit, count=count)
    assert [once[p] for p in again.told] == once


@given(RANKED, EDITS, st.integers(0, 10))
def test_as_many_are_told_as_there_is_room_for_and_more_only_by_hand(ranked, edit, count):
    found = edits.arranged(ranked, edit, count=count)
    hand = {p for p in found.told if set(edits.links(ranked[p])) & {*edit.pins, *edit.moved}}
    left = len(ranked) - len(found.dropped)
    assert len(found.told) == max(len(hand), min(count, left))


@given(RANKED, st.integers(0, 10))
def test_no_edit_leaves_the_best_in_their_order(ranked, count):
    found = edits.arranged(ranked, Edit(), count=count)
    assert (found.told, found.dropped) == (tuple(range(min(count, len(ranked)))), ())


ACTS = st.sampled_from(["moved", "pinned", "unpinned", "dropped", "restored", "added"])


@given(st.lists(st.tuples(ACTS, st.integers(0, 7), st.integers(-1, 9)), max_size=12), st.integers(1, 8))
def test_any_series_of_acts_keeps_every_story(acts, count):
    ranked, edit = stories("abcdefgh"), Edit()
    for act, which, to in acts:
        told = [ranked[p] for p in edits.arranged(ranked, edit, count=count).told]
        if act == "moved" and ranked[which] in told:
            edit = edits.moved(edit, told, ranked[which], to)
        elif act != "moved":
            edit = getattr(edits, act)(edit, ranked[which])
    told, dropped, spare = read(ranked, edit, count=count)
    assert sorted(told + dropped + spare) == list("abcdefgh")
    assert told.startswith("".join(edit.pins))


@given(st.permutations("abcdef"), st.integers(0, 5), st.integers(0, 5))
def test_a_story_moved_stands_where_it_was_put(ranked, which, to):
    told = stories("".join(ranked))
    found, *_ = read(told, edits.moved(Edit(), told, told[which], to))
    assert found[to] == ranked[which]
    assert found.replace(ranked[which], "") == "".join(ranked).replace(ranked[which], "")


def test_what_arrives_later_comes_behind_what_was_arranged():
    told = stories("abcd")
    edit = edits.moved(edits.pinned(Edit(), told[3]), stories("dabc"), told[2], 1)
    assert read(stories("xabycdz"), edit)[0] == "dcabxyz"


def test_a_better_story_takes_the_place_of_the_least_but_not_of_one_moved_by_hand():
    told = stories("abc")
    edit = edits.moved(Edit(), told, told[2], 0)
    assert read(stories("xabc"), edit, count=3) == ("cax", "", "b")


def test_a_pinned_story_moves_among_the_pinned_and_the_others_among_the_others():
    told = stories("abcd")
    edit = edits.pinned(edits.pinned(Edit(), told[0]), told[1])
    assert read(told, edits.moved(edit, told, told[0], 3))[0] == "bacd"
    assert read(told, edits.moved(edit, told, told[3], 0))[0] == "abdc"


def test_a_story_that_another_paper_has_taken_up_is_still_the_same():
    edit = edits.dropped(edits.pinned(Edit(), story("b")), story("a", "q"))
    assert read((story("n", "a"), story("m", "b"), story("c"), story("q")), edit) == ("mc", "nq", "")


def test_a_dropped_story_comes_back_where_it_stood():
    told = stories("abcde")
    edit = edits.moved(Edit(), told, told[4], 1)
    away = edits.dropped(edit, told[1])
    assert read(told, away) == ("aecd", "b", "")
    later = edits.moved(away, stories("aecd"), told[3], 0)
    assert read(told, later)[0] == "daec"
    assert read(told, edits.restored(later, told[1]))[0] == "daebc"


def test_sections_keep_their_order_until_somebody_arranges():
    ranked = (
        story("a", section="Sea"),
        story("b", section="City"),
        story("c", section="Sea"),
        story("d", section="Sky"),
    )
    assert read(ranked, Edit(), sections=("City", "Sea"))[0] == "bacd"
    assert read(ranked, edits.pinned(Edit(), ranked[3]), sections=("City", "Sea"))[0] == "dbac"


def test_a_story_without_a_link_is_known_by_its_number():
    nameless = [Story(articles=(replace(article(""), id=number),)) for number in (7, 8)]
    assert edits.arranged(nameless, edits.dropped(Edit(), nameless[0]), count=9).told == (1,)


@pytest.mark.parametrize(
    ("chosen", "texts", "places"),
    [
        (("Three is said.", "Two is said."), ("Two is said.", "Three is said."), (1, 3)),
        (("One is said.",), ("One is said.",), (0,)),  # it stands twice in the article, and once in the summary
        (("Two is said.", "Made up."), ("Two is said.",), (1,)),
    ],
)
def test_chosen_sentences_are_the_articles_own_in_its_order(chosen, texts, places):
    told = edits.retold(story("a"), SENTENCES, edits.chosen(Edit(), story("a"), chosen))
    assert told.summary is not None
    assert (told.summary.sentences, told.summary.positions, told.summary.method) == (texts, places, "editor")
    assert all(SENTENCES[place] == text for place, text in zip(places, texts, strict=True))


def test_without_the_sentences_chosen_the_programs_own_stay_and_none_is_a_choice_too():
    own = replace(
        story("a"), summary=Summary(sentences=("Two is said.",), positions=(1,), method="digest", language="en")
    )
    assert edits.retold(own, SENTENCES, edits.chosen(Edit(), own, ["It was revised away."])) == own
    assert edits.retold(own, SENTENCES, edits.chosen(Edit(), own, [])).summary is None
    assert edits.retold(own, SENTENCES, Edit()) == own
    assert edits.chosen(edits.chosen(Edit(), own, []), own, None) == Edit()


def test_the_newsletters_own_intro_is_no_edit():
    assert edits.introduced(Edit(), " Good morning.\r\n", "Good morning.").intro is None
    assert edits.introduced(Edit(), "", "Good morning.").intro == ""
    assert edits.introduced(Edit(), " Two \r\n lines ", "").intro == "Two\nlines"
    assert len(edits.introduced(Edit(), "x" * 9_000, "").intro or "") == edits.LONGEST_INTRO
