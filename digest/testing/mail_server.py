"""A mail API on loopback that does to its callers what networks and providers do.

    async with MailServer(tmp_path / "accepted.jsonl", faults=[Fault.CUT_AFTER]) as server:
        ...  # point [mail] base_url at server.url
    assert [taken.to for taken in server.taken()] == ["a@example.org"]

It speaks as Resend, Postmark, Mailgun, Brevo and Mailpit do (`digest.testing.mail_dialects`), look-ups included. What
it accepts is appended to a file before it answers, so the file is the truth about who got what, whoever is killed
meanwhile.
"""

import asyncio
import contextlib
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import digest.testing.mail_dialects as mail_dialects
from digest.testing.mail_dialects import Dialect, Spoken, Taken

_MAX_HEAD = 65_536
_REASONS = {200: "OK", 409: "Conflict", 413: "Too Large", 422: "Unprocessable", 429: "Too Many", 500: "Error"}


class Fault(StrEnum):
    """What may happen to a request."""

    NONE = "none"
    REFUSE_CONNECTION = "refuse connection"  # cut as soon as it is open; one that was open already, before an answer
    CUT_BEFORE = "cut before accepting"
    CUT_AFTER = "cut after accepting"
    STALL = "accept, never answer"
    DRIP = "accept, answer a byte at a time, without end"
    HALF_BODY = "accept, then half an answer"
    HTML_PAGE = "accept, then a page with 200"
    EMPTY = "accept, then 200 with no body"
    ERROR_BEFORE = "500, not accepted"
    ERROR_AFTER = "500, accepted"
    BAD_GATEWAY = "502 with a page, accepted"
    BUSY_SECONDS = "429, Retry-After: 1"
    BUSY_DATE = "429, Retry-After: a date"
    UNAVAILABLE = "503, no hint"
    UNAUTHORIZED = "401"
    TOO_LARGE = "413"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as it came."""

    path: str  # its query included
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Status')}", f"Content-Length: {len(self.body)}"]
        kind = "text/html" if self.body[:1] == b"<" else "application/json"
        lines += [
            f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}",
            f"Content-Type: {kind}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def _json(status: int, content: object, headers: Mapping[str, str] | None = None) -> _Answer:
    return _Answer(status=status, body=json.dumps(content).encode(), headers=headers or {})


class MailServer:
    """Accepts mail over HTTP. Use as `async with`; `url` is then its address."""

    def __init__(
        self,
        log: Path,
        *,
        faults: Iterable[Fault] = (),
        delay_s: float = 0.0,
        honours_keys: bool = True,
        poisoned: Collection[str] = (),
        batch_max: int = 1000,
        is_searchable: bool = True,
        host: str = "127.0.0.1",
    ) -> None:
        """`log`: appended to for ever, one JSON line a message; `faults`: one a request, then none.

        `delay_s`: before each answer; `honours_keys`: whether a repeated idempotency key is known, as Resend and Brevo
        know it; `poisoned`: addresses for whose sake a whole batch is answered 422; `is_searchable`: whether there
        are look-ups (which are never at fault); `host`: the address to listen on.
        """
        self.url = ""
        self.seen: list[Seen] = []
        self._log = log
        self._faults = deque(faults)
        self._delay_s = delay_s
        self._honours_keys = honours_keys
        self._poisoned = frozenset(poisoned)
        self._batch_max = batch_max
        self._host = host
        self._is_searchable = is_searchable
        self._kept: dict[str, tuple[bytes, _Answer]] = {}
        self._under_way: set[str] = set()  # keys of requests that are not answered yet
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._count = 0

    def taken(self) -> tuple[Taken, ...]:
        """All messages accepted, in order, of this server and of those before it with the same log."""
        if not self._log.exists():
            return ()
        return tuple(Taken(**json.loads(line)) for line in self._log.read_text(encoding="utf-8").splitlines())

    def then(self, *faults: Fault) -> None:
        """More faults, for the next requests."""
        self._faults.extend(faults)

    async def __aenter__(self) -> Self:
        """Listens on a free port."""
        self._server = await asyncio.start_server(self._serve, self._host, 0, limit=_MAX_HEAD, backlog=1024)
        self.url = f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops, and drops every connection."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._faults and self._faults[0] is Fault.REFUSE_CONNECTION:
            self._faults.popleft()
            writer.transport.abort()
            return
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            async for request in _requests(reader):
                if not await self._answer(request, writer):
                    break
        writer.transport.abort()

    async def _answer(self, request: Seen, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection may go on."""
        if request.method == "GET":
            return await _spoil(Fault.NONE, self._found(request), writer)
        self.seen.append(request)
        fault = self._faults.popleft() if self._faults else Fault.NONE
        if fault in _UNTAKEN:
            refused = _UNTAKEN[fault]
            if refused is None:
                return False
            writer.write(refused().encode())
            await writer.drain()
            return True
        understood = _understood(request)
        if isinstance(understood, _Answer):
            return await _spoil(fault, understood, writer)
        dialect, spoken = understood
        if self._honours_keys and spoken.key in self._under_way and dialect.under_way:
            return await _spoil(Fault.NONE, _json(*dialect.under_way), writer)
        answer = self._accept(request, dialect, spoken)
        if self._delay_s:
            self._under_way.add(spoken.key)
            try:
                await asyncio.sleep(self._delay_s)
            finally:
                self._under_way.discard(spoken.key)
        return await _spoil(fault, answer, writer)

    def _found(self, request: Seen) -> _Answer:
        found = mail_dialects.search(request.path, self.taken()) if self._is_searchable else None
        return _json(404, {"message": "no such path"}) if found is None else _json(200, found)

    def _accept(self, request: Seen, dialect: Dialect, spoken: Spoken) -> _Answer:
        key = spoken.key if self._honours_keys else ""
        mark = sha256(request.body).digest()
        if key in self._kept:
            same, answer = self._kept[key][0] == mark, self._kept[key][1]
            said = dialect.same_key if same else dialect.other_body
            return _json(*said) if said else answer
        answer = self._take(dialect, spoken)
        if key and answer.status < 300:
            self._kept[key] = (mark, answer)
        return answer

    def _take(self, dialect: Dialect, spoken: Spoken) -> _Answer:
        messages = spoken.messages
        if len(messages) > min(self._batch_max, dialect.batch_max):
            return _json(422, {"message": f"more than {self._batch_max} messages"})
        bad = [message.to for message in messages if message.to in self._poisoned]
        if bad:
            return _json(422, {"message": f"{bad[0]} is not valid", "name": "validation_error"})
        named = [replace(message, id=f"id-{self._count + n}") for n, message in enumerate(messages)]
        self._count += len(messages)
        self._append(named)
        return _json(200, dialect.answer([message.id for message in named]))

    def _append(self, messages: Sequence[Taken]) -> None:
        lines = (json.dumps({**asdict(message), "headers": dict(message.headers)}) + "\n" for message in messages)
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, "".join(lines).encode())
        finally:
            os.close(handle)


