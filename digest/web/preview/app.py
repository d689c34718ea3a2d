"""The preview as a web application, for this machine's own browser."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

import digest.web.preview.mail as mail
import digest.web.preview.page as page
import digest.web.preview.watch as watch
from digest.errors import DigestError, UsageError
from digest.web.preview.guard import Guard
from digest.web.preview.live import Live
from digest.web.preview.shelf import Held, Shelf
from digest.web.preview.shown import Act, PreviewSource
from digest.web.preview.view import Switch, View

_LONGEST = 1_000  # bytes of an address
_LONGEST_ACT = 64_000  # bytes of an act: an intro, and which of a story's sentences


def app(source: PreviewSource, *, live: Live | None = None, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The preview of that source, answering for loopback names at its own port only.

    `live`: who tells open pages of changes (None: one of its own); `more`: routes of others (the mailbox's), which
    stand under the same guard.
    """
    pages = _Pages(source, live or Live(), has_mailbox=any(getattr(route, "path", "") == "/mailbox" for route in more))
    routes = [
        Route("/", pages.page),
        Route("/mail", pages.mail),
        Route("/message.eml", pages.eml),
        Route("/findings.json", pages.findings),
        Route("/events", pages.events),
        Route("/copy", pages.copy, methods=["POST"]),
        Route("/edit", pages.edit, methods=["POST"]),
        Mount("/static", StaticFiles(directory=page.STATIC)),
        *more,
    ]
    guard = Middleware(Guard, token=pages.token)
    return Starlette(routes=routes, middleware=[guard], lifespan=pages.lifespan)


class _Pages:
    """The answers."""

    def __init__(self, source: PreviewSource, live: Live, *, has_mailbox: bool) -> None:
        self.source = source
        self.has_mailbox = has_mailbox
        self.live = live
        self.shelf = Shelf(source, live)
        self.token = secrets.token_urlsafe(24)
        self.said: tuple[str, int, page.Said] | None = None  # of which issue, and after which change

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Watches for as long as it is served."""
        watching = asyncio.create_task(watch.forever(self.source, self.live.changed))
        try:
            yield
        finally:
            self.live.close()
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _asked(self, request: Request) -> tuple[View, Held]:
        """The view of the request and its issue: the first of the list where it names none."""
        view = View.parse(request.query_params)
        if not view.issue and (choices := await self.shelf.choices()):
            view = replace(view, issue=choices[0].key)
        return view, await self.shelf.held(view)

    async def page(self, request: Request) -> Response:
        """The whole page."""
        view, held = await self._asked(request)
        key, generation, said = self.said or ("", -1, None)
        is_new = (key, generation) == (view.issue, self.live.generation)
        made = page.render(
            view=view,
            held=held,
            choices=await self.shelf.choices(),
            readers=await self.shelf.readers(view.issue),
            looks=self.source.looks(),
            desk=await self.shelf.desk(view.issue),
            troubles=await self.shelf.troubles(view.issue),
            said=said if is_new else None,
            token=self.token,
            has_mailbox=self.has_mailbox,
            can_copy=self.source.can_copy(),
        )
        return HTMLResponse(made)

    async def mail(self, request: Request) -> Response:
        """The mail alone, as the client of the view shows it, under a policy of its own."""
        view, held = await self._asked(request)
        if held.shown is None:
            return PlainTextResponse("", headers={"content-security-policy": mail.policy(Switch.OFF)})
        html = mail.variant(held.shown.message.html, view)
        headers = {"content-security-policy": mail.policy(view.images), "x-mail-mark": page.mark(held.shown)}
        return HTMLResponse(html, headers=headers)

    async def eml(self, request: Request) -> Response:
        """The message to keep, or to open in a client."""
        _, held = await self._asked(request)
        if held.shown is None:
            return PlainTextResponse("There is no issue yet.\n", status_code=404)
        name = f"{held.shown.issue.newsletter}-{held.shown.issue.number}.eml"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(held.shown.eml, media_type="message/rfc822", headers=headers)

    async def findings(self, request: Request) -> Response:
        """What preflight found, as JSON."""
        _, held = await self._asked(request)
        found = held.shown.findings if held.shown else ()
        shown = [{name: getattr(f, name) for name in ("level", "rule", "message", "place", "remedy")} for f in found]
        return JSONResponse({"fault": held.fault.lines if held.fault else None, "preflight": shown})

    async def edit(self, request: Request) -> Response:
        """Does what the editor asks, and shows the page again; how it went stands there."""
        view = View.parse(request.query_params)
        try:
            said = page.Said(text=await self.source.edit(view.issue, _act(await _body(request, _LONGEST_ACT))))
        except DigestError as error:
            said = page.Said(text=str(error), is_refused=True)
        self.live.changed()
        self.said = view.issue, self.live.generation, said
        return RedirectResponse(f"/?{view.query()}", status_code=303)

    async def copy(self, request: Request) -> Response:
        """Sends a test copy, which a person asked for; says how it went."""
        view = View.parse(request.query_params)
        address = (await _body(request, _LONGEST)).decode("utf-8", "replace").strip()
        try:
            await self.source.copy(view.issue, address, look=view.look)
        except DigestError as error:
            return JSONResponse({"said": str(error)}, status_code=422)
        return JSONResponse({"said": f"Sent to {address}."})

    async def events(self, _: Request) -> Response:
        """Server-sent events: the page looks again at each."""
        return StreamingResponse(self.live.events(), media_type="text/event-stream")


def _act(body: bytes) -> Act:
    """What a form says, its fields bounded; `do` is a word and, behind a blank, a story's key."""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=2_000)
    except ValueError as error:
        raise UsageError("That is too much for one act.") from error
    do, _, story = fields.get("do", [""])[0].partition(" ")
    to = fields.get("to", ["0"])[0]
    return Act(
        do=do,
        story=story,
        to=int(to) if to.isdecimal() and len(to) < 5 else 0,
        intro=fields["intro"][0] if "intro" in fields else None,
        sentences=tuple(fields.get(f"sentence {story}", ())),
    )


async def _body(request: Request, longest: int) -> bytes:
    """The request's body, its first bytes: what is asked here is short."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            break
    return body[:longest]
