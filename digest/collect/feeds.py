"""A feed's bytes → Feed: RSS, Atom, RDF, JSON Feed 1.1, as the wild serves them. Pure; run it in a worker process.

fastfeedparser first (150 times cheaper and nearer the majority of parsers on real feeds), feedparser where it raises or
finds nothing. Neither sanitizes here: nh3 does, and titles, links and texts are put in order by our own rules.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from time import struct_time
from typing import Any
from urllib.parse import urlsplit

import nh3

from digest.collect import links, markup
from digest.collect.discovery import discover
from digest.collect.opml import Outline, opml_read, opml_write
from digest.errors import ParseError
from digest.model import Entry, Feed, Image

__all__ = ["Outline", "discover", "opml_read", "opml_write", "parse", "sanitized"]
_MAX_ENTRIES = 2_000
_MAX_HTML = 1_000_000  # characters of one text
_TAGS = frozenset(
    re.findall(
        r"\w+",
        "a abbr b blockquote br caption cite code dd div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img li "
        "ol p pre q s small span strong sub sup table tbody td th thead tr u ul",
    )
)
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "width", "height"}, "q": {"cite"}, "blockquote": {"cite"}}
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ITEM = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]|\"items\"", re.IGNORECASE)
_MAIL_AND_NAME = re.compile(r"\S+@\S+\s+\((.+)\)")
_NO_AUTHORS = frozenset(
    {"admin", "administrator", "unknown", "no author", "author", "editor", "webmaster", "none", "null"}
)
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_BARE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}/[^:\s]*")  # a host and a path, no scheme
_ANY_TAG = re.compile(r"<[^>]+>")
_SCAN = 20_000  # characters of a content in which its first 512 without markup stand
_HEAD = 1_500  # in which they mostly stand
_RawFeed = Mapping[str, Any]


def parse(body: bytes, url: str, *, content_type: str = "") -> Feed:
    """The feed in those bytes; `url` is where they came from, which relative links start at.

    Raises ParseError; where the bytes are a web page, with the feeds it names. `content_type` serves the message alone:
    a header's charset is as often wrong as right, the bytes say it themselves.
    """
    found = parse_raw(body, url, content_type=content_type)
    return replace(found, entries=tuple(_sanitized(entry, found.site_url or url) for entry in found.entries))


def parse_raw(body: bytes, url: str, *, content_type: str = "") -> Feed:
    """The same with the texts' markup as it came, for who takes only the words out of it."""
    if not body.strip():
        raise ParseError(f"{url}: the answer is empty")
    raw = _fast(body)
    if raw is None or _is_poor(raw, body):
        raw = _slow(body) or raw
    if raw is None or (not raw["entries"] and _HTML.search(body[:2_000])):
        raise _no_feed(body, url, content_type)
    return _feed(raw, url)


def _fast(body: bytes) -> _RawFeed | None:
    import fastfeedparser

    try:
        return fastfeedparser.parse(body)  # type: ignore[no-any-return]  # untyped
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError, ArithmeticError):
        return None


def _is_poor(raw: _RawFeed, body: bytes) -> bool:
    """Whether the other parser may find more: nothing came, or no entry has a title and a link."""
    entries = raw["entries"]
    if not entries:
        return bool(_ITEM.search(body))
    return not any(entry.get("title") and entry.get("link") for entry in entries)


def _slow(body: bytes) -> _RawFeed | None:
    import feedparser

    try:
        found = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError, AssertionError):
        return None
    return found if found.get("entries") or found.get("version") else None


def _no_feed(body: bytes, url: str, content_type: str) -> ParseError:
    if not _HTML.search(body[:10_000]) and "html" not in content_type:
        return ParseError(f"{url}: is no feed (neither RSS, Atom nor JSON Feed)")
    found = discover(body, url)
    hint = f"; it names {'the feed' if len(found) == 1 else 'feeds'} {', '.join(found[:3])}" if found else ""
    return ParseError(f"{url}: is HTML, a web page instead of a feed{hint}", feeds=found)


def _feed(raw: _RawFeed, url: str) -> Feed:
    head = raw.get("feed") or {}
    site_url = _site(url, head.get("link"))
    language = language_tag(head.get("language"))
    entries = (_entry(entry, site_url or url, language) for entry in raw["entries"][:_MAX_ENTRIES])
    return Feed(
        url=url,
        title=markup.title(_string(head.get("title"))),
        site_url=site_url,
        language=language,
        entries=tuple(entry for entry in entries if entry is not None),
    )


