"""Which text becomes the article's: the feed's, its page's, or the excerpt."""

import pytest
from collect.making import entry, page, prose, rss
from pipeline.conftest import settings

from digest.model import Article, Entry, TextSource
from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.store import articles
from digest.testing import FeedServer

HTML = "text/html"


class Told:
    def __init__(self, kit: Kit, server: FeedServer) -> None:
        self.kit, self.server = kit, server
        self.report = collect.FeedReport(url="", state=collect.FeedState.ACTIVE)

    async def __call__(self, stated: Entry, **given: object) -> Article:
        url = self.server.serve("/feed.xml", rss([stated]))
        self.report = await collect.feed(self.kit, url, settings(url, **given), force=True)
        async with self.kit.database.read() as connection:
            (article,) = await articles.listed(connection)
        return article


@pytest.fixture
def told(collect_kit: Kit, server: FeedServer) -> Told:
    return Told(collect_kit, server)


def short(link: str, text: str) -> Entry:
    return entry(1, link=link, content_html="", excerpt_html=f"<p>{text}</p>")


async def test_a_full_text_in_the_feed_needs_no_page(told: Told, server: FeedServer) -> None:
    link = server.serve("/story", page("Story", prose(9)), content_type=HTML)
    article = await told(entry(1, link=link))
    assert (article.source, article.text) == (TextSource.FEED, (prose(1),))
    assert server.count("/story") == 0


async def test_always_reads_the_page(told: Told, server: FeedServer) -> None:
    link = server.serve("/story", page("Story", prose(1, 20)), content_type=HTML)
    assert (await told(entry(1, link=link), full_text="always")).source is TextSource.PAGE


async def test_never_reads_none(told: Told, server: FeedServer) -> None:
    link = server.serve("/story", page("Story", prose(1)), content_type=HTML)
    article = await told(short(link, prose(1)[:199]), full_text="never")
    assert (article.source, article.text) == (TextSource.EXCERPT, (prose(1)[:199],))
    assert server.requests[-1].path == "/feed.xml"


async def test_a_content_that_is_cut_off_is_an_excerpt(told: Told, server: FeedServer) -> None:
    link = server.serve("/story", page("Story", prose(1, 20)), content_type=HTML)
    cut = entry(1, link=link, content_html=f"<p>{prose(1)}</p><p>Continue reading the story…</p>")
    assert (await told(cut)).source is TextSource.PAGE


async def test_a_page_that_tells_something_else_is_not_used(told: Told, server: FeedServer) -> None:
    cookies = "Cookies help us to improve. Agree to all of them now, or choose which of our partners may see you. " * 5
    link = server.serve("/story", page("Consent", cookies), content_type=HTML)
    article = await told(short(link, "The council voted on Monday to close the bridge for repairs."))
    assert article.source is TextSource.EXCERPT
    assert "council" in article.text[0]


async def test_a_page_that_fails_leaves_the_excerpt_and_a_warning(told: Told, server: FeedServer) -> None:
    article = await told(short(server.fail("/story", 403), "The council voted on Monday."))
    assert article.source is TextSource.EXCERPT
    assert told.report.error is None
    assert "403" in told.report.warnings[0]


async def test_a_paywall_is_named(told: Told, server: FeedServer) -> None:
    wall = '<script type="application/ld+json">{"isAccessibleForFree": false}</script>'
    link = server.serve("/story", page("Story", "Only for members. ", head=wall), content_type=HTML)
    await told(short(link, prose(1)[:300]))
    assert "paywall" in told.report.warnings[0]


async def test_the_page_fills_what_the_feed_leaves_out_and_no_more(told: Told, server: FeedServer) -> None:
    head = (
        '<meta name="author" content="Ann Author"><meta property="og:image" content="/i.png">'
        '<meta property="article:published_time" content="2026-11-20T08:00:00Z">'
    )
    link = server.serve("/story", page("Another title", prose(1), head=head), content_type=HTML)
    article = await told(short(link, prose(1)[:200]))
    assert article.title == entry(1).title
    assert article.published == entry(1).published
    assert article.authors == ("Ann Author",)
    assert article.image is not None


async def test_lines_that_stand_in_every_article_are_left_out(collect_kit: Kit, server: FeedServer) -> None:
    foot = "This piece was first printed in the Tuesday edition of our paper."

    def with_foot(n: int) -> Entry:
        return entry(n, content_html=f"<p>{prose(n)}</p><p>{foot}</p><p>{prose(n + 50)}</p>")

    for count in (2, 3, 4):  # one fetch that brought three would tell by itself: tests/collect/test_furniture.py
        url = server.serve("/feed.xml", rss([with_foot(n) for n in range(count)]))
        await collect.feed(collect_kit, url, settings(url), force=True)
    async with collect_kit.database.read() as connection:
        stored = {a.title: a.text for a in await articles.listed(connection)}
    assert foot in stored[entry(0).title]
    assert foot not in stored[entry(3).title]
    assert prose(3) in stored[entry(3).title]


async def test_what_waits_after_a_first_poll_costs_no_page(collect_kit: Kit, server: FeedServer) -> None:
    from datetime import timedelta

    old = [
        entry(
            n,
            link=server.url(f"/{n}"),
            content_html="",
            excerpt_html="Short.",
            published=collect_kit.now() - timedelta(days=30 + n),
        )
        for n in range(15)
    ]
    url = server.serve("/feed.xml", rss(old))
    await collect.feed(collect_kit, url, settings(url), force=True)
    assert [n for n in range(15) if server.count(f"/{n}")] == list(range(10))
