import pytest
from collect.making import entry, page, prose, rss

from digest.errors import FetchError, ParseError
from digest.model import TextSource
from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.testing import FeedServer, Reply

HTML = "text/html; charset=utf-8"


async def test_a_page_is_an_article(collect_kit: Kit, server: FeedServer) -> None:
    head = '<meta name="author" content="Ann Author"><meta property="og:image" content="/i.png">'
    url = server.serve("/story", page("A bridge is closed", prose(1), head=head), content_type=HTML)
    article = await collect.page(collect_kit, url)
    assert (article.title, article.link, article.source) == ("A bridge is closed", url, TextSource.PAGE)
    assert " ".join(article.text) == prose(1)
    assert article.authors == ("Ann Author",)
    assert article.image is not None
    assert article.image.url == server.url("/i.png")
    assert article.first_seen == collect_kit.now()


async def test_a_page_without_an_article_is_an_error(collect_kit: Kit, server: FeedServer) -> None:
    with pytest.raises(ParseError, match="no article"):
        await collect.page(collect_kit, server.serve("/empty", "<html><body></body></html>", content_type=HTML))


async def test_a_challenge_is_an_error(collect_kit: Kit, server: FeedServer) -> None:
    with pytest.raises(FetchError, match="person"):
        await collect.page(collect_kit, server.serve("/wall", page("Just a moment...", prose(1)), content_type=HTML))


async def test_a_page_that_is_not_there_is_an_error(collect_kit: Kit, server: FeedServer) -> None:
    with pytest.raises(FetchError, match="404"):
        await collect.page(collect_kit, server.url("/none"))


async def test_a_feed_s_own_address_is_the_feed(collect_kit: Kit, server: FeedServer) -> None:
    url = server.serve("/feed.xml", rss([entry(1)]))
    assert await collect.find_feed(collect_kit, url) == url


async def test_the_feed_that_a_page_names_is_found(collect_kit: Kit, server: FeedServer) -> None:
    head = (
        '<link rel="alternate" type="application/rss+xml" href="/broken.xml">'
        '<link rel="alternate" type="application/rss+xml" href="/real.xml">'
    )
    server.serve("/broken.xml", "nothing")
    real = server.serve("/real.xml", rss([entry(1)]))
    url = server.serve("/", page("Welcome", prose(1), head=head), content_type=HTML)
    assert await collect.find_feed(collect_kit, url) == real


async def test_a_feed_in_a_usual_place_is_found(collect_kit: Kit, server: FeedServer) -> None:
    usual = server.serve("/atom.xml", rss([entry(1)]))
    url = server.serve("/", page("Welcome", prose(1)), content_type=HTML)
    assert await collect.find_feed(collect_kit, url) == usual


async def test_no_feed_is_an_error(collect_kit: Kit, server: FeedServer) -> None:
    with pytest.raises(ParseError, match="neither a feed nor a page that names one"):
        await collect.find_feed(collect_kit, server.serve("/", page("Welcome", prose(1)), content_type=HTML))
    with pytest.raises(FetchError, match="500"):
        await collect.find_feed(collect_kit, server.fail("/down", 500))


async def test_a_feed_named_on_another_private_server_is_not_asked(collect_kit: Kit, server: FeedServer) -> None:
    with FeedServer() as inner:
        inner.route("/feed.xml", Reply(body=rss([entry(1)]).encode()))
        head = f'<link rel="alternate" type="application/rss+xml" href="{inner.url("/feed.xml")}">'
        url = server.serve("/", page("Welcome", prose(1), head=head), content_type=HTML)
        with pytest.raises(ParseError):
            await collect.find_feed(collect_kit, url)
        assert inner.requests == []
