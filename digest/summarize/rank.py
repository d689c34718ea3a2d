"""Which stories an issue tells, in what order, and why."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from digest.model import Article, Story
from digest.summarize.stories import is_copy, source

RECENCY = 1.0  # of an article of this minute; halves each half-life
COVERAGE = 0.6  # for each doubling of the independent sources
MOST_COVERAGE = 3.0
SOURCE = 0.5  # for each doubling of the source's weight; at most seven times that either way
TEXT = 0.3  # there is a text to sum up
TITLE_ONLY = -15.0  # there is none: below all that have one
INCLUDED = 1.0  # a wanted word in the title; half of it in the text
MOST_INCLUDED = 2.0
VARIETY = -0.4  # for each story the same source already tells
UNDATED = timedelta(hours=36)  # how much older than its first sight an article without a date counts
USABLE = 120  # characters of text from which there is something to sum up

_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a newsletter wants of its stories."""

    count: int = 12  # at most
    weights: Mapping[str, float] = field(default_factory=dict)  # by feed_url; 1.0 where absent
    sections: Mapping[str, str] = field(default_factory=dict)  # by feed_url
    limits: Mapping[str, int] = field(default_factory=dict)  # most stories a feed may lead, by feed_url
    include: tuple[str, ...] = ()  # words and phrases that lift a story
    exclude: tuple[str, ...] = ()  # words and phrases that drop it
    half_life: timedelta = timedelta(hours=24)


def stories(groups: Sequence[Sequence[Article]], *, wishes: Wishes, now: datetime) -> tuple[Story, ...]:
    """At most `wishes.count` stories from groups of articles (lead first), best first.

    Each story's `reasons` sum to its `score`. Ties go to the newer, then to the link that sorts first.
    """
    excluded = _pattern(wishes.exclude)
    left = [kept for articles in groups if (kept := _without(tuple(articles), excluded))]
    scored = sorted((_story(articles, wishes, now) for articles in left), key=_order)
    return tuple(_picked(scored, wishes))


# ------------------------------------------------------------------ words


