"""What stories are made of and how they are ranked: each share at its bounds, ties, and what must make no difference."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Article, Story
from digest.summarize import grouping, rank, stories, terms

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG = "voted on Monday for a new bridge over the river, which engineers say will be open within four years of work. "


def article(title: str, *, feed: str = "one", text: str | None = None, **given: object) -> Article:
    body = f"{title} {LONG * 2}" if text is None else text
    values: dict[str, object] = {
        "feed_url": f"https://{feed}.example/feed",
        "link": f"https://{feed}.example/{title.replace(' ', '-')}",
        "title": title,
        "published": NOW - HOUR,
        "first_seen": NOW - HOUR,
        "text": (body,) if body else (),
    }
    return Article(**(values | given))  # type: ignore[arg-type]


def told(*groups: list[Article], now: datetime = NOW, **wishes: object) -> tuple[Story, ...]:
    return rank.stories(groups, wishes=rank.Wishes(**wishes), now=now)  # type: ignore[arg-type]


def share(of: list[Article], what: str, **wishes: object) -> float:
    (story,) = told(of, **wishes)
    return dict(story.reasons).get(what, 0.0)


def titles(found: tuple[Story, ...]) -> list[str]:
    return [story.lead.title for story in found]


# ------------------------------------------------------------------ shares


@pytest.mark.parametrize(
    ("ages", "recency"),
    [([0], 1.0), ([24], 0.5), ([48], 0.25), ([-100], 1.0), ([48, 24, 72], 0.5), ([24 * 60], 0.0)],
)
def test_recency_is_of_the_newest_and_halves_each_day(ages: list[float], recency: float) -> None:
    group = [article("a", feed=f"f{n}", published=NOW - HOUR * age, first_seen=NOW) for n, age in enumerate(ages)]
    assert share(group, "recency") == pytest.approx(recency)


def test_an_article_without_a_date_counts_a_day_and_a_half_older_than_it_was_seen() -> None:
    undated = article("a", published=None, first_seen=NOW)
    assert share([undated], "recency") == pytest.approx(2 ** (-36 / 24), abs=1e-4)
    assert share([undated], "recency", half_life=36 * HOUR) == pytest.approx(0.5)


@pytest.mark.parametrize(("sources", "coverage"), [(1, 0.0), (2, 0.6), (4, 1.2), (32, 3.0), (64, 3.0)])
def test_coverage_grows_with_each_doubling_up_to_a_bound(sources: int, coverage: float) -> None:
    group = [article(f"t{n}", feed=f"f{n}", text=f"word{n} " * 40 + f"other{n} more{n} " * 9) for n in range(sources)]
    assert share(group, "coverage") == pytest.approx(coverage)


@pytest.mark.parametrize(
    ("weight", "of_source"), [(1.0, 0.0), (2.0, 0.5), (0.5, -0.5), (128.0, 3.5), (1e6, 3.5), (1e-6, -3.5), (0.0, -3.5)]
)
def test_a_weight_counts_by_its_doublings_seven_at_most(weight: float, of_source: float) -> None:
    lead = article("a")
    assert share([lead], "source", weights={lead.feed_url: weight}) == pytest.approx(of_source)


@pytest.mark.parametrize(
    ("text", "excerpt", "what"),
    [
        (("x" * 120,), "", "text"),
        (("x" * 60, "y" * 60), "", "text"),
        (("x" * 119,), "", "title only"),
        ((), "x" * 120, "text"),
        (("x" * 60,), "x" * 119, "title only"),
        ((), "", "title only"),
    ],
)
def test_what_there_is_to_sum_up(text: tuple[str, ...], excerpt: str, what: str) -> None:
    assert share([made(text, excerpt)], what) != 0.0


def made(text: tuple[str, ...], excerpt: str) -> Article:
    return Article(
        feed_url="https://f.example/", link="https://f.example/1", title="a", first_seen=NOW, text=text, excerpt=excerpt
    )


@pytest.mark.parametrize(
    ("title", "more", "include", "included"),
    [
        ("Bridge opens", {}, ("bridge",), 1.0),
        ("Bridge opens", {}, ("bridges",), 0.0),
        ("Opening", {"text": "A bridge"}, ("bridge",), 0.5),
        ("Opening", {"tags": ("Bridge",)}, ("bridge",), 0.5),
        ("Opening", {"excerpt": "The BRIDGE."}, ("bridge",), 0.5),
        ("Bridge ferry tram bus", {}, ("bridge", "ferry", "tram", "bus"), 2.0),
        ("Straße gesperrt", {}, ("STRASSE",), 1.0),
        ("Zürich wählt", {}, ("Zu\u0308rich",), 1.0),
        ("Learn C++ today", {}, ("c++",), 1.0),
        ("What (is) this?", {}, ("(is)",), 1.0),
        ("aXb", {}, ("a.b",), 0.0),
        ("Crude\u00a0oil falls", {}, ("crude oil",), 1.0),
        ("予算案を説明", {}, ("予算",), 1.0),
        ("Bridge", {}, ("", "  "), 0.0),
    ],
)
def test_wanted_words(title: str, more: dict, include: tuple[str, ...], included: float) -> None:
    assert share([article(title, **({"text": ""} | more))], "include", include=include) == pytest.approx(included)


@pytest.mark.parametrize(
    ("clean_others", "dirty_others", "kept"), [(0, 0, 1), (0, 1, 0), (1, 1, 2), (2, 1, 3), (1, 2, 0), (2, 3, 0)]
)
def test_a_story_half_of_which_is_unwanted_is_dropped(clean_others: int, dirty_others: int, kept: int) -> None:
    group = [
        article("lead"),
        *(article(f"clean {n}") for n in range(clean_others)),
        *(article(f"football {n}") for n in range(dirty_others)),
    ]
    assert [len(story.articles) for story in told(group, exclude=("football",))] == ([kept] if kept else [])


@pytest.mark.parametrize("where", ["title", "text", "tags", "excerpt"])
def test_an_unwanted_word_counts_wherever_it_stands(where: str) -> None:
    one = (
        article("Football", text=LONG)
        if where == "title"
        else made(("Football " + LONG,) if where == "text" else (LONG,), "football" if where == "excerpt" else "")
    )
    if where == "tags":
        one = article("a", tags=("Football",))
    assert told([one], exclude=(" FOOTBALL ",)) == ()


# ------------------------------------------------------------------ choice


def test_a_limit_of_none_lets_a_feed_lead_nothing() -> None:
    lead = article("a")
    assert told([lead], limits={lead.feed_url: 0}) == ()
    assert titles(told([lead, article("b", feed="two")], limits={lead.feed_url: 0})) == ["b"]


def test_a_title_alone_takes_no_story_over_from_one_that_has_a_text() -> None:
    lead = article("a")
    assert told([lead, article("b", feed="two", text="")], limits={lead.feed_url: 0}) == ()


def test_who_takes_over_brings_their_own_weight_and_section() -> None:
    lead, other = article("a"), article("b", feed="two")
    (story,) = told(
        [lead, other],
        limits={lead.feed_url: 0},
        weights={lead.feed_url: 4.0, other.feed_url: 2.0},
        sections={lead.feed_url: "World", other.feed_url: "Home"},
    )
    assert (story.section, dict(story.reasons)["source"]) == ("Home", 0.5)
    assert story.score == pytest.approx(sum(value for _, value in story.reasons))


def test_each_further_story_of_a_source_counts_less() -> None:
    found = told(*([article(f"t{n}")] for n in range(4)))
    assert [dict(story.reasons).get("variety", 0.0) for story in found] == pytest.approx([0.0, -0.4, -0.8, -1.2])


def test_the_newer_goes_first_where_scores_are_the_same() -> None:
    older, newer = article("a", published=NOW - 2 * HOUR), article("b", feed="two", published=NOW - HOUR)
    found = told([older], [newer], half_life=timedelta(days=1_000_000))
    assert titles(found) == ["b", "a"]
    assert found[0].score == found[1].score


DRAWN = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 90)), min_size=1, max_size=8, unique=True)


def of(drawn: list[tuple[str, int]], shift: timedelta = timedelta()) -> list[list[Article]]:
    return [
        [article(f"{n} {feed}", feed=feed, published=NOW - HOUR * age + shift, first_seen=NOW + shift)]
        for n, (feed, age) in enumerate(drawn)
    ]


@settings(max_examples=50, deadline=None)
@given(DRAWN, st.integers(-10_000, 10_000))
def test_the_same_a_year_later_is_ranked_the_same(drawn: list[tuple[str, int]], hours: int) -> None:
    shift = HOUR * hours
    before, after = told(*of(drawn)), told(*of(drawn, shift), now=NOW + shift)
    assert [(s.lead.title, s.reasons) for s in before] == [(s.lead.title, s.reasons) for s in after]


@settings(max_examples=50, deadline=None)
@given(DRAWN, st.integers(0, 9))
def test_fewer_stories_are_the_first_of_more(drawn: list[tuple[str, int]], count: int) -> None:
    assert told(*of(drawn), count=count) == told(*of(drawn), count=99)[:count]


@settings(max_examples=50, deadline=None)
@given(DRAWN, st.sampled_from([1.5, 4.0, 100.0]))
def test_a_heavier_source_never_comes_later(drawn: list[tuple[str, int]], weight: float) -> None:
    url = "https://a.example/feed"

    def first(found: tuple[Story, ...]) -> int:
        return next((place for place, story in enumerate(found) if story.lead.feed_url == url), 99)

    assert first(told(*of(drawn), weights={url: weight})) <= first(told(*of(drawn)))


# ------------------------------------------------------------------ grouping


def groups(vectors: list[dict[str, float]], hours: list[float] | None = None, cosine: float = 0.5) -> list[list[int]]:
    normal = [grouping.normal(vector, terms=60) for vector in vectors]
    times = [NOW + HOUR * hour for hour in hours or [0.0] * len(vectors)]
    return grouping.grouped(normal, times, cosine=cosine, window=96 * HOUR)


@pytest.mark.parametrize(("hours", "together"), [(96, True), (96.01, False)])
def test_the_window_reaches_to_its_last_moment(hours: float, together: bool) -> None:
    assert (len(groups([{"a": 1}, {"a": 1}], [0, hours])) == 1) is together


def test_a_cosine_just_reached_joins() -> None:
    vectors = [{"a": 1.0}, {"a": 3.0, "b": 4.0}, {"b": 1.0, "c": 9.0}]
    assert groups(vectors, cosine=0.6)[0] == [0, 1]
    assert groups(vectors, cosine=0.61)[0] == [0]


def test_groups_come_by_their_first_and_members_in_order() -> None:
    found = groups([{"b": 1}, {"a": 1}, {"b": 1}, {"a": 1}, {"c": 1}, {"b": 1}])
    assert found == [[0, 2, 5], [1, 3], [4]]


def test_vectors_without_terms_join_nothing() -> None:
    assert groups([{}, {"a": 1}, {}, {"a": 1}]) == [[0], [1, 3], [2]]
    assert groups([]) == []


WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.1, 9), max_size=6)


@given(WEIGHTS, WEIGHTS, st.floats(0.1, 50))
def test_a_cosine_is_symmetric_bounded_and_without_scale(one: dict, other: dict, scale: float) -> None:
    first, second = grouping.normal(one, terms=6), grouping.normal(other, terms=6)
    larger = grouping.normal({term: weight * scale for term, weight in one.items()}, terms=6)
    assert grouping.cosine(first, second) == pytest.approx(grouping.cosine(second, first))
    assert grouping.cosine(first, second) == pytest.approx(grouping.cosine(larger, second))
    assert -1e-9 <= grouping.cosine(first, second) <= 1 + 1e-9


@given(WEIGHTS.filter(bool), st.integers(1, 6))
def test_a_vector_keeps_its_heaviest_terms_and_has_length_one(weights: dict[str, float], count: int) -> None:
    vector = grouping.normal(weights, terms=count)
    assert math.fsum(weight**2 for weight in vector.values()) == pytest.approx(1.0)
    assert len(vector) == min(count, len(weights))
    left_out = [weight for term, weight in weights.items() if term not in vector]
    assert all(weights[term] >= max(left_out, default=0.0) for term in vector)


@settings(max_examples=40, deadline=None)
@given(st.lists(WEIGHTS, max_size=8), st.integers(-5000, 5000))
def test_when_it_was_makes_no_difference_to_groups(vectors: list[dict[str, float]], hours: int) -> None:
    spread = [float(30 * n) for n in range(len(vectors))]
    assert groups(vectors, spread, 0.4) == groups(vectors, [hour + hours for hour in spread], 0.4)


# ------------------------------------------------------------------ terms, copies, sources


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ministers' ministerial MINISTER", ["minist"] * 3),
        ("Straße STRASSE", ["strass", "strass"]),
        ("l'été", ["l'été"]),
        ("well-known", ["well-k"]),
        ("snake_case", ["snake", "case"]),
        ("2026 11", ["2026", "11"]),
        ("東京", ["東京"]),
        ("東京都庁", ["東京", "京都", "都庁"]),
        ("NATO首脳会議", ["nato", "首脳", "脳会", "会議"]),
        ("…!?", []),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms.terms(text) == expected


@given(st.text(max_size=60))
def test_terms_know_no_case_and_no_surroundings(text: str) -> None:
    assert terms.terms(text) == terms.terms(text.casefold())
    assert terms.terms(f"  {text}  ") == terms.terms(text)


@given(
    st.lists(st.text(alphabet="ab c", max_size=8), max_size=5),
    st.lists(st.text(alphabet="ab c", max_size=8), max_size=5),
)
def test_frequencies_add_up_as_their_texts_do(one: list[str], other: list[str]) -> None:
    left, right = terms.frequencies(one), terms.frequencies(other)
    assert left + right == right + left == terms.frequencies([*one, *other])
    assert left + terms.Frequencies() == left


@pytest.mark.parametrize(("count", "weight"), [(0, math.log(100)), (9, math.log(10)), (99, 0.0)])
def test_a_term_weighs_less_the_more_texts_have_it(count: int, weight: float) -> None:
    assert terms.Frequencies(documents=99, counts={"x": count}).weight("x") == pytest.approx(weight)


@pytest.mark.parametrize(
    ("text", "stated", "language"),
    [
        ("the council and the mayor of the city were on the bridge", "de", "en"),
        ("der Rat und die Stadt haben nicht mit dem Bürgermeister", "de-AT", "de"),
        ("der Rat und die Stadt haben nicht mit dem Bürgermeister", None, "de"),
        ("xyzzy plugh frobnicate quux corge", "fi", "fi"),
        ("", "sv", "sv"),
        ("", None, ""),
    ],
)
def test_common_words_tell_the_language(text: str, stated: str | None, language: str) -> None:
    assert terms.language(terms.terms(text), stated) == language


@pytest.mark.parametrize(
    ("link", "source"),
    [
        ("https://WWW.Paper.example:8443/a", "paper.example"),
        ("https://news.paper.example/a", "news.paper.example"),
        ("http://[2001:db8::1]/a", "feed"),
        ("http://10.0.0.1/a", "feed"),
        ("http://intranet/a", "feed"),
        ("", "feed"),
    ],
)
def test_who_tells_it(link: str, source: str) -> None:
    one = article("a", link=link)
    assert stories.source(one) == (one.feed_url if source == "feed" else source)


SHARED = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize(
    ("left", "right", "copies"),
    [
        (SHARED, SHARED, True),
        (SHARED, SHARED + " and then quite a number of further words that nobody else has written", True),
        (SHARED, "zero " * 9 + SHARED.partition("five")[0], False),
        (SHARED, " ".join(reversed(SHARED.split())), False),
        (SHARED, "", False),
        ("", "", True),
        ("two words", "two words", True),
    ],
)
def test_a_copy_shares_half_of_the_shorter_opening_whichever_is_asked(left: str, right: str, copies: bool) -> None:
    one, other = (
        article("Same title" if not left or not right or " " in left[:4] else "t", text=left),
        article("Same title", text=right),
    )
    if not right and left:
        other = article("Another title", feed="two", text=right)
    assert stories.is_copy(one, other) is stories.is_copy(other, one) is copies


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["ferry aground bay", "wheat price rain", "chess open final"]), max_size=8),
    st.integers(-5000, 5000),
)
def test_the_same_days_later_are_the_same_stories(texts: list[str], hours: int) -> None:
    def placed(shift: timedelta) -> list[list[str]]:
        times = [NOW + 20 * n * HOUR + shift for n in range(len(texts))]
        made = [
            article(text, feed=f"f{n}", link=f"https://f{n}.example/{n}", text=text, published=at, first_seen=at)
            for n, (text, at) in enumerate(zip(texts, times, strict=True))
        ]
        return [[one.link for one in story] for story in stories.group(made)]

    assert placed(timedelta()) == placed(HOUR * hours)
