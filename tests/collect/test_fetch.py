import asyncio
import gzip
import pickle
import zlib
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from digest import __version__
from digest.collect.fetch import Fetcher, Limits
from digest.errors import FetchError
from digest.model import Validators
from digest.testing import FeedServer, Reply, Request


async def kind(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        await fetcher.feed(url)
    return caught.value.kind


async def test_an_answer_comes_whole_with_what_was_said(fetcher: Fetcher, server: FeedServer) -> None:
    url = server.serve(
        "/f", b"<rss/>", etag='"1"', last_modified="yesterday", headers=(("Cache-Control", "public, max-age=600"),)
    )
    got = await fetcher.feed(url)
    assert (got.url, got.status, got.body, got.content_type) == (url, 200, b"<rss/>", "application/xml")
    assert got.validators == Validators(etag='"1"', last_modified="yesterday")
    assert got.max_age == timedelta(minutes=10)
    assert (got.permanent_url, got.not_modified, got.retry_after) == (None, False, None)


async def test_the_user_agent_names_program_and_address(fetcher: Fetcher, server: FeedServer) -> None:
    await fetcher.feed(server.serve("/f", b"x"))
    asked = server.last("/f").headers
    assert asked["user-agent"] == f"Newsdigest/{__version__} (+https://news.example.org)"
    assert asked["accept-encoding"] == "gzip, deflate"


async def test_not_modified_keeps_what_the_answer_leaves_out(fetcher: Fetcher, server: FeedServer) -> None:
    server.route("/f", Reply(status=304, headers=(("Last-Modified", "today"),)))
    got = await fetcher.feed(server.url("/f"), validators=Validators(etag='"1"', last_modified="yesterday"))
    assert got.not_modified
    assert got.validators == Validators(etag='"1"', last_modified="today")


async def test_a_304_that_nobody_asked_for_is_an_error(fetcher: Fetcher, server: FeedServer) -> None:
    assert await kind(fetcher, server.route("/f", Reply(status=304))) == "status"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500, 502])
async def test_a_bad_status_is_an_error_that_keeps_it(fetcher: Fetcher, server: FeedServer, status: int) -> None:
    with pytest.raises(FetchError, match=str(status)) as caught:
        await fetcher.feed(server.fail("/f", status))
    assert (caught.value.kind, caught.value.status) == ("status", status)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_host_says_how_long(fetcher: Fetcher, server: FeedServer, status: int, now: datetime) -> None:
    for said in ("120", format_datetime(now + timedelta(minutes=2), usegmt=True)):
        with pytest.raises(FetchError) as caught:
            await fetcher.feed(server.fail("/f", status, retry_after=said))
        assert (caught.value.kind, caught.value.retry_after) == ("busy", timedelta(minutes=2))


@pytest.mark.parametrize("said", ["", "soon", "-5", "99999999999999999999", "Mon, 99 Foo 2026"])
async def test_a_strange_retry_after_breaks_nothing(fetcher: Fetcher, server: FeedServer, said: str) -> None:
    assert await kind(fetcher, server.fail("/f", 429, retry_after=said)) == "busy"


@pytest.mark.parametrize(
    ("statuses", "permanent"),
    [
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((302,), None),
        ((302, 301), None),
        ((301, 302, 301), "/1"),
        ((307, 308), None),
    ],
)
async def test_only_an_unbroken_chain_is_permanent(
    fetcher: Fetcher, server: FeedServer, statuses: tuple[int, ...], permanent: str | None
) -> None:
    for hop, status in enumerate(statuses):
        server.redirect(f"/{hop}", f"/{hop + 1}", status=status)
    server.serve(f"/{len(statuses)}", b"here")
    got = await fetcher.feed(server.url("/0"))
    assert got.body == b"here"
    assert got.url == server.url(f"/{len(statuses)}")
    assert got.permanent_url == (server.url(permanent) if permanent else None)


async def test_five_redirects_are_followed_and_six_are_not(fetcher: Fetcher, server: FeedServer) -> None:
    for hop in range(6):
        server.redirect(f"/{hop}", f"/{hop + 1}")
    server.serve("/6", b"far")
    assert (await fetcher.feed(server.url("/1"))).body == b"far"
    assert await kind(fetcher, server.url("/0")) == "redirects"


