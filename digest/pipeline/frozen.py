"""An issue as it is kept: itself, and what it was before anybody edited it. Articles without their texts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Newsletter
from digest.model import Article, Edit, Issue, Story
from digest.pipeline import edits, telling
from digest.pipeline.telling import Told
from digest.store import articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the editor's changes start from."""

    issue: Issue  # without stories
    told: Told  # in the order of nobody's hand, with all that was left out since


_ISSUE = TypeAdapter(Issue)
_BEFORE = TypeAdapter(Before)


def dump(issue: Issue) -> Any:
    """The issue as JSON takes it. The articles' own rows keep their texts."""
    return _ISSUE.dump_python(replace(issue, stories=_slim(issue.stories)), mode="json")


def load(document: Any) -> Issue:
    """The inverse of `dump`, but for the texts."""
    return _ISSUE.validate_python(document)


async def whole(connection: AsyncConnection, issue: Issue) -> Issue:
    """A loaded issue with the texts of those of its articles that are still kept."""
    ids = {article.id for story in issue.stories for article in story.articles if article.id is not None}
    found = await articles.get(connection, ids)

    def texted(article: Article) -> Article:
        row = found.get(article.id or 0)
        return replace(article, text=row.text, excerpt=row.excerpt) if row else article

    told = tuple(replace(story, articles=tuple(map(texted, story.articles))) for story in issue.stories)
    return replace(issue, stories=told)


def before(issue: Issue, told: Told, edit: Edit, newsletter: Newsletter) -> Before:
    """What an issue, made by that edit, was before it."""
    kept = edits.kept(told, edit, count=newsletter.stories, sections=telling.sections(newsletter))
    return Before(issue=replace(issue, stories=(), intro=newsletter.intro), told=kept)


def dump_before(found: Before) -> Any:
    """The same for JSON."""
    slim = replace(found.told, stories=_slim(found.told.stories))
    return _BEFORE.dump_python(replace(found, told=slim), mode="json")


def load_before(document: Any) -> Before:
    """The inverse of `dump_before`, but for the texts."""
    return _BEFORE.validate_python(document)


def _slim(stories: Iterable[Story]) -> tuple[Story, ...]:
    return tuple(replace(story, articles=tuple(map(_without_text, story.articles))) for story in stories)


def _without_text(article: Article) -> Article:
    return replace(article, text=(), excerpt="")
