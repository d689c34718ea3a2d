"""A server for as long as it is needed."""

import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from digest.errors import UsageError
from digest.web import server

pytestmark = pytest.mark.anyio
APP = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])


async def test_it_answers_inside_the_block_only() -> None:
    async with server.serve(APP) as url, httpx.AsyncClient() as http:
        assert (await http.get(url)).text == "here"
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as http:
            await http.get(url)


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=str(port)):
            async with server.serve(APP, port=port):
                pass


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ({}, "127.0.0.1"),
        ({"X-Forwarded-For": "198.51.100.7"}, "198.51.100.7"),
        ({"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}, "198.51.100.7"),  # the reader made the first up
        ({"X-Forwarded-For": "127.0.0.1, 198.51.100.7"}, "198.51.100.7"),
    ],
)
async def test_a_client_is_what_the_proxy_here_says_not_what_it_says_itself(
    forwarded: dict[str, str], seen: str
) -> None:
    """Rate limits and the record of consent go by it: the last address that is no proxy of ours."""
    echo = Starlette(routes=[Route("/", lambda request: PlainTextResponse(request.client.host))])
    async with server.serve(echo) as url, httpx.AsyncClient() as http:
        assert (await http.get(url, headers=forwarded)).text == seen
