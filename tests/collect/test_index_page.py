"""Which links of a page are articles: by their address, or because they stand as headlines do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import index_page, reading
from digest.errors import CollectError, ParseError
from digest.model import SourceKind

URL = "https://example.org/news/"


def found(body: str, url: str = URL) -> dict[str, str]:
    made = index_page.parse(f"<html><head><title>News</title></head><body>{body}</body></html>".encode(), url)
    return {entry.link: entry.title for entry in made.entries}


def test_links_that_look_like_articles_are_taken_in_the_page_s_order() -> None:
    body = (
        '<main><a href="/2026/11/two">Two</a><a href="/2026/11/one">The bridge is closed</a>'
        '<a href="/sport">Sport</a><a href="/tag/a-b-c-d">Four words in tags</a></main>'
    )
    assert found(body) == {
        "https://example.org/2026/11/two": "Two",
        "https://example.org/2026/11/one": "The bridge is closed",
    }


def test_a_headline_is_taken_whatever_its_address() -> None:
    body = (
        '<main><h2><a href="/x1">Hello world</a></h2><a href="/x2"><h3>Hello again</h3></a>'
        '<a href="/x3">The council closes a bridge</a><a href="/x4">More news</a></main>'
    )
    assert list(found(body)) == [f"https://example.org/x{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "around",
    [
        "<nav>{}</nav>",
        "<header>{}</header>",
        "<footer><div>{}</div></footer>",
        "<aside>{}</aside>",
        '<div role="navigation">{}</div>',
        '<ul class="main menu">{}</ul>',
        '<div id="sidebar">{}</div>',
        '<div class="breadcrumb">{}</div>',
    ],
)
def test_links_of_the_navigation_are_left_out(around: str) -> None:
    link = '<a href="/2026/11/in-the-navigation">The news of the day</a>'
    assert list(found(around.format(link) + '<main><a href="/2026/11/one">One</a></main>')) == [
        "https://example.org/2026/11/one"
    ]


def test_an_article_s_own_header_is_no_navigation() -> None:
    body = '<article><header><h2><a href="/hello">Hello world</a></h2></header></article>'
    assert list(found(body)) == ["https://example.org/hello"]


@pytest.mark.parametrize(
    "href",
    [
        "https://other.example.com/2026/11/away",
        "mailto:x@example.org",
        "javascript:alert(1)",
        "/news/#2026-11-23",
        "/2026/11/paper.pdf",
        "http://[::1/2026/11/broken",
    ],
)
def test_what_leads_off_the_site_or_to_no_page_is_left_out(href: str) -> None:
    body = f'<main><a href="{href}">The news of the day</a><a href="/2026/11/one">One</a></main>'
    assert list(found(body)) == ["https://example.org/2026/11/one"]


def test_another_name_of_the_same_site_is_the_site() -> None:
    assert list(found('<main><a href="https://blog.example.org/2026/11/one">One</a></main>')) == [
        "https://blog.example.org/2026/11/one"
    ]


def test_the_longest_text_of_an_article_s_links_is_its_title() -> None:
    body = (
        '<main><a href="/2026/11/one#top"><img></a><a href="/2026/11/one">The bridge</a>'
        '<a href="/2026/11/one">Read</a><a href="/2026/11/bridge-closed"><img></a></main>'
    )
    assert found(body) == {
        "https://example.org/2026/11/one": "The bridge",
        "https://example.org/2026/11/bridge-closed": "Bridge closed",
    }


def test_relative_links_start_at_the_base() -> None:
    made = index_page.parse(b'<base href="/en/"><main><a href="2026/11/one">One</a></main>', URL)
    assert [entry.link for entry in made.entries] == ["https://example.org/en/2026/11/one"]


@pytest.mark.parametrize("body", [b"", b"<html><body><p>No links.</p></body></html>", b"\x00\x01"])
def test_a_page_without_articles_says_so(body: bytes) -> None:
    with pytest.raises(ParseError):
        index_page.parse(body, URL)


def test_a_headline_that_changes_is_no_edit() -> None:
    wishes = reading.Wishes(kind=SourceKind.PAGE)
    pages = (f'<main><a href="/2026/11/one">{text}</a></main>'.encode() for text in ("The bridge", "The bridge, again"))
    one, other = (reading.source([page], URL, "", wishes).pieces[0].marks for page in pages)
    assert one == other


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="<>a/='\" hreflinavh1", max_size=200))
def test_any_markup_is_a_page_or_an_error(junk: str) -> None:
    try:
        made = index_page.parse(f"<a href='/2026/11/x'>{junk}".encode(), URL)
    except CollectError:
        return
    assert all(entry.title and entry.link.startswith("http") for entry in made.entries)
