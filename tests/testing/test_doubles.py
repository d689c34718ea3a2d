"""Each fault of the mail server, and each reply of the feed server, seen from the client's side."""

import asyncio
import gzip
import http.client
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from digest.testing import Fault, FeedServer, MailServer, Reply


def batch(*addresses: str) -> list[dict]:
    return [{"to": [f"Zoë <{address}>"], "headers": {"Message-ID": f"<{address}>"}} for address in addresses]


async def post(server: MailServer, body: object = None, path: str = "/emails/batch", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(timeout=0.3) as http:
        return await http.post(server.url + path, json=batch("a@b.example") if body is None else body, headers=named)


# ------------------------------------------------------------------ the mail server

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault.NONE, 200, b'{"data"'),
        (Fault.HTML_PAGE, 200, b"<html>"),
        (Fault.EMPTY, 200, b""),
        (Fault.ERROR_BEFORE, 500, b'{"message"'),
        (Fault.ERROR_AFTER, 500, b'{"message"'),
        (Fault.BAD_GATEWAY, 502, b"<html>"),
        (Fault.BUSY_SECONDS, 429, b'{"message"'),
        (Fault.BUSY_DATE, 429, b'{"message"'),
        (Fault.UNAVAILABLE, 503, b'{"message"'),
        (Fault.UNAUTHORIZED, 401, b'{"name"'),
        (Fault.TOO_LARGE, 413, b'{"message"'),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_a_fault_that_answers_answers_so_and_the_next_request_is_well(
    fault: Fault, status: int, body: bytes, tmp_path: Path
) -> None:
    async with MailServer(tmp_path / "log", faults=[fault]) as server:
        answer, after = await post(server), await post(server)
    assert (answer.status_code, answer.content[: len(body)]) == (status, body)
    assert bool(answer.content) is bool(body)
    assert answer.headers["content-type"] == ("text/html" if body[:1] == b"<" else "application/json")
    assert after.status_code == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.REFUSE_CONNECTION, (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError)),
        (Fault.CUT_BEFORE, (httpx.ReadError, httpx.RemoteProtocolError)),
        (Fault.CUT_AFTER, (httpx.ReadError, httpx.RemoteProtocolError)),
        (Fault.HALF_BODY, (httpx.ReadError, httpx.RemoteProtocolError)),
        (Fault.STALL, httpx.ReadTimeout),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_a_fault_that_does_not_answer_is_seen_as_its_error(fault: Fault, error, tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", faults=[fault]) as server:
        with pytest.raises(error):
            await post(server)
        assert (await post(server)).status_code == 200


async def test_a_drip_gives_bytes_and_no_end(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.DRIP]) as server, httpx.AsyncClient(timeout=2) as http:
        async with http.stream("POST", f"{server.url}/emails/batch", json=batch("a@b.example")) as answer:
            pieces = answer.aiter_raw()
            found = [await anext(pieces) for _ in range(4)]
        assert answer.status_code == 200
        assert found[-1].strip() == b""
        assert int(answer.headers["content-length"]) > sum(map(len, found))


async def test_a_connection_that_is_refused_leaves_no_request_behind(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.REFUSE_CONNECTION, Fault.CUT_BEFORE]) as server:
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                await post(server)
        assert len(server.seen) == 1  # of the cut one alone: the other was cut before a byte of it was read


@pytest.mark.parametrize("fault", [Fault.BUSY_SECONDS, Fault.BUSY_DATE])
async def test_who_is_too_fast_is_told_when(fault: Fault, tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", faults=[fault]) as server:
        hint = (await post(server)).headers["retry-after"]
    if fault is Fault.BUSY_SECONDS:
        assert hint == "1"
    else:
        ahead = parsedate_to_datetime(hint) - datetime.now(UTC)
        assert timedelta(seconds=-1) < ahead <= timedelta(seconds=2)


async def test_faults_come_one_a_request_in_order_and_more_may_follow(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.TOO_LARGE, Fault.NONE]) as server:
        server.then(Fault.UNAVAILABLE, Fault.UNAUTHORIZED)
        found = [(await post(server)).status_code for _ in range(5)]
    assert found == [413, 200, 503, 401, 200]