@pytest.mark.parametrize("size", [0, 1, 99_999, 100_000])
async def test_up_to_the_limit_a_body_comes_whole(fetcher: Fetcher, server: FeedServer, size: int) -> None:
    assert len((await fetcher.feed(server.serve("/f", b"x" * size, compressed=True))).body) == size
    assert len((await fetcher.feed(server.serve("/f", b"x" * size))).body) == size


async def test_one_byte_more_is_refused(fetcher: Fetcher, server: FeedServer) -> None:
    assert await kind(fetcher, server.serve("/f", b"x" * 100_001)) == "size"
    assert await kind(fetcher, server.serve("/f", b"x" * 100_001, compressed=True)) == "size"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"text", mtime=0)),
        ("x-gzip", gzip.compress(b"text", mtime=0)),
        ("deflate", zlib.compress(b"text")),
        ("deflate", zlib.compressobj(wbits=-15).compress(b"") + zlib.compress(b"text", wbits=-15)),
        ("gzip", gzip.compress(b"te", mtime=0) + gzip.compress(b"xt", mtime=0)),
        ("gzip", gzip.compress(b"text", mtime=0) + b"\0" * 100),
        ("gzip", b"text"),
        ("identity", b"text"),
    ],
)
async def test_bodies_are_inflated_as_they_are(
    fetcher: Fetcher, server: FeedServer, encoding: str, body: bytes
) -> None:
    url = server.route("/f", Reply(body=body, headers=(("Content-Encoding", encoding),)))
    assert (await fetcher.feed(url)).body == b"text"


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
async def test_an_encoding_not_asked_for_is_an_error(fetcher: Fetcher, server: FeedServer, encoding: str) -> None:
    url = server.route("/f", Reply(body=b"text", headers=(("Content-Encoding", encoding),)))
    with pytest.raises(FetchError, match="/f: ") as caught:
        await fetcher.feed(url)
    assert caught.value.kind == "encoding"


async def test_a_broken_gzip_is_an_error(fetcher: Fetcher, server: FeedServer) -> None:
    body = bytearray(gzip.compress(bytes(range(256)) * 20))
    body[20:40] = b"\xff" * 20
    url = server.route("/f", Reply(body=bytes(body), headers=(("Content-Encoding", "gzip"),)))
    assert await kind(fetcher, url) == "encoding"


@pytest.mark.parametrize(
    "headers",
    [(("cf-mitigated", "challenge"),), (("x-amzn-waf-action", "challenge"),), (("x-amzn-waf-action", "captcha"),)],
)
async def test_a_challenge_is_known_by_its_header(
    fetcher: Fetcher, server: FeedServer, headers: tuple[tuple[str, str], ...]
) -> None:
    for status in (200, 202, 403, 503):
        url = server.route("/f", Reply(status=status, body=b"<html>", headers=headers, content_type="text/html"))
        assert await kind(fetcher, url) == "challenge"


async def test_nobody_there_is_a_connect_error(fetcher: Fetcher, now: datetime) -> None:
    async with Fetcher(public_url="https://e.org", now=lambda: now, allow_private=["127.0.0.1"]) as other:
        assert await kind(other, "http://127.0.0.1:1/feed.xml") == "connect"


async def test_a_name_nobody_knows_is_a_dns_error(fetcher: Fetcher) -> None:
    assert await kind(fetcher, "http://no-such-host.invalid/feed.xml") == "dns"


@pytest.mark.parametrize("url", ["", "feed.xml", "ftp://example.org/", "http://", "file:///etc/passwd", "http://[::1"])
async def test_what_is_no_web_address_is_said_to_be_none(fetcher: Fetcher, url: str) -> None:
    assert await kind(fetcher, url) in {"address", "connect", "private"}


async def test_no_cookie_is_kept(fetcher: Fetcher, server: FeedServer) -> None:
    url = server.serve("/f", b"x", headers=(("Set-Cookie", "id=1; Path=/"),))
    await fetcher.feed(url)
    await fetcher.feed(url)
    assert "cookie" not in server.last("/f").headers


async def test_a_proxy_of_the_environment_is_not_used(
    server: FeedServer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, server.url("/"))
    async with Fetcher(public_url="https://e.org", now=lambda: now, allow_private=["127.0.0.0/8"]) as fetcher:
        assert await kind(fetcher, "http://no-such-host.invalid/feed.xml") == "dns"
    assert server.requests == []


