"""What a worker process does for one poll, in one go: parse, take the texts out of the markup, mark each entry.

Only what is stored crosses back over the process border: no markup.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from digest.collect import clean, feeds, identity, markup
from digest.model import Entry, Feed

FullText = Literal["auto", "always", "never"]
_SHORT = 600  # characters; shorter is an excerpt, whatever the publisher calls it
_LONG = 1_500  # of a description alone: so long, it is the article
_CUT = re.compile(
    r"(\.\.\.|…|\[…\]|\[\.\.\.\]|\[&hellip;\]|»|→|read (more|on|the (full|rest).*)|continue reading.*|weiterlesen|mehr"
    r"|lire la suite|leer más|appeared first on .*)\W*$",
    re.IGNORECASE,
)
_MAX_PARAGRAPHS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One entry, read: its markup taken out."""

    entry: Entry  # without its HTML
    excerpt: str
    text: tuple[str, ...]  # the article as far as the feed gives it, raw
    is_excerpt: bool  # whether that is a part only
    marks: identity.Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A feed, read."""

    feed: Feed  # without its entries
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What cleaning takes."""

    text: tuple[str, ...]
    title: str
    authors: tuple[str, ...]
    language: str | None


def read(body: bytes, url: str, content_type: str = "") -> Reading:
    """The feed in those bytes; ParseError where there is none."""
    return of(feeds.parse_raw(body, url, content_type=content_type))


def of(feed: Feed) -> Reading:
    """A feed's entries with their texts."""
    excerpts = [markup.plain(entry.excerpt_html) for entry in feed.entries]
    texts = [markup.paragraphs(entry.content_html or entry.excerpt_html)[:_MAX_PARAGRAPHS] for entry in feed.entries]
    found = identity.marks(feed.entries, [" ".join(text) for text in texts])
    pieces = (
        Piece(
            entry=replace(entry, excerpt_html="", content_html=""),
            excerpt=excerpt,
            text=text,
            is_excerpt=is_excerpt(text, has_content=bool(entry.content_html)),
            marks=marks,
        )
        for entry, excerpt, text, marks in zip(feed.entries, excerpts, texts, found, strict=True)
    )
    return Reading(feed=replace(feed, entries=()), pieces=tuple(pieces))


def is_excerpt(text: Sequence[str], *, has_content: bool) -> bool:
    """Whether a feed's text is only the beginning or the gist of the article.

    >>> is_excerpt(("It rained all day. Read more",), has_content=True)
    True
    """
    size = sum(map(len, text))
    if size < (_SHORT if has_content else _LONG):
        return True
    return bool(_CUT.search(text[-1][-80:]))


def cleaned(raws: Sequence[Raw], known: Collection[bytes]) -> list[tuple[tuple[str, ...], tuple[bytes, ...]]]:
    """For each text: the article's own paragraphs, and the hashes of all its raw lines."""
    return [
        (
            clean.article(raw.text, title=raw.title, authors=raw.authors, language=raw.language, known=known),
            tuple(dict.fromkeys(clean.line_hash(line) for line in raw.text)),
        )
        for raw in raws
    ]
