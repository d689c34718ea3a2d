"""What strangers send at its edges: packed bodies, robots.txt, addresses, OPML, dates, sizes, letters."""

import gzip
import zlib
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import addresses, feeds, links, markup, sitemaps
from digest.collect.inflate import Inflater, is_packed, unpacked
from digest.collect.opml import Outline, opml_read, opml_write
from digest.collect.robots import Robots
from digest.errors import FetchError, ParseError

# ------------------------------------------------------------------ packed bodies


def inflated(body: bytes, encoding: str = "gzip", *, step: int = 1_000_000, max_bytes: int = 1_000_000) -> bytes:
    inflater = Inflater(encoding, max_bytes=max_bytes)
    for start in range(0, len(body), step):
        inflater.feed(body[start : start + step])
    return inflater.body()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 40))
def test_a_body_is_the_same_however_it_is_cut(data: bytes, step: int) -> None:
    for encoding, body in (
        ("gzip", gzip.compress(data)),
        ("X-GZIP ", gzip.compress(data)),
        ("deflate", zlib.compress(data)),
        ("identity", data),
        ("", data),
        ("gzip", gzip.compress(data) + gzip.compress(b"more")),
    ):
        assert (
            inflated(body, encoding, step=step)
            == inflated(body, encoding)
            == data
            + b"more"
            * (body.count(b"\x1f\x8b\x08") > 1 and encoding == "gzip" and body.endswith(gzip.compress(b"more")[10:]))
        )


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_deflate_without_zlibs_header_is_read(step: int) -> None:
    assert inflated(raw_deflate(b"text " * 50), "deflate", step=step) == b"text " * 50


@pytest.mark.parametrize("step", [1, 2, 13, 1000])
@pytest.mark.parametrize("junk", [b"\0" * 20, b"junk", b"\0\0<!-- x -->", b"\x1f", b"\x1fjunk", b"\n"])
def test_what_follows_the_end_and_is_no_member_is_left_out(junk: bytes, step: int) -> None:
    assert inflated(gzip.compress(b"text") + junk, step=step) == b"text"


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_members_with_padding_between_are_one_body(step: int) -> None:
    assert inflated(gzip.compress(b"te") + b"\0\0\0" + gzip.compress(b"xt"), step=step) == b"text"


DATA = b"<item>The bridge is open again.</item>" * 40
PACKED = {"gzip": gzip.compress(DATA), "deflate": zlib.compress(DATA), "raw": raw_deflate(DATA)}
TRAILERS = {"gzip": 8, "deflate": 4, "raw": 0}  # bytes behind the data


@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize("name", PACKED)
def test_a_stream_without_its_end_is_an_error_and_one_without_its_check_sum_is_whole(name: str, step: int) -> None:
    body, trailer = PACKED[name], TRAILERS[name]
    encoding = "deflate" if name == "raw" else name
    for missing in range(trailer + 1):
        assert inflated(body[: len(body) - missing], encoding, step=step) == DATA
    for size in range(2, len(body) - trailer):
        with pytest.raises(FetchError, match="cut off") as caught:
            inflated(body[:size], encoding, step=step)
        assert caught.value.kind == "cut"


def test_a_second_member_without_its_end_is_an_error() -> None:
    more = gzip.compress(DATA[:300])
    assert inflated(PACKED["gzip"] + more[:-8]) == DATA + DATA[:300]
    with pytest.raises(FetchError, match="cut off"):
        inflated(PACKED["gzip"] + more[:-9])


@pytest.mark.parametrize("body", [b"", b"\x1f", b"x"])
def test_a_body_shorter_than_a_head(body: bytes) -> None:
    assert inflated(body) == body or body == b"\x1f"


@pytest.mark.parametrize(("size", "passes"), [(99, True), (100, True), (101, False)])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_the_limit_is_of_the_unpacked_size(size: int, passes: bool, encoding: str) -> None:
    data = b"\0" * size
    body = {"gzip": gzip.compress(data), "deflate": zlib.compress(data), "": data}[encoding]
    if passes:
        assert inflated(body, encoding, max_bytes=100) == data
    else:
        with pytest.raises(FetchError, match="over the limit") as caught:
            inflated(body, encoding, max_bytes=100)
        assert caught.value.kind == "size"


