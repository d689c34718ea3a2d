import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Article
from digest.summarize import stories

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
FERRY = "The ferry Aurora ran aground off Skerry Bay on Sunday with 212 passengers aboard, the coast guard said."
LIFEBOATS = "Lifeboats took 212 passengers off the ferry Aurora after it ran aground near Skerry Bay in thick fog."
WHEAT = "Wheat futures fell for a third day as rain reached the plains and eased fears for the winter harvest."


def article(title: str, text: str = "", *, feed: str = "one", hours: float = 1, link: str = "") -> Article:
    return Article(
        feed_url=f"https://{feed}.example/feed", link=link or f"https://{feed}.example/{title.replace(' ', '-')}", title=title,
        first_seen=NOW - timedelta(hours=hours), text=tuple(text.split("\n")) if text else (), language="en",
    )  # fmt: skip


def links(groups: object) -> list[list[str]]:
    return [[found.link for found in story] for story in groups]  # type: ignore[attr-defined]


# ------------------------------------------------------------------ grouping


def test_articles_on_one_event_are_one_story_and_others_are_not() -> None:
    one = article("Ferry Aurora runs aground off Skerry Bay", FERRY)
    two = article("Passengers taken off stranded ferry Aurora", LIFEBOATS, feed="two")
    three = article("Wheat prices fall", WHEAT, feed="two")
    assert sorted(len(story) for story in stories.group([one, two, three])) == [1, 2]


def test_two_articles_alone_find_each_other_without_a_background() -> None:
    pair = [article("Ferry Aurora aground", FERRY), article("Ferry Aurora evacuated", LIFEBOATS, feed="two")]
    assert len(stories.group(pair)) == 1


def test_no_article_no_story() -> None:
    assert stories.group([]) == ()


def test_articles_without_any_word_stay_alone() -> None:
    blank = [article("", feed="one"), article("", feed="two"), article("!!!", feed="three")]
    assert len(stories.partition(blank)) == 3


@pytest.mark.parametrize(("days", "count"), [(3.9, 1), (4.1, 2)])
def test_the_same_words_days_later_are_another_story(days: float, count: int) -> None:
    early = article("Ferry Aurora aground", FERRY, hours=24 * days)
    late = article("Ferry Aurora aground again", FERRY, feed="two", hours=0)
    assert len(stories.group([early, late])) == count


def test_a_background_makes_common_words_weigh_less() -> None:
    one = article("Council budget: schools", "The council debated its budget and voted for new school roofs.")
    two = article("Council budget: parks", "The council debated its budget and refused benches for parks.", feed="two")
    common = stories.frequencies(["The council debated its budget"] * 5000 + ["Rain"] * 5000)
    assert len(stories.group([one, two])) == 1
    assert len(stories.group([one, two], background=common)) == 2


def test_scripts_without_blanks_group_too() -> None:
    one = article("港に迷い込んだクジラ、沖へ誘導", "青浜港に迷い込んだザトウクジラが漁船に導かれて沖へ戻った。")
    two = article("青浜港のクジラ、外海へ", "青浜港の中にいたザトウクジラが漁船に誘導されて外海へ出た。", feed="two")
    three = article("首相、予算案を説明", "首相は国会で来年度の予算案について説明した。", feed="two")
    assert sorted(len(story) for story in stories.group([one, two, three])) == [1, 2]


WORDS = st.lists(
    st.sampled_from(["ferry", "aground", "bay", "wheat", "rain", "price", "chess", "open", "bridge", "vote"]),
    max_size=8,
)
ARTICLES = st.lists(st.tuples(WORDS, WORDS, st.integers(0, 200)), max_size=12)


def invented(drawn: list[tuple[list[str], list[str], int]]) -> list[Article]:
    return [
        article(" ".join(title), " ".join(text), feed=f"feed{i % 3}", hours=hours, link=f"https://x.example/{i}")
        for i, (title, text, hours) in enumerate(drawn)
    ]


@settings(max_examples=80, deadline=None)
@given(ARTICLES)
def test_every_article_is_in_exactly_one_story(drawn: list[tuple[list[str], list[str], int]]) -> None:
    articles = invented(drawn)
    found = [link for story in links(stories.partition(articles)) for link in story]
    assert sorted(found) == sorted(one.link for one in articles)


