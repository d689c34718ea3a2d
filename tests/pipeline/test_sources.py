"""Sites without a feed: sitemaps, indexes of them and front pages, polled like any feed."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from collect.making import NOW, entry, page, prose, rss, sitemap, sitemap_index
from pipeline.conftest import Clock, settings

from digest.collect import identity
from digest.collect.fetch import Fetcher
from digest.errors import ParseError
from digest.model import Article, SourceKind, TextSource
from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.store import articles, feeds
from digest.testing import FeedServer, Reply, Request

HTML = "text/html"


class Site:
    """A site without a feed, polled again and again, an hour apart."""

    def __init__(self, kit: Kit, server: FeedServer, clock: Clock) -> None:
        self.kit, self.server, self.clock = kit, server, clock

    def story(self, number: int, **given: str) -> str:
        """Serves article `number`; its path."""
        path = given.pop("path", f"/2026/11/story-{number}")
        head = given.pop("head", "")
        self.server.serve(path, page(f"Story {number} of the bridge", prose(number), head=head), content_type=HTML)
        return path

    def map(self, paths: Sequence[str], *, at: str = "/sitemap.xml", changed: datetime | None = NOW) -> str:
        body = sitemap([(path, changed) for path in paths], site=self.server.url(""))
        return self.server.serve(at, body)

    def front(self, paths: Sequence[str], *, at: str = "/news") -> str:
        links = "".join(f'<h2><a href="{path}">Read about number {path[-1]}</a></h2>' for path in paths)
        return self.server.serve(
            at, f"<!doctype html><html><body><main>{links}</main></body></html>", content_type=HTML
        )

    async def poll(self, url: str, **given: object) -> collect.FeedReport:
        report = await collect.feed(self.kit, url, settings(url, **given), force=True)
        self.clock.forward(hours=1)
        return report

    async def stored(self) -> list[Article]:
        async with self.kit.database.read() as connection:
            return await articles.listed(connection)

    async def unsent(self, url: str) -> set[str]:
        async with self.kit.database.read() as connection:
            return {a.title for a in await articles.unsent(connection, "morning", [url], limit=1000)}


@pytest.fixture
def site(collect_kit: Kit, server: FeedServer, clock: Clock) -> Site:
    return Site(collect_kit, server, clock)


async def test_a_sitemap_s_articles_are_read_from_their_pages(site: Site) -> None:
    url = site.map([site.story(1), site.story(2)])
    report = await site.poll(url)
    assert (report.error, report.new, report.warnings) == (None, 2, ())
    found = {a.title: a for a in await site.stored()}
    assert set(found) == {"Story 1 of the bridge", "Story 2 of the bridge"}
    one = found["Story 1 of the bridge"]
    assert " ".join(one.text) == prose(1)
    assert (one.source, one.link) == (TextSource.PAGE, site.server.url("/2026/11/story-1"))


async def test_a_page_is_read_once_and_what_is_new_is_found(site: Site) -> None:
    url = site.map([site.story(1)])
    await site.poll(url)
    site.map([site.story(1), site.story(2)], changed=NOW + timedelta(hours=1))
    assert (await site.poll(url)).new == 1
    assert (await site.poll(url)).new == 0
    assert site.server.count("/2026/11/story-1") == 1


async def test_an_index_page_s_articles_are_read_where_it_is_named_one(site: Site) -> None:
    url = site.front([site.story(1), site.story(2)])
    assert (await site.poll(url, kind="page")).new == 2
    site.front([site.story(3), site.story(1)])
    assert (await site.poll(url, kind="page")).new == 1
    assert await site.unsent(url) == {f"Story {n} of the bridge" for n in (1, 2, 3)}


@pytest.mark.parametrize("kind", ["auto", "feed", "sitemap"])
async def test_html_stays_an_error_where_no_page_is_wanted(site: Site, kind: str) -> None:
    url = site.front([site.story(1), site.story(2)])
    report = await site.poll(url, kind=kind)
    assert report.new == 0
    assert ("HTML" in (report.error or "")) == (kind != "sitemap")
    assert report.error


async def test_a_sitemap_is_no_feed_where_a_feed_is_wanted(site: Site) -> None:
    report = await site.poll(site.map([site.story(1)]), kind="feed")
    assert "no feed" in (report.error or "")


async def test_an_index_of_sitemaps_leads_to_their_articles(site: Site) -> None:
    site.map([site.story(1)], at="/posts.xml")
    packed = gzip.compress(sitemap([(site.story(2), NOW)], site=site.server.url("")).encode(), mtime=0)
    site.server.serve("/news.xml.gz", packed, content_type="application/gzip")
    site.server.serve("/tags-sitemap.xml", sitemap([(site.story(3), NOW)], site=site.server.url("")))
    names = ["/posts.xml", "/news.xml.gz", "/tags-sitemap.xml"]
    index = sitemap_index([(name, NOW) for name in names], site=site.server.url(""))
    url = site.server.serve("/sitemap_index.xml", index, etag='"1"')
    assert (await site.poll(url)).new == 2
    assert site.server.count("/tags-sitemap.xml") == 0
    site.map([site.story(1), site.story(4)], at="/posts.xml")
    assert (await site.poll(url)).new == 1  # though the index itself is the same


def index(site: Site, at: str, names: Sequence[str], *, packed: bool = False) -> str:
    body = sitemap_index([(name, NOW) for name in names], site=site.server.url("")).encode()
    return site.server.serve(at, gzip.compress(body, mtime=0) if packed else body)


@pytest.mark.parametrize("packed", [False, True])
async def test_an_index_within_an_index_is_followed(site: Site, packed: bool) -> None:
    site.map([site.story(1)], at="/plain.xml")
    site.map([site.story(2)], at="/inner/posts.xml")
    index(site, "/inner.xml", ["/inner/posts.xml"], packed=packed)
    url = index(site, "/sitemap_index.xml", ["/plain.xml", "/inner.xml"])
    assert (await site.poll(url)).new == 2


async def test_no_index_leads_further_than_two_levels_or_in_a_circle(site: Site) -> None:
    site.map([site.story(1)], at="/deep.xml")
    index(site, "/third.xml", ["/deep.xml"])
    index(site, "/second.xml", ["/third.xml", "/second.xml", "/index.xml"])
    url = index(site, "/index.xml", ["/second.xml"])
    report = await site.poll(url)
    assert "leads to no sitemap within two levels" in (report.error or "")
    assert site.server.count("/deep.xml") == 0
    assert site.server.count("/second.xml") == 1


async def test_indexes_within_an_index_are_bounded_in_number(site: Site) -> None:
    for outer in range(3):
        for inner in range(5):
            site.map([site.story(10 * outer + inner)], at=f"/{outer}/{inner}.xml")
        index(site, f"/{outer}.xml", [f"/{outer}/{inner}.xml" for inner in range(5)])
    url = index(site, "/index.xml", [f"/{outer}.xml" for outer in range(3)])
    assert (await site.poll(url)).new == 3
    asked = [request.path for request in site.server.requests if request.path.endswith(".xml")]
    assert len(asked) == 1 + 3 + 3


@pytest.mark.parametrize(("wide", "read"), [(2, 2), (3, 0)])
async def test_the_sitemaps_of_an_index_are_bounded_in_bytes(site: Site, clock: Clock, wide: int, read: int) -> None:
    """Each of 8 MB is below the limit of one answer; three of them leave no room for what they name."""
    for number in range(wide):
        site.map([site.story(number)], at=f"/leaf-{number}.xml")
        body = sitemap_index([(f"/leaf-{number}.xml", NOW)], site=site.server.url("")) + " " * 8_000_000
        site.server.serve(f"/inner-{number}.xml", body, compressed=True)
    url = index(site, "/index.xml", [f"/inner-{number}.xml" for number in range(wide)])
    async with Fetcher(public_url="https://e.org", now=clock, allow_private=["127.0.0.1"]) as fetcher:
        report = await collect.feed(replace(site.kit, fetcher=fetcher), url, settings(url), force=True)
    assert report.new == read
    assert ("no sitemap within two levels and 20 MB" in (report.error or "")) == (not read)


async def test_one_sitemap_of_an_index_may_fail(site: Site) -> None:
    site.map([site.story(1)], at="/good.xml")
    site.server.fail("/bad.xml", 500)
    index = sitemap_index([("/good.xml", NOW), ("/bad.xml", NOW)], site=site.server.url(""))
    url = site.server.serve("/index.xml", index)
    assert (await site.poll(url)).new == 1
    site.server.fail("/good.xml", 500)
    assert "500" in ((await site.poll(url)).error or "")


async def test_a_sitemap_of_an_index_in_a_private_network_is_not_asked_for(site: Site, clock: Clock) -> None:
    """The owner named the index; what it names is a stranger's word."""
    with FeedServer() as inner:
        inner.serve("/secret.xml", sitemap([]))
        index = sitemap_index([("/secret.xml", NOW)], site=inner.url(""))
        url = site.server.serve("/index.xml", index)
        async with Fetcher(public_url="https://news.example.org", now=clock, trusted=[url]) as fetcher:
            report = await collect.feed(replace(site.kit, fetcher=fetcher), url, settings(url), force=True)
        assert "private address" in (report.error or "")
        assert inner.requests == []


