"""A web server on loopback that behaves as well or as badly as a test wants.

    with FeedServer() as server:
        server.serve("/feed.xml", rss, etag='"1"')
        server.redirect("/old.xml", "/feed.xml", status=301)
        ...
        assert server.count("/feed.xml") == 1

It runs in a thread of its own, with an event loop of its own: it serves who blocks as well as who does not.
"""

import asyncio
import gzip
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_PHRASES = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 404: "Not Found", 410: "Gone"}
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked."""

    path: str  # with its query
    headers: Mapping[str, str]  # names in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    drip_s: float = 0.0  # a pause after each byte of the body: the drip that never ends
    repeat: int = 1  # how often the body is written
    hang_up: bool = False  # closes the connection after half of the body
    silent: bool = False  # answers nothing at all, and keeps the connection


Route = Reply | Callable[[Request], Reply]


@dataclass(slots=True)
class FeedServer:
    """Routes by path; counts and keeps what was asked. Use as a context manager."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    requests: list[Request] = field(default_factory=list)
    most_at_once: int = 0  # requests being answered at the same time
    _routes: dict[str, Route] = field(default_factory=dict)
    _open: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _server: asyncio.Server | None = None

    # -------------------------------------------------------------- what to serve

    def route(self, path: str, route: Route) -> str:
        """Answers `path` so; the path's address."""
        self._routes[path] = route
        return self.url(path)

    def serve(
        self,
        path: str,
        body: bytes | str,
        *,
        content_type: str = "application/xml",
        etag: str = "",
        last_modified: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        compressed: bool = False,
    ) -> str:
        """Answers `path` with that body, and with 304 to who names its etag or date; its address."""
        data = body.encode() if isinstance(body, str) else body
        named = tuple(p for p in (("ETag", etag), ("Last-Modified", last_modified)) if p[1])
        if compressed:
            data, named = gzip.compress(data), (*named, ("Content-Encoding", "gzip"))
        whole = Reply(body=data, content_type=content_type, headers=(*named, *headers))

        def answer(request: Request) -> Reply:
            if etag and request.headers.get("if-none-match") == etag:
                return Reply(status=304, headers=named)
            if not etag and last_modified and request.headers.get("if-modified-since") == last_modified:
                return Reply(status=304, headers=named)
            return whole

        return self.route(path, answer)

    def redirect(self, path: str, target: str, *, status: int = 302) -> str:
        """Sends `path` on to `target`, a path here or a whole address."""
        return self.route(path, Reply(status=status, headers=(("Location", target),)))

    def fail(self, path: str, status: int, *, retry_after: str = "") -> str:
        """Answers `path` with that status."""
        headers = (("Retry-After", retry_after),) if retry_after else ()
        return self.route(path, Reply(status=status, headers=headers, body=b"no", content_type="text/plain"))

    def bomb(self, path: str, *, size: int = 100_000_000) -> str:
        """Answers `path` with a small gzip that inflates to `size` bytes."""
        packed = gzip.compress(b"\0" * size, compresslevel=9)
        return self.route(path, Reply(body=packed, headers=(("Content-Encoding", "gzip"),), content_type="text/xml"))

    def cut_off(self, path: str, body: bytes | str, *, share: float = 0.5, etag: str = "") -> str:
        """Answers `path` with the first `share` of that body, packed, under headers that know nothing of the loss."""
        packed = gzip.compress(body.encode() if isinstance(body, str) else body)
        headers = (("Content-Encoding", "gzip"), *((("ETag", etag),) if etag else ()))
        part = packed[: int(len(packed) * share)]
        return self.route(path, Reply(body=part, headers=headers, content_type="application/xml"))

    # -------------------------------------------------------------- what was asked

    def url(self, path: str = "/") -> str:
        """The address of a path."""
        return f"http://{self.authority}{path}"

    @property
    def authority(self) -> str:
        """host:port."""
        return f"{self.host}:{self.port}"

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return Counter(request.path for request in self.requests)[path]

    def last(self, path: str) -> Request:
        """The last request for a path."""
        return next(request for request in reversed(self.requests) if request.path == path)

    # -------------------------------------------------------------- the server

    def __enter__(self) -> Self:
        """Starts to listen."""
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="feed-server", daemon=True)
        self._thread.start()
        started.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops; what is being answered is cut off."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        listening = asyncio.start_server(self._serve, self.host, self.port, limit=_CHUNK)
        self._server = self._loop.run_until_complete(listening)
        self.port = int(self._server.sockets[0].getsockname()[1])
        started.set()
        try:
            self._loop.run_forever()
        finally:
            self._server.close()
            for task in (pending := asyncio.all_tasks(self._loop)):
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                self.requests.append(request)
                self._open += 1
                self.most_at_once = max(self.most_at_once, self._open)
                try:
                    if not await self._answer(request, writer):
                        break
                finally:
                    self._open -= 1
        except (ConnectionError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client went, or the server stops
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        route = self._routes.get(request.path, Reply(status=404, body=b"nothing here", content_type="text/plain"))
        reply = route if isinstance(route, Reply) else route(request)
        if reply.silent:
            await asyncio.sleep(3600)
        writer.write(_head(reply))
        if reply.hang_up:
            writer.write(reply.body[: len(reply.body) // 2])
            await writer.drain()
            return False
        await _write(reply, writer)
        return True


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return Request(path=first.split(" ")[1], headers={name.lower(): value.strip() for name, _, value in pairs})


def _head(reply: Reply) -> bytes:
    size = 0 if reply.status == 304 else len(reply.body) * reply.repeat
    lines = [f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, 'Status')}", f"Content-Length: {size}"]
    if reply.content_type:
        lines.append(f"Content-Type: {reply.content_type}")
    lines += [f"{name}: {value}" for name, value in reply.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


async def _write(reply: Reply, writer: asyncio.StreamWriter) -> None:
    if reply.status == 304:
        return
    for _ in range(reply.repeat):
        step = 1 if reply.drip_s else _CHUNK
        for start in range(0, len(reply.body), step):
            writer.write(reply.body[start : start + step])
            await writer.drain()
            if reply.drip_s:
                await asyncio.sleep(reply.drip_s)
