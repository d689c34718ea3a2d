import json
import pickle
from datetime import UTC, datetime

import pytest
from collect.making import entry, rss
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import feeds
from digest.errors import ParseError
from digest.model import Entry, Feed, Image

URL = "https://example.org/blog/feed.xml"
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'


def item(inner: str, attributes: str = "") -> Entry:
    body = f'<rss version="2.0" {attributes}><channel><title>T</title><link>https://example.org/blog/</link><item>{inner}</item></channel></rss>'
    (found,) = feeds.parse(body.encode(), URL).entries
    return found


def atom(inner: str) -> Feed:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de-at"><title>T</title><id>i</id>{inner}</feed>'
    return feeds.parse(body.encode(), URL)


def test_rss() -> None:
    feed = feeds.parse(rss([entry(1), entry(2)], title="A &amp; B").encode(), URL)
    assert (feed.url, feed.title, feed.site_url) == (URL, "A & B", "https://example.org/")
    assert [e.title for e in feed.entries] == [entry(1).title, entry(2).title]
    first = feed.entries[0]
    assert (first.guid, first.link, first.published) == (entry(1).guid, entry(1).link, entry(1).published)
    assert (first.content_html, first.excerpt_html) == (entry(1).content_html, "")


def test_atom() -> None:
    feed = atom(
        '<entry><id>tag:1</id><title type="html">&lt;b&gt;Bold&lt;/b&gt; move</title><link rel="self" href="/self"/>'
        '<link href="a/1"/><published>2026-11-23T07:00:00+01:00</published><updated>2026-11-23T08:00:00Z</updated>'
        '<author><name>Ann Author</name></author><summary>Short</summary><content type="html">&lt;p&gt;Long text&lt;/p&gt;</content>'
        '<category term="t1" label="Tag one"/></entry>'
    )
    (found,) = feed.entries
    assert (found.guid, found.title, found.authors, found.tags) == ("tag:1", "Bold move", ("Ann Author",), ("Tag one",))
    assert found.published == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert found.updated == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert (found.excerpt_html, found.content_html) == ("Short", "<p>Long text</p>")


def test_json_feed() -> None:
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "home_page_url": "https://example.org/",
        "language": "en-us",
        "items": [
            {
                "id": "1",
                "url": "/1",
                "title": "One",
                "content_text": "First <b>.\n\nSecond.",
                "date_published": "2026-11-23T00:00:00Z",
                "authors": [{"name": "Ann"}],
                "image": "https://example.org/i.png",
                "tags": ["x"],
            }
        ],
    }
    feed = feeds.parse(json.dumps(body).encode(), URL, content_type="application/feed+json")
    (found,) = feed.entries
    assert (found.link, found.authors, found.tags, found.language) == (
        "https://example.org/1",
        ("Ann",),
        ("x",),
        "en-US",
    )
    assert found.content_html == "<p>First &lt;b&gt;.</p><p>Second.</p>"
    assert found.image == Image(url="https://example.org/i.png")


def test_rdf() -> None:
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="https://e.org/"><title>R</title><link>https://e.org/</link></channel>'
        '<item rdf:about="https://e.org/1"><title>One</title><link>https://e.org/1</link><dc:date>2026-01-02</dc:date></item></rdf:RDF>'
    )
    (found,) = feeds.parse(body.encode(), URL).entries
    assert (found.title, found.link, found.published) == ("One", "https://e.org/1", datetime(2026, 1, 2, tzinfo=UTC))


def test_where_the_first_parser_finds_nothing_the_second_is_asked() -> None:
    """Atom inside an XHTML page: fastfeedparser raises, feedparser reads it."""
    inner = '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>1</id><title>In a page</title><link href="https://e.org/1"/></entry></feed>'
    body = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{inner}</body></html>'
    assert [e.title for e in feeds.parse(body.encode(), URL).entries] == ["In a page"]


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("A &amp;amp; B", "A & B"),
        ("<![CDATA[A &amp; B]]>", "A & B"),
        ("<![CDATA[<i>x</i> y]]>", "x y"),
        ("&lt;i&gt;x&lt;/i&gt; y", "x y"),
        ("two\n  lines\t", "two lines"),
        ("1 &lt; 2 and 3 &gt; 2", "1 < 2 and 3 > 2"),
        ("Cafe&#x301;", "Café"),
        ("<![CDATA[List<T> in C#]]>", "List<T> in C#"),
        ("<![CDATA[<script>alert(1)</script>Hi]]>", "Hi"),
    ],
)
def test_titles_are_unescaped_once_and_flat(stated: str, shown: str) -> None:
    assert item(f"<title>{stated}</title><link>/1</link>").title == shown


