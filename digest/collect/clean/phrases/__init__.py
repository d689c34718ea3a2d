"""The phrases of eight languages, compiled together: a page's language is often stated wrongly, its pleas mixed."""

import re
from dataclasses import dataclass
from functools import cache

from digest.collect.clean.phrases import de, en, es, fr, it, ja, nl, pt
from digest.collect.clean.phrases.quick import Anywhere, Opening
from digest.collect.clean.phrases.shape import Phrases

LANGUAGES: dict[str, Phrases] = {
    "en": en.PHRASES,
    "de": de.PHRASES,
    "fr": fr.PHRASES,
    "es": es.PHRASES,
    "pt": pt.PHRASES,
    "it": it.PHRASES,
    "nl": nl.PHRASES,
    "ja": ja.PHRASES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plea:
    """How one language asks its readers for something."""

    ask: Opening
    topic: Anywhere
    you: Anywhere
    us: Anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All phrases. `line` is for fullmatch, `opens` and `head` for match, `foot` for search."""

    line: Opening
    opens: Opening
    head: Opening
    foot: Anywhere
    pleas: tuple[Plea, ...]
    dates: frozenset[str]


@cache
def rules() -> Rules:
    """The rules of all languages; made at the first call."""
    every = tuple(LANGUAGES.values())
    return Rules(
        line=Opening(_lines(*(phrases.line for phrases in every))),
        opens=Opening(_lines(*(phrases.opens for phrases in every))),
        head=Opening(_lines(*(phrases.head for phrases in every))),
        foot=Anywhere(_lines(*(phrases.foot for phrases in every))),
        pleas=tuple(
            Plea(
                ask=Opening(_lines(phrases.ask)),
                topic=Anywhere(_lines(phrases.topic)),
                you=Anywhere(_lines(phrases.you)),
                us=Anywhere(_lines(phrases.us)),
            )
            for phrases in every
        ),
        dates=frozenset(word for phrases in every for word in phrases.dates.split()),
    )


@cache
def bylines(language: str) -> re.Pattern[str]:
    """What opens a byline in that language; in any, where it is none of ours ("de" and "di" are words elsewhere)."""
    chosen = [LANGUAGES[language], en.PHRASES] if language in LANGUAGES else list(LANGUAGES.values())
    opening = "|".join(f"(?:{line})" for phrases in chosen for line in _alternatives(phrases.byline))
    return re.compile(rf"(?:{opening})(?:\s*:\s*|\s+|$|(?<=[:：=＝]))", re.IGNORECASE)


def _lines(*blocks: str) -> list[str]:
    return [line for block in blocks for line in _alternatives(block)]


def _alternatives(block: str) -> list[str]:
    return [line.strip(" ") for line in block.strip().split("\n") if line.strip()]
