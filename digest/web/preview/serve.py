"""Serving until Ctrl-C, and nothing of it left afterwards."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from digest.errors import UsageError
from digest.web.preview.live import Live

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listening(host: str, port: int) -> socket.socket:
    """A socket of this machine alone; UsageError where the port is taken or the address reaches further."""
    name = "127.0.0.1" if host == "localhost" else host
    if not _is_loopback(name):
        name = "127.0.0.1"  # the preview is for this machine, whatever the daemon listens on
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        return socket.create_server((name, port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{host}:{port} cannot be listened on ({reason}): choose another with --port") from error


def address(bound: socket.socket) -> str:
    """Where that socket is reached.

    >>> with listening("127.0.0.1", 0) as bound:
    ...     address(bound).startswith("http://127.0.0.1:")
    True
    """
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def until_stopped(app: ASGIApp, bound: socket.socket, *, live: Live, started: Callable[[], None]) -> None:
    """Serves on `bound` until SIGINT or SIGTERM; calls `started` once pages are answered."""
    # An open event stream would hold Ctrl-C for ever: it ends with `live`, and what else is open within a second.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, lifespan="on")
    await _Server(config, live, started).serve(sockets=[bound])


class _Server(uvicorn.Server):
    """Ends the event streams first, and takes Ctrl-C as the way it is meant to end."""

    def __init__(self, config: uvicorn.Config, live: Live, started: Callable[[], None]) -> None:
        super().__init__(config)
        self.live = live
        self.tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.live.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but the signal is not raised again: it has done what it was for."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for each in _SIGNALS:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in _SIGNALS:
                loop.remove_signal_handler(each)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
