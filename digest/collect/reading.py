"""What a worker process does for one poll, in one go: parse, take the texts out of the markup, mark each entry, clean.

Only what is stored crosses back over the process border: no markup.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from operator import attrgetter
from typing import Any, Literal

from digest.collect import clean, feeds, identity, index_page, markup, sitemaps
from digest.collect.inflate import unpacked
from digest.model import Entry, Feed, SourceKind

FullText = Literal["auto", "always", "never"]
_SHORT = 600  # characters; shorter is an excerpt, whatever the publisher calls it
_LONG = 1_500  # of a description alone: so long, it is the article
_CUT = re.compile(
    r"(\.\.\.|…|\[…\]|\[\.\.\.\]|\[&hellip;\]|»|→|read (more|on|the (full|rest).*)|continue reading.*|weiterlesen|mehr"
    r"|lire la suite|leer más|appeared first on .*)\W*$",
    re.IGNORECASE,
)
# One of these stands in whatever the pattern matches; looking for them costs a tenth of what the pattern does.
_CUES = ("...", "…", "hellip", "»", "→", "read ", "reading", "weiterlesen", "mehr", "lire la", "leer m", "appeared")
_MAX_PARAGRAPHS = 2_000
_OFTEN = 3  # texts in which a line stands, for it to be furniture


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One entry, read: its markup taken out."""

    entry: Entry  # without its HTML
    excerpt: str
    text: tuple[str, ...]  # the article as far as the feed gives it
    is_excerpt: bool  # whether that is a part only
    marks: identity.Marks
    is_clean: bool = False  # whether the text is cleaned already; else it is raw
    lines: bytes = b""  # of a cleaned text: the hashes of its raw lines

    def __reduce__(self) -> tuple[object, ...]:
        """For the process border: values alone, at a third of what three objects with their fields' names cost."""
        rest = (self.excerpt, self.text, self.is_excerpt, self.is_clean, self.lines)
        return _of_values, (_of_entry(self.entry), _of_marks(self.marks), rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A feed, read."""

    feed: Feed  # without its entries
    pieces: tuple[Piece, ...]
    is_listed: bool = False  # a sitemap or an index page: it has links, and the pages have the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a source is to be read."""

    kind: SourceKind = SourceKind.AUTO
    full_text: FullText = "auto"
    known: frozenset[bytes] = frozenset()  # content hashes of what is stored: those texts need no cleaning
    furniture: frozenset[bytes] = frozenset()  # lines that recur in the feed's articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What cleaning takes."""

    text: tuple[str, ...]
    title: str
    authors: tuple[str, ...]
    language: str | None


_PLAIN = Wishes()
_ENTRY, _MARKS = (tuple(field.name for field in fields(kind)) for kind in (Entry, identity.Marks))
_of_entry, _of_marks = attrgetter(*_ENTRY), attrgetter(*_MARKS)


def _of_values(
    entry: Sequence[Any], marks: Sequence[Any], rest: tuple[str, tuple[str, ...], bool, bool, bytes]
) -> Piece:
    excerpt, text, is_excerpt, is_clean, lines = rest
    return Piece(
        entry=Entry(**dict(zip(_ENTRY, entry, strict=True))),
        excerpt=excerpt,
        text=text,
        is_excerpt=is_excerpt,
        marks=identity.Marks(**dict(zip(_MARKS, marks, strict=True))),
        is_clean=is_clean,
        lines=lines,
    )


def read(body: bytes, url: str, content_type: str = "") -> Reading:
    """The feed in those bytes, its texts raw; ParseError where there is none."""
    return of(feeds.parse_raw(body, url, content_type=content_type))


def source(bodies: Sequence[bytes], url: str, content_type: str = "", wishes: Wishes = _PLAIN) -> Reading:
    """The source in those bytes (several: of the sitemaps that an index names); ParseError where there is none."""
    first = unpacked(bodies[0])
    if wishes.kind is SourceKind.PAGE:
        return listed(index_page.parse(first, url))
    if wishes.kind is SourceKind.SITEMAP or (wishes.kind is SourceKind.AUTO and sitemaps.is_sitemap(first)):
        return listed(sitemaps.parse((first, *bodies[1:]), url))
    found = of(feeds.parse_raw(first, url, content_type=content_type), known=wishes.known)
    return replace(found, pieces=tuple(_swept(found.pieces, wishes)))


def wants_page(piece: Piece, full_text: FullText) -> bool:
    """Whether an entry's page is to be read for its text."""
    if not piece.entry.link or full_text == "never":
        return False
    return full_text == "always" or piece.is_excerpt


def _swept(pieces: Sequence[Piece], wishes: Wishes) -> Iterator[Piece]:
    """With their texts cleaned, where that is sure to be needed."""
    needed = [
        piece.marks.content_hash not in wishes.known and not wants_page(piece, wishes.full_text) for piece in pieces
    ]
    made = iter(
        cleaned([_raw(piece) for piece, is_needed in zip(pieces, needed, strict=True) if is_needed], wishes.furniture)
    )
    for piece, is_needed in zip(pieces, needed, strict=True):
        if not is_needed:
            yield piece
            continue
        text, lines = next(made)
        yield Piece(
            entry=piece.entry,
            excerpt=piece.excerpt,
            text=text,
            is_excerpt=piece.is_excerpt,
            marks=piece.marks,
            is_clean=True,
            lines=lines,
        )


def _raw(piece: Piece) -> Raw:
    entry = piece.entry
    return Raw(text=piece.text, title=entry.title, authors=entry.authors, language=entry.language)


def listed(feed: Feed) -> Reading:
    """Entries that are links alone, not known by the links' texts: headlines on a front page change."""
    found = identity.marks([replace(entry, guid=None, title="") for entry in feed.entries], [""] * len(feed.entries))
    pieces = (
        Piece(entry=entry, excerpt="", text=(), is_excerpt=True, marks=marks)
        for entry, marks in zip(feed.entries, found, strict=True)
    )
    return Reading(feed=replace(feed, entries=()), pieces=tuple(pieces), is_listed=True)


def of(feed: Feed, *, known: Collection[bytes] = ()) -> Reading:
    """A feed's entries with their texts. `known`: content hashes of what is stored."""
    excerpts = [markup.plain(entry.excerpt_html) for entry in feed.entries]
    texts = [markup.paragraphs(entry.content_html or entry.excerpt_html)[:_MAX_PARAGRAPHS] for entry in feed.entries]
    found = identity.marks(feed.entries, [" ".join(text) for text in texts], known=known)
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
    tail = text[-1][-80:]
    folded = tail.casefold()
    return any(map(folded.__contains__, _CUES)) and bool(_CUT.search(tail))


def cleaned(raws: Sequence[Raw], known: Collection[bytes]) -> list[tuple[tuple[str, ...], bytes]]:
    """For each text: the article's own paragraphs, and the hashes of its raw lines, 8 bytes each, in one.

    A feed's furniture is what is `known`, and what stands in three of these texts: so a first poll has none of it.
    """
    hashes = [dict.fromkeys(map(clean.line_hash, raw.text)) for raw in raws]
    recurring = _recurring(hashes)
    found = []
    for raw, lines in zip(raws, hashes, strict=True):
        text = () if recurring.isdisjoint(lines) else _article(raw, {*known, *recurring})
        found.append((text or _article(raw, known), b"".join(lines)))  # a text of nothing else is left as it is
    return found


def _article(raw: Raw, known: Collection[bytes]) -> tuple[str, ...]:
    return clean.article(raw.text, title=raw.title, authors=raw.authors, language=raw.language, known=known)


def _recurring(texts: Sequence[Mapping[bytes, None]]) -> frozenset[bytes]:
    """The lines that stand in three of those texts; one text under three ids counts once."""
    if len(texts) < _OFTEN:
        return frozenset()
    counted = Counter(chain.from_iterable(set(map(tuple, texts))))
    return frozenset(line for line, count in counted.items() if count >= _OFTEN)
