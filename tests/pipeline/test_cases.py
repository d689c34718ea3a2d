"""The nastiest things publishers do, one test each (the numbers are those of the survey: liferea #1195, feedbin #580, …)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from collect.making import NOW, entry, page, prose, rss
from pipeline.conftest import Clock, settings

from digest.collect.fetch import Fetcher
from digest.model import Article, Entry, FeedState
from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.store import articles, feeds
from digest.testing import FeedServer, Reply, Request


class World:
    """One feed, polled again and again, an hour apart."""

    def __init__(self, kit: Kit, server: FeedServer, clock: Clock) -> None:
        self.kit, self.server, self.clock = kit, server, clock
        self.url = server.url("/feed.xml")

    async def poll(self, entries: Sequence[Entry] | None = None, *, hours: float = 1.0) -> collect.FeedReport:
        if entries is not None:
            self.server.serve("/feed.xml", rss(entries))
        report = await collect.feed(self.kit, self.url, settings(self.url, full_text="never"), force=True)
        self.clock.forward(hours=hours)
        return report

    async def stored(self) -> list[Article]:
        async with self.kit.database.read() as connection:
            return await articles.listed(connection)

    async def unsent(self) -> list[Article]:
        async with self.kit.database.read() as connection:
            return await articles.unsent(connection, "morning", [self.url], limit=1000)

    async def record(self) -> feeds.FeedRecord:
        async with self.kit.database.read() as connection:
            found = await feeds.get(connection, self.url)
            assert found is not None
            return found


@pytest.fixture
def kind() -> str:
    """What is read is the same wherever it is stored: once is enough."""
    return "sqlite"


@pytest.fixture
def world(collect_kit: Kit, server: FeedServer, clock: Clock) -> World:
    return World(collect_kit, server, clock)


async def test_1_all_guids_rewritten_at_once(world: World) -> None:
    old = [entry(n) for n in range(20)]
    await world.poll(old)
    moved = [replace(e, guid=f"urn:uuid:{n}", link=f"https://new.example.com/post/{n}") for n, e in enumerate(old)]
    report = await world.poll(moved)
    assert report.new == 0
    assert len(await world.stored()) == 20


async def test_1_guids_that_change_from_http_to_https_are_the_same(world: World) -> None:
    old = [replace(entry(n), guid=f"http://example.org/?p={n}", content_html="") for n in range(8)]
    await world.poll(old)
    report = await world.poll([replace(e, guid=f"https://www.example.org/?p={n}") for n, e in enumerate(old)])
    assert report.new == 0


async def test_2_a_guid_that_is_random_on_every_fetch(world: World) -> None:
    for fetch in range(4):
        await world.poll([replace(entry(n), guid=f"rnd-{fetch}-{n}") for n in range(6)])
    assert len(await world.stored()) == 6


async def test_3_one_guid_for_different_items(world: World) -> None:
    report = await world.poll([replace(entry(n), guid="same") for n in range(5)])
    assert report.new == 5
    assert (await world.poll([replace(entry(n), guid="same") for n in range(6)])).new == 1


async def test_3_a_guid_used_again_for_a_new_article(world: World) -> None:
    await world.poll([replace(entry(1), guid="7")], hours=24 * 400)
    later = replace(entry(2), guid="7", published=world.clock.at - timedelta(hours=1))
    assert (await world.poll([later])).new == 1
    assert (await world.poll([replace(later, title=f"{later.title}!")])).new == 0
    assert len(await world.stored()) == 2


async def test_4_all_items_share_one_link(world: World) -> None:
    items = [replace(entry(n), link="https://example.org/podcast") for n in range(5)]
    assert (await world.poll(items)).new == 5
    newer = replace(entry(9), link="https://example.org/podcast", published=NOW + timedelta(minutes=30))
    assert (await world.poll([newer, *items])).new == 1


async def test_4_a_feed_of_one_item_whose_link_never_changes(world: World) -> None:
    fixed = "https://example.org/today"
    assert (await world.poll([replace(entry(1), link=fixed)], hours=24)).new == 1
    tomorrow = replace(entry(2), link=fixed, published=NOW + timedelta(hours=23))
    assert (await world.poll([tomorrow])).new == 1


async def test_5_a_slug_edited_after_publishing(world: World) -> None:
    await world.poll([entry(n) for n in range(3)])
    edited = replace(entry(1), guid="https://example.org/better-slug", link="https://example.org/better-slug")
    assert (await world.poll([entry(0), edited, entry(2)])).new == 0


async def test_5_a_host_that_flips_between_names(world: World) -> None:
    plain = [replace(entry(n), guid=None, link=f"https://example.org/{n}") for n in range(4)]
    await world.poll(plain)
    flipped = [replace(e, link=e.link.replace("https://example.org", "http://www.example.org")) for e in plain]
    assert (await world.poll(flipped)).new == 0


async def test_6_a_counter_in_the_text_is_an_edit_only_so_often(world: World) -> None:
    for count in range(30):
        await world.poll([replace(entry(1), content_html=f"<p>{prose(1)}</p><p>{count} readers like this.</p>")])
    (article,) = await world.stored()
    assert "24 readers like this." in article.text[-1]


async def test_6_an_edited_article_is_updated_and_never_new_again(world: World) -> None:
    await world.poll([entry(1)])
    (before,) = await world.unsent()
    await world.poll([replace(entry(1), title="Corrected: another title", content_html=f"<p>{prose(40)}</p>")])
    (after,) = await world.unsent()
    assert (after.id, after.first_seen) == (before.id, before.first_seen)
    assert after.title == "Corrected: another title"
    assert after.text == (prose(40),)


async def test_7_no_dates_at_all(world: World) -> None:
    undated = [replace(entry(n), published=None) for n in range(15)]
    await world.poll(undated)
    assert len(await world.stored()) == 15
    assert [a.title for a in await world.unsent()] != []
    assert len(await world.unsent()) == 10
    assert (await world.poll(undated)).new == 0


async def test_7_a_date_to_come_counts_from_when_it_was_seen(world: World) -> None:
    await world.poll([replace(entry(1), published=NOW + timedelta(days=400)), entry(2)])
    future = next(a for a in await world.stored() if a.title == entry(1).title)
    assert future.published == future.first_seen == NOW


async def test_7_a_date_that_is_a_placeholder_is_none(world: World, server: FeedServer) -> None:
    feed = rss([replace(entry(1), published=None)]).replace("</guid>", "</guid><pubDate>0001-01-01T00:00:00</pubDate>")
    server.serve("/feed.xml", feed)
    await world.poll()
    (article,) = await world.stored()
    assert article.published is None
    assert article.sort_at == NOW


async def test_8_a_server_that_answers_304_for_ever_is_asked_whole_every_week(world: World, server: FeedServer) -> None:
    def liar(request: Request) -> Reply:
        if "if-none-match" in request.headers:
            return Reply(status=304, headers=(("ETag", '"const"'),))
        numbers = range(3) if len(server.requests) == 1 else range(4)
        return Reply(body=rss([entry(n) for n in numbers]).encode(), headers=(("ETag", '"const"'),))

    server.route("/feed.xml", liar)
    await world.poll(hours=24)
    for _ in range(6):
        assert (await world.poll(hours=24)).new == 0
    assert (await world.poll()).new == 1


async def test_8_validators_are_sent_as_they_came(world: World, server: FeedServer) -> None:
    strange = "Sat, 01 Jan 2041 00:00:00 GMT+1"
    server.serve("/feed.xml", rss([entry(1)]), headers=(("Last-Modified", strange), ("ETag", "not quoted")))
    await world.poll()
    await world.poll()
    asked = server.last("/feed.xml").headers
    assert (asked["if-modified-since"], asked["if-none-match"]) == (strange, "not quoted")


async def test_9_a_challenge_with_status_200_is_said_to_be_one(world: World, server: FeedServer) -> None:
    body = b"<html><head><title>Just a moment...</title></head><script>window._cf_chl_opt={}</script></html>"
    server.route("/feed.xml", Reply(body=body, content_type="text/html"))
    assert "person" in ((await world.poll()).error or "")
    assert (await world.record()).last_error_kind == "challenge"


async def test_9_html_instead_of_a_feed_names_the_feed(world: World, server: FeedServer) -> None:
    head = '<link rel="alternate" type="application/rss+xml" href="/real.xml">'
    server.serve("/feed.xml", page("Welcome", prose(1), head=head), content_type="text/html")
    error = (await world.poll()).error or ""
    assert "HTML" in error
    assert server.url("/real.xml") in error


async def test_10_a_permanent_redirect_moves_the_feed_after_three_polls(world: World, server: FeedServer) -> None:
    server.serve("/new.xml", rss([entry(1)]))
    server.redirect("/feed.xml", "/new.xml", status=301)
    for _ in range(2):
        await world.poll()
    assert (await world.record()).url == world.url
    await world.poll()
    record = await world.record()
    assert (record.url, record.requested_url) == (server.url("/new.xml"), world.url)
    assert "moved" in record.note


async def test_10_a_permanent_redirect_to_a_login_page_moves_nothing(world: World, server: FeedServer) -> None:
    await world.poll([entry(1)])
    server.serve("/login", page("Log in", "Name and password please. "), content_type="text/html")
    server.redirect("/feed.xml", "/login", status=301)
    for _ in range(5):
        assert "HTML" in ((await world.poll()).error or "")
    assert (await world.record()).url == world.url
    assert (await world.poll([entry(1), entry(2)])).new == 1


async def test_11_a_busy_host_is_left_alone_with_all_its_feeds(world: World, server: FeedServer) -> None:
    server.fail("/feed.xml", 429, retry_after="3600")
    other = server.serve("/other.xml", rss([entry(1)]))
    await world.poll(hours=0)
    report = await collect.newsletter_feeds(world.kit, [settings(other)], everything=True)
    until = world.clock() + timedelta(hours=1)
    said = f"not asked: its host {server.authority} was busy and is left alone until {until:%Y-%m-%d %H:%M} UTC"
    assert said in (report.feeds[0].error or "")
    assert server.count("/other.xml") == 0
    record = await world.record()
    assert (record.error_count, record.state) == (0, FeedState.ACTIVE)
    world.clock.forward(hours=1.1)
    report = await collect.newsletter_feeds(world.kit, [settings(other)], everything=True)
    assert report.feeds[0].error is None


async def test_11_a_wait_that_the_host_did_not_ask_for_yields_to_the_owner(world: World, server: FeedServer) -> None:
    server.fail("/feed.xml", 429)
    other = server.serve("/other.xml", rss([entry(1)]))
    await world.poll(hours=0)
    report = await collect.newsletter_feeds(world.kit, [settings(other)], everything=False)
    assert "not asked: its host" in (report.feeds[0].error or "")
    # An hour after the answer, however often others of its feeds were not asked meanwhile.
    world.clock.forward(hours=0.99)
    later = server.serve("/later.xml", rss([entry(2)]))
    report = await collect.newsletter_feeds(world.kit, [settings(later)], everything=False)
    assert "not asked: its host" in (report.feeds[0].error or "")
    assert server.count("/other.xml") + server.count("/later.xml") == 0
    report = await collect.newsletter_feeds(world.kit, [settings(later)], everything=True)
    assert report.feeds[0].error is None
    world.clock.forward(hours=0.02)
    report = await collect.newsletter_feeds(world.kit, [settings(other)], everything=False)
    assert report.feeds[0].error is None


async def test_11_a_host_that_is_busy_still_is_not_asked_for_all_its_feeds(world: World, server: FeedServer) -> None:
    others = [server.serve(f"/{n}.xml", rss([entry(n)])) for n in range(30)]
    server.fail("/feed.xml", 429)
    urls = [world.url, *others]
    report = await collect.newsletter_feeds(world.kit, [settings(url) for url in urls], everything=True)
    assert "(status 429)" in (report.feeds[0].error or "")
    assert any("not asked: its host" in (feed.error or "") for feed in report.feeds)


async def test_12_a_local_outage_counts_against_nobody(world: World, server: FeedServer) -> None:
    lost = [f"http://127.0.0.1:{port}/feed.xml" for port in (1, 2, 3)]
    async with Fetcher(
        public_url="https://news.example.org", now=world.clock, allow_private=["127.0.0.0/8"]
    ) as fetcher:
        kit = replace(world.kit, fetcher=fetcher)
        good = server.serve("/feed.xml", rss([entry(1)]))
        report = await collect.newsletter_feeds(kit, [settings(u) for u in (*lost, good)], everything=True)
        assert [f.error is None for f in report.feeds] == [False, False, False, True]
        async with world.kit.database.read() as connection:
            records = await feeds.listed(connection, lost)
        assert [(r.error_count, r.state) for r in records] == [(0, FeedState.ACTIVE)] * 3
        assert all(r.next_check == NOW + timedelta(minutes=5) for r in records)


async def test_13_control_characters_lying_encoding_and_junk(world: World, server: FeedServer) -> None:
    body = (
        rss([replace(entry(1), title="Caf\u00e9 r\u00e9sum\u00e9")]).replace("utf-8", "iso-8859-1", 1).encode("latin-1")
    )
    server.route(
        "/feed.xml",
        Reply(body=b"\n\n  " + body.replace(b"story", b"st\x0bory"), content_type="text/xml; charset=utf-8"),
    )
    assert (await world.poll()).error is None
    (article,) = await world.stored()
    assert article.title == "Café résumé"


async def test_13_double_encoded_text_is_repaired(world: World) -> None:
    await world.poll([replace(entry(1), title="L\u00c3\u00a9a est impute\u00cc\u0081e \u00c3\u00a0 Gen\u00c3\u00a8ve")])
    (article,) = await world.stored()
    assert article.title.startswith("Léa est")
    assert article.title.endswith("à Genève")


async def test_14_a_media_description_is_never_the_article(world: World, server: FeedServer) -> None:
    media = (
        '<media:content xmlns:media="http://search.yahoo.com/mrss/" url="https://example.org/p.jpg" medium="image" '
        f'width="800" height="600"><media:description type="html">{"A photo of the bridge. " * 200}</media:description></media:content>'
    )
    server.serve("/feed.xml", rss([entry(1)]).replace("</item>", f"{media}</item>"))
    await world.poll()
    (article,) = await world.stored()
    assert article.text == (prose(1),)
    assert article.image is not None
    assert (article.image.url, article.image.width, article.image.height) == ("https://example.org/p.jpg", 800, 600)


async def test_15_a_redirect_into_a_private_network_is_refused_and_not_kept(world: World, server: FeedServer) -> None:
    with FeedServer() as inner:
        secret = inner.serve("/secret.xml", rss([entry(1)]))
        server.redirect("/feed.xml", secret, status=301)
        for _ in range(4):
            assert "private address 127.0.0.1" in ((await world.poll()).error or "")
        assert inner.requests == []
        assert (await world.record()).url == world.url


async def test_a_flood_of_old_entries_is_held_back_with_a_warning(world: World) -> None:
    await world.poll([entry(n) for n in range(3)], hours=48)
    archive = [replace(entry(100 + n), published=NOW - timedelta(days=30 + n)) for n in range(12)]
    fresh = replace(entry(50), published=NOW + timedelta(hours=47))
    report = await world.poll([fresh, *archive])
    assert report.new == 13
    assert any("flooded" in warning for warning in report.warnings)
    titles = {a.title for a in await world.unsent()}
    assert fresh.title in titles
    assert not titles & {e.title for e in archive}
    assert len(await world.stored()) == 16


async def test_a_first_poll_lets_in_the_last_week_and_the_newest_ten(world: World) -> None:
    week = [replace(entry(n), published=NOW - timedelta(hours=10 * n)) for n in range(13)]
    older = [replace(entry(20 + n), published=NOW - timedelta(days=8 + n)) for n in range(10)]
    await world.poll([*week, *older])
    assert {a.title for a in await world.unsent()} == {e.title for e in week}
    assert len(await world.stored()) == 23


async def test_a_first_poll_of_old_entries_lets_in_ten(world: World) -> None:
    await world.poll([replace(entry(n), published=NOW - timedelta(days=30 + n)) for n in range(25)])
    assert [a.title for a in await world.unsent()] == [entry(n).title for n in range(10)]
