"""The one place that speaks to providers: connections and time limits. What it hears, it hands to outbox.

httpx's pool is quadratic in its connections: for each request it looks each of them over, for each of them (measured:
260 requests/s at 10, 110 at 200). So a client has one, and more come as more clients: a request takes 1.0 ms of CPU
beside its body with eight clients of one, and 1.8 with one of eight.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx

from digest.model import Batch
from digest.send import outbox, pace
from digest.send.outbox import Decision, Doubt
from digest.send.providers.base import Found, Provider, Refusal, unknown

_ANSWER_BYTES = 8_000_000  # of an answer; beyond that it is none
Transport = httpx.AsyncBaseTransport
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds. `total` ends a request that drips; together they bound how long a claim's request can last."""

    connect_s: float = 5.0
    write_s: float = 30.0
    read_s: float = 60.0
    total_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an answer, or none, means; and until when the provider wants no other request."""

    decision: Decision
    held_until: datetime | None = None


class Sender:
    """One provider's connections, shared by all who send through it. Use as `async with`."""

    def __init__(
        self,
        provider: Provider,
        *,
        now: Callable[[], datetime],
        limits: Limits = Limits(),
        transport: httpx.AsyncBaseTransport | None = None,
        heard: Callable[[float], None] | None = None,
    ) -> None:
        """`transport`: instead of the network, for tests; `heard`: told the seconds of each request."""
        self._heard = heard or (lambda _: None)
        self.provider = provider
        self._now = now
        self._limits = limits
        self._transport = transport
        self._stack = AsyncExitStack()
        self._ssl: ssl.SSLContext | None = None  # of all clients: loading the certificates is most of making one
        self._made = 0  # clients
        self._idle: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()  # the last used first: it is connected

    async def __aenter__(self) -> Self:
        """Makes the first client: what that takes is no request's time."""
        self._ssl = httpx.create_ssl_context()
        async with self._client():
            return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connections."""
        await self._stack.aclose()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        """One that nobody uses; the provider's `connections` are the most there are."""
        if self._idle.empty() and self._made < self.provider.capabilities.connections:
            self._made += 1
            client = await self._stack.enter_async_context(self._new())
        else:
            client = await self._idle.get()
        try:
            yield client
        finally:
            self._idle.put_nowait(client)

    def _new(self) -> httpx.AsyncClient:
        limits = self._limits
        return httpx.AsyncClient(
            verify=self._ssl or True,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            timeout=httpx.Timeout(connect=limits.connect_s, write=limits.write_s, read=limits.read_s, pool=None),
            transport=self._transport,
            mounts=dict(self.provider.transports),
            headers={"User-Agent": "newsdigest"},
        )

    async def post(self, request: httpx.Request, batch: Batch) -> Decision:
        """Sends one request, once; what its answer means. Never raises for what the network or the provider does."""
        return (await self.hear(request, batch)).decision

    async def hear(self, request: httpx.Request, batch: Batch) -> Heard:
        """As `post`; and until when the provider wants no other request."""
        try:
            response = await self._within_limits(request)
        except TimeoutError:
            return Heard(decision=Doubt(reason=f"no whole answer in {self._limits.total_s:g} s"))
        except (httpx.TransportError, httpx.DecodingError) as error:
            return Heard(decision=outbox.of_error(error))
        held = pace.exhausted_until(response.headers, self._now(), is_refused=response.status_code == 429)
        return Heard(decision=self._read(response, batch), held_until=held)

    async def ask(self, batch: Batch, since: datetime) -> Found:
        """What the provider shows of a batch whose answer was lost. Unknown where it cannot be asked now."""
        inquiry = self.provider.inquire(batch, since)
        try:
            request = next(inquiry)
            while True:
                response = await self._within_limits(request)
                if not response.is_success:
                    inquiry.close()
                    return unknown(batch, f"the look-up was answered {response.status_code}")
                request = inquiry.send(response)
        except StopIteration as end:
            found: Found = end.value
            return found
        except (TimeoutError, httpx.TransportError, httpx.DecodingError) as error:
            inquiry.close()
            return unknown(batch, f"the look-up was not answered ({type(error).__name__})")

    async def _within_limits(self, request: httpx.Request) -> httpx.Response:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._limits.total_s):
                return await self._answer(request)
        finally:
            self._heard(time.perf_counter() - began)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        """The whole answer; RemoteProtocolError where it is too large to be one."""
        request.headers.setdefault("User-Agent", "newsdigest")
        async with self._client() as client:
            response = await client.send(request, stream=True, auth=self.provider.auth)
            try:
                pieces, size = [], 0
                async for piece in response.aiter_bytes():
                    pieces.append(piece)
                    if (size := size + len(piece)) > _ANSWER_BYTES:
                        raise httpx.RemoteProtocolError("the answer is too large", request=request)
            finally:
                await response.aclose()
        headers = {name: value for name, value in response.headers.items() if name not in _ENCODED}
        return httpx.Response(response.status_code, headers=headers, content=b"".join(pieces), request=request)

    def _read(self, response: httpx.Response, batch: Batch) -> Decision:
        count = len(batch.recipients)
        if not response.is_success:
            return outbox.of_refusal(response, self.provider.refusal(response), count=count, now=self._now())
        read = self.provider.decode(batch, response)
        if isinstance(read, Refusal):
            return outbox.of_refusal(response, read, count=count, now=self._now())
        return outbox.of_success(read, count)


_ENCODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})
