"""An index page's bytes → the articles it links to, for a site without a feed. Pure; run it in a worker process.

A link is taken for an article's by a stated rule (docs/explanation/sources.md): it stays on the site, does not stand
in the page's navigation, and either its address looks like an article's or it stands as a headline does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import courlan
import lxml.html

from digest.collect import links, markup
from digest.errors import ParseError
from digest.model import Entry, Feed

MOST_LINKS = 100
_AROUND = frozenset({"nav", "header", "footer", "aside", "form"})
_AROUND_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_AROUND_NAMES = re.compile(
    r"\b(nav|menu|breadcrumbs?|footer|sidebar|cookie|social|share|pagination|related-topics)\b", re.IGNORECASE
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_HEADLINE_WORDS = 4  # of a link's text that reads as a headline
_HEADING_WORDS = 2  # of one inside a heading
_MOST_UP = 12  # elements looked at above a link


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    url: str
    text: str
    is_in_heading: bool


def parse(body: bytes, url: str) -> Feed:
    """The articles that page links to, in its order, each once; ParseError where it is no page or links to none.

    An entry has an address and, for a title, the longest of its links' texts: the article's own page says the rest.
    """
    root = markup.tree(body) if body.strip() else None
    if root is None:
        raise ParseError(f"{url}: is no web page")
    texts: dict[str, str] = {}
    for link in _links(root, url):
        if is_article(link.url, link.text, is_in_heading=link.is_in_heading):
            texts[link.url] = max(texts.get(link.url, ""), link.text, key=len)
    if not texts:
        raise ParseError(f"{url}: links to nothing that looks like an article")
    entries = (Entry(guid=None, link=address, title=text or links.words(address)) for address, text in texts.items())
    title = markup.title("".join(root.xpath("string(//title)")))
    return Feed(url=url, title=title or links.site(url), site_url=url, entries=tuple(entries)[:MOST_LINKS])


def is_article(url: str, text: str, *, is_in_heading: bool) -> bool:
    """Whether a link on an index page leads to an article: by its address, or because it stands as a headline does.

    >>> is_article("https://example.org/posts/hello", "Hello, world", is_in_heading=True)
    True
    >>> is_article("https://example.org/sport", "Sport", is_in_heading=False)
    False
    """
    if links.is_listing(url):
        return False
    if links.is_article(url):
        return True
    words = len(text.split())
    return words >= (_HEADING_WORDS if is_in_heading else _HEADLINE_WORDS)


def _links(root: lxml.html.HtmlElement, url: str) -> Iterator[_Link]:
    """The page's links to other pages of its site, those of its navigation left out."""
    base = next((str(e.get("href")) for e in root.iter("base") if e.get("href")), url)
    base = links.absolute(url, base) or url
    own = _domain(url)
    for element in root.iter("a"):
        address = links.absolute(base, element.get("href")).partition("#")[0]
        if not address or address == url or _domain(address) != own or _is_around(element):
            continue
        above = [element.getparent(), *(element.iterancestors())][:3]
        inside = any(child.tag in _HEADINGS for child in element.iter())
        heading = inside or any(e is not None and e.tag in _HEADINGS for e in above)
        text = markup.line(" ".join(element.text_content().split()), max_chars=300)
        yield _Link(url=address, text=text, is_in_heading=heading)


def _is_around(element: lxml.html.HtmlElement) -> bool:
    """Whether it stands in navigation, header, footer or a side column; an article's own header is none."""
    for number, above in enumerate(element.iterancestors()):
        if number >= _MOST_UP or above.tag in {"article", "main", "body"}:
            return False
        if above.tag in _AROUND or (above.get("role") or "").lower() in _AROUND_ROLES:
            return not (above.tag == "header" and next(above.iterancestors("article"), None) is not None)
        if _AROUND_NAMES.search(f"{above.get('class') or ''} {above.get('id') or ''}"):
            return True
    return False


def _domain(url: str) -> str | None:
    """Its registrable domain; a bare address or an intranet's name as it stands."""
    found: str | None = courlan.extract_domain(url, fast=True)
    return found or links.site(url)
