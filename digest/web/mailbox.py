"""The local mailbox: takes messages by Mailpit's POST /api/v1/send, keeps each as an .eml file, and shows them.

A message is known by its Message-ID: sent again, it is answered again and kept once. Files are written whole, on the
disk before they are answered for, and their names sort by the time they came.
"""

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from digest.errors import HeaderError
from digest.model import Message
from digest.send import compose
from digest.send.providers.file import write

_MAX_BYTES = 30_000_000
_SHOWN = 500  # messages on the list
_OWN = frozenset({"date", "message-id"})
_POLICY = {
    # What stands in a message runs no script and loads nothing but pictures and styles.
    "Content-Security-Policy": "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; frame-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccc}}
iframe{{width:100%;height:70vh;border:1px solid #ccc}}</style></head><body>{body}</body></html>"""


def app(folder: Path) -> Starlette:
    """The mailbox over that folder, which is made when the first message comes."""
    return Starlette(routes=routes(folder))


def routes(folder: Path) -> list[Route]:
    """What the mailbox answers, for an application that has more."""
    box = Mailbox(folder)
    return [
        Route("/api/v1/send", box.send, methods=["POST"]),
        Route("/mailbox", box.index),
        Route("/mailbox/{name}", box.message),
        Route("/mailbox/{name}/html", box.html),
        Route("/mailbox/{name}/source", box.source),
    ]


class Mailbox:
    """The messages of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """File names, the newest first."""
        return sorted((path.name for path in self._folder.glob("*.eml")), reverse=True)

    def keep(self, message: Message, received: datetime) -> str:
        """The message's file name; written unless it was kept before."""
        mark = sha256(message.message_id.encode()).hexdigest()[:20]
        if known := next(self._folder.glob(f"*-{mark}.eml"), None):
            return known.name
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{received:%Y%m%dT%H%M%S.%fZ}-{mark}.eml"
        write(self._folder / name, compose.eml(message))
        return name

    async def send(self, request: Request) -> Response:
        """POST /api/v1/send."""
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > _MAX_BYTES:
                return JSONResponse({"Error": "the message is too large"}, status_code=413)
        received = datetime.now(UTC)
        try:
            message = parse(bytes(body), received)
        except (HeaderError, ValueError, KeyError, TypeError, AttributeError) as error:
            return JSONResponse({"Error": f"no message: {error}"}, status_code=400)
        try:
            name = await anyio.to_thread.run_sync(self.keep, message, received)
        except OSError as error:
            return JSONResponse({"Error": f"cannot be kept: {error.strerror}"}, status_code=503)
        return JSONResponse({"ID": name.removesuffix(".eml")})

    async def index(self, request: Request) -> Response:
        """GET /mailbox: the newest messages."""
        del request
        rows = [_row(name, self._read(name)) for name in self.names()[:_SHOWN]]
        table = f"<table><tr><th>Subject<th>To<th>Date</tr>{''.join(rows)}</table>"
        return _page("Mailbox", f"<h1>Mailbox</h1>{table if rows else '<p>No message yet.</p>'}")

    async def message(self, request: Request) -> Response:
        """GET /mailbox/NAME: headers, and the HTML part in a frame that may do nothing."""
        if (found := self._find(request)) is None:
            return _page("Not found", "<h1>There is no such message</h1>", status=404)
        heads = "".join(f"<tr><th>{html.escape(k)}<td>{html.escape(str(v))}</tr>" for k, v in found.items())
        at = f"/mailbox/{quote(request.path_params['name'])}"
        frame = f'<iframe sandbox="" title="Message" src="{at}/html"></iframe>'
        links = f'<p><a href="/mailbox">All messages</a> · <a href="{at}/source">Source</a></p>'
        subject = html.escape(str(found["subject"]))
        return _page(str(found["subject"]), f"<h1>{subject}</h1>{links}{frame}<table>{heads}</table>")

    async def html(self, request: Request) -> Response:
        """GET /mailbox/NAME/html: the HTML part."""
        found = self._find(request)
        part = found.get_body(("html",)) if found else None
        if part is None:
            return _page("Not found", "<h1>There is no such message</h1>", status=404)
        return HTMLResponse(part.get_content(), headers={**_POLICY, "Content-Security-Policy": _FRAMED})

    async def source(self, request: Request) -> Response:
        """GET /mailbox/NAME/source: the bytes, as text."""
        name = request.path_params["name"]
        if name not in self.names():
            return _page("Not found", "<h1>There is no such message</h1>", status=404)
        return Response((self._folder / name).read_bytes(), media_type="text/plain; charset=utf-8", headers=_POLICY)

    def _find(self, request: Request) -> EmailMessage | None:
        name = request.path_params["name"]
        return self._read(name) if name in self.names() else None

    def _read(self, name: str) -> EmailMessage:
        return message_from_bytes((self._folder / name).read_bytes(), policy=policy.default)


_FRAMED = _POLICY["Content-Security-Policy"] + "; sandbox"


def parse(body: bytes, received: datetime) -> Message:
    """Mailpit's SendRequest as a message; ValueError, KeyError, TypeError or AttributeError where it is none."""
    given = orjson.loads(body)
    (to,) = given["To"]
    headers: Mapping[str, str] = given.get("Headers") or {}
    own = {name.lower(): str(value) for name, value in headers.items()}
    sender = _name_addr(given["From"])
    reply_to = given.get("ReplyTo") or []
    mark = sha256(body).hexdigest()[:32]
    return Message(
        sender=sender,
        reply_to=_name_addr(reply_to[0]) if reply_to else sender,
        to_address=compose.single(str(to["Email"]), "To"),
        to_name=compose.single(str(to.get("Name") or ""), "To"),
        subject=compose.single(str(given.get("Subject") or ""), "Subject"),
        date=parsedate_to_datetime(own["date"]) if "date" in own else received,
        message_id=compose.single(own.get("message-id", f"<{mark}@mailbox.invalid>"), "Message-ID"),
        headers=tuple(_header(name, value) for name, value in headers.items() if name.lower() not in _OWN),
        html=str(given.get("HTML") or ""),
        text=str(given.get("Text") or ""),
    )


def _header(name: str, value: object) -> tuple[str, str]:
    if not name.isascii() or not name.isprintable() or set(name) & {":", " "} or not name:
        raise ValueError(f"{name!r} is no header's name")
    return name, compose.single(str(value), name)


def _name_addr(given: Mapping[str, str]) -> str:
    return compose.name_addr(compose.single(given.get("Name") or "", "a name"), compose.single(given["Email"], "From"))


def _row(name: str, message: EmailMessage) -> str:
    shown: Sequence[str] = [html.escape(str(message[key] or "")) for key in ("subject", "to", "date")]
    return f'<tr><td><a href="/mailbox/{quote(name)}">{shown[0]}</a><td>{shown[1]}<td>{shown[2]}</tr>'


def _page(title: str, body: str, *, status: int = 200) -> Response:
    page = _PAGE.format(title=html.escape(title), body=body)
    return HTMLResponse(page, status_code=status, headers=_POLICY)
