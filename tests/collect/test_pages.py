import pickle
from datetime import UTC, datetime

import pytest
from collect.making import page, prose
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import pages
from digest.errors import ParseError
from digest.model import Image

URL = "https://www.example.org/2026/story"


def extract(title: str = "A bridge is closed", text: str = prose(1), head: str = "", url: str = URL) -> pages.Page:
    return pages.extract(page(title, text, head=head).encode(), url)


def test_the_article_comes_without_navigation_title_and_footer() -> None:
    found = extract()
    assert found.title == "A bridge is closed"
    assert " ".join(found.paragraphs) == prose(1)
    assert (found.language, found.obstacle) == ("en", "")


def test_a_short_text_is_found_by_the_other_modes() -> None:
    body = (
        "<html><body><div><p>Only a short note stands here, but it is the article of the day.</p></div></body></html>"
    )
    assert "short note" in " ".join(pages.extract(body.encode(), URL).paragraphs)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1251"])
def test_the_bytes_name_their_encoding(charset: str) -> None:
    word = "Café" if charset != "windows-1251" else "Мосты"
    body = page(f"{word} im Titel hier", prose(1).replace("river", word), head=f'<meta charset="{charset}">')
    found = pages.extract(body.encode(charset), URL)
    assert found.title == f"{word} im Titel hier"
    assert word in found.paragraphs[0] or word in " ".join(found.paragraphs)


def test_what_the_head_says() -> None:
    head = (
        '<meta property="og:image" content="/i.jpg"><meta property="og:image:width" content="1200">'
        '<meta property="og:image:height" content="630"><meta property="og:image:alt" content="A bridge">'
        '<meta property="og:image:type" content="image/avif">'
        '<meta property="article:published_time" content="2026-11-20T08:00:00+01:00"><meta name="author" content="Ann Author">'
        '<link rel="canonical" href="https://example.org/2026/story-1">'
    )
    found = extract(head=head)
    assert found.image == Image(
        url="https://www.example.org/i.jpg", alt="A bridge", width=1200, height=630, media_type="image/avif"
    )
    assert found.published == datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert found.authors == ("Ann Author",)
    assert found.canonical == "https://example.org/2026/story-1"


@pytest.mark.parametrize(
    "href", ["https://other.com/x", "https://www.example.org/", "/", "javascript:x", "http://[::1"]
)
def test_a_canonical_link_that_cannot_be_true_is_none(href: str) -> None:
    assert extract(head=f'<link rel="canonical" href="{href}">').canonical is None


@pytest.mark.parametrize("author", ["No Author", "admin", "Example"])
def test_authors_that_are_none(author: str) -> None:
    head = f'<meta name="author" content="{author}"><meta property="og:site_name" content="Example">'
    assert extract(head=head).authors == ()


@pytest.mark.parametrize(
    ("title", "site", "shown"),
    [
        ("Bridge closed | The Times", "", "Bridge closed"),
        ("Bridge closed - The Times", "The Times", "Bridge closed"),
        ("The Times: Bridge closed", "The Times", "The Times: Bridge closed"),
        ("The Times | Bridge closed", "The Times", "Bridge closed"),
        ("Berlin - Hamburg in two hours", "", "Berlin - Hamburg in two hours"),
        ("Plain", "Plain", "Plain"),
        ("", "", ""),
    ],
)
def test_the_site_s_name_is_no_part_of_a_title(title: str, site: str, shown: str) -> None:
    assert pages.short_title(title, site) == shown


@pytest.mark.parametrize(
    "title", ["Just a moment...", "Attention Required! | Cloudflare", "Access Denied", "Are you a robot?"]
)
def test_a_challenge_is_no_article(title: str) -> None:
    found = extract(title=title)
    assert (found.obstacle, found.paragraphs) == ("challenge", ())


@pytest.mark.parametrize(
    "data", ['{"@type":"NewsArticle","isAccessibleForFree":false}', '[{"@graph":[{"isAccessibleForFree":"False"}]}]']
)
def test_a_paywall_is_said_to_be_one(data: str) -> None:
    found = extract(head=f'<script type="application/ld+json">{data}</script>')
    assert found.obstacle == "paywall"
    assert found.paragraphs


def test_broken_linked_data_breaks_nothing() -> None:
    for data in ("{", "[" * 100_000, "3", '{"@graph": 1}', '{"datePublished": {"x": 1}}'):
        assert extract(head=f'<script type="application/ld+json">{data}</script>').paragraphs


@pytest.mark.parametrize("body", [b"", b"  ", b"\0"])
def test_no_page(body: bytes) -> None:
    try:
        assert pages.extract(body, URL).paragraphs == ()
    except ParseError as error:
        assert URL in str(error)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_page_or_a_parse_error(body: bytes) -> None:
    for whole in (body, b"<html><body><p>" + body):
        try:
            pickle.loads(pickle.dumps(pages.extract(whole, URL)))
        except ParseError as error:
            assert URL in str(error)


@pytest.mark.parametrize(
    ("text", "excerpt", "accepted"),
    [
        (prose(1), prose(1)[:200], True),
        (prose(1), prose(1)[:200] + " Read more", True),
        ("Please accept our cookies to go on reading this site.", "The mayor opened the bridge yesterday", False),
        (prose(1), "", True),
        ("", "", False),
        ("", "The mayor opened the bridge", False),
        ("THE MAYOR OPENED", "the mayor opened a bridge", True),
    ],
)
def test_a_page_is_taken_where_it_holds_most_of_the_excerpt(text: str, excerpt: str, accepted: object) -> None:
    assert pages.accepts((text,), excerpt) is accepted
