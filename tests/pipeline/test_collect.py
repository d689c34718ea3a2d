"""One poll after another, over real sockets into a real database."""

import logging
from datetime import timedelta

from collect.making import entry, page, prose, rss
from pipeline.conftest import Clock

from digest.collect import policy
from digest.config import FeedSettings
from digest.model import TextSource
from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.store import articles, feeds
from digest.testing import FeedServer


def named(url: str, **given: object) -> FeedSettings:
    return FeedSettings.model_validate({"url": url, **given})


async def poll(kit: Kit, url: str, **given: object) -> collect.FeedReport:
    return await collect.feed(kit, url, named(url, **given), force=True)


async def stored(kit: Kit) -> list[articles.Article]:
    async with kit.database.read() as connection:
        return await articles.listed(connection)


async def unsent(kit: Kit, url: str) -> list[articles.Article]:
    async with kit.database.read() as connection:
        return await articles.unsent(connection, "morning", [url], limit=100)


async def test_a_first_poll_stores_every_entry(collect_kit: Kit, server: FeedServer) -> None:
    url = server.serve("/feed.xml", rss([entry(n) for n in range(5)]))
    report = await poll(collect_kit, url)
    assert (report.error, report.new, report.state) == (None, 5, "active")
    found = await stored(collect_kit)
    assert [a.title for a in found] == [entry(n).title for n in range(5)]
    assert found[0].text == (prose(0),)
    assert found[0].source is TextSource.FEED
    assert found[0].feed_url == url
    assert found[0].feed_title == "Example"


async def test_an_unchanged_feed_is_asked_with_its_validators_and_brings_nothing(
    collect_kit: Kit, server: FeedServer
) -> None:
    url = server.serve("/feed.xml", rss([entry(1)]), etag='W/"a b"', last_modified="Mon, 23 Nov 2026 06:00:00 GMT")
    await poll(collect_kit, url)
    report = await poll(collect_kit, url)
    assert (report.error, report.new) == (None, 0)
    asked = server.last("/feed.xml").headers
    assert asked["if-none-match"] == 'W/"a b"'
    assert asked["if-modified-since"] == "Mon, 23 Nov 2026 06:00:00 GMT"


async def test_the_page_is_read_where_the_feed_gives_an_excerpt(collect_kit: Kit, server: FeedServer) -> None:
    text = prose(3)
    link = server.serve("/3/story", page("Story three", text), content_type="text/html")
    short = entry(3, link=link, content_html="", excerpt_html=f"<p>{text[:120]}…</p>")
    url = server.serve("/feed.xml", rss([short]))
    assert (await poll(collect_kit, url)).warnings == ()
    (article,) = await stored(collect_kit)
    assert article.source is TextSource.PAGE
    assert " ".join(article.text).startswith(text[:200])


async def test_one_bad_feed_never_stops_the_others(collect_kit: Kit, server: FeedServer) -> None:
    urls = [
        server.serve("/good.xml", rss([entry(1)])),
        server.fail("/broken.xml", 500),
        server.serve("/page.html", page("A page", prose(1)), content_type="text/html"),
    ]
    report = await collect.newsletter_feeds(collect_kit, [named(u) for u in urls], everything=False)
    assert [r.url for r in report.feeds] == urls
    assert report.feeds[0].error is None
    assert "500" in (report.feeds[1].error or "")
    assert "HTML" in (report.feeds[2].error or "")
    assert report.articles == 1


async def spoken(kit: Kit, url: str) -> list[tuple[str, str]]:
    """Polls; the events logged of that feed."""
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append  # type: ignore[method-assign]
    logger = logging.getLogger("digest.pipeline.collect")
    logger.addHandler(handler)
    try:
        await poll(kit, url)
    finally:
        logger.removeHandler(handler)
    return [(r.getMessage(), r.levelname.lower()) for r in heard if getattr(r, "feed", None) == url]


async def test_the_log_says_once_that_a_feed_fell_silent(collect_kit: Kit, server: FeedServer, clock: Clock) -> None:
    url = server.serve("/feed.xml", rss([entry(n) for n in range(6)]))
    assert await spoken(collect_kit, url) == []
    clock.forward(days=13)
    assert await spoken(collect_kit, url) == []
    clock.forward(days=2)
    assert await spoken(collect_kit, url) == [("feed.silent", "warning")]
    clock.forward(days=2)
    assert await spoken(collect_kit, url) == []
    server.serve("/feed.xml", rss([entry(99, published=clock.at), *(entry(n) for n in range(6))]))
    assert await spoken(collect_kit, url) == []
    async with collect_kit.database.read() as connection:
        (record,) = await feeds.listed(connection)
    assert policy.concerns(record, clock.at) == ()


async def test_the_log_says_once_that_a_feed_is_dead_gone_moved_flooded(
    collect_kit: Kit, server: FeedServer, clock: Clock
) -> None:
    url = server.serve("/feed.xml", rss([entry(n) for n in range(3)]))
    await poll(collect_kit, url)
    clock.forward(days=2)
    old = [entry(100 + n, published=clock.at - timedelta(days=60 + n)) for n in range(12)]
    archive = [entry(50, published=clock.at), *old]
    server.serve("/feed.xml", rss(archive))
    assert await spoken(collect_kit, url) == [("feed.note", "warning")]
    assert await spoken(collect_kit, url) == []
    server.serve("/new.xml", rss(archive))
    server.redirect("/feed.xml", "/new.xml", status=301)
    heard = [await spoken(collect_kit, url) for _ in range(4)]
    assert heard == [[], [], [("feed.note", "warning")], []]
    server.fail("/new.xml", 500)
    clock.forward(days=15)
    assert await spoken(collect_kit, url) == [("feed.state", "warning")]
    assert await spoken(collect_kit, url) == []
    server.fail("/new.xml", 410)
    await poll(collect_kit, url)
    clock.forward(days=2)
    assert await spoken(collect_kit, url) == [("feed.state", "warning")]
