"""The double does what it says: it is what all the other tests believe."""

import asyncio

import httpx
import pytest

from digest.testing import Fault, MailServer

pytestmark = pytest.mark.anyio


def batch(*addresses: str) -> list[dict]:
    return [{"to": [f"Name <{address}>"], "headers": {"Message-ID": f"<{address}>"}} for address in addresses]


async def post(server: MailServer, body: object, key: str = "", *, timeout: float = 0.3) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    async with httpx.AsyncClient(timeout=timeout) as http:
        return await http.post(f"{server.url}/emails/batch", json=body, headers=headers)


async def test_the_same_key_and_body_is_the_same_request(tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        first = await post(server, batch("a@b.example"), "k")
        again = await post(server, batch("a@b.example"), "k")
        other = await post(server, batch("c@d.example"), "k")
    assert first.json() == again.json()
    assert other.status_code == 409
    assert [taken.to for taken in server.taken()] == ["a@b.example"]


async def test_a_key_whose_request_is_not_answered_yet_is_under_way(tmp_path) -> None:
    """Resend's 409 concurrent_idempotent_requests; once it is answered, the same answer again."""
    async with MailServer(tmp_path / "log", delay_s=0.2) as server:
        first = asyncio.create_task(post(server, batch("a@b.example"), "k", timeout=5))
        while not server.taken():
            await asyncio.sleep(0)
        second = await post(server, batch("a@b.example"), "k", timeout=5)
        third = await post(server, batch("a@b.example"), "k", timeout=5) if (await first) else None
    assert (second.status_code, second.json()["name"]) == (409, "concurrent_idempotent_requests")
    assert third.json() == (await first).json()
    assert len(server.taken()) == 1


async def test_brevo_says_of_a_key_seen_before_that_it_was(tmp_path) -> None:
    version = {"to": [{"email": "a@b.example"}], "headers": {}, "params": {}}
    body = {"headers": {"idempotencyKey": "k"}, "tags": ["t"], "messageVersions": [version]}
    async with MailServer(tmp_path / "log") as server, httpx.AsyncClient(base_url=server.url) as http:
        first, again = [await http.post("/v3/smtp/email", json=body) for _ in range(2)]
    assert first.json() == {"messageIds": ["id-0"]}
    assert (again.status_code, again.json()["code"]) == (400, "duplicate_request")
    assert len(server.taken()) == 1


async def test_what_cannot_be_searched_is_not_there(tmp_path) -> None:
    async with MailServer(tmp_path / "log", is_searchable=False) as server, httpx.AsyncClient() as http:
        assert (await http.get(f"{server.url}/api/v1/search", params={"query": "message-id:x"})).status_code == 404


async def test_mailguns_events_come_page_by_page(tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server, httpx.AsyncClient(base_url=server.url) as http:
        for n in range(4):
            await post(server, batch(*(f"r{n}-{m}@b.example" for m in range(100))))
        first = (await http.get("/v3/b.example/events")).json()
        rest = (await http.get(httpx.URL(first["paging"]["next"]).raw_path.decode())).json()
        end = (await http.get(httpx.URL(rest["paging"]["next"]).raw_path.decode())).json()
    assert [len(page["items"]) for page in (first, rest, end)] == [300, 100, 0]


async def test_without_keys_every_request_is_another(tmp_path) -> None:
    async with MailServer(tmp_path / "log", honours_keys=False) as server:
        await post(server, batch("a@b.example"), "k")
        await post(server, batch("a@b.example"), "k")
    assert len(server.taken()) == 2


TAKEN = {
    Fault.NONE,
    Fault.CUT_AFTER,
    Fault.STALL,
    Fault.DRIP,
    Fault.HALF_BODY,
    Fault.HTML_PAGE,
    Fault.EMPTY,
    Fault.ERROR_AFTER,
    Fault.BAD_GATEWAY,
}


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
async def test_a_fault_takes_the_message_or_does_not(fault: Fault, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[fault]) as server:
        try:
            async with asyncio.timeout(0.5):  # a drip has no end
                answer = await post(server, batch("a@b.example"))
        except (httpx.TransportError, TimeoutError):
            answer = None
        assert bool(server.taken()) is (fault in TAKEN)
        if fault is Fault.NONE:
            assert answer.json() == {"data": [{"id": "id-0"}]}


async def test_the_log_outlives_the_server(tmp_path) -> None:
    for address in ("a@b.example", "c@d.example"):
        async with MailServer(tmp_path / "log") as server:
            await post(server, batch(address))
    assert [taken.to for taken in server.taken()] == ["a@b.example", "c@d.example"]


async def test_one_poisoned_address_refuses_the_batch(tmp_path) -> None:
    async with MailServer(tmp_path / "log", poisoned=["bad@b.example"]) as server:
        assert (await post(server, batch("a@b.example", "bad@b.example"))).status_code == 422
        assert (await post(server, batch("a@b.example"))).status_code == 200
    assert len(server.taken()) == 1
