import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect.feeds import discover

URL = "https://example.org/news/index.html"


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<link rel="alternate" type="application/rss+xml" href="/f">', ("https://example.org/f",)),
        (
            "<link REL='Alternate home' TYPE='Application/Atom+XML; charset=x' HREF='f.xml'>",
            ("https://example.org/news/f.xml",),
        ),
        ('<link rel="alternate" hreflang="de" href="/de">', ()),
        ('<link rel="stylesheet" type="text/css" href="/x.css">', ()),
        ('<base href="https://cdn.org/a/"><link rel=feed href=f>', ("https://cdn.org/a/f",)),
        (
            "<link rel=alternate type=application/rss+xml href=/comments/feed><link rel=alternate type=application/rss+xml href=/feed>",
            ("https://example.org/feed", "https://example.org/comments/feed"),
        ),
        ('<a href="/about">About</a><a href="/blog/rss.xml">RSS</a>', ("https://example.org/blog/rss.xml",)),
        ('<link rel=alternate type=application/rss+xml href="javascript:x">', ()),
        ('<link rel=alternate type=application/rss+xml href="http://[::1">', ()),
        (
            '<link rel=alternate type=application/feed+json href="/f.json"><a href="/x.rss">x</a>',
            ("https://example.org/f.json",),
        ),
        ("", ()),
    ],
)
def test_what_a_page_names(html: str, found: tuple[str, ...]) -> None:
    assert discover(html.encode(), URL) == found


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_name_web_addresses_or_nothing(body: bytes) -> None:
    for extra in (body, b'<link rel=alternate type=application/rss+xml href="' + body + b'">'):
        assert all(address.startswith(("http://", "https://")) for address in discover(extra, URL))
