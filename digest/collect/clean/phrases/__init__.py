"""The phrases of eight languages, compiled together: a page's language is often stated wrongly, its pleas mixed."""

import re
from dataclasses import dataclass
from functools import cache

from digest.collect.clean.phrases import de, en, es, fr, it, ja, nl, pt
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

    ask: re.Pattern[str]  # at the start
    topic: re.Pattern[str]
    you: re.Pattern[str]
    us: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All phrases, compiled. `line` is for fullmatch, `opens` and `head` for match, `foot` for search."""

    line: re.Pattern[str]
    opens: re.Pattern[str]
    head: re.Pattern[str]
    foot: re.Pattern[str]
    pleas: tuple[Plea, ...]
    dates: frozenset[str]


@cache
def rules() -> Rules:
    """The rules of all languages; compiled at the first call."""
    every = tuple(LANGUAGES.values())
    return Rules(
        line=_any(*(phrases.line for phrases in every)),
        opens=_any(*(phrases.opens for phrases in every)),
        head=_any(*(phrases.head for phrases in every)),
        foot=_any(*(phrases.foot for phrases in every)),
        pleas=tuple(
            Plea(ask=_any(phrases.ask), topic=_any(phrases.topic), you=_any(phrases.you), us=_any(phrases.us))
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


def _any(*blocks: str) -> re.Pattern[str]:
    lines = [line for block in blocks for line in _alternatives(block)]
    return re.compile("|".join(f"(?:{line})" for line in lines), re.IGNORECASE)


def _alternatives(block: str) -> list[str]:
    return [line.strip(" ") for line in block.strip().split("\n") if line.strip()]
