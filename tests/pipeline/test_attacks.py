"""Hostile feeds and pages: each costs at most its limit, and itself alone."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from collect.making import entry, page, prose, rss
from pipeline.conftest import Clock, settings

from digest.collect import feeds as parsing
from digest.collect.fetch import Fetcher, Limits
from digest.errors import FetchError, WorkerError
from digest.model import TextSource
from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.store import articles, feeds
from digest.testing import FeedServer, Reply
from digest.workers import Workers


@pytest.fixture
def kind() -> str:
    """What is read is the same wherever it is stored: once is enough."""
    return "sqlite"


async def error_of(kit: Kit, url: str) -> str:
    return (await collect.feed(kit, url, settings(url), force=True)).error or ""


async def test_a_gzip_bomb_stops_at_the_size_limit(collect_kit: Kit, server: FeedServer) -> None:
    assert "size is over the limit" in await error_of(collect_kit, server.bomb("/bomb.xml", size=60_000_000))


async def test_a_plain_body_stops_at_the_size_limit(collect_kit: Kit, server: FeedServer) -> None:
    url = server.route("/long.xml", Reply(body=b"<rss>" * 10_000, repeat=200))
    assert "size" in await error_of(collect_kit, url)


async def test_a_drip_stops_at_the_time_limit(collect_kit: Kit, server: FeedServer) -> None:
    url = server.route("/drip.xml", Reply(body=b"x" * 10_000, drip_s=0.05))
    started = time.monotonic()
    assert "answer in" in await error_of(collect_kit, url)
    assert time.monotonic() - started < 6


async def test_a_silent_server_stops_at_the_time_limit(collect_kit: Kit, server: FeedServer) -> None:
    assert "in time" in await error_of(collect_kit, server.route("/silent.xml", Reply(silent=True)))


async def test_a_connection_cut_in_the_middle_is_an_error(collect_kit: Kit, server: FeedServer) -> None:
    body = rss([entry(n) for n in range(5)]).encode()
    assert await error_of(collect_kit, server.route("/cut.xml", Reply(body=body, hang_up=True)))


async def test_a_packed_body_cut_in_the_middle_costs_no_entry(collect_kit: Kit, server: FeedServer) -> None:
    """Its validators are not kept, so that the next answer is whole again."""
    body = rss([entry(n) for n in range(5)])
    url = server.cut_off("/feed.xml", body, etag='"1"')
    assert "cut off" in await error_of(collect_kit, url)
    server.serve("/feed.xml", body, etag='"1"')
    report = await collect.feed(collect_kit, url, settings(url), force=True)
    assert (report.error, report.new) == (None, 5)


async def test_a_redirect_loop_ends(collect_kit: Kit, server: FeedServer) -> None:
    assert "redirects" in await error_of(collect_kit, server.redirect("/loop.xml", "/loop.xml"))
    assert server.count("/loop.xml") == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "http://[::1", "javascript:alert(1)"]
)
async def test_a_redirect_off_the_web_is_refused(collect_kit: Kit, server: FeedServer, target: str) -> None:
    assert "redirect" in await error_of(collect_kit, server.redirect("/off.xml", target))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "localhost", "2130706433", "0x7f000001", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "127.1", "[::]"],
)
async def test_every_spelling_of_loopback_is_refused(collect_kit: Kit, server: FeedServer, host: str) -> None:
    """Also where a redirect leads there; `server` itself is allowed as 127.0.0.1:port alone."""
    with FeedServer(host="0.0.0.0") as other:
        other.serve("/secret", "secret")
        url = server.redirect("/away.xml", f"http://{host}:{other.port}/secret")
        error = await error_of(collect_kit, url)
        assert error
        assert other.requests == []


async def test_an_entry_link_into_a_private_network_is_not_fetched(collect_kit: Kit, server: FeedServer) -> None:
    with FeedServer() as inner:
        link = inner.serve("/admin", page("Admin", prose(1)), content_type="text/html")
        short = entry(1, link=link, content_html="", excerpt_html="Read this")
        url = server.serve("/feed.xml", rss([short]))
        report = await collect.feed(collect_kit, url, settings(url), force=True)
        assert report.error is None
        assert "private" in report.warnings[0]
        assert inner.requests == []


@pytest.fixture
async def named_kit(collect_kit: Kit, server: FeedServer, clock: Clock) -> AsyncIterator[Kit]:
    """The owner named the feed's address; nothing private is allowed beside it."""
    named = [server.url("/feed.xml"), server.url("/hop.xml")]
    async with Fetcher(public_url="https://news.example.org", now=clock, trusted=named) as fetcher:
        yield replace(collect_kit, fetcher=fetcher)


async def test_a_named_host_is_trusted_and_nothing_reached_from_there(named_kit: Kit, server: FeedServer) -> None:
    link = server.serve("/story", page("Story", prose(1)), content_type="text/html")
    url = server.serve("/feed.xml", rss([entry(1, link=link, content_html="", excerpt_html="Read this")]))
    report = await collect.feed(named_kit, url, settings(url), force=True)
    assert (report.error, report.new) == (None, 1)
    assert server.count("/story") == 0
    assert "private" in await error_of(named_kit, server.redirect("/hop.xml", "/feed.xml"))


