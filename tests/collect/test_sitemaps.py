"""Sitemaps as sites serve them: plain, of news, packed, indexes, broken, hostile."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from collect.making import NOW, sitemap, sitemap_index
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import reading, sitemaps
from digest.errors import CollectError, FetchError, ParseError
from digest.model import SourceKind

URL = "https://example.org/sitemap.xml"


def links_of(*bodies: str) -> list[str]:
    return [entry.link for entry in sitemaps.parse(tuple(body.encode() for body in bodies), URL).entries]


def test_articles_come_newest_first_and_pages_of_other_kinds_not_at_all() -> None:
    old, new = NOW - timedelta(days=9), NOW - timedelta(days=1)
    body = sitemap([("/2026/11/old", old), ("/tag/bridges", NOW), ("/about", NOW), ("/2026/11/new", new), ("/", NOW)])
    assert links_of(body) == ["https://example.org/2026/11/new", "https://example.org/2026/11/old"]


def test_a_news_sitemap_says_title_and_date_whatever_the_address() -> None:
    body = sitemap([("/xyz", None)], news=[("Bridge &amp; tunnel closed", "2026-11-22T18:00:00+01:00")])
    (entry,) = sitemaps.parse((body.encode(),), URL).entries
    assert (entry.link, entry.title) == ("https://example.org/xyz", "Bridge & tunnel closed")
    assert entry.published == datetime(2026, 11, 22, 17, tzinfo=UTC)


def test_without_news_the_address_gives_a_title_and_no_date_of_publication() -> None:
    (entry,) = sitemaps.parse((sitemap([("/2026/11/bridge-closed-again", NOW)]).encode(),), URL).entries
    assert (entry.title, entry.published, entry.updated) == ("Bridge closed again", None, NOW)


def test_only_the_newest_hundred_are_taken() -> None:
    body = sitemap([(f"/2026/11/story-{n}", NOW - timedelta(minutes=n)) for n in range(300)])
    found = links_of(body)
    assert len(found) == sitemaps.MOST_PAGES
    assert found[0].endswith("/story-0")
    assert found[-1].endswith(f"/story-{sitemaps.MOST_PAGES - 1}")


def test_a_page_in_two_sitemaps_is_listed_once() -> None:
    body = sitemap([("/2026/11/one", NOW)])
    assert links_of(body, body) == ["https://example.org/2026/11/one"]


@pytest.mark.parametrize("kind", [SourceKind.AUTO, SourceKind.SITEMAP])
def test_a_packed_sitemap_is_read(kind: SourceKind) -> None:
    body = gzip.compress(sitemap([("/2026/11/one", NOW)]).encode(), mtime=0)
    read = reading.source([body], f"{URL}.gz", "application/gzip", reading.Wishes(kind=kind))
    assert [piece.entry.link for piece in read.pieces] == ["https://example.org/2026/11/one"]
    assert read.is_listed


def test_a_packed_bomb_stops_at_the_limit() -> None:
    with pytest.raises(FetchError, match="size is over the limit"):
        reading.source([gzip.compress(b" " * 60_000_000, mtime=0)], URL)


def test_a_picture_is_taken_from_the_image_extension() -> None:
    image = '<image:image xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><image:loc>/i.jpg</image:loc></image:image>'
    body = sitemap([("/2026/11/one", NOW)]).replace("</url>", f"{image}</url>")
    (entry,) = sitemaps.parse((body.encode(),), URL).entries
    assert entry.image is not None
    assert entry.image.url == "https://example.org/i.jpg"


def test_an_index_names_its_sitemaps_and_a_sitemap_none() -> None:
    index = sitemap_index([("/a.xml", NOW), ("/b.xml.gz", None)]).encode()
    assert [child.url for child in sitemaps.children(index, URL)] == [
        "https://example.org/a.xml",
        "https://example.org/b.xml.gz",
    ]
    assert sitemaps.children(sitemap([("/2026/11/one", NOW)]).encode(), URL) == ()
    with pytest.raises(ParseError, match="no sitemap"):
        sitemaps.children(b"<html><body>no</body></html>", URL)


def children(*named: tuple[str, int | None]) -> tuple[sitemaps.Child, ...]:
    return tuple(
        sitemaps.Child(url=f"https://example.org/{name}", changed=None if days is None else NOW - timedelta(days=days))
        for name, days in named
    )


def test_of_an_index_news_come_first_then_what_changed_last() -> None:
    found = sitemaps.choice(children(("posts-1.xml", 9), ("news.xml", 30), ("posts-2.xml", 1), ("posts-0.xml", 40)))
    assert [url.rpartition("/")[2] for url in found] == ["news.xml", "posts-2.xml", "posts-1.xml"]


def test_of_an_index_without_dates_the_last_ones_are_read() -> None:
    found = sitemaps.choice(children(*((f"sitemap-{n}.xml", None) for n in range(6))))
    assert [url.rpartition("/")[2] for url in found] == ["sitemap-5.xml", "sitemap-4.xml", "sitemap-3.xml"]


def test_pictures_tags_and_authors_are_left_out_unless_there_is_nothing_else() -> None:
    aside = children(("post_tag-sitemap.xml", 0), ("author-sitemap.xml", 0), ("image-sitemap.xml", 0))
    assert [u.rpartition("/")[2] for u in sitemaps.choice((*aside, *children(("post-sitemap.xml", 9))))] == [
        "post-sitemap.xml"
    ]
    assert len(sitemaps.choice(aside)) == 3


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><urlset><url><loc>/2026/11/&b;</loc></url></urlset>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>/2026/11/&f;</loc></url></urlset>',
        b"<urlset>" + b"<url>" * 50_000,
        b"<urlset><url><loc>javascript:alert(1)</loc></url><url><loc>file:///2026/11/etc</loc></url></urlset>",
        b"<urlset><url><loc>/2026/11/one</loc><lastmod>0001-01-01</lastmod>",
        b"\xef\xbb\xbf\n <urlset></urlset>",
        b"<urlset><:",
        b"<urlset><x:url><x:loc>/2026/11/one</x:loc></x:url>",
    ],
    ids=["entities", "external", "deep", "schemes", "cut", "bom", "no-name", "unbound-prefix"],
)
def test_a_hostile_or_broken_sitemap_yields_addresses_or_an_error(body: bytes) -> None:
    try:
        found = sitemaps.parse((body,), URL)
    except CollectError:
        return
    assert all(entry.link.startswith("https://example.org/") and "root:" not in entry.link for entry in found.entries)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_sitemap_or_an_error(junk: bytes) -> None:
    for body in (junk, b"<urlset>" + junk, b"<sitemapindex><sitemap><loc>" + junk):
        try:
            sitemaps.parse((body,), URL)
            sitemaps.choice(sitemaps.children(body, URL))
        except CollectError:
            pass
