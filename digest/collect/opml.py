"""Subscription lists: OPML in and out, folders as sections."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.sax.saxutils import quoteattr

from digest.collect import links, markup
from digest.errors import ParseError

_MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list."""

    url: str
    title: str = ""
    section: str = ""  # its folder; of nested ones the innermost


def opml_read(body: bytes) -> tuple[Outline, ...]:
    """The feeds of an OPML file in its order, each once; ParseError where it holds none.

    >>> opml_read(b'<opml><body><outline text="World"><outline xmlUrl="https://example.org/f"/></outline></body></opml>')
    (Outline(url='https://example.org/f', title='', section='World'),)
    """
    import listparser

    if len(body) > _MAX_BYTES:
        raise ParseError(f"the OPML file is over {_MAX_BYTES // 1_000_000} MB")
    found = {outline.url: outline for outline in reversed(list(_outlines(listparser.parse(body).get("feeds", []))))}
    if not found:
        raise ParseError("the file names no feed; it should be OPML with an xmlUrl for each")
    return tuple(reversed(found.values()))


def _outlines(feeds: Sequence[Mapping[str, Any]]) -> Iterator[Outline]:
    for feed in feeds:
        if url := links.absolute("", feed.get("url")):
            yield Outline(url=url, title=_title(feed.get("title"), url), section=_section(feed.get("categories")))


def _title(value: object, url: str) -> str:
    title = markup.line(value, max_chars=500) if isinstance(value, str) else ""
    return "" if title == url else title


def _section(categories: object) -> str:
    """Listparser gives a list of paths, one folder name each step."""
    paths = [path for path in categories if path] if isinstance(categories, list) else []
    names = paths[0] if paths and isinstance(paths[0], list) else []
    return markup.line(str(names[-1]), max_chars=200) if names else ""


def opml_write(outlines: Sequence[Outline], *, title: str = "Feeds") -> str:
    """An OPML 2.0 file; feeds of the same section that follow each other share a folder."""
    head = f"  <head><title>{_escaped(title)}</title></head>\n  <body>\n"
    parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n{head}']
    for section, members in groupby(outlines, key=lambda outline: outline.section):
        feeds = [_outline(outline) for outline in members]
        if section:
            named = quoteattr(markup.line(section))
            feeds = [f"<outline text={named} title={named}>", *(f"  {feed}" for feed in feeds), "</outline>"]
        parts += [f"    {feed}\n" for feed in feeds]
    return "".join([*parts, "  </body>\n</opml>\n"])


def _outline(outline: Outline) -> str:
    title = quoteattr(markup.line(outline.title or outline.url))
    return f'<outline type="rss" text={title} title={title} xmlUrl={quoteattr(outline.url)}/>'


def _escaped(text: str) -> str:
    return quoteattr(markup.line(text))[1:-1]
