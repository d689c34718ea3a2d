"""The routes, and what is answered where something is wrong."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

import digest.web.public.archive as archive
import digest.web.public.confirming as confirming
import digest.web.public.front as front
import digest.web.public.health as health
import digest.web.public.leaving as leaving
import digest.web.public.preferences as preferences
import digest.web.public.subscribing as subscribing
from digest.config import Config
from digest.pipeline import letters
from digest.store import Database
from digest.web import events
from digest.web.asking import Asker, Confirm
from digest.web.headers import ALWAYS, Guarded
from digest.web.pages import Pages
from digest.web.public.desk import Desk


def utc_now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)


def app(
    config: Config,
    database: Database | None = None,
    *,
    confirm: Confirm | None = None,
    now: Callable[[], datetime] = utc_now,
    routes: Sequence[BaseRoute] | None = None,
) -> Starlette:
    """The public pages of every newsletter, at / and below the path of `public_url`, for any ASGI server.

    `database`: one that is open (None: the configured one, opened and closed with the server); `confirm` sends a
    confirmation message (None: through the configured provider); `routes`: further ones, under the same headers (None:
    `/events/…` of the configured provider).
    """
    opened = database is None
    database = database or Database(config.database_url)
    confirm = confirm or (lambda message: letters.send(config, database, message, now=now))
    routes = events.routes(config, database, now=now) if routes is None else routes
    pages = Pages(config.templates)
    asker = Asker(config=config, database=database, now=now, confirm=confirm, pages=pages)
    desk = Desk(config=config, database=database, now=now, asker=asker, pages=pages)
    ours = [*_routes(), *routes]
    path = urlsplit(config.digest.public_url).path.rstrip("/")
    made = Starlette(
        routes=[Mount(path, routes=ours), *ours] if path else ours,
        middleware=[Middleware(Guarded)],
        exception_handlers={HTTPException: _wrong, 500: _broken},
        lifespan=_opening(database) if opened else None,
    )
    made.state.desk = desk
    return made


def _opening(database: Database) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Brings the database up to date before the first request, and closes it after the last."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with database:
            yield

    return lifespan


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