async def test_an_attribute_bomb_costs_its_limit_and_that_feed_only(server: FeedServer, tmp_path: Path) -> None:
    bomb = (
        b"<rss><channel><item "
        + b" ".join(b'a%d="1"' % n for n in range(200_000))
        + b"><title>x</title></item></channel></rss>"
    )
    started = time.monotonic()
    async with Workers(count=2) as workers:
        with pytest.raises(WorkerError, match="took more than 1 s"):
            await workers.run(parsing.parse, bomb, "https://example.org/", timeout_s=1.0)
        found = await workers.run(parsing.parse, rss([entry(1)]).encode(), "https://example.org/", timeout_s=20.0)
    assert len(found.entries) == 1
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title><link>https://e.org/1</link></item></channel></rss>',
        b"<rss><channel><item><title>" + b"<div>" * 50_000 + b"</title></item></channel></rss>",
        b"<rss><channel><item><title>"
        + b"A" * 2_000_000
        + b"</title><link>https://example.org/1</link></item></channel></rss>",
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "\\ud800", "url": "https://e.org/1"}]}',
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [1, null, {"id": 5, "authors": "x", "tags": 3}]}',
        b"{" * 100_000,
        b"\xff\xfe\x00",
        b"",
        b"<rss",
        bytes(range(256)) * 100,
    ],
    ids=[
        "entities",
        "external",
        "deep",
        "giant-title",
        "surrogate",
        "json-types",
        "braces",
        "bom",
        "empty",
        "cut",
        "bytes",
    ],
)
async def test_a_broken_body_breaks_nothing_else(collect_kit: Kit, server: FeedServer, body: bytes) -> None:
    url = server.serve("/hostile.xml", body)
    good = server.serve("/good.xml", rss([entry(1)]))
    report = await collect.newsletter_feeds(collect_kit, [settings(url), settings(good)], everything=True)
    assert report.feeds[1].new == 1
    async with collect_kit.database.read() as connection:
        found = await articles.listed(connection, [url])
    assert all("root:" not in a.title and len(a.title) <= 500 for a in found)


async def test_markup_in_titles_and_texts_never_stays(collect_kit: Kit, server: FeedServer) -> None:
    nasty = entry(
        1,
        title="<script>alert(1)</script>Title\r\nBcc: x@example.org",
        content_html=f"<p onclick=x()>{prose(1)}</p><script>alert(2)</script><iframe src='//evil'></iframe>",
    )
    url = server.serve("/feed.xml", rss([nasty]))
    assert await error_of(collect_kit, url) == ""
    async with collect_kit.database.read() as connection:
        (article,) = await articles.listed(connection)
    assert article.title == "Title Bcc: x@example.org"
    assert article.text == (prose(1),)


async def test_fifty_good_feeds_are_collected_beside_the_hostile_ones(collect_kit: Kit, server: FeedServer) -> None:
    good = [server.serve(f"/good/{n}.xml", rss([entry(n)])) for n in range(50)]
    hostile = [
        server.bomb("/bomb.xml", size=30_000_000),
        server.route("/drip.xml", Reply(body=b"x" * 10_000, drip_s=0.05)),
        server.route("/silent.xml", Reply(silent=True)),
        server.redirect("/loop.xml", "/loop.xml"),
        server.serve("/junk.xml", b"\0" * 1000),
    ]
    report = await collect.newsletter_feeds(collect_kit, [settings(u) for u in (*hostile, *good)], everything=True)
    assert [f.error for f in report.feeds[len(hostile) :]] == [None] * 50
    assert all(f.error for f in report.feeds[: len(hostile)])
    assert report.articles == 50


async def test_robots_txt_keeps_us_from_pages_but_not_from_feeds(collect_kit: Kit, server: FeedServer) -> None:
    server.serve("/robots.txt", "User-agent: *\nDisallow: /", content_type="text/plain")
    link = server.serve("/story", page("Story", prose(1)), content_type="text/html")
    url = server.serve("/feed.xml", rss([entry(1, link=link, content_html="", excerpt_html="Read this")]))
    report = await collect.feed(collect_kit, url, settings(url), force=True)
    assert "robots.txt" in report.warnings[0]
    assert server.count("/story") == 0
    async with collect_kit.database.read() as connection:
        (article,) = await articles.listed(connection)
    assert article.source is TextSource.EXCERPT


async def test_a_crash_between_fetch_and_store_loses_nothing(collect_kit: Kit, server: FeedServer) -> None:
    """Validators are saved with the entries: after a failed parse the next request is whole."""
    server.serve("/feed.xml", b"<html>maintenance</html>", etag='"1"', content_type="text/html")
    url = server.url("/feed.xml")
    assert await error_of(collect_kit, url)
    server.serve("/feed.xml", rss([entry(1)]), etag='"1"')
    assert await error_of(collect_kit, url) == ""
    async with collect_kit.database.read() as connection:
        assert len(await articles.listed(connection)) == 1


async def test_two_pollers_at_once_store_each_article_once(collect_kit: Kit, server: FeedServer) -> None:
    import asyncio

    url = server.serve("/feed.xml", rss([entry(n) for n in range(5)]))
    async with collect_kit.database.write() as connection:
        await feeds.ensure(connection, [url])
    await asyncio.gather(*(collect.feed(collect_kit, url, settings(url), force=True) for _ in range(4)))
    async with collect_kit.database.read() as connection:
        assert len(await articles.listed(connection)) == 5


async def test_a_fetch_error_says_its_kind(clock: Clock) -> None:
    async with Fetcher(public_url="https://news.example.org", now=clock, limits=Limits(connect_s=1.0)) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.page("http://10.0.0.1/")
    assert caught.value.kind == "private"
