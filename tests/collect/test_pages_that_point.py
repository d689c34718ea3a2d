"""Pages and lists that lead to others, at their edges: bases, repeats, order, what is an excerpt."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import index_page, links, reading, sitemaps
from digest.collect.feeds import discover
from digest.errors import ParseError

URL = "https://example.org/news/"
FEED = '<link rel=alternate type=application/rss+xml href="{}">'


@pytest.mark.parametrize(
    "base", ["http://[", "http://[::1", "javascript:x", "", "  ", "mailto:a@b.example", "/sub/", "//cdn.example/"]
)
def test_a_base_of_any_kind_leaves_feeds_and_articles_on_the_web(base: str) -> None:
    head = f'<base href="{base}">{FEED.format("https://feeds.example/f")}'
    assert discover(head.encode(), URL) == ("https://feeds.example/f",)
    page = f'{head}<a href="https://example.org/2026/11/23/bridge">Bridge</a>'
    assert [entry.link for entry in index_page.parse(page.encode(), URL).entries] == [
        "https://example.org/2026/11/23/bridge"
    ]


@given(st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_any_base_is_borne(base: str) -> None:
    page = f'<base href="{base}">{FEED.format("f.xml")}<a href="/2026/11/23/x">A long enough headline about it</a>'
    assert all(address.startswith(("http://", "https://")) for address in discover(page.encode("utf-8", "ignore"), URL))
    try:
        found = index_page.parse(page.encode("utf-8", "ignore"), URL)
    except ParseError:
        return
    assert all(links.absolute("", entry.link) == entry.link for entry in found.entries)


def test_feeds_stand_once_in_the_pages_order_and_are_twenty_at_most() -> None:
    page = "".join(FEED.format(f"/{number % 30}") for number in range(60))
    assert discover(page.encode(), URL) == tuple(f"https://example.org/{number}" for number in range(20))


def test_an_article_linked_twice_has_its_longest_text_and_first_place() -> None:
    page = (
        '<a href="/2026/11/23/one#comments">One</a><a href="/2026/11/23/two">Two</a>'
        '<a href="/2026/11/23/one">One, told at some length</a><a href="/2026/11/23/one">More</a>'
    )
    found = index_page.parse(page.encode(), URL).entries
    assert [(entry.link, entry.title) for entry in found] == [
        ("https://example.org/2026/11/23/one", "One, told at some length"),
        ("https://example.org/2026/11/23/two", "Two"),
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://other.example/2026/11/23/one",
        "/tag/2026/11/23/one",
        "javascript:void(0)",
        "mailto:a@example.org",
        "#2026/11/23/one",
        "/news/",
        "/2026/11/23/one.pdf",
    ],
)
def test_what_leads_to_no_article_of_the_site_is_none(link: str) -> None:
    with pytest.raises(ParseError, match="nothing that looks like an article"):
        index_page.parse(f'<p><a href="{link}">Some words of a headline that goes on for long</a></p>'.encode(), URL)


@pytest.mark.parametrize("body", [b"", b"   ", b"\n\t"])
def test_an_empty_page_is_none(body: bytes) -> None:
    with pytest.raises(ParseError, match="no web page"):
        index_page.parse(body, URL)


SENTENCES = "The council voted on Monday for a new bridge. "


@pytest.mark.parametrize(
    ("text", "has_content", "is_excerpt"),
    [
        ((), True, True),
        ((SENTENCES * 2,), True, True),
        ((SENTENCES * 20,), True, False),
        ((SENTENCES * 20,), False, True),
        ((SENTENCES * 40,), False, False),
        ((SENTENCES * 20 + "Read more",), True, True),
        ((SENTENCES * 20 + "[…]",), True, True),
        ((SENTENCES * 20, "Weiterlesen »"), True, True),
        ((SENTENCES * 20, "The post Bridge appeared first on Example."), True, True),
    ],
)
def test_an_excerpt_is_short_cut_or_a_mere_description(
    text: tuple[str, ...], has_content: bool, is_excerpt: bool
) -> None:
    assert reading.is_excerpt(text, has_content=has_content) is is_excerpt


def urlset(*addresses: str) -> bytes:
    urls = "".join(f"<url><loc>{address}</loc><lastmod>2026-11-23</lastmod></url>" for address in addresses)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (urlset(), True),
        (b"\xef\xbb\xbf<?xml version='1.0'?>" + urlset(), True),
        (b"<sitemapindex/>", True),
        (b"<rss/>", False),
        (b"<html><body>urlset</body></html>", False),
        (b"", False),
        (b"\xff" * 50, False),
    ],
)
def test_a_sitemap_is_known_by_its_root(body: bytes, is_one: bool) -> None:
    assert sitemaps.is_sitemap(body) is is_one


def test_several_sitemaps_are_one_list_and_an_address_stands_once() -> None:
    one = "https://example.org/2026/11/23/one"
    two = "https://example.org/2026/11/22/two"
    found = sitemaps.parse((urlset(one, two), urlset(one)), URL).entries
    assert sorted(entry.link for entry in found) == sorted([one, two])
    assert all(entry.title for entry in found)
