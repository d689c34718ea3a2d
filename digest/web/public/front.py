"""/: what there is to subscribe to. Neutral copies of an issue lead here."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from digest.web.pages import SHARED
from digest.web.public.desk import Desk


async def show(request: Request) -> Response:
    """The newsletters whose archive is public; 404 where there is none."""
    desk: Desk = request.app.state.desk
    found = [letter for letter in desk.config.newsletters.values() if letter.archive == "public"]
    if not found:
        raise HTTPException(404)
    return desk.pages.page("front", desk.language(request), {"newsletters": found}, headers=SHARED)
