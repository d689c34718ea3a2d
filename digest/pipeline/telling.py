"""From articles to stories, each with its summary: one piece of work for one worker process, sumy loaded once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from digest.config import Newsletter
from digest.errors import DigestError
from digest.model import Article, Story, Summary
from digest.summarize import rank, stories


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an issue may tell; an edit says which of it, and in what order."""

    stories: tuple[Story, ...]  # best first
    copies: tuple[tuple[int, int], ...] = ()  # (article id, story): a source's own copies, told with their story
    failed: tuple[tuple[str, str], ...] = ()  # (link, why): leads whose text defeated the method
    sentences: tuple[tuple[str, ...], ...] = ()  # all of each lead's, where they are wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far down the ranking to tell."""

    spare: int = 0  # stories below the cut
    named: Collection[str] = ()  # links whose stories are told wherever they rank
    sentences: Collection[str] | None = ()  # links of leads whose sentences are all wanted; None: of every story


def tell(found: Sequence[Article], newsletter: Newsletter, now: datetime, reach: Reach = Reach()) -> Told:
    """The stories of those articles, ranked, each lead summarized."""
    ranked, copies = choose(found, newsletter, now, reach)
    summaries, failed = [], []
    for story in ranked:
        made, why = summarized(story, newsletter)
        summaries.append(made)
        failed += [(story.lead.link, why)] if why else []
    told = tuple(replace(story, summary=made) for story, made in zip(ranked, summaries, strict=True))
    return Told(stories=told, copies=copies, failed=tuple(failed), sentences=readable(told, newsletter, reach))


def choose(
    found: Sequence[Article],
    newsletter: Newsletter,
    now: datetime,
    reach: Reach = Reach(),
) -> tuple[tuple[Story, ...], tuple[tuple[int, int], ...]]:
    """The stories of those articles, best first, without summaries; and the copies that go with them."""
    weights = {feed.url: feed.weight for feed in newsletter.feeds}
    groups = stories.groups(found, weights=weights)
    grouped = tuple(group.told for group in groups)
    asked = wishes(newsletter)
    ranked = rank.stories(grouped, wishes=replace(asked, count=asked.count + reach.spare), now=now)
    ranked += _named(grouped, ranked, asked, now, reach.named)
    copies = [*_copies(groups, ranked), *_more_of_the_same(ranked)]
    return tuple(replace(story, articles=_one_a_source(story.articles)) for story in ranked), tuple(copies)


def _named(
    grouped: Sequence[tuple[Article, ...]],
    ranked: Sequence[Story],
    asked: rank.Wishes,
    now: datetime,
    links: Collection[str],
) -> tuple[Story, ...]:
    """The stories of those links that the ranking has not reached: the editor's word goes before a feed's limit."""
    reached = {id(article) for story in ranked for article in story.articles}
    missing = [g for g in grouped if id(g[0]) not in reached and any(article.link in links for article in g)]
    if not missing:
        return ()
    return rank.stories(missing, wishes=replace(asked, count=len(missing), limits={}), now=now)


def readable(told: Sequence[Story], newsletter: Newsletter, reach: Reach) -> tuple[tuple[str, ...], ...]:
    """All sentences of each lead whose link is wanted, none of the others; places in them are a summary's positions."""
    wanted = reach.sentences
    return tuple(_sentences(story, newsletter) if wanted is None or story.lead.link in wanted else () for story in told)


def _sentences(story: Story, newsletter: Newsletter) -> tuple[str, ...]:
    from digest.summarize import summarizer

    return summarizer.sentences_of(story.lead.text, _spoken(story.lead, newsletter))


def _one_a_source(articles: Sequence[Article]) -> tuple[Article, ...]:
    """The lead, and of each other source its first article: "also in" names every source once."""
    kept: dict[str, Article] = {}
    for article in articles:
        kept.setdefault(article.feed_title.casefold() or stories.source(article), article)
    return tuple(kept.values())


def _more_of_the_same(told: Sequence[Story]) -> Iterable[tuple[int, int]]:
    """What `_one_a_source` leaves out: told with its story, without a mention."""
    for number, story in enumerate(told):
        kept = {id(article) for article in _one_a_source(story.articles)}
        yield from ((a.id, number) for a in story.articles if a.id is not None and id(a) not in kept)


def _copies(groups: Sequence[stories.Group], told: Sequence[Story]) -> Iterable[tuple[int, int]]:
    """Articles that grouping set apart as their source's own copy: told with their story."""
    home = {id(article): group for group in groups for article in group.told}
    for number, story in enumerate(told):
        yield from ((a.id, number) for a in home[id(story.lead)].copies if a.id is not None)


def summarized(story: Story, newsletter: Newsletter) -> tuple[Summary | None, str]:
    """The lead's summary, None where there is no sentence; and why there is none, where that is a failure.

    What the story's other articles say tells which of its sentences matter (docs/explanation/summaries.md).
    """
    from digest.summarize import summarizer

    article = story.lead
    try:
        made = summarizer.article(
            article.text,
            title=article.title,
            language=_spoken(article, newsletter),
            count=newsletter.sentences,
            method=newsletter.method,
            context=[paragraph for other in story.also for paragraph in (other.title, *other.text)],
        )
    except DigestError as error:
        return None, str(error)
    return (made if made.sentences else None), ""


def _spoken(article: Article, newsletter: Newsletter) -> str:
    return newsletter.language if newsletter.language != "auto" else article.language or "auto"


def wishes(newsletter: Newsletter) -> rank.Wishes:
    """What that newsletter asks of the ranking."""
    feeds = newsletter.feeds
    return rank.Wishes(
        count=newsletter.stories,
        weights={feed.url: feed.weight for feed in feeds},
        sections={feed.url: feed.section for feed in feeds},
        limits={feed.url: feed.limit for feed in feeds if feed.limit is not None},
        include=newsletter.include,
        exclude=newsletter.exclude,
    )


def sections(newsletter: Newsletter) -> tuple[str, ...]:
    """The order of its sections: that of its feeds."""
    return tuple(dict.fromkeys(feed.section for feed in newsletter.feeds))