@settings(max_examples=80, deadline=None)
@given(ARTICLES, st.randoms(use_true_random=False))
def test_the_order_of_the_articles_makes_no_difference(
    drawn: list[tuple[list[str], list[str], int]], chance: object
) -> None:
    articles = invented(drawn)
    before = stories.group(articles)
    chance.shuffle(articles)  # type: ignore[attr-defined]
    assert stories.group(articles) == before


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=6))
def test_grouping_is_total_on_any_text(texts: list[str]) -> None:
    articles = [article(text[:20], text, link=f"https://x.example/{i}") for i, text in enumerate(texts)]
    assert sum(map(len, stories.partition(articles))) == len(articles)


# ------------------------------------------------------------------ lead and copies


def test_the_heavier_source_leads_and_the_longer_text_else() -> None:
    short = article("Ferry Aurora aground off Skerry Bay", FERRY, feed="one")
    long = article("Ferry Aurora aground near Skerry Bay", FERRY + "\n" + LIFEBOATS * 8, feed="two")
    assert stories.group([short, long])[0][0] == long
    assert stories.group([short, long], weights={short.feed_url: 3.0})[0][0] == short


def test_a_source_s_copies_stand_once_and_another_source_s_copy_stays() -> None:
    first = article("Ferry aground", FERRY, feed="one", hours=3, link="https://one.example/a")
    again = article("Ferry aground (updated)", FERRY, feed="one", hours=2, link="https://one.example/b")
    other = article("Ferry aground", FERRY, feed="two", hours=1)
    told = stories.group([first, again, other])
    assert [len(story) for story in told] == [2]
    assert {stories.source(found) for found in told[0]} == {"one.example", "two.example"}
    assert len(stories.partition([first, again, other])[0]) == 3


def test_a_copy_is_a_text_shared_by_half() -> None:
    one = article("A", FERRY)
    assert stories.is_copy(one, article("B", "Agency. " + FERRY))
    assert not stories.is_copy(one, article("A", LIFEBOATS))
    assert stories.is_copy(article("Same title"), article("Same Title"))


def test_the_source_is_the_host_unless_it_is_a_bare_address() -> None:
    assert stories.source(article("x", link="https://www.paper.example/a")) == "paper.example"
    assert stories.source(article("x", link="http://127.0.0.1:8000/a")) == "https://one.example/feed"
    assert stories.source(article("x", link="http://localhost/a")) == "https://one.example/feed"


# ------------------------------------------------------------------ groups


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([FERRY, LIFEBOATS, WHEAT, ""]), st.sampled_from("ab"), st.integers(0, 3)), max_size=12
    )
)
def test_what_is_told_and_what_is_set_apart_are_all_there_is(drawn) -> None:
    given_ = [
        article(text[:20], text, feed=feed, link=f"https://{feed}.example/{n}-{at}", hours=at)
        for n, (text, feed, at) in enumerate(drawn)
    ]
    found = stories.groups(given_)
    everything = sorted(a.link for group in found for a in (*group.told, *group.copies))
    assert everything == sorted(a.link for a in given_)
    assert [group.told for group in found] == list(stories.group(given_))
    assert all(
        stories.source(copy) in {stories.source(one) for one in group.told} for group in found for copy in group.copies
    )


def test_the_most_central_leads_by_the_mean_of_its_cosines_to_the_others() -> None:
    texts = [FERRY + " " + LIFEBOATS, FERRY, LIFEBOATS]
    given_ = [article("Ferry Aurora", text, feed=str(n), hours=n) for n, text in enumerate(texts)]
    (group,) = stories.groups(given_)
    assert group.told[0] is given_[0]


def test_one_source_s_flood_of_one_event_is_held_against_a_few_of_its_own_alone() -> None:
    """Hundreds of articles of a few words each are an attack: 900 took 52 s, and take 0.4 s."""
    chance = random.Random(1)
    words = ["".join(letters) for letters in itertools.product("bdfgklmnpr", "aeiou", "stvz")]
    flood = [
        article(f"Aurora {n}", " ".join(chance.choices(words, k=150)), hours=n / 100)
        for n in range(stories.MOST_COMPARED + 20)
    ]
    again = [*flood, article("Aurora once more", flood[-1].text[0], hours=0.001)]
    (group,) = stories.groups(again)
    assert len(group.told) + len(group.copies) == len(again)
    assert len(group.told) >= len(flood)