async def test_a_listed_page_in_a_private_network_is_not_asked_for(site: Site) -> None:
    with FeedServer() as inner:
        inner.serve("/2026/11/admin", page("Admin", prose(1)), content_type=HTML)
        url = site.server.serve("/sitemap.xml", sitemap([("/2026/11/admin", NOW)], site=inner.url("")))
        report = await site.poll(url)
        assert "private" in report.warnings[0]
        assert inner.requests == []
    assert await site.unsent(url) == set()


async def test_robots_txt_keeps_us_from_listed_pages(site: Site) -> None:
    site.server.serve("/robots.txt", "User-agent: *\nDisallow: /2026/", content_type="text/plain")
    url = site.map([site.story(1)])
    report = await site.poll(url)
    assert "robots.txt" in report.warnings[0]
    assert site.server.count("/2026/11/story-1") == 0
    assert await site.unsent(url) == set()


async def test_a_page_that_fails_for_now_is_tried_again_and_one_that_is_none_is_not(site: Site) -> None:
    site.server.fail("/2026/11/busy", 503)
    site.server.fail("/2026/11/gone", 404)
    site.server.serve("/2026/11/empty", page("Empty", "Nothing."), content_type=HTML)
    paths = ["/2026/11/busy", "/2026/11/gone", "/2026/11/empty"]
    url = site.map(paths)
    assert (await site.poll(url)).new == 2
    assert await site.unsent(url) == set()
    site.story(1, path="/2026/11/busy")
    site.map([*paths, site.story(2)])
    assert (await site.poll(url)).new == 2
    assert await site.unsent(url) == {"Story 1 of the bridge", "Story 2 of the bridge"}
    assert [site.server.count(path) for path in paths] == [2, 1, 1]