def test_an_entry_without_a_title_is_named_by_its_first_words() -> None:
    found = item("<link>/1</link><description>" + " ".join(f"word{n}" for n in range(20)) + "</description>")
    assert found.title == " ".join(f"word{n}" for n in range(12)) + "…"


@pytest.mark.parametrize(
    ("stated", "link"),
    [
        ("/1", "https://example.org/1"),
        ("2.html", "https://example.org/blog/2.html"),
        (" https://e.org/a b ", "https://e.org/ab"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("example.org/x?y=1", "https://example.org/x?y=1"),  # its scheme is lost
        ("example.orgs/x", "https://example.org/blog/example.orgs/x"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("http://[::1", ""),
    ],
)
def test_links_are_absolute_and_on_the_web(stated: str, link: str) -> None:
    assert item(f"<title>x</title><link>{stated}</link>").link == link


@pytest.mark.parametrize(
    ("stated", "site"),
    [
        ("example.com/", "https://example.com/"),
        ("blog.example.com/a/", "https://blog.example.com/a/"),
        ("news/", "https://example.org/news/"),
        ("index.html", "https://example.org/index.html"),
        ("http://example.com/", "http://example.com/"),
    ],
)
def test_a_site_s_address_that_lost_its_scheme_is_completed(stated: str, site: str) -> None:
    body = f"<rss><channel><link>{stated}</link><item><title>x</title><link>1</link></item></channel></rss>"
    assert feeds.parse(body.encode(), "https://example.org/feed.xml").site_url == site


def test_a_permalink_guid_stands_for_a_missing_link() -> None:
    assert item("<title>x</title><guid>https://example.org/7</guid>").link == "https://example.org/7"


def test_html_is_sanitized_and_its_links_resolved() -> None:
    found = item(
        '<title>x</title><link>https://example.org/blog/1/</link><description><![CDATA[<p style="x" onclick="y">Hi <a href="../2" target=_blank>two</a>'
        '<img src="p.png" onerror="z"><script>alert(1)</script><a href="javascript:x()">bad</a><form><input></form></p>]]></description>'
    )
    assert found.excerpt_html == (
        '<p>Hi <a href="https://example.org/blog/2">two</a><img src="https://example.org/blog/1/p.png"><a>bad</a></p><p></p>'
    )


@pytest.mark.parametrize(
    ("order", "content"),
    [
        ("<description>Short.</description>{encoded}", "<p>The long text of it.</p>"),
        ("{encoded}<description>Short.</description>", "<p>The long text of it.</p>"),
    ],
)
def test_the_order_of_description_and_content_is_no_matter(order: str, content: str) -> None:
    encoded = "<content:encoded><![CDATA[<p>The long text of it.</p>]]></content:encoded>"
    found = item(
        f"<title>x</title><link>/1</link>{order.format(encoded=encoded)}",
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"',
    )
    assert (found.excerpt_html, found.content_html) == ("Short.", content)


def test_a_media_description_is_no_text_where_there_is_one() -> None:
    media = f'<media:content url="https://e.org/p.jpg" medium="image"><media:description>{"Photo of it. " * 50}</media:description></media:content>'
    found = item(f"<title>x</title><link>/1</link><description>The text.</description>{media}", MEDIA)
    assert (found.excerpt_html, found.content_html) == ("The text.", "")


def test_a_video_s_description_is_its_excerpt() -> None:
    """YouTube states its text in media:group alone."""
    found = item(
        '<title>x</title><link>/1</link><media:group><media:content url="https://e.org/v" type="application/x-shockwave-flash"/>'
        "<media:description>What the video is about.</media:description></media:group>",
        MEDIA,
    )
    assert (found.excerpt_html, found.content_html) == ("What the video is about.", "")


@pytest.mark.parametrize(
    ("inner", "image"),
    [
        (
            '<media:content url="/a.jpg" medium="image" width="800" height="600"/>',
            Image(url="https://example.org/a.jpg", width=800, height=600),
        ),
        (
            '<media:content url="/s.jpg" medium="image" width="80" height="60"/><media:content url="/b.jpg" medium="image" width="900" height="600"/>',
            Image(url="https://example.org/b.jpg", width=900, height=600),
        ),
        (
            '<media:thumbnail url="/t.jpg" width="120" height="90"/>',
            Image(url="https://example.org/t.jpg", width=120, height=90),
        ),
        (
            '<enclosure url="/e.png" type="image/png" length="5"/>',
            Image(url="https://example.org/e.png", media_type="image/png"),
        ),
        (
            '<media:content url="/img?id=7" type="Image/WebP" medium="image"/>',
            Image(url="https://example.org/img?id=7", media_type="image/webp"),
        ),
        ('<enclosure url="/e.mp3" type="audio/mpeg" length="5"/>', None),
        ('<media:content url="/v.mp4" type="video/mp4" medium="video"/>', None),
        (
            '<description>&lt;img src="/i.jpg" alt="A bridge" width="640px"&gt;text</description>',
            Image(url="https://example.org/i.jpg", alt="A bridge", width=640),
        ),
        ('<description>&lt;img src="/pixel.gif" width="1" height="1"&gt;text</description>', None),
    ],
)
def test_pictures(inner: str, image: Image | None) -> None:
    assert item(f"<title>x</title><link>/1</link>{inner}", MEDIA).image == image


@pytest.mark.parametrize(
    ("stated", "authors"),
    [
        ("ann@example.org (Ann Author)", ("Ann Author",)),
        ("ann@example.org", ()),
        ("noreply@blogger.com (Unknown)", ()),
        ("Admin", ()),
        ("Ann &amp;amp; Bob", ("Ann & Bob",)),
    ],
)
def test_authors(stated: str, authors: tuple[str, ...]) -> None:
    assert item(f"<title>x</title><link>/1</link><author>{stated}</author>").authors == authors


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("Mon, 23 Nov 2026 07:00:00 +0100", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("2026-11-23T06:00:00", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("soon", None),
        ("", None),
    ],
)
def test_dates(stated: str, date: datetime | None) -> None:
    assert item(f"<title>x</title><link>/1</link><pubDate>{stated}</pubDate>").published == date


def test_html_names_the_feeds_it_hides() -> None:
    body = b'<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/f.xml"></head><body>Hi</body></html>'
    with pytest.raises(ParseError, match="HTML, a web page instead of a feed") as caught:
        feeds.parse(body, URL)
    assert caught.value.feeds == ("https://example.org/f.xml",)
    assert pickle.loads(pickle.dumps(caught.value)).feeds == caught.value.feeds


@pytest.mark.parametrize("body", [b"", b" \n", b"hello", b"{}", b'{"items": 1}', b"<xml/>", b"\0\0"])
def test_what_is_no_feed_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ParseError):
        feeds.parse(body, URL)


def test_a_feed_without_entries_is_a_feed() -> None:
    assert feeds.parse(rss([]).encode(), URL).entries == ()


def test_an_empty_entry_is_left_out_and_the_others_stay() -> None:
    body = rss([entry(1)]).replace("<item>", "<item></item><item>", 1)
    assert [e.title for e in feeds.parse(body.encode(), URL).entries] == [entry(1).title]


texts = st.text(max_size=60)


@settings(max_examples=150, deadline=None)
@given(title=texts, html=texts, link=texts, guid=texts)
def test_any_text_in_any_field_is_total_and_harmless(title: str, html: str, link: str, guid: str) -> None:
    body = json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": guid, "url": link, "title": title, "content_html": html}],
        }
    )
    for found in feeds.parse(body.encode(), URL).entries:
        assert "\n" not in found.title
        assert "\0" not in found.title + found.content_html + (found.guid or "") + found.link
        assert found.link == "" or found.link.startswith(("http://", "https://"))
        assert "<script" not in found.content_html.lower()
        assert feeds.sanitized(found.content_html, URL) == found.content_html  # once is enough
        found.title.encode()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_feed_or_a_parse_error(body: bytes) -> None:
    try:
        feeds.parse(body, URL)
    except ParseError as error:
        assert URL in str(error)