def _entry(raw: _RawFeed, base: str, language: str | None) -> Entry | None:
    """One entry; None where it has neither a title nor a text, or no address at all."""
    guid = markup.line(_string(raw.get("id")), max_chars=links.MAX_LENGTH) or None
    address = _address(base, raw.get("link")) or links.absolute(base, _alternate(raw)) or links.absolute("", guid)
    excerpt, content = _texts(raw)
    title = markup.title(_string(raw.get("title")))
    if not (title or excerpt or content):
        return None
    return Entry(
        guid=guid,
        link=address,
        title=title or _first_words(excerpt or content, address or base),
        authors=_authors(raw),
        published=_date(raw, "published"),
        updated=_date(raw, "updated"),
        excerpt_html=excerpt[:_MAX_HTML],
        content_html=content[:_MAX_HTML],
        image=_image(raw, content or excerpt, address or base),
        language=_content_language(raw) or language,
        tags=_tags(raw),
    )


def _site(url: str, stated: object) -> str:
    """The site's address; one that has lost its scheme ("example.org/") gets the feed's."""
    text = _string(stated).strip()
    return links.absolute(url, f"{urlsplit(url).scheme}://{text}" if _BARE.fullmatch(text) else text)


def _address(base: str, stated: object) -> str:
    """An entry's address; one that begins with its site's own host has lost its scheme."""
    text = _string(stated).strip()
    if "://" not in text[:10]:
        site = urlsplit(base)
        if site.hostname and text.startswith(f"{site.hostname}/"):
            text = f"{site.scheme}://{text}"
    return links.absolute(base, text)


# ------------------------------------------------------------------ texts


def _texts(raw: _RawFeed) -> tuple[str, str]:
    """(excerpt, content) as stated. A picture's description is never the article; where all else lacks, the excerpt."""
    excerpt = _string(raw.get("description")) or _string(raw.get("summary"))
    content = max((_content(item) for item in _items(raw, "content")), key=len, default="")
    if len(content) <= len(excerpt):  # content:encoded is the longer of the two; else it is the description again
        content = ""
    if content and _is_made_up(excerpt, content):
        excerpt = ""
    if not excerpt and not content:
        media = (_string(item.get("description")) for item in _items(raw, "media_content"))
        excerpt = next((text for text in media if text), "") or _string(raw.get("media_description"))
    return excerpt, content


def _is_made_up(excerpt: str, content: str) -> bool:
    """Whether fastfeedparser cut it from the content: its first 512 characters without markup, mid-word."""
    if len(excerpt) > 512 or "<" in excerpt:
        return False
    head = content[: content.rfind(">", 0, _HEAD) + 1]  # no tag goes on after the end of one
    flat = _flat(head)
    if len(flat) < 512:
        flat = _flat(content[:_SCAN])
    return flat[:512].startswith(" ".join(excerpt.split()))


def _flat(html: str) -> str:
    return " ".join(unescape(_ANY_TAG.sub(" ", html)).split())


def _content(item: Mapping[str, Any]) -> str:
    """A content's HTML; plain text is escaped, media that feedparser takes for content is not text at all."""
    kind = _string(item.get("type")).lower()
    value = _string(item.get("value"))
    if kind == "text/plain":
        return "".join(f"<p>{nh3.clean_text(part)}</p>" for part in re.split(r"\n\s*\n", value) if part.strip())
    return value if not kind or "html" in kind or kind == "text" else ""


def _sanitized(entry: Entry, base: str) -> Entry:
    return replace(
        entry,
        excerpt_html=sanitized(entry.excerpt_html, entry.link or base),
        content_html=sanitized(entry.content_html, entry.link or base),
    )


def sanitized(html: str, base: str) -> str:
    """`html` with harmless tags only, its links and pictures absolute, broken characters mended."""
    if not html:
        return ""
    text = markup.clean(html[:_MAX_HTML])
    if "<" not in text and "&" not in text:
        return text.strip().replace(">", "&gt;")
    return nh3.clean(
        text,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        clean_content_tags={"script", "style", "noscript", "template", "iframe", "object", "form"} - set(_TAGS),
        attribute_filter=lambda tag, name, value: _attribute(base, tag, name, value),
        link_rel=None,
    ).strip()


def _attribute(base: str, tag: str, name: str, value: str) -> str | None:
    if name in {"href", "src", "cite"}:
        if tag == "a" and value.startswith("mailto:"):
            return value
        return links.absolute(base, value) or None
    return value


def _first_words(html: str, address: str) -> str:
    """What stands for a title that is not there: a picture alone is named by its host."""
    words = markup.plain(html).split()
    host = (urlsplit(address).hostname or "").removeprefix("www.")
    return " ".join(words[:12]) + ("…" if len(words) > 12 else "") or host


# ------------------------------------------------------------------ fields


