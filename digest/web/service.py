"""What `digest run` answers beside the public pages: readiness, metrics, and the local mailbox, each to whom it may."""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def app(
    public: ASGIApp,
    *,
    fault: Callable[[], Awaitable[str]],
    metrics: Callable[[], Awaitable[str]],
    mailbox: Sequence[Route] = (),
) -> Starlette:
    """`public` and these: `fault` says why the program cannot work (empty: it can), `metrics` gives their text.

    `mailbox`: its routes; shown, not written to, and to this machine alone.
    """

    async def ready(request: Request) -> Response:
        del request
        return _ready(await fault())

    async def measured(request: Request) -> Response:
        _only_here(request)
        return _measured(await metrics())

    ours: list[BaseRoute] = [Route("/healthz", _alive), Route("/readyz", ready), Route("/metrics", measured)]
    ours += [_shown(route) for route in mailbox if route.methods and "GET" in route.methods]
    return Starlette(routes=[*ours, Mount("/", public)])


def bare(*, fault: Callable[[], Awaitable[str]], metrics: Callable[[], Awaitable[str]]) -> Starlette:
    """The same three for a program without pages, to whoever reaches the address that its owner chose."""

    async def ready(request: Request) -> Response:
        del request
        return _ready(await fault())

    async def measured(request: Request) -> Response:
        del request
        return _measured(await metrics())

    return Starlette(routes=[Route("/healthz", _alive), Route("/readyz", ready), Route("/metrics", measured)])


async def _alive(request: Request) -> Response:
    del request
    return PlainTextResponse("ok\n")


def _ready(fault: str) -> Response:
    return PlainTextResponse(f"{fault}\n" if fault else "ok\n", 503 if fault else 200)


def _measured(text: str) -> Response:
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def is_local(host: str) -> bool:
    """Whether that Host header, with or without a port, names this machine itself.

    >>> is_local("localhost:8765"), is_local("[::1]"), is_local("127.0.0.1.example.org")
    (True, True, False)
    """
    name = host.strip().lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _only_here(request: Request) -> None:
    """404 for whoever comes from elsewhere: over the net, through a proxy here, or by a name that leads here."""
    client = request.client.host if request.client else ""
    forwarded = any(name in request.headers for name in _FORWARDED)
    if forwarded or not is_local(f"[{client}]") or not is_local(request.headers.get("host", "")):
        raise HTTPException(404)


def _shown(route: Route) -> Route:
    async def guarded(request: Request) -> Response:
        _only_here(request)
        answer: Response = await route.endpoint(request)
        return answer

    return Route(route.path, guarded, methods=["GET"])
