"""/unsubscribe/TOKEN: one click as RFC 8058 has it, and a page for who follows the link by hand.

POST leaves at once: no cookie, no login, no redirect, 200 however often. What the body says beyond
`List-Unsubscribe=One-Click` is of no matter, so that no client's way of writing it keeps anybody subscribed.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from digest.web import forms
from digest.web.public.desk import Desk, remote
from subscribers import roster


async def show(request: Request) -> Response:
    """The page with the button; changes nothing, since scanners follow links."""
    desk: Desk = request.app.state.desk
    async with desk.database.read() as connection:
        _, name = await desk.named(connection, request, "unsubscribe")
    newsletter = desk.config.newsletters.get(name)  # one no longer configured can still be left
    values = {"title": newsletter.title if newsletter else name}
    return desk.pages.page("unsubscribe", desk.language(request, newsletter), values)


async def leave(request: Request) -> Response:
    """Leaves that newsletter, or every one where the page's form says `all`."""
    desk: Desk = request.app.state.desk
    desk.check(desk.leaving, request.path_params["token"])
    try:
        fields = await forms.form(request)
    except HTTPException:
        fields = {}  # whoever posts here wants to leave
    everything = bool(forms.first(fields, "all"))
    source = "one-click" if forms.first(fields, "List-Unsubscribe") == "One-Click" else "page"
    async with desk.database.write() as connection:
        subscriber_id, name = await desk.named(connection, request, "unsubscribe")
        left = None if everything else name
        await roster.unsubscribe(connection, subscriber_id, left, desk.now(), source, remote(request))
    newsletter = desk.config.newsletters.get(name)
    title = newsletter.title if newsletter else name
    values = {"name": name, "newsletter": newsletter, "title": title, "is_all": everything}
    return desk.pages.page("unsubscribed", desk.language(request, newsletter), values)
