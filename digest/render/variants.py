"""One issue for readers who chose: another language of the fixed words, or some of its sections only.

Readers whose choices come to the same share a rendition, so an issue is rendered once for each distinct variant and
never for each reader. Choices are read against the issue: who chose all sections that it has gets what everybody gets.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from digest.model import Issue, Story
from digest.render import languages


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a rendition differs in. Made by `of`, never by hand: equal content has equal variants.

    >>> Variant().key, Variant(language="de").key
    ('', 'de')
    """

    language: str = ""  # of the fixed words and dates; empty: the issue's own
    sections: tuple[str, ...] | None = None  # those told, in the alphabet's order; None: all

    @property
    def key(self) -> str:
        """Its name in `rendition.variant` and `batch.variant`: at most 64 ASCII characters; empty for the whole."""
        if self.sections is None:
            return self.language
        return f"{self.language}.{hashlib.sha256(json.dumps(self.sections).encode()).hexdigest()[:24]}"


WHOLE = Variant()  # what a reader without choices gets, and the archive shows


def of(issue: Issue, *, language: str = "", sections: Iterable[str] | None = None) -> Variant | None:
    """The variant of that issue for a reader's choices; None where it tells nothing of the sections chosen.

    `language` is any BCP 47 tag (empty: the issue's own); one that has no catalogue is read in the issue's own.
    `sections` None: all. Stories without a section are told to everybody.
    """
    served = languages.supported(language)
    is_own = not languages.is_spoken(language) or served == languages.supported(issue.language)
    spoken = "" if is_own else served
    there = {story.section for story in issue.stories}
    if sections is None:
        return Variant(language=spoken)
    told = there & {"", *sections}
    if not told and issue.stories:
        return None
    return Variant(language=spoken, sections=None if told == there else tuple(sorted(told)))


def narrowed(issue: Issue, variant: Variant) -> Issue:
    """The issue as that variant tells it: what `render.issue.issue` takes."""
    stories = tuple(story for story in issue.stories if variant.sections is None or story.section in variant.sections)
    if not variant.language:
        return replace(issue, stories=stories)
    return replace(issue, language=variant.language, stories=tuple(_spoken(stories, issue.language)))


def _spoken(stories: Iterable[Story], language: str) -> Iterator[Story]:
    """The stories, each lead in the language it had in the issue: the fixed words change, the articles do not."""
    for story in stories:
        lead, *others = story.articles
        known = lead.language or (story.summary.language if story.summary else "") or language
        yield replace(story, articles=(replace(lead, language=known), *others))