async def test_at_most_two_requests_at_a_time_go_to_one_host(server: FeedServer, now: datetime) -> None:
    async with Fetcher(public_url="https://e.org", now=lambda: now, allow_private=[server.authority]) as fetcher:
        urls = [server.route(f"/{n}", Reply(body=b"x" * 20, drip_s=0.001)) for n in range(12)]
        await asyncio.gather(*(fetcher.feed(url) for url in urls))
    assert server.most_at_once == 2


class Loopbacks:
    """Names that are public ones for politeness: the gap is measured, the request never leaves."""

    HOST = "no-such-host.invalid"


async def test_requests_to_a_public_host_are_spaced(now: datetime) -> None:
    async with Fetcher(public_url="https://e.org", now=lambda: now, limits=Limits(gap_s=0.2)) as fetcher:
        loop = asyncio.get_running_loop()
        started = loop.time()
        urls = [f"http://{Loopbacks.HOST}/{n}" for n in range(3)]
        await asyncio.gather(*(fetcher.feed(url) for url in urls), return_exceptions=True)
        assert loop.time() - started >= 0.4


async def test_a_loopback_host_needs_no_pause(server: FeedServer, now: datetime) -> None:
    async with Fetcher(
        public_url="https://e.org", now=lambda: now, allow_private=["127.0.0.1"], limits=Limits(gap_s=30)
    ) as fetcher:
        url = server.serve("/f", b"x")
        for _ in range(3):
            assert (await fetcher.feed(url)).status == 200


async def test_robots_txt_is_read_once_a_host(fetcher: Fetcher, server: FeedServer) -> None:
    server.serve("/robots.txt", "User-agent: *\nDisallow: /private\n", content_type="text/plain")
    for path in ("/a", "/b"):
        assert (await fetcher.page(server.serve(path, b"x"))).body == b"x"
    with pytest.raises(FetchError) as caught:
        await fetcher.page(server.serve("/private/c", b"x"))
    assert caught.value.kind == "robots"
    assert server.count("/robots.txt") == 1
    assert server.count("/private/c") == 0


async def test_our_own_name_in_robots_txt_counts(fetcher: Fetcher, server: FeedServer) -> None:
    server.serve("/robots.txt", "User-agent: Newsdigest\nDisallow: /\n\nUser-agent: *\nAllow: /\n")
    with pytest.raises(FetchError, match="robots"):
        await fetcher.page(server.serve("/a", b"x"))


async def test_a_host_that_fails_on_robots_txt_is_closed(fetcher: Fetcher, server: FeedServer) -> None:
    server.fail("/robots.txt", 500)
    with pytest.raises(FetchError, match="robots"):
        await fetcher.page(server.serve("/a", b"x"))


async def test_a_page_the_owner_named_is_read_without_robots(server: FeedServer, now: datetime) -> None:
    server.serve("/robots.txt", "User-agent: *\nDisallow: /\n")
    url = server.serve("/a", b"x")
    async with Fetcher(public_url="https://e.org", now=lambda: now, trusted=[url]) as fetcher:
        assert (await fetcher.page(url)).body == b"x"
        with pytest.raises(FetchError):
            await fetcher.page(server.serve("/b", b"x"))
    assert server.count("/b") == 0


async def test_a_connection_to_a_named_host_serves_no_other_request(server: FeedServer, now: datetime) -> None:
    """The trusted connection stays open; a page of the same host must not ride on it."""
    feed = server.serve("/feed.xml", b"x")
    async with Fetcher(public_url="https://e.org", now=lambda: now, trusted=[feed]) as fetcher:
        await fetcher.feed(feed)
        with pytest.raises(FetchError) as caught:
            await fetcher.page(server.serve("/page", b"x"))
    assert caught.value.kind == "private"
    assert server.count("/page") == 0


async def test_headers_reach_the_final_hop(fetcher: Fetcher, server: FeedServer) -> None:
    seen: list[Request] = []

    def keep(request: Request) -> Reply:
        seen.append(request)
        return Reply(body=b"x")

    server.redirect("/old", "/new")
    server.route("/new", keep)
    await fetcher.feed(server.url("/old"), validators=Validators(etag='"1"'))
    assert seen[0].headers["if-none-match"] == '"1"'


def test_a_fetch_error_survives_a_process_border() -> None:
    error = FetchError("http://e.org/: no", kind="busy", status=429, retry_after=timedelta(hours=1))
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.kind, back.status, back.retry_after) == (str(error), "busy", 429, timedelta(hours=1))
