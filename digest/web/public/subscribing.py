"""/subscribe/NEWSLETTER: the form, and one answer for everybody, so that nobody learns who is subscribed."""

from collections.abc import Mapping

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import digest.web.public.choices as choices
from digest.config import Newsletter
from digest.web import confirmation, forms, limits
from digest.web.pages import PRIVATE, SHARED
from digest.web.public.desk import Desk, remote
from subscribers import addresses, roster
from subscribers.errors import AddressError

_HONEYPOT = "website"  # hidden from people; what fills it in is a program
_CORS = {
    "Access-Control-Allow-Origin": "*",  # a form on the publisher's own site; no cookie, so nothing to steal
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}


async def show(request: Request) -> Response:
    """The form; `?cadence=` ticks another than the usual one."""
    desk: Desk = request.app.state.desk
    newsletter = desk.newsletter(request.path_params["newsletter"])
    return _form(desk, request, newsletter, headers=SHARED)


async def preflight(request: Request) -> Response:
    """What a browser asks before it posts JSON from another site (Fetch standard, CORS)."""
    desk: Desk = request.app.state.desk
    desk.newsletter(request.path_params["newsletter"])
    return Response(status_code=204, headers=_CORS)


async def ask(request: Request) -> Response:
    """Takes an address; the same answer whether it is new, known, suppressed or a program's."""
    desk: Desk = request.app.state.desk
    newsletter = desk.newsletter(request.path_params["newsletter"])
    desk.check(desk.asking, limits.client(remote(request)))
    fields = await forms.form(request)
    given = forms.first(fields, "address") or forms.first(fields, "email")
    try:
        address = addresses.parse(given[:400])
    except AddressError as error:
        return _refused(desk, request, newsletter, given, error.reason)
    task = None
    if not forms.first(fields, _HONEYPOT):
        task = BackgroundTask(_take, desk, request, newsletter, address.given, fields)
    return _thanks(desk, request, newsletter, task)


async def _take(
    desk: Desk, request: Request, newsletter: Newsletter, address: str, fields: dict[str, list[str]]
) -> None:
    """Notes who asked, and asks them to confirm: after the answer, whose time therefore tells nothing."""
    choice = choices.of(newsletter)
    async with desk.database.write() as connection:
        outcome = await roster.subscribe(
            connection,
            address=address,
            name=forms.first(fields, "name"),
            cadence=choices.cadence_in(fields, choice),
            sections=choices.sections_in(fields, choice),
            newsletter=newsletter.name,
            at=desk.now(),
            remote=remote(request),
            text_version=confirmation.text_version(desk.language(request, newsletter)),
        )
    if outcome.subscriber_id is not None and not outcome.refusal:
        accepted = request.headers.get("accept-language", "")
        await desk.asker.ask(newsletter, outcome.subscriber_id, language=accepted)


def _form(
    desk: Desk,
    request: Request,
    newsletter: Newsletter,
    *,
    given: str = "",
    problem: str = "",
    headers: Mapping[str, str] = PRIVATE,
) -> Response:
    values = {"newsletter": newsletter, "given": given, "problem": problem, "honeypot": _HONEYPOT}
    values["choice"] = choices.of(newsletter, cadence=request.query_params.get("cadence", ""))
    language = desk.language(request, newsletter)
    return desk.pages.page("subscribe", language, values, status=422 if problem else 200, headers=headers)


def _refused(desk: Desk, request: Request, newsletter: Newsletter, given: str, reason: str) -> Response:
    if _wants_json(request):
        return JSONResponse({"error": reason}, 422, headers=_CORS)
    return _form(desk, request, newsletter, given=given[:400], problem=reason)


def _thanks(desk: Desk, request: Request, newsletter: Newsletter, task: BackgroundTask | None) -> Response:
    if _wants_json(request):
        return JSONResponse({"status": "confirmation sent"}, 202, headers=_CORS, background=task)
    language = desk.language(request, newsletter)
    return desk.pages.page("asked", language, {"newsletter": newsletter}, background=task)


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("content-type", "")
