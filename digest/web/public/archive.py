"""/archive and /view: issues as everybody may read them, without a name in them.

A newsletter that comes in several cadences has a list and a feed of each: who reads the weekly is spared the daily,
which tells the same stories. Without `?cadence=` it is the usual one's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from xml.etree import ElementTree as ET

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from digest.config import Newsletter
from digest.model import Rendered
from digest.store import archive as editions
from digest.web import words
from digest.web.pages import ISSUE_POLICY, PRIVATE, SHARED
from digest.web.public.desk import Desk
from subscribers.model import Choosers

_PAGE = 50
_USUAL_WORDS = {"daily": "Daily", "weekly": "Weekly", "monthly": "Monthly"}  # as the pages have them
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The issues of one cadence; `query` is what its address ends in: empty for the usual one."""

    newsletter: Newsletter
    cadence: str
    query: str = ""

    @property
    def readers(self) -> Choosers:
        """Whose issues stand on it: the usual one has also those of cadences that are no more."""
        return self.newsletter.choosers(self.cadence)


async def index(request: Request) -> Response:
    """The issues that went out, newest first."""
    desk: Desk = request.app.state.desk
    newsletter = _open(desk, request)
    shelf = _shelf(newsletter, request)
    before = request.query_params.get("before", "")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    async with desk.database.read() as connection:
        found = await editions.listed(connection, newsletter.name, of=shelf.readers, before=last, limit=_PAGE)
    values = {
        "newsletter": newsletter,
        "shelf": shelf,
        "shelves": _shelves(newsletter),
        "editions": found,
        "more": found[-1].number if len(found) == _PAGE else None,
    }
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
    shelf = _shelf(newsletter, request)
    async with desk.database.read() as connection:
        found = await editions.listed(connection, newsletter.name, of=shelf.readers, limit=20)
    body = _atom(desk, shelf, found)
    return Response(body, media_type="application/atom+xml", headers=dict(_public(newsletter)))


def _open(desk: Desk, request: Request) -> Newsletter:
    newsletter = desk.newsletter(request.path_params["newsletter"])
    if newsletter.archive == "off":
        raise HTTPException(404)
    return newsletter


def _shelves(newsletter: Newsletter) -> tuple[Shelf, ...]:
    """One for each cadence, the usual one first."""
    usual = newsletter.usual_cadence
    return tuple(
        Shelf(newsletter=newsletter, cadence=name, query="" if name == usual else f"?cadence={name}")
        for name in newsletter.timetable
    )


def _shelf(newsletter: Newsletter, request: Request) -> Shelf:
    """The one that is asked for; 404 where there is no such cadence."""
    asked = request.query_params.get("cadence", newsletter.usual_cadence)
    for shelf in _shelves(newsletter):
        if shelf.cadence == asked:
            return shelf
    raise HTTPException(404)


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


def _atom(desk: Desk, shelf: Shelf, found: tuple[editions.Edition, ...]) -> bytes:
    newsletter = shelf.newsletter
    home = desk.url(f"archive/{newsletter.name}")
    updated = max((edition.at for edition in found), default=desk.now())
    root = ET.Element("feed", {"xmlns": _ATOM})
    _add(root, "id", f"{home}{shelf.query}")
    title = newsletter.title
    if len(newsletter.timetable) > 1:
        said = words.translator(words.chosen(newsletter.language))
        title = f"{title} · {said(_USUAL_WORDS.get(shelf.cadence, shelf.cadence))}"
    _add(root, "title", title)
    _add(root, "updated", updated.isoformat())
    ET.SubElement(root, "link", {"rel": "alternate", "href": f"{home}{shelf.query}"})
    ET.SubElement(root, "link", {"rel": "self", "href": f"{home}/feed.xml{shelf.query}"})
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
