"""A web page's bytes → the article in it. Pure; run it in a worker process.

trafilatura in its precise mode, in its others where that finds too little. The bytes go in as they came: they name
their encoding better than any header.
"""

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import lxml.html

from digest.collect import feeds, links, markup
from digest.errors import ParseError
from digest.model import Image

_LITTLE = 250  # characters: less is no article yet, so the other modes try
_MODES: tuple[Mapping[str, Any], ...] = ({"favor_precision": True}, {}, {"favor_recall": True})
_SEPARATORS = (" | ", " \N{EN DASH} ", " — ", " - ", " :: ", " « ", " » ", " · ")
_NOT_A_NAME = frozenset({"no author", "admin", "administrator", "editor", "staff", "unknown", "newsroom", "redaktion"})
_CHALLENGE = re.compile(
    r"^(just a moment|attention required|access denied|are you (a )?(human|robot)|please verify you are"
    r"|checking your browser|ddos-guard|pardon our interruption|robot or human)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says. `obstacle` is "", "paywall" (the text is its open part) or "challenge" (there is no text)."""

    url: str
    title: str = ""
    paragraphs: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    language: str | None = None
    image: Image | None = None
    canonical: str | None = None  # absolute; None where the page names none that can be true
    site: str = ""
    obstacle: str = ""


def extract(body: bytes, url: str) -> Page:
    """The article in that page; ParseError where the bytes are no page. No paragraphs where it holds no article."""
    root = markup.tree(body) if body.strip() else None
    if root is None:
        raise ParseError(f"{url}: is no web page")
    found = _extracted(body, url)
    meta = _meta(root)
    stated = _line(getattr(found, "title", None)) or meta.get("og:title", "") or _title_element(root)
    site = _line(getattr(found, "sitename", None))
    challenged = bool(_CHALLENGE.match(_title_element(root)))
    title = short_title(stated, site)
    paragraphs = () if challenged else _paragraphs(getattr(found, "text", None), title)
    return Page(
        url=url,
        title=title,
        paragraphs=paragraphs,
        authors=_authors(getattr(found, "author", None), site),
        published=_date(root, body, url),
        language=feeds.language_tag(root.get("lang")) or feeds.language_tag(meta.get("og:locale")),
        image=_image(meta, url),
        canonical=_canonical(root, url),
        site=site,
        obstacle="challenge" if challenged else "paywall" if _is_paywalled(root) else "",
    )


def accepts(paragraphs: Sequence[str], excerpt: str) -> bool:
    """Whether a page's text is the article the feed means: it holds most of the excerpt's words.

    >>> accepts(("The council voted on Monday to close the bridge for repairs.",), "Council votes to close the bridge")
    True
    >>> accepts(("We use cookies to improve your visit.",), "Council votes to close the bridge")
    False
    """
    wanted = set(_WORD.findall(excerpt.casefold()))
    if not wanted:
        return any(paragraphs)
    held = set(_WORD.findall(" ".join(paragraphs).casefold()))
    return len(wanted & held) > len(wanted) / 2


def short_title(title: str, site: str = "") -> str:
    """A page's title without the site's name at its end or head.

    >>> short_title("Bridge closed for repairs | The Example Times")
    'Bridge closed for repairs'
    """
    for separator in _SEPARATORS:
        parts = title.split(separator)
        if len(parts) < 2:
            continue
        if site and site.casefold() in {parts[0].strip().casefold(), parts[-1].strip().casefold()}:
            kept = parts[1:] if parts[0].strip().casefold() == site.casefold() else parts[:-1]
            return separator.join(kept).strip()
        if separator not in {" - ", " · "} and len(parts[0].split()) >= 2:
            return parts[0].strip()
    return title.strip()


def _extracted(body: bytes, url: str) -> Any:
    """Trafilatura's document of the first mode that finds an article, else of the one that found most."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its downloader, which nobody uses here, misses SOCKS
        import trafilatura

    best: Any = None
    for mode in _MODES:
        try:
            found = trafilatura.bare_extraction(body, url=url, include_comments=False, with_metadata=True, **mode)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
            continue
        size = len(getattr(found, "text", None) or "")
        if best is None or size > len(best.text or ""):
            best = found if found is not None else best
        if size >= _LITTLE:
            break
    return best


def _paragraphs(text: str | None, title: str) -> tuple[str, ...]:
    """The text's lines, without the title that often stands at their head."""
    lines = [line for line in (markup.line(part) for part in (text or "").split("\n")) if line]
    return tuple(lines[1:] if lines and lines[0].casefold() == title.casefold() else lines)


def _line(value: object) -> str:
    return markup.title(value) if isinstance(value, str) else ""


def _title_element(root: lxml.html.HtmlElement) -> str:
    return _line(next((element.text_content() for element in root.iter("title")), ""))


def _meta(root: lxml.html.HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = (element.get("property") or element.get("name") or "").lower()
        content = element.get("content")
        if name and content:
            found.setdefault(name, markup.line(str(content), max_chars=2_000))
    return found


def _authors(stated: object, site: str) -> tuple[str, ...]:
    names = (markup.line(name) for name in stated.split(";")) if isinstance(stated, str) else ()
    kept = (n for n in names if n and n.casefold() not in _NOT_A_NAME | {site.casefold()} and len(n) < 80)
    return tuple(dict.fromkeys(kept))


def _date(root: lxml.html.HtmlElement, body: bytes, url: str) -> datetime | None:
    """The time the page states, else the day that htmldate finds."""
    meta = _meta(root)
    stated = meta.get("article:published_time") or next((n.get("datePublished") for n in _linked_data(root)), None)
    try:
        if isinstance(stated, str) and "T" in stated:
            found = datetime.fromisoformat(stated)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    import htmldate

    try:
        day = htmldate.find_date(body, url=url, original_date=True)
        return datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def _image(meta: Mapping[str, str], url: str) -> Image | None:
    for name in ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"):
        if address := links.absolute(url, meta.get(name)):
            width, height = (_pixels(meta.get(f"og:image:{side}")) for side in ("width", "height"))
            return Image(
                url=address,
                alt=markup.title(meta.get("og:image:alt", ""))[:300],
                width=width,
                height=height,
                media_type=markup.image_type(meta.get("og:image:type", "")),
            )
    return None


def _pixels(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() and 0 < int(value[:7]) < 100_000 else None


def _canonical(root: lxml.html.HtmlElement, url: str) -> str | None:
    """The page's own idea of its address: believed within its registrable domain, and never the home page."""
    import courlan

    for element in root.iter("link"):
        if "canonical" in (element.get("rel") or "").lower().split():
            address = links.absolute(url, element.get("href"))
            if not address or not urlsplit(address).path.strip("/"):
                return None
            domains = [courlan.extract_domain(link, fast=True) for link in (address, url)]
            return address if domains[0] == domains[1] else None
    return None


def _linked_data(root: lxml.html.HtmlElement) -> Iterator[Mapping[str, Any]]:
    """The JSON-LD objects of the page, two levels deep (@graph)."""
    for element in root.iter("script"):
        if "ld+json" not in (element.get("type") or ""):
            continue
        try:
            data = json.loads(element.text or "")
        except (ValueError, RecursionError):
            continue
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict):
                graph = item.get("@graph")
                yield from (n for n in (item, *(graph if isinstance(graph, list) else ())) if isinstance(n, dict))


def _is_paywalled(root: lxml.html.HtmlElement) -> bool:
    """Whether the publisher says that the page is not open (schema.org isAccessibleForFree)."""
    return any(str(node.get("isAccessibleForFree", "")).lower() == "false" for node in _linked_data(root))