async def test_one_article_under_two_addresses_is_one(site: Site) -> None:
    head = '<link rel="canonical" href="/2026/11/story-1">'
    twin = site.story(1, path="/2026/11/story-1-again", head=head)
    url = site.map([site.story(1, head=head), twin])
    assert (await site.poll(url)).new == 1
    later = site.story(1, path="/2026/11/story-1-third", head=head)
    site.map([site.story(1, head=head), twin, later])
    assert (await site.poll(url)).new == 0
    site.map([later, twin])
    assert (await site.poll(url)).new == 0
    assert [site.server.count(path) for path in (twin, later)] == [1, 1]


async def test_a_site_that_names_one_address_on_all_pages_loses_nothing(site: Site) -> None:
    head = '<link rel="canonical" href="/2026/11/everything">'
    url = site.map([site.story(n, head=head) for n in range(4)])
    assert (await site.poll(url)).new == 4


async def test_an_old_page_that_turns_up_in_the_list_is_no_news(site: Site) -> None:
    url = site.map([site.story(1)])
    await site.poll(url)
    dated = '<meta property="article:published_time" content="{}T08:00:00Z">'
    old = site.story(2, head=dated.format("2019-05-01"))
    new = site.story(3, head=dated.format("2026-11-23"))
    site.map([site.story(1), old, new], changed=NOW + timedelta(hours=1))
    assert (await site.poll(url)).new == 2
    assert await site.unsent(url) == {"Story 1 of the bridge", "Story 3 of the bridge"}


async def test_a_first_poll_of_a_long_list_reads_ten_pages(site: Site) -> None:
    url = site.map([site.story(n) for n in range(30)])
    assert (await site.poll(url)).new == 30
    assert len(await site.unsent(url)) == 10
    assert sum(site.server.count(f"/2026/11/story-{n}") for n in range(30)) == 10
    assert (await site.poll(url)).new == 0


