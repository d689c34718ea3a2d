"""An issue as it is kept: itself, and what it was before anybody edited it. Articles without their texts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from digest.config import Newsletter
from digest.model import Article, Edit, Issue, Story
from digest.pipeline import edits, telling
from digest.pipeline.telling import Told


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