def language_tag(value: object) -> str | None:
    """A BCP 47 tag in its usual letter case, or None.

    >>> language_tag("EN_us"), language_tag("english, I think")
    ('en-US', None)
    """
    text = _string(value).strip()
    if not _LANGUAGE.fullmatch(text) or len(text) > 35:
        return None
    head, *rest = re.split("[-_]", text)
    return "-".join([head.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _items(raw: _RawFeed, key: str) -> Sequence[_RawFeed]:
    value = raw.get(key)
    return [item for item in value if isinstance(item, dict)] if value and isinstance(value, list | tuple) else ()


def _alternate(raw: _RawFeed) -> object:
    """The first link that is not the entry's own address in the feed (JSON Feed's external_url is `related`)."""
    ranked = [item for rel in ("alternate", None, "related") for item in _items(raw, "links") if item.get("rel") == rel]
    return ranked[0].get("href") if ranked else None


def _authors(raw: _RawFeed) -> tuple[str, ...]:
    stated = [_string(item.get("name")) for item in _items(raw, "authors")] or [_string(raw.get("author"))]
    names = []
    for value in stated:
        match = _MAIL_AND_NAME.fullmatch(value.strip())
        name = markup.title(match[1] if match else value)[:200].strip()
        if name and "@" not in name and name.lower() not in _NO_AUTHORS and name not in names:
            names.append(name)
    return tuple(names[:10])


def _tags(raw: _RawFeed) -> tuple[str, ...]:
    terms = (
        markup.title(_string(item.get("label")) or _string(item.get("term")))[:100] for item in _items(raw, "tags")
    )
    return tuple(dict.fromkeys(term for term in terms if term))[:20]


def _content_language(raw: _RawFeed) -> str | None:
    stated = (language_tag(item.get("language")) for item in _items(raw, "content"))
    return language_tag(raw.get("language")) or next((tag for tag in stated if tag), None)


def _date(raw: _RawFeed, name: str) -> datetime | None:
    """UTC; None where it is missing, unreadable, or a placeholder such as 0001-01-01."""
    parsed = raw.get(f"{name}_parsed")
    try:
        if isinstance(parsed, struct_time):
            found = datetime(*parsed[:6], tzinfo=UTC)
        else:
            found = datetime.fromisoformat(_string(raw.get(name)))
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None
    return found if 1990 <= found.year <= 2200 else None


# ------------------------------------------------------------------ pictures


_GUESSED = "image/jpeg"  # fastfeedparser says so of every thumbnail, and every mail program shows it


def _image(raw: _RawFeed, html: str, base: str) -> Image | None:
    """The largest picture the entry names, else the first in its text."""
    named = [image for image in _named_images(raw, base) if _is_picture(image)]
    if named:
        return max(named, key=lambda image: (image.width or 0) * (image.height or 1))
    return _first_in(html, base) if "<img" in html else None


def _named_images(raw: _RawFeed, base: str) -> Iterator[Image]:
    for item in _items(raw, "media_content"):
        if _string(item.get("medium")) == "image" or _string(item.get("type")).startswith("image/") or _looks(item):
            yield _made(base, item.get("url"), item.get("title") or item.get("description"), item)
        if item.get("thumbnail_url"):
            yield _made(base, item.get("thumbnail_url"), "", {})
    for item in (*_items(raw, "media_thumbnail"), *_items(raw, "enclosures")):
        if _string(item.get("type")).startswith("image/") or ("length" not in item and "type" not in item):
            yield _made(base, item.get("url") or item.get("href"), "", item)
    if isinstance(raw.get("image"), str):
        yield _made(base, raw["image"], "", {})


def _looks(item: Mapping[str, Any]) -> bool:
    path = urlsplit(_string(item.get("url"))[: links.MAX_LENGTH].replace("[", "")).path.lower()
    return not item.get("type") and path.endswith((".jpg", ".jpeg", ".png", ".webp", ".gif"))


def _made(base: str, url: object, alt: object, size: Mapping[str, Any]) -> Image:
    stated = markup.image_type(_string(size.get("type")))
    return Image(
        url=links.absolute(base, url),
        alt=markup.title(_string(alt))[:300],
        width=_pixels(size.get("width")),
        height=_pixels(size.get("height")),
        media_type="" if stated == _GUESSED else stated,
    )


def _is_picture(image: Image) -> bool:
    """An address, and not so small that it can only be a counter."""
    return bool(image.url) and (image.width is None or image.width > 40) and (image.height is None or image.height > 40)


def _first_in(html: str, base: str) -> Image | None:
    root = markup.tree(html)
    for element in root.iter("img") if root is not None else ():
        image = _made(base, element.get("src"), element.get("alt"), dict(element.attrib))
        if _is_picture(image):
            return image
    return None


def _pixels(value: object) -> int | None:
    text = str(value).strip().removesuffix("px")
    return int(text) if text.isdecimal() and len(text) < 6 and int(text) else None