def _pattern(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Any of the phrases as whole words, without case; None where there is none."""
    composed = (unicodedata.normalize("NFC", phrase).casefold() for phrase in phrases if phrase.strip())
    found = [_phrase(" ".join(phrase.split())) for phrase in composed]
    return re.compile("|".join(found)) if found else None


def _phrase(phrase: str) -> str:
    spaced = r"\s+".join(map(re.escape, phrase.split()))
    before = r"(?<!\w)" if re.match(r"\w", phrase) and not _WIDE.match(phrase[0]) else ""
    after = r"(?!\w)" if re.search(r"\w$", phrase) and not _WIDE.match(phrase[-1]) else ""
    return before + spaced + after


def _text(article: Article) -> str:
    return "\n".join((*article.tags, article.excerpt, *article.text)).casefold()


def _without(articles: tuple[Article, ...], excluded: re.Pattern[str] | None) -> tuple[Article, ...]:
    """The articles without excluded words; none where the lead or half of them have one."""
    if not excluded:
        return articles
    clean = tuple(a for a in articles if not excluded.search(a.title.casefold()) and not excluded.search(_text(a)))
    return clean if articles and clean[:1] == articles[:1] and len(clean) * 2 > len(articles) else ()


# ------------------------------------------------------------------ score


def _story(articles: tuple[Article, ...], wishes: Wishes, now: datetime) -> Story:
    reasons = [
        ("recency", _recency(articles, wishes, now)),
        ("coverage", _coverage(articles)),
        ("source", _source(articles[0], wishes)),
        ("text", TEXT) if _is_usable(articles[0]) else ("title only", TITLE_ONLY),
        ("include", _included(articles, wishes)),
    ]
    told = tuple((what, round(share, 4)) for what, share in reasons if round(share, 4))
    section = wishes.sections.get(articles[0].feed_url, "")
    return Story(articles=articles, section=section, score=_total(told), reasons=told)


def _total(reasons: Iterable[tuple[str, float]]) -> float:
    return round(math.fsum(share for _, share in reasons), 4)


def _is_usable(article: Article) -> bool:
    return sum(map(len, article.text)) >= USABLE or len(article.excerpt) >= USABLE


def _recency(articles: Sequence[Article], wishes: Wishes, now: datetime) -> float:
    age = max(now - max(map(_seen_as_of, articles)), timedelta())
    return RECENCY * math.exp2(-age / wishes.half_life)


def _seen_as_of(article: Article) -> datetime:
    """When it counts as published: one without a date (an "About" page, say) is no news of this minute."""
    return article.sort_at if article.published else article.sort_at - UNDATED


def _coverage(articles: Sequence[Article]) -> float:
    """More sources, more weight; a source that only repeats another's text is none of its own."""
    independent: dict[str, Article] = {}
    for article in articles:
        if source(article) not in independent and not any(is_copy(article, other) for other in independent.values()):
            independent[source(article)] = article
    return min(MOST_COVERAGE, COVERAGE * math.log2(len(independent)))


def _source(lead: Article, wishes: Wishes) -> float:
    doublings = math.log2(max(wishes.weights.get(lead.feed_url, 1.0), 1e-9))
    return SOURCE * max(-7.0, min(7.0, doublings))


def _included(articles: Sequence[Article], wishes: Wishes) -> float:
    share = 0.0
    for phrase in wishes.include:
        if pattern := _pattern((phrase,)):
            if any(pattern.search(article.title.casefold()) for article in articles):
                share += INCLUDED
            elif any(pattern.search(_text(article)) for article in articles):
                share += INCLUDED / 2
    return min(MOST_INCLUDED, share)


# ------------------------------------------------------------------ choice


def _order(story: Story) -> tuple[float, float, str, str]:
    lead = story.lead
    return -story.score, -lead.sort_at.timestamp(), lead.link, lead.feed_url


def _picked(stories: Sequence[Story], wishes: Wishes) -> list[Story]:
    """One after the other the best story left, where each source counts for less with every story it tells."""
    left = list(stories)
    told: Counter[str] = Counter()  # by source
    led: Counter[str] = Counter()  # by feed
    picked: list[Story] = []
    while left and len(picked) < wishes.count:
        free = [found for story in left if (found := _within(story, led, wishes))]
        if not free:
            break
        best = min((_varied(story, told) for story in free), key=_order)
        left = [story for story in left if story.lead not in best.articles]
        told[source(best.lead)] += 1
        led[best.lead.feed_url] += 1
        picked.append(best)
    return picked


def _within(story: Story, led: Mapping[str, int], wishes: Wishes) -> Story | None:
    """The story, led by an article whose feed may still lead one; None where there is none."""
    for article in story.articles:
        limit = wishes.limits.get(article.feed_url)
        if limit is None or led.get(article.feed_url, 0) < limit:
            if article is story.lead:
                return story
            if _is_usable(article) or not _is_usable(story.lead):
                return _led_by(story, article, wishes)
    return None


def _led_by(story: Story, article: Article, wishes: Wishes) -> Story:
    others = tuple(other for other in story.articles if other is not article)
    reasons = [reason for reason in story.reasons if reason[0] != "source"]
    if share := round(_source(article, wishes), 4):
        reasons.append(("source", share))
    return replace(
        story,
        articles=(article, *others),
        section=wishes.sections.get(article.feed_url, ""),
        score=_total(reasons),
        reasons=tuple(reasons),
    )


def _varied(story: Story, told: Mapping[str, int]) -> Story:
    share = round(VARIETY * told.get(source(story.lead), 0), 4)
    if not share:
        return story
    reasons = (*story.reasons, ("variety", share))
    return replace(story, reasons=reasons, score=_total(reasons))
