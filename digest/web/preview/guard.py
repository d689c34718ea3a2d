"""Who may ask: this machine's own browser, for this address, from this page."""

import secrets
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER: Final = "x-preview-token"  # noqa: S105 — a header's name
_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": _PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # under no-referrer a form's POST would say Origin: null
    "x-content-type-options": "nosniff",
}


class Guard:
    """Refuses other hosts (DNS rebinding) and other pages' POSTs; gives every answer its strict headers."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self.app = app
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's answer, or a refusal."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        port = (scope.get("server") or ("", 80))[1]  # of the socket that took the request
        hosts = frozenset(f"{name}:{port}" for name in _NAMES)
        headers, query = Headers(scope=scope), scope.get("query_string", b"")
        answer = self.app if self.admits(scope["method"], headers, hosts, query) else _REFUSED

        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await answer(scope, receive, strictly)

    def admits(self, method: str, headers: Headers, hosts: frozenset[str], query: bytes = b"") -> bool:
        """Whether a request with that method and those headers comes from where it may; `hosts` are our own names.

        A POST says the page's token, in a header or, from a form without scripts, in its address.
        """
        if headers.get("host", "").lower() not in hosts:
            return False
        if headers.get("sec-fetch-site", "same-origin") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return False
        return method in {"GET", "HEAD"} or self._is_ours(headers, hosts, query)

    def _is_ours(self, headers: Headers, hosts: frozenset[str], query: bytes) -> bool:
        origin = headers.get("origin", "").lower().removeprefix("http://")
        said = headers.get(TOKEN_HEADER) or "".join(parse_qs(query.decode("latin-1")).get("token", ()))
        return origin in hosts and secrets.compare_digest(said.encode(), self.token.encode())


_REFUSED = PlainTextResponse("This preview answers its own address on this machine only.\n", status_code=403)
