"""Whether the program lives, and whether it can work."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from digest.errors import StoreError
from digest.web.public.desk import Desk

_PATIENCE_S = 5.0


async def alive(request: Request) -> Response:
    """200 for as long as requests are answered at all."""
    del request
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """200 where the database answers, else 503."""
    desk: Desk = request.app.state.desk
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await desk.database.check()
    except (StoreError, TimeoutError):
        return PlainTextResponse("the database does not answer\n", 503)
    return PlainTextResponse("ok\n")