async def test_a_request_is_kept_as_it_came(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server:
        await post(server, X_Test="Zoe")
    (seen,) = server.seen
    assert (seen.path, seen.headers["x-test"]) == ("/emails/batch", "Zoe")
    assert json.loads(seen.body) == batch("a@b.example")


async def test_what_was_taken_is_told_with_its_key_id_and_headers(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server:
        await post(server, batch("a@b.example", "ü@d.example"), Idempotency_Key="k-1")
    first, second = server.taken()
    assert (first.to, first.message_id, first.key) == ("a@b.example", "<a@b.example>", "k-1")
    assert (second.to, second.headers) == ("ü@d.example", {"Message-ID": "<ü@d.example>"})


async def test_nothing_taken_is_an_empty_tuple(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server:
        assert server.taken() == ()


async def test_ids_go_on_from_request_to_request(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server:
        first, second = [(await post(server, batch("a@b.example", "c@d.example"))).json() for _ in range(2)]
    assert [item["id"] for item in first["data"] + second["data"]] == ["id-0", "id-1", "id-2", "id-3"]


async def test_a_refusal_is_not_kept_under_its_key(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", poisoned=["bad@b.example"]) as server:
        bad = await post(server, batch("bad@b.example"), Idempotency_Key="k")
        good = await post(server, batch("a@b.example"), Idempotency_Key="k")
    assert (bad.status_code, good.status_code) == (422, 200)


async def test_a_lost_answer_is_given_again_under_its_key(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER]) as server:
        with pytest.raises(httpx.TransportError):
            await post(server, Idempotency_Key="k")
        again = await post(server, Idempotency_Key="k")
    assert again.json() == {"data": [{"id": "id-0"}]}
    assert len(server.taken()) == 1


async def test_more_than_its_batch_is_refused_whole(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", batch_max=2) as server:
        three = await post(server, batch("a@b.example", "c@d.example", "e@f.example"))
        two = await post(server, batch("a@b.example", "c@d.example"))
    assert (three.status_code, two.status_code, len(server.taken())) == (422, 200, 2)


async def test_it_speaks_mailpits_send_and_no_other_path(tmp_path: Path) -> None:
    body = {"To": [{"Email": "a@b.example", "Name": "A"}], "Headers": {"Message-ID": "<1>"}}
    async with MailServer(tmp_path / "log") as server:
        assert (await post(server, body, "/api/v1/send")).json() == {"ID": "id-0"}
        assert (await post(server, body, "/api/v2/send")).status_code == 404
    assert [(taken.to, taken.message_id) for taken in server.taken()] == [("a@b.example", "<1>")]


@pytest.mark.parametrize("body", ["{", "[]x", '{"to": 1}', "[{}]", "[1]", "null", '[{"to": [], "headers": {}}]'])
async def test_what_it_cannot_read_is_answered_422_and_taken_by_nobody(body: str, tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server, httpx.AsyncClient(timeout=0.5) as http:
        for path in ("/emails/batch", "/api/v1/send"):
            assert (await http.post(server.url + path, content=body)).status_code == 422
    assert server.taken() == ()


async def test_many_at_once_are_each_taken_once(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log") as server, httpx.AsyncClient(timeout=5) as http:
        sends = [http.post(f"{server.url}/emails/batch", json=batch(f"r{n}@b.example")) for n in range(40)]
        answers = await asyncio.gather(*sends)
    assert len({answer.json()["data"][0]["id"] for answer in answers}) == 40
    assert sorted(taken.to for taken in server.taken()) == sorted(f"r{n}@b.example" for n in range(40))


async def test_a_stalled_request_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.STALL]) as server:
        waiting = asyncio.ensure_future(post(server))
        while not server.taken():
            await asyncio.sleep(0)
    with pytest.raises(httpx.TransportError):
        await waiting


# ------------------------------------------------------------------ the feed server


def get(server: FeedServer, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"If_None_Match": '"1"'}, 304),
        ({"If_None_Match": '"2"'}, 200),
        ({"If_None_Match": '"2"', "If_Modified_Since": "today"}, 200),  # RFC 9110 §13.1.3: the tag goes before
        ({"If_Modified_Since": "today"}, 200),
    ],
)
def test_a_tag_goes_before_a_date(asked: dict[str, str], status: int) -> None:
    with FeedServer() as server:
        server.serve("/f", b"body", etag='"1"', last_modified="today", headers=(("X-More", "1"),))
        answer, body = get(server, "/f", **asked)
    assert (answer.status, body) == (status, b"body" if status == 200 else b"")
    assert answer.headers["ETag"] == '"1"'


def test_a_body_may_be_text_bytes_or_packed() -> None:
    with FeedServer() as server:
        server.serve("/t", "Zoë", content_type="text/plain")
        server.serve("/z", "Zoë", compressed=True)
        plain, packed = get(server, "/t"), get(server, "/z")
    assert (plain[1].decode(), plain[0].headers["Content-Type"]) == ("Zoë", "text/plain")
    assert (gzip.decompress(packed[1]).decode(), packed[0].headers["Content-Encoding"]) == ("Zoë", "gzip")


@pytest.mark.parametrize("target", ["/new", "http://192.0.2.1/x", "//host.example/x"])
def test_a_redirect_says_where_to(target: str) -> None:
    with FeedServer() as server:
        assert server.redirect("/old", target) == server.url("/old")
        answer, _ = get(server, "/old")
    assert (answer.status, answer.headers["Location"]) == (302, target)


def test_a_failure_without_a_hint_has_none() -> None:
    with FeedServer() as server:
        server.fail("/gone", 410)
        answer, body = get(server, "/gone")
    assert (answer.status, answer.reason, body, answer.headers["Retry-After"]) == (410, "Gone", b"no", None)


def test_a_path_is_known_with_its_query_and_may_be_routed_anew() -> None:
    with FeedServer() as server:
        server.serve("/f?a=1", b"one")
        assert get(server, "/f")[0].status == 404
        assert get(server, "/f?a=1")[1] == b"one"
        server.serve("/f?a=1", b"two")
        assert get(server, "/f?a=1")[1] == b"two"
        assert (server.count("/f?a=1"), server.count("/f")) == (2, 1)


def test_a_body_may_be_repeated_to_any_length() -> None:
    with FeedServer() as server:
        server.route("/long", Reply(body=b"ab" * 50_000, repeat=5))
        answer, body = get(server, "/long")
    assert int(answer.headers["Content-Length"]) == len(body) == 500_000
    assert set(body) == set(b"ab")


def test_a_connection_carries_many_requests_and_the_last_is_kept() -> None:
    with FeedServer() as server:
        server.route("/echo", lambda request: Reply(body=request.headers["x-n"].encode()))
        connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
        found = []
        for number in range(3):
            connection.request("GET", "/echo", headers={"X-N": str(number)})
            found.append(connection.getresponse().read())
        connection.close()
        assert server.last("/echo").headers["x-n"] == "2"
    assert found == [b"0", b"1", b"2"]


def test_how_many_are_answered_at_once_is_counted() -> None:
    with FeedServer() as server:
        server.route("/silent", Reply(silent=True))
        open_ones = [socket.create_connection((server.host, server.port), timeout=5) for _ in range(3)]
        for each in open_ones:
            each.sendall(b"GET /silent HTTP/1.1\r\nHost: x\r\n\r\n")
        server.serve("/f", b"x")
        arrived = threading.Event()
        while server.count("/silent") < 3:
            arrived.wait(0.01)
        get(server, "/f")
        for each in open_ones:
            each.close()
    assert server.most_at_once == 4


def test_one_after_the_other_is_never_two_at_once() -> None:
    with FeedServer() as server:
        server.serve("/f", b"x")
        for _ in range(3):
            get(server, "/f")
        assert server.most_at_once == 1


def test_a_drip_comes_byte_by_byte() -> None:
    with FeedServer() as server:
        server.route("/drip", Reply(body=b"abcdef", drip_s=0.01))
        with socket.create_connection((server.host, server.port), timeout=5) as connection:
            connection.sendall(b"GET /drip HTTP/1.1\r\nHost: x\r\n\r\n")
            pieces = []
            while not b"".join(pieces).endswith(b"f"):
                pieces.append(connection.recv(1000))
    assert len(pieces) > 3


def test_two_servers_have_two_addresses_and_a_given_port_is_kept() -> None:
    with FeedServer() as one, FeedServer() as other:
        assert one.port != other.port
        assert one.authority == f"127.0.0.1:{one.port}"
        port = other.port
    with FeedServer(port=port) as again:
        again.serve("/f", b"x")
        assert again.url("/f") == f"http://127.0.0.1:{port}/f"
        assert get(again, "/f")[1] == b"x"


def test_a_route_that_fails_ends_its_own_connection_alone() -> None:
    with FeedServer() as server:
        server.route("/bad", lambda request: Reply(body=request.headers["x-none"].encode()))
        server.serve("/f", b"x")
        with pytest.raises((http.client.HTTPException, OSError)):
            get(server, "/bad")
        assert get(server, "/f")[1] == b"x"
