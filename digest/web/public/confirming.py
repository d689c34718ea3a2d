"""/confirm/TOKEN: the page asks, the button confirms; scanners that follow links change nothing."""

from starlette.requests import Request
from starlette.responses import Response

from digest.web import confirmation
from digest.web.public.desk import Desk, remote
from subscribers import roster


async def show(request: Request) -> Response:
    """The page with the button."""
    desk: Desk = request.app.state.desk
    async with desk.database.read() as connection:
        _, name = await desk.named(connection, request, "confirm")
    newsletter = desk.newsletter(name)
    return desk.pages.page("confirm", desk.language(request, newsletter), {"newsletter": newsletter})


async def confirm(request: Request) -> Response:
    """Confirms; twice changes nothing. 410 where the request lapsed or was taken back."""
    desk: Desk = request.app.state.desk
    desk.check(desk.leaving, request.path_params["token"])
    async with desk.database.write() as connection:
        subscriber_id, name = await desk.named(connection, request, "confirm")
        newsletter = desk.newsletter(name)
        outcome = await roster.confirm(
            connection,
            subscriber_id,
            name,
            desk.now(),
            remote=remote(request),
            text_version=confirmation.text_version(desk.language(request, newsletter)),
        )
    values = {"newsletter": newsletter, "is_confirmed": not outcome.refusal}
    status = 410 if outcome.refusal else 200
    return desk.pages.page("confirmed", desk.language(request, newsletter), values, status=status)
