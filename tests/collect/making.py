"""Feeds, entries and pages as values, to be served or matched."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from digest.model import Entry

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
WORDS = [
    "river",
    "council",
    "bridge",
    "harvest",
    "winter",
    "teacher",
    "market",
    "engine",
    "museum",
    "forest",
    "signal",
    "letter",
    "garden",
    "museum",
    "border",
]


def prose(seed: int, sentences: int = 12) -> str:
    """Sentences that differ from seed to seed, long enough to be an article."""
    parts = []
    for number in range(sentences):
        picked = [WORDS[(seed * 7 + number * 5 + step * (seed % 5 + 1)) % len(WORDS)] for step in range(9)]
        parts.append(f"The {' and the '.join(picked[:4])} {seed * 31 + number} {' '.join(picked[4:])} were seen again.")
    return " ".join(parts)


def entry(number: int, **given: object) -> Entry:
    """Entry `number` of a feed: its guid, link, title and text differ from all others'."""
    values: dict[str, object] = {
        "guid": f"https://example.org/?p={number}",
        "link": f"https://example.org/{number}/story",
        "title": f"Story number {number} about the {WORDS[number % len(WORDS)]}",
        "published": NOW - timedelta(hours=number),
        "content_html": f"<p>{prose(number)}</p>",
    }
    return Entry(**(values | given))  # type: ignore[arg-type]


def rss(entries: Sequence[Entry], *, title: str = "Example", site: str = "https://example.org/") -> str:
    """An RSS 2.0 feed of those entries."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>{escape(title)}</title><link>{site}</link>{''.join(map(_item, entries))}</channel></rss>"
    )


def _item(entry: Entry) -> str:
    parts = [f"<title>{escape(entry.title)}</title>", f"<link>{escape(entry.link)}</link>"]
    if entry.guid:
        parts.append(f'<guid isPermaLink="false">{escape(entry.guid)}</guid>')
    if entry.published:
        parts.append(f"<pubDate>{format_datetime(entry.published)}</pubDate>")
    if entry.excerpt_html:
        parts.append(f"<description>{escape(entry.excerpt_html)}</description>")
    if entry.content_html:
        parts.append(f"<content:encoded>{escape(entry.content_html)}</content:encoded>")
    return f"<item>{''.join(parts)}</item>"


def page(title: str, text: str, *, head: str = "") -> str:
    """An article page with its navigation and footer."""
    paragraphs = "".join(f"<p>{escape(part.strip().rstrip('.'))}.</p>" for part in text.split(". ") if part.strip())
    return (
        f'<!doctype html><html lang="en"><head><title>{escape(title)} | Example</title>{head}</head><body>'
        "<nav><a href='/'>Home</a> <a href='/news'>News</a></nav>"
        f"<main><article><h1>{escape(title)}</h1>{paragraphs}</article></main><footer>Imprint</footer></body></html>"
    )


def sitemap(
    pages: Sequence[tuple[str, datetime | None]],
    *,
    site: str = "https://example.org",
    news: Sequence[tuple[str, str]] = (),
) -> str:
    """A sitemap of (path, lastmod); `news`: (title, publication date) of each, as a news sitemap has them."""
    parts = []
    for number, (path, changed) in enumerate(pages):
        lastmod = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
        told = ""
        if number < len(news):
            title, date = news[number]
            told = (
                "<news:news><news:publication><news:name>Example</news:name></news:publication>"
                f"<news:publication_date>{date}</news:publication_date><news:title>{title}</news:title></news:news>"
            )
        parts.append(f"<url><loc>{site}{path}</loc>{lastmod}{told}</url>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{"".join(parts)}</urlset>'
    )


def sitemap_index(children: Sequence[tuple[str, datetime | None]], *, site: str = "https://example.org") -> str:
    """An index of (path, lastmod)."""
    parts = (
        f"<sitemap><loc>{site}{path}</loc>{f'<lastmod>{changed.isoformat()}</lastmod>' if changed else ''}</sitemap>"
        for path, changed in children
    )
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(parts)}</sitemapindex>'
