import gzip
import socket
import urllib.error
import urllib.request

import pytest

from digest.testing import FeedServer, Reply, Request


def get(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read(), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def test_it_serves_counts_and_keeps_what_was_asked() -> None:
    with FeedServer() as server:
        url = server.serve("/feed.xml", "<rss/>")
        assert get(url, **{"X-Test": "1"})[:2] == (200, b"<rss/>")
        assert get(server.url("/none"))[0] == 404
        assert (server.count("/feed.xml"), server.count("/none"), server.count("/other")) == (1, 1, 0)
        assert server.last("/feed.xml").headers["x-test"] == "1"


def test_conditional_requests() -> None:
    with FeedServer() as server:
        url = server.serve("/f", b"x", etag='"1"')
        assert get(url, **{"If-None-Match": '"1"'})[0] == 304
        assert get(url, **{"If-None-Match": '"2"'})[0] == 200
        dated = server.serve("/d", b"x", last_modified="today")
        assert get(dated, **{"If-Modified-Since": "today"})[0] == 304


def test_routes_may_be_functions_of_the_request() -> None:
    with FeedServer() as server:
        url = server.route("/echo?a=1", lambda request: Reply(body=request.path.encode()))
        assert get(url)[1] == b"/echo?a=1"
        assert isinstance(server.last("/echo?a=1"), Request)


def test_redirects_failures_and_bombs() -> None:
    with FeedServer() as server:
        server.serve("/new", b"here")
        assert get(server.redirect("/old", "/new", status=301))[1] == b"here"
        status, _, headers = get(server.fail("/busy", 429, retry_after="60"))
        assert (status, headers["Retry-After"]) == (429, "60")
        packed = get(server.bomb("/bomb", size=1_000_000))[1]
        assert len(packed) < 5_000
        assert len(gzip.decompress(packed)) == 1_000_000
        assert gzip.decompress(get(server.serve("/z", b"x", compressed=True))[1]) == b"x"


def test_a_silent_route_says_nothing() -> None:
    with FeedServer() as server:
        server.route("/silent", Reply(silent=True))
        with socket.create_connection((server.host, server.port), timeout=0.3) as connection:
            connection.sendall(b"GET /silent HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(1)


def test_a_cut_reply_ends_early() -> None:
    with FeedServer() as server:
        server.route("/cut", Reply(body=b"x" * 100, hang_up=True))
        with pytest.raises(Exception, match="bytes read"):
            get(server.url("/cut"))


def test_it_is_gone_afterwards() -> None:
    with FeedServer() as server:
        url = server.serve("/f", b"x")
    with pytest.raises(urllib.error.URLError):
        get(url)
