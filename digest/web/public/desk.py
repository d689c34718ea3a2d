"""What every public page works with, and what they share: who a token names, how often a client may ask."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from digest.config import Config, Newsletter
from digest.store import Database
from digest.web import limits, words
from digest.web.asking import Asker
from digest.web.pages import Pages
from subscribers import roster, tokens


def _asking() -> limits.Limit:
    return limits.Limit(burst=30, period=timedelta(minutes=10))


def _leaving() -> limits.Limit:
    return limits.Limit(burst=60, period=timedelta(minutes=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Made once by `app`."""

    config: Config
    database: Database
    now: Callable[[], datetime]  # aware, UTC
    asker: Asker
    pages: Pages
    asking: limits.Limit = field(default_factory=_asking)  # by client: subscribing
    leaving: limits.Limit = field(default_factory=_leaving)  # by token: everything done with one

    def newsletter(self, name: str) -> Newsletter:
        """The newsletter of that name; 404 where there is none."""
        if (found := self.config.newsletters.get(name)) is None:
            raise HTTPException(404)
        return found

    def language(self, request: Request, newsletter: Newsletter | None = None, own: str = "") -> str:
        """The language to answer in; `own`: what the reader chose."""
        configured = own or (newsletter.language if newsletter else "auto")
        return words.chosen(configured, request.headers.get("accept-language", ""))

    def url(self, path: str) -> str:
        """A public address of ours."""
        return f"{self.config.digest.public_url.rstrip('/')}/{path}"

    def check(self, limit: limits.Limit, who: str) -> None:
        """429 where `who` has asked too often."""
        if (wait := limit.wait(who, self.now())) is not None:
            raise HTTPException(429, headers={"Retry-After": str(ceil(wait.total_seconds()))})

    async def named(self, connection: AsyncConnection, request: Request, purpose: str) -> tuple[int, str]:
        """Whom and what the request's token names; 404 where it is none of ours."""
        keys = [key.secret for key in await roster.verifying_keys(connection)]
        found = tokens.read(keys, purpose, request.path_params["token"])
        if found is None:
            raise HTTPException(404)
        return found


def remote(request: Request) -> str | None:
    """The network address a request came from."""
    return request.client.host if request.client else None