def test_members_count_together() -> None:
    with pytest.raises(FetchError, match="over the limit"):
        inflated(gzip.compress(b"x" * 60) * 2, max_bytes=100)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x" * 200])
def test_an_encoding_nobody_asked_for_is_named_shortly(encoding: str) -> None:
    with pytest.raises(FetchError) as caught:
        Inflater(encoding, max_bytes=10)
    assert caught.value.kind == "encoding"
    assert len(str(caught.value)) < 100


def test_a_file_that_is_packed_itself_is_unpacked_under_the_same_bound() -> None:
    packed = gzip.compress(b"<urlset/>")
    assert (is_packed(packed), is_packed(b"<urlset/>")) == (True, False)
    assert unpacked(packed) == unpacked(b"<urlset/>") == b"<urlset/>"
    with pytest.raises(FetchError):
        unpacked(gzip.compress(b"x" * 1000), max_bytes=999)


# ------------------------------------------------------------------ robots.txt


@pytest.mark.parametrize(
    ("text", "path", "may"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\r\nDisallow: /a\r\n", "/a/b", False),
        ("user-AGENT: newsDIGEST\ndisallow: /a", "/a", False),
        ("User-agent: other\nDisallow: /", "/x", True),
        ("User-agent: *\nDisallow: /\nAllow: /news", "/news/1", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?x", True),
        ("User-agent: *\nDisallow:", "/x", True),
        ("<html>no robots</html>", "/x", True),
        ("Disallow: /", "/x", True),
    ],
)
def test_what_a_host_asks_of_machines(text: str, path: str, may: bool) -> None:
    assert Robots.read(text.encode()).allow(f"https://example.org{path}") is may


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_a_file_that_is_too_long_ends_with_a_whole_line(ending: bytes) -> None:
    head = b"User-agent: *" + ending + b"Disallow: /a" + ending
    last = b"Disallow: /private" + ending
    for cut in (11, 12, 13):  # bytes of the last line that are within: to its slash, its first letters
        filler = b"#" + b"x" * (500 * 1024 - len(head) - len(ending) - 1 - cut) + ending
        rules = Robots.read(head + filler + last + b"Disallow: /b" + ending)
        assert not rules.allow("https://example.org/a")
        assert rules.allow("https://example.org/pride")
    early = head + b"#" * 400_000 + ending + last
    assert not Robots.read(early).allow("https://example.org/private")


@given(st.binary(max_size=200))
def test_any_bytes_are_rules(body: bytes) -> None:
    assert Robots.read(body).allow("https://example.org/") in {True, False}


def test_sitemaps_are_of_the_web_alone_and_open_and_closed_say_so() -> None:
    rules = Robots.read(b"Sitemap: https://example.org/s.xml\nSitemap: ftp://example.org/t\nSitemap: /u\n")
    assert rules.sitemaps == ("https://example.org/s.xml",)
    assert Robots.open().allow("https://example.org/x")
    assert not Robots.closed().allow("https://example.org/x")


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "text",
    [
        "::10.0.0.1",
        "::8.8.8.8",
        "::ffff:0:10.0.0.1",
        "fec0::1",
        "64:ff9b:1::a00:1",
        "64:ff9b::192.168.0.1",
        "2002:c0a8:1::",
        "3fff::1",
        "5f00::1",
        "100::1",
        "192.0.0.8",
        "192.0.0.170",
        "198.18.0.1",
        "203.0.113.7",
        "240.0.0.1",
        "ff0e::1",
        "::ffff:224.0.0.1",
    ],
)
def test_an_address_that_is_not_of_the_open_internet(text: str) -> None:
    assert not addresses.is_public(ip_address(text))