def _understood(request: Seen) -> tuple[Dialect, Spoken] | _Answer:
    """What it asks for, and in which API's words; the refusal of what cannot be read, or asks for nothing."""
    dialect = mail_dialects.of(request.path)
    if dialect is None:
        return _json(404, {"message": f"no such path: {request.path}"})
    try:
        spoken = dialect.read(request.headers, request.body)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        return _json(422, {"message": f"the request cannot be read ({type(error).__name__}: {error})"})
    return (dialect, spoken) if spoken.messages else _json(422, {"message": "there is no message in it"})


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[Seen]:
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        yield Seen(path=first.split(" ")[1], headers=headers, body=body, method=first.split(" ")[0])


async def _spoil(fault: Fault, answer: _Answer, writer: asyncio.StreamWriter) -> bool:
    """Answers, or does what the fault says; the message is taken already. Whether the connection may go on."""
    whole = (_SPOILT[fault](answer) if fault in _SPOILT else answer).encode()
    match fault:
        case Fault.CUT_AFTER:
            return False
        case Fault.STALL:
            await asyncio.Event().wait()
        case Fault.HALF_BODY:
            writer.write(whole[: len(whole) - max(1, len(answer.body) // 2)])
            await writer.drain()
            return False
        case Fault.DRIP:
            writer.write(whole.replace(b"Content-Length: ", b"Content-Length: 999")[:-5])
            while True:
                await asyncio.sleep(0.02)
                writer.write(b" ")
                await writer.drain()
    writer.write(whole)
    await writer.drain()
    return True


def _busy_date() -> _Answer:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return _json(429, {"message": "slow down"}, {"Retry-After": at})


_UNTAKEN: Mapping[Fault, Callable[[], _Answer] | None] = {
    Fault.REFUSE_CONNECTION: None,
    Fault.CUT_BEFORE: None,
    Fault.ERROR_BEFORE: lambda: _json(500, {"message": "failed"}),
    Fault.BUSY_SECONDS: lambda: _json(429, {"message": "slow down"}, {"Retry-After": "1"}),
    Fault.BUSY_DATE: _busy_date,
    Fault.UNAVAILABLE: lambda: _json(503, {"message": "later"}),
    Fault.UNAUTHORIZED: lambda: _json(401, {"name": "invalid_api_key", "message": "API key is invalid"}),
    Fault.TOO_LARGE: lambda: _json(413, {"message": "too large"}),
}
_PAGE = b"<html><body>Something went wrong</body></html>"
_SPOILT: Mapping[Fault, Callable[[_Answer], _Answer]] = {
    Fault.HTML_PAGE: lambda _: _Answer(status=200, body=_PAGE),
    Fault.EMPTY: lambda _: _Answer(status=200, body=b""),
    Fault.ERROR_AFTER: lambda _: _json(500, {"message": "failed"}),
    Fault.BAD_GATEWAY: lambda _: _Answer(status=502, body=_PAGE),
}
