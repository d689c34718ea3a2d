"""From articles to stories: each source once, copies told with their story, a text that defeats the method told by its title."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from digest.config import FeedSettings, Newsletter
from digest.model import Article, Edit
from digest.pipeline import edits, telling
from digest.pipeline.telling import Reach

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
FERRY = (
    "The ferry Morrow Star ran aground off Port Ellin with 214 passengers aboard on Sunday night.",
    "Nobody was hurt, the coast guard said, and two tugs pulled the ferry free at dawn.",
    "The harbour master of Port Ellin has opened an inquiry into the ferry's steering gear.",
)
TRAM = (
    "The new tram line to Almond Hill carried 61,000 passengers on its first day.",
    "The transit authority had expected half as many on the tram line.",
)


def article(n: int, source: str, title: str, text: tuple[str, ...], **more: object) -> Article:
    made = Article(
        id=n,
        feed_url=f"https://{source}.example/feed",
        feed_title=source.title(),
        link=f"https://{source}.example/{n}",
        title=title,
        published=NOW - timedelta(hours=2),
        first_seen=NOW,
        language="en",
        text=text,
    )
    return replace(made, **more)


def letter(**more: object) -> Newsletter:
    feeds = tuple(FeedSettings(url=f"https://{name}.example/feed") for name in ("courier", "gazette", "signal"))
    return Newsletter(title="Morning", feeds=feeds, **more)


def test_the_same_event_is_one_story_with_each_source_once() -> None:
    found = [
        article(1, "gazette", "Ferry Morrow Star aground off Port Ellin", FERRY),
        article(2, "signal", "Ferry with 214 aboard aground off Port Ellin", FERRY[::-1]),
        article(3, "signal", "Ferry Morrow Star freed at Port Ellin by two tugs at dawn", FERRY[1:] + FERRY[:1]),
        article(4, "courier", "Tram line to Almond Hill opens", TRAM),
    ]
    told = telling.tell(found, letter(), NOW)
    ferry = next(story for story in told.stories if "Ferry" in story.lead.title)
    assert sorted(a.feed_title for a in ferry.articles) == ["Gazette", "Signal"]
    mentioned = {a.id for story in told.stories for a in story.articles}
    assert mentioned | {number for number, _ in told.copies} == {1, 2, 3, 4}


def test_a_copy_by_the_same_source_is_told_with_its_story() -> None:
    found = [
        article(1, "gazette", "Ferry Morrow Star aground off Port Ellin", FERRY),
        article(2, "gazette", "Ferry Morrow Star aground off Port Ellin", FERRY, link="https://gazette.example/again"),
    ]
    told = telling.tell(found, letter(), NOW)
    assert len(told.stories) == 1
    assert len({told.stories[0].lead.id} | {number for number, _ in told.copies}) == 2


def test_every_sentence_is_one_of_its_article() -> None:
    told = telling.tell([article(1, "gazette", "Ferry aground", FERRY)], letter(sentences=2), NOW)
    summary = told.stories[0].summary
    assert summary is not None
    assert len(summary.sentences) == 2
    assert all(sentence in FERRY for sentence in summary.sentences)


def test_an_article_without_text_is_told_by_its_title() -> None:
    told = telling.tell([article(1, "gazette", "Ferry aground", ())], letter(), NOW)
    assert [story.summary for story in told.stories] == [None]
    assert told.failed == ()


def test_what_has_no_date_comes_after_what_has_one() -> None:
    found = [
        article(1, "gazette", "About us", TRAM, published=None),
        article(2, "signal", "Ferry Morrow Star aground", FERRY),
    ]
    assert [story.lead.id for story in telling.tell(found, letter(), NOW).stories] == [2, 1]


def test_sections_come_in_the_order_of_the_feeds() -> None:
    feeds = (
        FeedSettings(url="https://courier.example/feed", section="City"),
        FeedSettings(url="https://gazette.example/feed", section="Sea"),
    )
    found = [article(1, "gazette", "Ferry aground", FERRY), article(2, "courier", "Tram line opens", TRAM)]
    morning = Newsletter(title="M", feeds=feeds)
    told = edits.laid(telling.tell(found, morning, NOW), Edit(), count=2, sections=telling.sections(morning))
    assert [story.section for story in told.stories] == ["City", "Sea"]


def news(count: int) -> list[Article]:
    """Stories that have nothing in common, the first the newest."""
    words = ("ferry", "tram", "bridge", "harbour", "museum", "river", "castle", "orchard")
    return [
        article(n, f"{word}s", f"{word.title()} {word}ward", (" ".join(f"{word}{c}" for c in "abcdefghijklmnop") + ".",),
                published=NOW - timedelta(hours=n))
        for n, word in enumerate(words[:count], 1)
    ]  # fmt: skip


def test_stories_below_the_cut_are_told_where_they_are_asked_for() -> None:
    found = news(8)
    assert len(telling.tell(found, letter(stories=3), NOW).stories) == 3
    more = telling.tell(found, letter(stories=3), NOW, Reach(spare=2))
    assert len(more.stories) == 5
    assert more.stories[:3] == telling.tell(found, letter(stories=3), NOW).stories


def test_a_story_that_is_named_is_told_wherever_it_ranks() -> None:
    found = news(8)
    told = telling.tell(found, letter(stories=2), NOW, Reach(named=[found[7].link, "https://elsewhere.example/"]))
    assert len(told.stories) == 3
    assert told.stories[2].lead.link == found[7].link
    assert told.stories[2].summary is not None


def test_a_named_story_that_is_told_anyway_is_told_once() -> None:
    found = news(3)
    told = telling.tell(found, letter(stories=3), NOW, Reach(named=[found[0].link]))
    assert sorted(story.lead.id or 0 for story in told.stories) == [1, 2, 3]


def test_the_sentences_of_a_lead_are_those_that_its_summarys_places_count() -> None:
    told = telling.tell(
        [article(1, "gazette", "Ferry aground", FERRY)], letter(sentences=2), NOW, Reach(sentences=None)
    )
    summary = told.stories[0].summary
    assert summary is not None
    assert told.sentences == (FERRY,)
    assert tuple(FERRY[place] for place in summary.positions) == summary.sentences
    assert telling.tell([article(1, "gazette", "Ferry aground", FERRY)], letter(), NOW).sentences == ((),)
