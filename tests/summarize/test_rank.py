from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Article, Story
from digest.summarize import rank

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
LONG = "voted on Monday for a new bridge over the river, which engineers say will be open within four years of work. "


def article(title: str, *, feed: str = "one", hours: float = 1, text: str | None = None) -> Article:
    body = f"{title} {LONG * 2}" if text is None else text
    return Article(
        feed_url=f"https://{feed}.example/feed", link=f"https://{feed}.example/{title.replace(' ', '-')}", title=title,
        published=NOW - timedelta(hours=hours), first_seen=NOW - timedelta(hours=hours), text=(body,) if body else (),
    )  # fmt: skip


def told(*groups: list[Article], **wishes: object) -> tuple[Story, ...]:
    return rank.stories(groups, wishes=rank.Wishes(**wishes), now=NOW)  # type: ignore[arg-type]


def titles(found: tuple[Story, ...]) -> list[str]:
    return [story.lead.title for story in found]


# ------------------------------------------------------------------ score


def test_the_newer_story_comes_first() -> None:
    assert titles(told([article("old", hours=20)], [article("new", feed="two")])) == ["new", "old"]


def test_half_the_recency_is_left_after_a_half_life() -> None:
    (story,) = told([article("a", hours=24)])
    assert dict(story.reasons)["recency"] == pytest.approx(0.5)


def test_more_independent_sources_count_and_copies_do_not() -> None:
    independent = [article("a", feed="one"), article("b", feed="two", text="Other words entirely tell the same " * 9)]
    copies = [article("c", feed="one"), article("c", feed="two")]
    (story,) = told(independent)
    assert dict(story.reasons)["coverage"] == pytest.approx(rank.COVERAGE)
    (story,) = told(copies)
    assert "coverage" not in dict(story.reasons)


def test_a_heavier_source_comes_first() -> None:
    groups = [article("a", feed="one")], [article("b", feed="two")]
    assert titles(told(*groups, weights={"https://two.example/feed": 2.0}))[0] == "b"
    assert titles(told(*groups, weights={"https://two.example/feed": 0.5}))[0] == "a"


def test_a_title_without_text_is_told_below_all_others() -> None:
    bare = [article("bare", feed=f"f{i}", text="", hours=0) for i in range(6)]
    weights = {one.feed_url: 100.0 for one in bare}
    found = told(bare, [article("told", hours=900)], weights=weights, include=("bare",))
    assert titles(found) == ["told", "bare"]


def test_wanted_words_lift_whole_words_only() -> None:
    groups = [article("Artful dodge", feed="one", hours=0)], [article("Modern art show", feed="two", hours=20)]
    assert titles(told(*groups)) == ["Artful dodge", "Modern art show"]
    assert titles(told(*groups, include=("ART",))) == ["Modern art show", "Artful dodge"]


def test_wanted_phrases_and_scripts_without_blanks() -> None:
    groups = [article("首相が予算案を説明", hours=30)], [article("Crude  oil price falls", feed="two", hours=30)]
    assert {titles(told(*groups, include=(word,)))[0] for word in ("予算", "oil price")} == {
        group[0].title for group in groups
    }


# ------------------------------------------------------------------ choice


def test_excluded_words_drop_a_story_and_an_excluded_other_article() -> None:
    football = [article("Football final tonight")]
    mixed = [
        article("City plans a park"),
        article("Park or football ground?", feed="two"),
        article("Park vote", feed="three"),
    ]
    found = told(football, mixed, exclude=("football",))
    assert [[one.title for one in story.articles] for story in found] == [["City plans a park", "Park vote"]]
    assert titles(told([article("Footballs recalled")], exclude=("football",))) == ["Footballs recalled"]


def test_at_most_count_stories() -> None:
    assert len(told(*([article(f"t{i}")] for i in range(9)), count=4)) == 4
    assert told([article("t")], count=0) == ()


def test_a_feed_leads_no_more_than_its_limit_and_hands_over() -> None:
    one = "https://one.example/feed"
    groups = [article("a")], [article("b")], [article("c"), article("c2", feed="two")]
    found = told(*groups, limits={one: 1})
    assert sorted(story.lead.feed_url for story in found) == [one, "https://two.example/feed"]
    handed = next(story for story in found if story.lead.title == "c2")
    assert [one.title for one in handed.also] == ["c"]


def test_one_source_does_not_fill_the_issue_while_others_have_news() -> None:
    flood = [[article(f"flood {i}", hours=0)] for i in range(30)]
    others = [[article(f"other {i}", feed=f"f{i}", hours=20)] for i in range(4)]
    found = told(*flood, *others, count=8)
    assert sum(title.startswith("other") for title in titles(found)) == 4


def test_ties_go_to_the_link_that_sorts_first() -> None:
    assert titles(told([article("b", feed="two")], [article("a", feed="one")])) == ["a", "b"]


DRAWN = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 90), st.booleans()), max_size=10, unique=True)


def groups_of(drawn: list[tuple[str, int, bool]]) -> list[list[Article]]:
    return [
        [article(f"{i} {feed}", feed=feed, hours=hours, text=None if long else "")]
        for i, (feed, hours, long) in enumerate(drawn)
    ]


@settings(max_examples=80, deadline=None)
@given(DRAWN, st.randoms(use_true_random=False))
def test_ranking_is_deterministic_whatever_the_order(drawn: list[tuple[str, int, bool]], chance: object) -> None:
    groups = groups_of(drawn)
    before = told(*groups)
    chance.shuffle(groups)  # type: ignore[attr-defined]
    assert told(*groups) == before


@settings(max_examples=80, deadline=None)
@given(DRAWN)
def test_reasons_sum_to_the_score_and_scores_fall(drawn: list[tuple[str, int, bool]]) -> None:
    found = told(*groups_of(drawn), include=("a",), weights={"https://b.example/feed": 3.0})
    for story in found:
        assert sum(share for _, share in story.reasons) == pytest.approx(story.score, abs=1e-9)
    scores = [story.score for story in found]
    assert scores == sorted(scores, reverse=True)
    assert len({story.lead.link for story in found}) == len(found) == len(drawn)
