"""Readers' choices: which of them come to the same, and what such a rendition tells."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from render import samples

from digest.render import document, variants
from digest.render.variants import WHOLE, Variant


def test_no_choice_is_the_whole_issue():
    issue = samples.issue()
    assert variants.of(issue) == WHOLE
    assert WHOLE.key == ""
    assert variants.narrowed(issue, WHOLE) == issue


@pytest.mark.parametrize(
    ("issue", "wanted", "spoken"),
    [
        ("en", "", ""),
        ("en", "en-GB", ""),
        ("en", "de-AT", "de"),
        ("de", "DE", ""),
        ("pt-BR", "pt", ""),
        ("en", "tlh", ""),
        ("de", "tlh", ""),
        ("de", "en", "en"),
        ("tlh", "en", ""),
    ],
)
def test_a_language_without_words_of_its_own_is_the_issues(issue, wanted, spoken):
    assert variants.of(samples.issue(language=issue), language=wanted) == Variant(language=spoken)


def test_choosing_all_that_is_there_is_choosing_nothing():
    assert variants.of(samples.issue(), sections=["World", "City", "Science", "Sport"]) == WHOLE


def test_sections_that_come_to_the_same_share_a_variant():
    issue = samples.issue()
    one = variants.of(issue, sections=["City", "Science"])
    assert one == variants.of(issue, sections={"Science", "City", "a section of another day"})
    assert one != variants.of(issue, sections=["City"])


def test_an_issue_without_the_sections_chosen_tells_nothing():
    assert variants.of(samples.issue(), sections=["Sport"]) is None
    assert variants.of(samples.issue(), sections=[]) is None


def test_stories_without_a_section_are_for_everybody():
    bare = samples.story({"title": "Bare", "sentences": ["A."]})
    issue = samples.issue((*samples.stories(), bare))
    chosen = variants.of(issue, sections=["Sport"])
    assert chosen is not None
    assert [story.lead.title for story in variants.narrowed(issue, chosen).stories] == ["Bare"]


def test_a_variant_tells_its_sections_in_the_issues_order():
    issue = samples.issue()
    chosen = variants.of(issue, sections=["World", "City"])
    assert chosen is not None
    told = variants.narrowed(issue, chosen).stories
    assert told == tuple(story for story in issue.stories if story.section != "Science")
    page = samples.rendered(variants.narrowed(issue, chosen)).html.fill(samples.VALUES)
    assert "Science" not in [label.text for label in document.parse(page).iter("h2")]


def test_another_language_changes_the_fixed_words_and_not_the_articles():
    issue = samples.issue()
    page = samples.rendered(variants.narrowed(issue, Variant(language="ar"))).html.fill(samples.VALUES)
    root = document.parse(page)
    assert (root.get("lang"), root.get("dir")) == ("ar", "rtl")
    titles = list(root.iter("h3"))
    assert {(title.get("lang"), title.get("dir")) for title in titles} == {("en", "ltr"), ("fr", "ltr")}
    assert "إلغاء الاشتراك" in "".join(root.itertext())


def test_an_article_of_no_known_language_keeps_that_of_its_summary():
    story = samples.story({"title": "Rovers", "sentences": ["A."]})
    assert story.summary is not None
    french = dataclasses.replace(story, summary=dataclasses.replace(story.summary, language="fr"))
    [told] = variants.narrowed(samples.issue((french,)), Variant(language="de")).stories
    assert told.lead.language == "fr"
    bare = dataclasses.replace(story, summary=None)
    [told] = variants.narrowed(samples.issue((bare,)), Variant(language="de")).stories
    assert told.lead.language == "en"


sections = st.sets(st.text(max_size=12), max_size=5)


@given(st.sampled_from(["", "de", "he", "pt-BR"]), sections, sections)
def test_keys_fit_the_column_and_tell_variants_apart(language, one, other):
    made = [Variant(language=language, sections=tuple(sorted(names))) for names in (one, other)]
    assert all(len(variant.key) <= 64 and variant.key.isascii() for variant in made)
    assert (made[0].key == made[1].key) is (made[0] == made[1])


@given(sections)
def test_a_variant_of_a_narrowed_issue_is_the_whole_of_it(chosen):
    issue = samples.issue()
    variant = variants.of(issue, sections=chosen | {"City"})
    assert variant is not None
    assert variants.of(variants.narrowed(issue, variant), sections=chosen | {"City"}) == WHOLE
