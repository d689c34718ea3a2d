"""Who may see what: health for all, metrics and mailbox for this machine alone, and the mailbox only to look at."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from digest.web import service

pytestmark = pytest.mark.anyio


async def page(request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.method} {request.url.path}")


MAILBOX = [Route("/api/v1/send", page, methods=["POST"]), Route("/mailbox", page), Route("/mailbox/{name}", page)]


class App:
    """The pages, asked from an address."""

    def __init__(self, *, client: str = "127.0.0.1", fault: str = "") -> None:
        async def said() -> str:
            return fault

        async def metrics() -> str:
            return "digest_up 1\n"

        public = Starlette(routes=[Route("/archive/{name}", page), Route("/healthz", page)])
        made = service.app(public, fault=said, metrics=metrics, mailbox=MAILBOX)
        self.transport = httpx.ASGITransport(made, client=(client, 1234))

    async def ask(
        self, path: str, *, method: str = "GET", host: str = "localhost:8765", **headers: str
    ) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.transport, base_url="http://x") as client:
            return await client.request(method, path, headers={"host": host, **headers})


@pytest.mark.parametrize("client", ["127.0.0.1", "203.0.113.7"])
async def test_health_is_for_all(client: str) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await App(client=client).ask(path, host="news.example.org")
        assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_what_cannot_work_says_why() -> None:
    broken = App(fault="the database does not answer")
    assert (await broken.ask("/healthz")).status_code == 200
    answer = await broken.ask("/readyz")
    assert (answer.status_code, answer.text) == (503, "the database does not answer\n")


@pytest.mark.parametrize("path", ["/metrics", "/mailbox", "/mailbox/a.eml"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8765", "[::1]:8765", "127.8.9.1"])
@pytest.mark.parametrize("client", ["127.0.0.1", "::1"])
async def test_this_machine_sees_its_own(path: str, host: str, client: str) -> None:
    assert (await App(client=client).ask(path, host=host)).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/mailbox", "/mailbox/a.eml"])
@pytest.mark.parametrize(
    ("client", "host", "headers"),
    [
        ("203.0.113.7", "localhost", {}),
        ("127.0.0.1", "news.example.org", {}),  # a name that leads here: DNS rebinding, or a proxy that keeps it
        ("127.0.0.1", "127.0.0.1.example.org", {}),
        ("127.0.0.1", "localhost", {"x-forwarded-for": "203.0.113.7"}),  # a proxy on this machine
        ("127.0.0.1", "localhost", {"forwarded": "for=203.0.113.7"}),
        ("127.0.0.1", "", {}),
    ],
)
async def test_nobody_else_does(path: str, client: str, host: str, headers: dict[str, str]) -> None:
    assert (await App(client=client).ask(path, host=host, **headers)).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/send", "/mailbox", "/mailbox/a.eml"])
async def test_the_mailbox_is_only_looked_at(path: str) -> None:
    assert (await App().ask(path, method="POST")).status_code == 404


async def test_everything_else_is_public() -> None:
    answer = await App(client="203.0.113.7").ask("/archive/morning", host="news.example.org")
    assert answer.text == "GET /archive/morning"


@pytest.mark.parametrize("host", ["", "[", "[]", "[::1", ":::", "localhost.", "\n", "0.0.0.0"])
def test_odd_hosts_are_not_local(host: str) -> None:
    assert not service.is_local(host) or host == "[::1"
