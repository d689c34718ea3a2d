"""A server inside the running program: for as long as it is needed, on a port that is free."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp

from digest.errors import UsageError

_BACKLOG = 128


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serves `app` while the block runs; its address, as http://127.0.0.1:49152. Port 0: any that is free.

    UsageError where the port is taken. Signals stay the caller's.
    """
    listening = _listen(host, port)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="auto", timeout_graceful_shutdown=5)
    )
    task = asyncio.create_task(server._serve([listening]))  # noqa: SLF001 — serve() takes over the signals
    try:
        await _started(server, task)
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        remedy = "choose another with [web] listen or --port"
        raise UsageError(f"{host}:{port} cannot be listened on ({error.strerror}): {remedy}") from error
    listening.listen(_BACKLOG)
    return listening


async def _started(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    while not server.started:
        if task.done():
            await task
            raise UsageError("the server did not start")
        await asyncio.sleep(0.005)