@pytest.mark.parametrize("text", ["2a00:1450::1", "2606:4700::1111", "1.1.1.1", "2002:808:808::1"])
def test_an_address_that_is(text: str) -> None:
    assert addresses.is_public(ip_address(text))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Example.ORG/a", "example.org:443"),
        ("http://example.org", "example.org:80"),
        ("http://example.org:8080", "example.org:8080"),
        ("http://[2001:db8::1]:81/", "2001:db8::1:81"),
        ("ftp://example.org", "example.org:0"),
        ("http://example.org:99999/", ":0"),
        ("http://[::1", ":0"),
        ("no address", ":0"),
    ],
)
def test_politeness_counts_by_host_and_port(url: str, expected: str) -> None:
    assert addresses.authority(url) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/a b\n/c", "https://example.org/ab/c"),
        ("//other.example/x", "https://other.example/x"),
        ("?q=1", "https://example.org/dir/page?q=1"),
        ("#top", "https://example.org/dir/page#top"),
        ("http://x.example:0/", ""),
        ("http://x.example:99999/", ""),
        ("http://[::1", ""),
        ("http:///path", ""),
        ("mailto:a@b.example", ""),
        ("data:text/html,x", ""),
        ("JAVASCRIPT:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("/\u202egnp.exe", ""),
        ("/x\x00y", ""),
        ("", ""),
        ("   ", ""),
        (None, ""),
        (7, ""),
        (["https://example.org"], ""),
    ],
)
def test_an_address_is_absolute_and_of_the_web_or_nothing(value: object, expected: str) -> None:
    assert links.absolute("https://example.org/dir/page", value) == expected


def test_an_address_that_is_too_long_is_none_rather_than_half_of_one() -> None:
    base = "https://example.org/"
    just = base + "x" * (links.MAX_LENGTH - len(base))
    assert links.absolute(base, just) == just
    assert links.absolute(base, just + "x") == ""


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=50))
def test_an_absolute_address_stays_what_it_is(text: str) -> None:
    found = links.absolute("https://example.org/a/", text)
    assert found == "" or links.absolute("https://elsewhere.example/b", found) == found


# ------------------------------------------------------------------ OPML


def test_an_outline_is_read_back_as_it_was_written() -> None:
    outlines = (
        Outline(url="https://example.org/f?a=1&b=2", title="A & \"B\" <c> 'd'", section="World & more"),
        Outline(url="https://example.org/g", title="Zoë 漢字", section="World & more"),
        Outline(url="https://example.org/h"),
    )
    assert opml_read(opml_write(outlines, title='"Feeds" & <more>').encode()) == outlines


TITLES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TITLES, TITLES), min_size=1, max_size=6))
def test_any_titles_and_folders_come_back(named: list[tuple[str, str]]) -> None:
    outlines = [
        Outline(url=f"https://example.org/{n}", title=markup.line(title), section=markup.line(section))
        for n, (title, section) in enumerate(named)
    ]
    found = opml_read(opml_write(outlines).encode())
    assert [(o.url, o.title, o.section) for o in found] == [(o.url, o.title, o.section) for o in outlines]


def test_a_feed_named_twice_stands_once_where_it_stood_first() -> None:
    body = b'<opml><body><outline xmlUrl="https://a.example/"/><outline xmlUrl="https://b.example/"/><outline xmlUrl="https://a.example/"/></body></opml>'
    assert [outline.url for outline in opml_read(body)] == ["https://a.example/", "https://b.example/"]


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"<opml/>", b'<opml><body><outline xmlUrl="javascript:x"/></body></opml>', b"\xff\xfe" * 9],
)
def test_a_file_without_feeds_is_said_to_have_none(body: bytes) -> None:
    with pytest.raises(ParseError, match="names no feed"):
        opml_read(body)


def test_a_list_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(ParseError, match="over 10 MB"):
        opml_read(b" " * 10_000_001)


# ------------------------------------------------------------------ fields of a feed


def only(inner: str, *, encoding: str = "utf-8", declared: str | None = None):
    text = f'<?xml version="1.0" encoding="{declared or encoding}"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>T</title><item><title>Title</title><link>https://example.org/1</link>{inner}</item></channel></rss>'
    (found,) = feeds.parse(text.encode(encoding), "https://example.org/feed").entries
    return found


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("Mon, 23 Nov 2026 06:30:00 GMT", (2026, 11, 23, 6, 30)),
        ("Mon, 23 Nov 2026 06:30:00 +0530", (2026, 11, 23, 1, 0)),
        ("Mon, 23 Nov 2026 23:30:00 EST", (2026, 11, 24, 4, 30)),
        ("23 Nov 2026 06:30 GMT", (2026, 11, 23, 6, 30)),
        ("2026-11-23T06:30:00Z", (2026, 11, 23, 6, 30)),
        ("2026-11-23T06:30:00.123+01:00", (2026, 11, 23, 5, 30)),
        ("2026-11-23", (2026, 11, 23, 0, 0)),
    ],
)
def test_a_date_is_utc_however_it_is_written(stated: str, expected: tuple[int, ...]) -> None:
    found = only(f"<pubDate>{stated}</pubDate>").published
    assert found is not None
    assert found.replace(second=0, microsecond=0) == datetime(*expected, tzinfo=UTC)  # type: ignore[misc]


