"""/events/PROVIDER: reports of bounces and complaints, verified on their raw bytes, answered after they are stored.

    routes = events.routes(config, database, now=clock)      # for public.app(…, routes=routes)

A report that is told again, late or out of order does no harm. The answer is 2xx only once all is committed, so that a
provider that gets none tells it again.
"""

import base64
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import httpx
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from digest.config import Config
from digest.model import Event
from digest.store import Database, events
from digest.web import certificates, forms
from digest.web.hooks import HOOKS, Forged, Hook, Report, Unreadable, ses

_MAX = 4 * 1024 * 1024  # SendGrid sends up to 768 KB at once
_CERTIFICATES = 8  # kept; Amazon changes them about once a year
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the endpoint works with."""

    provider: str
    hook: Hook
    secret: str = field(repr=False)
    database: Database
    now: Callable[[], datetime]
    fetch: certificates.Fetch
    known: OrderedDict[str, bytes] = field(default_factory=OrderedDict)  # certificates by address

    async def certificate(self, url: str) -> bytes:
        """Amazon's certificate of that (checked) address."""
        if url not in self.known:
            try:
                self.known[url] = await self.fetch(url)
            except httpx.HTTPError as error:
                if isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error:
                    raise Forged("Amazon has no such certificate") from error
                raise HTTPException(503, "The certificate cannot be had now.") from error
            while len(self.known) > _CERTIFICATES:
                self.known.popitem(last=False)
        return self.known[url]


def routes(
    config: Config,
    database: Database,
    *,
    now: Callable[[], datetime],
    hook: Hook | None = None,
    fetch: certificates.Fetch = certificates.fetch,
) -> tuple[BaseRoute, ...]:
    """The endpoint of the configured provider, as /events/PROVIDER and /events/PROVIDER/SECRET.

    `hook`: what verifies and reads its requests (None: ours for a provider of ours). None of both, or no
    `webhook_secret`: no route, since nothing could be verified.
    """
    provider, secret = config.mail.provider, config.mail.webhook_secret.get_secret_value()
    reads = hook or HOOKS.get(provider)
    if reads is None or not secret:
        return ()
    desk = Desk(provider=provider, hook=reads, secret=secret, database=database, now=now, fetch=fetch)

    async def receive(request: Request) -> Response:
        return await _receive(desk, request)

    paths = (f"/events/{provider}", f"/events/{provider}/{{secret}}")
    return tuple(
        route
        for path in paths
        for route in (Route(path, _probe, methods=["GET"]), Route(path, receive, methods=["POST"]))
    )


async def _probe(request: Request) -> Response:
    """Some providers ask with HEAD whether anybody is there before they send anything."""
    del request
    return PlainTextResponse("Events are received here by POST.\n")


async def _receive(desk: Desk, request: Request) -> Response:
    body = await forms.body(request, _MAX)
    headers = {name.lower(): value for name, value in request.headers.items()}
    report = Report(headers=headers, body=body, given=_given(request))
    try:
        found = await _verified(desk, report)
    except Forged as error:
        _log.warning("events_refused provider=%s reason=%s", desk.provider, error)
        raise HTTPException(403, "Not verified.") from None
    except Unreadable as error:
        _log.warning("events_unreadable provider=%s reason=%s", desk.provider, error)
        raise HTTPException(400, "Not readable.") from None
    new = await desk.database.again(lambda connection: events.record(connection, found, desk.now()))
    _log.info("events_received provider=%s events=%d new=%d", desk.provider, len(found), new)
    return PlainTextResponse("ok\n")


async def _verified(desk: Desk, report: Report) -> tuple[Event, ...]:
    """The events of a request that is the provider's; a subscription of Amazon's is confirmed on the way."""
    if desk.hook is not ses.events:
        return desk.hook(report, desk.secret, desk.now())
    signer = ses.certificate_url(report, desk.secret, desk.now())
    certified = replace(report, certificate=await desk.certificate(signer))
    found = desk.hook(certified, desk.secret, desk.now())
    if (url := ses.subscribe_url(certified)) is not None:
        try:
            await desk.fetch(url)
        except httpx.HTTPError as error:
            raise HTTPException(503, "The subscription cannot be confirmed now.") from error
    return found


def _given(request: Request) -> str:
    """The secret as given: in the path, in `?secret=`, or as the password of basic authentication (RFC 7617)."""
    if secret := request.path_params.get("secret") or request.query_params.get("secret"):
        return str(secret)
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
