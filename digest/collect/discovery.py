"""The feeds a web page names (RFC-less practice: <link rel=alternate>), the best first."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import lxml.html

from digest.collect import links, markup

_TYPES = (
    "application/atom+xml",
    "application/rss+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/json",
    "application/xml",
    "text/xml",
)
_ENDINGS = (
    ".rss",
    ".atom",
    "/feed",
    "/feed/",
    "/rss",
    "/rss/",
    "rss.xml",
    "feed.xml",
    "atom.xml",
    "index.xml",
    "feed.json",
)
_MAX = 20


def discover(html: bytes, url: str) -> tuple[str, ...]:
    """Absolute addresses of the feeds that page names, those of its comments last; else links that look like feeds."""
    root = markup.tree(html)
    if root is None:
        return ()
    base = _base(root, url)
    found = dict.fromkeys(sorted(_declared(root, base), key=_is_of_comments)) or dict.fromkeys(_linked(root, base))
    return tuple(found)[:_MAX]


def _base(root: lxml.html.HtmlElement, url: str) -> str:
    for element in root.iter("base"):
        if href := element.get("href"):
            return links.absolute(url, href) or url
    return url


def _declared(root: lxml.html.HtmlElement, base: str) -> Iterator[str]:
    for element in root.iter("link"):
        rels = (element.get("rel") or "").lower().split()
        kind = (element.get("type") or "").lower().partition(";")[0].strip()
        if ("alternate" in rels and kind in _TYPES) or "feed" in rels:
            yield from _absolute(base, element.get("href"))


def _linked(root: lxml.html.HtmlElement, base: str) -> Iterator[str]:
    for element in root.iter("a"):
        for address in _absolute(base, element.get("href")):
            if urlsplit(address).path.lower().endswith(_ENDINGS):
                yield address


def _absolute(base: str, href: str | None) -> Iterator[str]:
    try:
        address = urljoin(base, (href or "").strip())
        usable = href and urlsplit(address).scheme in {"http", "https"} and urlsplit(address).hostname
    except ValueError:
        return
    if usable and not markup.CONTROL.search(address):
        yield address


def _is_of_comments(address: str) -> bool:
    return "comment" in address.lower()
