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
