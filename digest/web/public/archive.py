"""/archive and /view: issues as everybody may read them, without a name in them."""

from collections.abc import Mapping
from email.utils import parseaddr
from xml.etree import ElementTree as ET

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from digest.config import Newsletter
from digest.model import Rendered
from digest.store import archive as editions
from digest.web.pages import ISSUE_POLICY, PRIVATE, SHARED
from digest.web.public.desk import Desk

_PAGE = 50
_ATOM = "http://www.w3.org/2005/Atom"


async def index(request: Request) -> Response:
    """The issues that went out, newest first."""
    desk: Desk = request.app.state.desk
    newsletter = _open(desk, request)
    before = request.query_params.get("before", "")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    async with desk.database.read() as connection:
        found = await editions.listed(connection, newsletter.name, before=last, limit=_PAGE)
    values = {"newsletter": newsletter, "editions": found, "more": found[-1].number if len(found) == _PAGE else None}
    language = desk.language(request, newsletter)
    return desk.pages.page("archive", language, values, headers=_public(newsletter))


async def issue(request: Request) -> Response:
    """One issue, neutral; 404 until it goes out."""
    desk: Desk = request.app.state.desk
    newsletter = _open(desk, request)
    number = request.path_params["number"]
    if number > 2**31 - 1:
        raise HTTPException(404)
    async with desk.database.read() as connection:
        found = await editions.rendered(connection, newsletter.name, number, is_public=True)
    if found is None:
        raise HTTPException(404)
    return _mail(found, _neutral(desk, newsletter.name, number), _public(newsletter))


async def view(request: Request) -> Response:
    """An issue in the browser for one of its readers: their links, nobody's name, as mail is passed on."""
    desk: Desk = request.app.state.desk
    async with desk.database.read() as connection:
        reader, name = await desk.named(connection, request, "view")
        newsletter, _, number = name.partition("/")
        number_or_none = int(number) if number.isdigit() else 0
        found = await editions.rendered(connection, newsletter, number_or_none, reader=reader)
    if found is None:
        raise HTTPException(404)
    return _mail(found, _neutral(desk, newsletter, int(number)), PRIVATE)


async def feed(request: Request) -> Response:
    """The newest issues as Atom (RFC 4287)."""
    desk: Desk = request.app.state.desk
    newsletter = _open(desk, request)
    async with desk.database.read() as connection:
        found = await editions.listed(connection, newsletter.name, limit=20)
    body = _atom(desk, newsletter, found)
    return Response(body, media_type="application/atom+xml", headers=dict(_public(newsletter)))


def _open(desk: Desk, request: Request) -> Newsletter:
    newsletter = desk.newsletter(request.path_params["newsletter"])
    if newsletter.archive == "off":
        raise HTTPException(404)
    return newsletter


def _public(newsletter: Newsletter) -> Mapping[str, str]:
    return SHARED if newsletter.archive == "public" else {**SHARED, "X-Robots-Tag": "noindex"}


def _neutral(desk: Desk, newsletter: str, number: int) -> Mapping[str, str]:
    """What stands in the places of a reader: nothing, or where anybody may go."""
    subscribe = desk.url(f"subscribe/{newsletter}")
    return {
        "unsubscribe_url": subscribe,
        "preferences_url": subscribe,
        "view_url": desk.url(f"archive/{newsletter}/{number}"),
    }


def _mail(rendered: Rendered, links: Mapping[str, str], headers: Mapping[str, str]) -> Response:
    values = {slot.name: links.get(slot.name, "") for slot in rendered.html.slots}
    return HTMLResponse(rendered.html.fill(values), headers={**headers, "Content-Security-Policy": ISSUE_POLICY})


def _atom(desk: Desk, newsletter: Newsletter, found: tuple[editions.Edition, ...]) -> bytes:
    home = desk.url(f"archive/{newsletter.name}")
    updated = max((edition.at for edition in found), default=desk.now())
    root = ET.Element("feed", {"xmlns": _ATOM})
    _add(root, "id", home)
    _add(root, "title", newsletter.title)
    _add(root, "updated", updated.isoformat())
    ET.SubElement(root, "link", {"rel": "alternate", "href": home})
    ET.SubElement(root, "link", {"rel": "self", "href": f"{home}/feed.xml"})
    _add(ET.SubElement(root, "author"), "name", parseaddr(desk.config.mail.sender)[0] or newsletter.title)
    for edition in found:
        entry = ET.SubElement(root, "entry")
        _add(entry, "id", f"{home}/{edition.number}")
        _add(entry, "title", edition.subject)
        _add(entry, "updated", edition.at.isoformat())
        ET.SubElement(entry, "link", {"rel": "alternate", "href": f"{home}/{edition.number}"})
        _add(entry, "summary", edition.preheader)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _add(parent: ET.Element, name: str, text: str) -> None:
    """A child with that text, less the control characters that XML cannot hold (XML 1.0 §2.2)."""
    ET.SubElement(parent, name).text = "".join(c if c.isprintable() else " " for c in text)
