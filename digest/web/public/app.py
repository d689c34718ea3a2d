"""The routes, and what is answered where something is wrong."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from digest.config import Config
from digest.store import Database
from digest.web.asking import Asker, Confirm
from digest.web.headers import ALWAYS, Guarded
from digest.web.pages import Pages
from digest.web.public import archive, confirming, front, health, leaving, preferences, subscribing
from digest.web.public.desk import Desk


def utc_now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)


def app(
    config: Config,
    database: Database,
    *,
    confirm: Confirm,
    now: Callable[[], datetime] = utc_now,
    routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """The public pages of every newsletter, at / and below the path of `public_url`.

    `confirm` sends a confirmation message. `routes`: further ones of the caller (`/events/…`), under the same headers.
    """
    pages = Pages(config.templates)
    asker = Asker(config=config, database=database, now=now, confirm=confirm, pages=pages)
    desk = Desk(config=config, database=database, now=now, asker=asker, pages=pages)
    ours = [*_routes(), *routes]
    path = urlsplit(config.digest.public_url).path.rstrip("/")
    made = Starlette(
        routes=[Mount(path, routes=ours), *ours] if path else ours,
        middleware=[Middleware(Guarded)],
        exception_handlers={HTTPException: _wrong, 500: _broken},
    )
    made.state.desk = desk
    return made


def _routes() -> list[BaseRoute]:
    return [
        Route("/", front.show, methods=["GET"]),
        Route("/subscribe/{newsletter}", subscribing.show, methods=["GET"]),
        Route("/subscribe/{newsletter}", subscribing.ask, methods=["POST"]),
        Route("/subscribe/{newsletter}", subscribing.preflight, methods=["OPTIONS"]),
        Route("/confirm/{token}", confirming.show, methods=["GET"]),
        Route("/confirm/{token}", confirming.confirm, methods=["POST"]),
        Route("/unsubscribe/{token}", leaving.show, methods=["GET"]),
        Route("/unsubscribe/{token}", leaving.leave, methods=["POST"]),
        Route("/preferences/{token}", preferences.show, methods=["GET"]),
        Route("/preferences/{token}", preferences.change, methods=["POST"]),
        Route("/archive/{newsletter}", archive.index, methods=["GET"]),
        Route("/archive/{newsletter}/feed.xml", archive.feed, methods=["GET"]),
        Route("/archive/{newsletter}/{number:int}", archive.issue, methods=["GET"]),
        Route("/view/{token}", archive.view, methods=["GET"]),
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
    ]


async def _wrong(request: Request, error: Exception) -> Response:
    """The page of an error; JSON for who asked in JSON."""
    assert isinstance(error, HTTPException)
    if "json" in request.headers.get("content-type", ""):
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
    desk: Desk = request.app.state.desk
    values = {"status": error.status_code, "detail": error.detail}
    made = desk.pages.page("error", desk.language(request), values, status=error.status_code)
    made.headers.update(error.headers or {})
    return made


async def _broken(request: Request, error: Exception) -> Response:
    """A plain page: what went wrong is in the log, not in the answer."""
    del error
    desk: Desk = request.app.state.desk
    values = {"status": 500, "detail": ""}
    return desk.pages.page("error", desk.language(request), values, status=500, headers=ALWAYS)  # outside Guarded