@pytest.mark.parametrize("stated", ["", "soon", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_placeholder_is_no_date(stated: str) -> None:
    assert only(f"<pubDate>{stated}</pubDate>").published is None


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("iso-8859-1", "Jürgen"),
        ("windows-1252", "€uro – “quoted”"),
        ("windows-1251", "Новости"),
        ("shift_jis", "山田"),
        ("euc-kr", "한국"),
        ("utf-8", "Zoë 漢字"),
        ("utf-16", "Zoë"),
    ],
)
def test_a_feed_in_its_declared_encoding_is_read(encoding: str, text: str) -> None:
    assert only(f"<description>{text}</description>", encoding=encoding).excerpt_html == text


@pytest.mark.parametrize(
    ("stated", "width"),
    [
        ("640", 640),
        ("640px", 640),
        ("٦٤٠", 640),
        ("0", None),
        ("-5", None),
        ("wide", None),
        ("99999", 99_999),
        ("100000", None),
        ("0000005" + "0" * 5000, None),
        ("9" * 5000, None),
    ],
)
def test_the_width_of_a_picture_is_a_number_or_none(stated: str, width: int | None) -> None:
    shown = f'<img src="https://example.org/i.jpg" width="{stated}">'
    image = only(f"<description><![CDATA[{shown}]]></description>").image
    assert image is not None
    assert image.width == width


@pytest.mark.parametrize(
    ("stated", "tag"),
    [
        ("de", "de"),
        ("DE_at", "de-AT"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("English", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_language_is_a_tag_or_none(stated: object, tag: str | None) -> None:
    assert feeds.language_tag(stated) == tag


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("<a href='javascript:x'>a</a>", "<a>a</a>"),
        ("<a href='/b'>a</a>", '<a href="https://example.org/b">a</a>'),
        ("<a href='mailto:a@b.example'>a</a>", '<a href="mailto:a@b.example">a</a>'),
        ("<script>x()</script>b", "b"),
        ("1 > 0", "1 &gt; 0"),
        ("a &amp; b", "a &amp; b"),
        ("<img src='data:image/png;base64,x'>", "<img>"),
        ("<svg><script>x()</script></svg>b", "b"),
        ("", ""),
    ],
)
def test_markup_of_strangers_is_made_harmless(html: str, expected: str) -> None:
    assert feeds.sanitized(html, "https://example.org/a") == expected
    assert feeds.sanitized(expected, "https://example.org/a") == expected or ">" in html.replace("<", "")[:3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T06:30+01:00", datetime(2026, 11, 23, 5, 30, tzinfo=UTC)),
        ("2026-11-23T06:30:00Z", datetime(2026, 11, 23, 6, 30, tzinfo=UTC)),
        ("23.11.2026", None),
        ("", None),
        ("0000-00-00", None),
    ],
)
def test_a_sitemaps_date(text: str, expected: datetime | None) -> None:
    assert sitemaps.date(text) == expected


@pytest.mark.parametrize(
    ("text", "flat"),
    [
        ("a\u2028b\u2029c", "a b c"),
        ("a\u00a0\u2003b", "a b"),
        ("e\u0301", "é"),
        ("\ufeffa", "a"),
        ("a\u202eb\u2066c", "a b c"),
        ("a\u200db", "a\u200db"),  # joins emoji: it stays
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("MÃ¼nchen – Ã©tÃ©", "München – été"),
        ("Ã", "Ã"),
        ("\ud800x", "x"),
    ],
)
def test_a_line_is_made_harmless_and_stays_readable(text: str, flat: str) -> None:
    assert markup.line(text) == flat


@pytest.mark.parametrize(
    ("text", "title"),
    [("a &lt;b&gt; c", "a <b> c"), ("&amp;amp;", "&amp;"), ("x" * 900, "x" * 500), ("a<br>b", "ab"), ("<<b>>", "<>")],
)
def test_a_title_is_unescaped_once(text: str, title: str) -> None:
    assert markup.title(text) == title