async def test_since_counts_for_news_sitemaps_too(site: Site) -> None:
    news = [("One", "2026-11-22T08:00:00Z"), ("Two", "2026-11-01T08:00:00Z")]
    body = sitemap([(site.story(n), None) for n in (1, 2)], site=site.server.url(""), news=news)
    url = site.server.serve("/news.xml", body)
    async with site.kit.database.write() as connection:
        await feeds.start(connection, url, since=NOW - timedelta(days=2))
    assert (await site.poll(url)).new == 2
    assert await site.unsent(url) == {"Story 1 of the bridge"}


# ------------------------------------------------------------------ what stands for a feed


async def source(site: Site, url: str, kind: SourceKind = SourceKind.AUTO) -> tuple[str, SourceKind]:
    found = await collect.find_source(site.kit, url, kind)
    return found.url.removeprefix(site.server.url("")), found.kind


async def test_a_feed_goes_before_everything_else(site: Site) -> None:
    site.map([site.story(n) for n in range(5)])
    head = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    site.server.serve("/feed.xml", rss([entry(1)]))
    site.server.serve("/", page("Home", prose(1), head=head), content_type=HTML)
    assert await source(site, site.server.url("/")) == ("/feed.xml", SourceKind.AUTO)
    assert await source(site, site.server.url("/feed.xml")) == ("/feed.xml", SourceKind.AUTO)


async def test_a_news_sitemap_named_in_robots_txt_stands_for_a_site_s_feed(site: Site) -> None:
    stories = [site.story(n) for n in range(4)]
    site.front(stories, at="/")
    named = site.map(stories, at="/sitemaps/news-today.xml")
    site.server.serve("/robots.txt", f"User-agent: *\nAllow: /\nSitemap: {named}\n", content_type="text/plain")
    assert await source(site, site.server.url("/")) == ("/sitemaps/news-today.xml", SourceKind.SITEMAP)


async def test_a_first_page_goes_before_a_sitemap_of_everything(site: Site) -> None:
    stories = [site.story(n) for n in range(4)]
    site.map(stories)
    site.front(stories, at="/")
    assert await source(site, site.server.url("/")) == ("/", SourceKind.PAGE)
    site.server.serve("/", "<html><body><p>Welcome.</p></body></html>", content_type=HTML)
    assert await source(site, site.server.url("/")) == ("/sitemap.xml", SourceKind.SITEMAP)


async def test_a_page_deep_in_a_site_stands_for_itself(site: Site) -> None:
    stories = [site.story(n) for n in range(4)]
    site.map(stories, at="/sitemap-news.xml")
    assert await source(site, site.front(stories, at="/local")) == ("/local", SourceKind.PAGE)


async def test_a_sitemap_s_own_address_is_one(site: Site) -> None:
    url = site.map([site.story(1)])
    assert await source(site, url) == ("/sitemap.xml", SourceKind.SITEMAP)
    body = sitemap([(site.story(1), NOW)], site=site.server.url(""))
    packed = site.server.serve("/s.xml.gz", gzip.compress(body.encode(), mtime=0), content_type="application/gzip")
    assert await source(site, packed) == ("/s.xml.gz", SourceKind.SITEMAP)


async def test_nothing_found_is_said_with_a_remedy(site: Site) -> None:
    site.server.serve("/", "<html><body><a href='/about'>About</a></body></html>", content_type=HTML)
    with pytest.raises(ParseError, match="no sitemap or list of articles was found"):
        await source(site, site.server.url("/"))


async def test_a_kind_that_is_named_is_the_only_one_tried(site: Site) -> None:
    url = site.front([site.story(n) for n in range(4)], at="/")
    assert await source(site, url, SourceKind.PAGE) == ("/", SourceKind.PAGE)
    with pytest.raises(ParseError):
        await source(site, url, SourceKind.SITEMAP)
    with pytest.raises(ParseError):
        await source(site, url, SourceKind.FEED)


def test_all_and_none_are_beyond_every_date() -> None:
    assert identity.EVERYTHING < NOW < identity.NOTHING


async def test_a_busy_sitemap_leaves_its_host_alone(site: Site) -> None:
    def busy(request: Request) -> Reply:
        return Reply(status=429, headers=(("Retry-After", "7200"),))

    url = site.server.route("/sitemap.xml", busy)
    assert "busy" in ((await site.poll(url)).error or "")
    assert "left alone" in ((await site.poll(url)).error or "")
