"""A sitemap's bytes → the pages it lists (sitemaps.org, Google's news and image extensions). Pure; run in a worker.

A sitemap names pages and little more: titles come from a news sitemap or the pages themselves. An index names further
sitemaps; `choice` says which of them are worth a look.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import lxml.etree

from digest.collect import links, markup
from digest.collect.inflate import unpacked, unpacked_head
from digest.errors import ParseError
from digest.model import Entry, Feed, Image

MOST_CHILDREN = 3  # of an index, read in one poll; and again of the indexes among them, taken together
MOST_BYTES = 20_000_000  # of all that one poll reads of an index
MOST_PAGES = 100  # of all that a site lists, the newest
_MOST_LISTED = 60_000  # a sitemap may hold 50,000 (sitemaps.org)
_ROOT = re.compile(rb"<(?:\w+:)?(urlset|sitemapindex)\b", re.IGNORECASE)
_HEAD = 4_000  # bytes in which the root element stands
_NEWS = re.compile(r"news", re.IGNORECASE)
_ASIDE = re.compile(
    r"(image|video|categor|tag|author|user|profile|page-sitemap|product|static|locations?|topics?)[^/]*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A sitemap that an index names."""

    url: str
    changed: datetime | None


def is_sitemap(body: bytes) -> bool:
    """Whether these bytes, unpacked, are a sitemap or an index of sitemaps.

    >>> is_sitemap(b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>')
    True
    """
    return _ROOT.search(body[:_HEAD]) is not None


def is_index(body: bytes) -> bool:
    """Whether these bytes, packed or not, are an index of sitemaps: told by their head.

    >>> is_index(b"<sitemapindex/>"), is_index(b"<urlset/>")
    (True, False)
    """
    found = _ROOT.search(unpacked_head(body, _HEAD))
    return found is not None and found[1].lower() == b"sitemapindex"


def children(body: bytes, url: str) -> tuple[Child, ...]:
    """The sitemaps that an index names, in its order; () where it is no index. ParseError where it is no sitemap."""
    body = unpacked(body)
    found = _ROOT.search(body[:_HEAD])
    if found is None:
        raise ParseError(f"{url}: is no sitemap (neither urlset nor sitemapindex)")
    if found[1].lower() == b"urlset":
        return ()
    return tuple(
        Child(url=address, changed=date(_text(node, "lastmod")))
        for node in _nodes(body, url, "sitemap")
        if (address := links.absolute(url, _text(node, "loc")))
    )


def choice(found: tuple[Child, ...]) -> tuple[str, ...]:
    """The addresses of the few children worth a look: news first, then what changed last; no pictures, tags, authors.

    Of those that do not say when they changed the last ones, since sites append.
    """
    wanted = [child for child in found if not _ASIDE.search(child.url)] or list(found)
    never = datetime.min.replace(tzinfo=UTC)
    worth = [(bool(_NEWS.search(c.url)), c.changed or never, place, c.url) for place, c in enumerate(wanted)]
    return tuple(url for *_, url in sorted(worth, reverse=True)[:MOST_CHILDREN])


def parse(bodies: tuple[bytes, ...], url: str) -> Feed:
    """The pages that these sitemaps list and that look like articles, the newest first, each once.

    `bodies`: the sitemap, or the chosen ones of an index. An entry's title is a news sitemap's, else what its address
    says; `published` is a news sitemap's alone, for `lastmod` moves with every change of a page.
    """
    listed: dict[str, Entry] = {}
    for body in bodies:
        for entry in _entries(unpacked(body), url):
            listed.setdefault(entry.link, entry)
    never = datetime.min.replace(tzinfo=UTC)
    newest = sorted(listed.values(), key=lambda entry: entry.published or entry.updated or never, reverse=True)
    return Feed(url=url, title=links.site(url), site_url=links.home(url), entries=tuple(newest[:MOST_PAGES]))


def _entries(body: bytes, url: str) -> Iterator[Entry]:
    if not is_sitemap(body):
        raise ParseError(f"{url}: is no sitemap (neither urlset nor sitemapindex)")
    for node in _nodes(body, url, "url"):
        address = links.absolute(url, _text(node, "loc"))
        news = next(_named(node, "news"), None)
        if address and (news is not None or links.is_article(address)):
            yield _entry(address, node, news)


def _entry(address: str, node: lxml.etree._Element, news: lxml.etree._Element | None) -> Entry:
    title = markup.title(_text(news, "title")) if news is not None else ""
    picture = links.absolute(address, next((_text(image, "loc") for image in _named(node, "image")), ""))
    return Entry(
        guid=None,
        link=address,
        title=title or links.words(address),
        published=date(_text(news, "publication_date")) if news is not None else None,
        updated=date(_text(node, "lastmod")),
        image=Image(url=picture) if picture else None,
    )


def _nodes(body: bytes, url: str, name: str) -> Iterator[lxml.etree._Element]:
    """The elements of that name below the root. No network, no entities, no bound of libxml2's lifted."""
    parser = lxml.etree.XMLParser(
        recover=True, no_network=True, resolve_entities=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = lxml.etree.fromstring(body.lstrip(), parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise ParseError(f"{url}: the sitemap cannot be read ({error})") from error
    if root is None:
        raise ParseError(f"{url}: the sitemap is empty")
    for number, node in enumerate(_named(root, name)):
        if number >= _MOST_LISTED:
            return
        yield node


def _named(node: lxml.etree._Element, name: str) -> Iterator[lxml.etree._Element]:
    """Children by local name: sites name the namespaces as they like, or not at all."""
    return (child for child in node if isinstance(child.tag, str) and _local(child.tag) == name)


def _local(tag: str) -> str:
    """A tag without its namespace, also where the parser let through what is no name."""
    return tag.rpartition("}")[2].rpartition(":")[2]


def _text(node: lxml.etree._Element, name: str) -> str:
    return next(((child.text or "").strip() for child in _named(node, name)), "")


def date(text: str) -> datetime | None:
    """A W3C date or time in UTC; None where it is missing or no date.

    >>> date("2026-11-23T07:30+01:00"), date("yesterday")
    (datetime.datetime(2026, 11, 23, 6, 30, tzinfo=datetime.timezone.utc), None)
    """
    try:
        found = datetime.fromisoformat(text)
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 1990 <= found.year <= 2200 else None
