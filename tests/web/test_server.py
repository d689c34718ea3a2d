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
