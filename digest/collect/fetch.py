"""Bytes from the web, politely and bounded.

    async with Fetcher(public_url="https://news.example.org", now=clock) as fetcher:
        fetched = await fetcher.feed("https://example.org/feed.xml", validators=None)

Every connect is checked against the address rules (DESIGN §5.6), redirects included. Bodies are read raw and inflated
under a bound, since an HTTP client's own decoding may inflate 67 MB at a time before anyone can look.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urljoin, urlsplit

from digest import __version__
from digest.collect import markup
from digest.collect.addresses import Addresses, authority, is_local_name, no_address
from digest.collect.inflate import Inflater
from digest.collect.robots import Robots
from digest.errors import FetchError
from digest.model import Validators

_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_ACCEPT_FEED = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_ACCEPT_PAGE = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_CHALLENGES = (b"/cdn-cgi/challenge-platform/", b"_cf_chl_opt", b"awsWafCookieDomainList", b"AwsWafIntegration")
_CHALLENGE_SIZE = 200_000  # bytes; the interstitials seen are below 20 kB
_AT_ONCE = 64  # connections of each trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer, whole."""

    url: str  # final
    status: int
    body: bytes = b""
    content_type: str = ""
    validators: Validators = field(default_factory=Validators)
    permanent_url: str | None = None  # where an unbroken chain of 301 and 308 led
    retry_after: timedelta | None = None
    max_age: timedelta | None = None  # Cache-Control
    not_modified: bool = False


class _Content(Protocol):
    def iter_any(self) -> AsyncIterator[bytes]: ...


class _Response(Protocol):
    """What is read of an HTTP client's answer."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def content(self) -> _Content: ...


class _Client(Protocol):
    def get(self, url: str, headers: Mapping[str, str]) -> AbstractAsyncContextManager[_Response]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one fetch may cost."""

    max_bytes: int = 10_000_000  # inflated
    total_s: float = 30.0
    connect_s: float = 5.0
    read_s: float = 10.0
    redirects: int = 5
    per_host: int = 2  # requests at a time
    gap_s: float = 1.0  # between two requests' starts on a public host


class Fetcher:
    """Polite GETs under limits. Use as an async context manager."""

    def __init__(
        self,
        *,
        public_url: str,
        now: Callable[[], datetime],
        allow_private: Sequence[str] = (),
        trusted: Collection[str] = (),
        limits: Limits | None = None,
    ) -> None:
        """`trusted`: web addresses the owner named; `allow_private`: addresses, networks, address:port to reach."""
        self.limits = limits or Limits()
        self.user_agent = f"Newsdigest/{__version__} (+{public_url})"
        self._now = now
        self._named = frozenset(trusted)
        self._addresses = Addresses(allow_private=allow_private, named=trusted)
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, asyncio.Task[Robots]] = {}
        self._stack = contextlib.AsyncExitStack()
        self._clients: dict[bool, _Client] = {}

    async def __aenter__(self) -> Self:
        """Opens nothing yet: most commands fetch nothing, and an HTTP client takes a third of their start."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes every connection."""
        for task in self._robots.values():
            task.cancel()
        await self._stack.aclose()

    async def feed(self, url: str, *, validators: Validators | None = None) -> Fetched:
        """The feed's answer, or 304 as `not_modified`; FetchError for everything else.

        The host of `url` is trusted where the owner named it; where a redirect leads is not.
        """
        headers = {"Accept": _ACCEPT_FEED, **_conditions(validators)}
        return await self._chase(url, headers, named=self._addresses.is_named(url), validators=validators)

    async def linked(self, url: str) -> Fetched:
        """What a source's content leads to and is meant for machines: a sitemap of an index. Never trusted as named."""
        return await self._chase(url, {"Accept": _ACCEPT_FEED}, named=False)

    async def page(self, url: str) -> Fetched:
        """An article page; FetchError of kind `robots` where its host asks machines to stay away.

        Only the very address the owner named is trusted, and asked as a person would ask it: without robots.txt.
        """
        named = url in self._named
        return await self._chase(url, {"Accept": _ACCEPT_PAGE}, named=named, robots=not named)

    async def _chase(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        named: bool,
        robots: bool = False,
        validators: Validators | None = None,
    ) -> Fetched:
        """Follows redirects, each hop checked anew, all within one time limit."""
        current, permanent, unbroken, left_s = url, None, True, self.limits.total_s
        for hop in range(self.limits.redirects + 1):
            if robots:
                await self._obey_robots(current)
            answer, spent_s = await self._hop(current, headers, named=named and hop == 0, left_s=left_s)
            left_s -= spent_s
            if answer.status not in _REDIRECTS or not answer.target:
                final = replace(answer.fetched, permanent_url=permanent)
                return _judged(final, url, validators, answer.headers, self._now())
            current = _next(current, answer.target)
            unbroken = unbroken and answer.status in _PERMANENT
            permanent = current if unbroken else permanent
        raise FetchError(f"{url}: more than {self.limits.redirects} redirects", kind="redirects")

    async def _hop(
        self, url: str, headers: Mapping[str, str], *, named: bool, left_s: float
    ) -> "tuple[_Answer, float]":
        """One request; the seconds it took, waiting for its turn left out."""
        host = self._host(url)
        loop = asyncio.get_running_loop()
        async with host.turn():
            started = loop.time()
            try:
                async with asyncio.timeout(max(0.01, left_s)):
                    answer = await self._ask(url, headers, named=named)
            except TimeoutError as error:
                raise FetchError(f"{url}: no whole answer in {self.limits.total_s:g} s", kind="timeout") from error
            return answer, loop.time() - started

    async def _ask(self, url: str, headers: Mapping[str, str], *, named: bool) -> "_Answer":
        """One request, repeated once where the connection could not be made."""
        try:
            return await self._get(url, headers, named=named)
        except FetchError as error:
            if error.kind != "connect":
                raise
        return await self._get(url, headers, named=named)

    async def _open(self) -> None:
        """Opens the clients: those for named hosts apart from all others, so that no connection serves both."""
        from digest.collect.client import Client, trust

        certificates = trust()
        for named in (False, True):
            client = Client(
                self._addresses.admits_named if named else self._addresses.admits,
                certificates,
                user_agent=self.user_agent,
                connect_s=self.limits.connect_s,
                read_s=self.limits.read_s,
                at_once=_AT_ONCE,
            )
            self._clients[named] = await self._stack.enter_async_context(client)  # waits for nothing

    async def _get(self, url: str, headers: Mapping[str, str], *, named: bool) -> "_Answer":
        if not self._clients:
            await self._open()
        async with self._clients[named].get(url, headers) as response:
            status = response.status
            return _Answer(
                status=status,
                target=response.headers.get("location", "") if status in _REDIRECTS else "",
                headers=response.headers,
                fetched=await self._read(url, response),
            )

    async def _read(self, url: str, response: _Response) -> Fetched:
        """The body under the size limit; nothing of a redirect's."""
        body = b"" if response.status in _REDIRECTS else await self._body(url, response)
        return Fetched(
            url=url,
            status=response.status,
            body=body,
            content_type=response.headers.get("content-type", ""),
            validators=Validators(
                etag=response.headers.get("etag"), last_modified=response.headers.get("last-modified")
            ),
            max_age=_max_age(response.headers.get("cache-control", "")),
        )

    async def _body(self, url: str, response: _Response) -> bytes:
        try:
            inflater = Inflater(response.headers.get("content-encoding", ""), max_bytes=self.limits.max_bytes)
            async for chunk in response.content.iter_any():
                inflater.feed(chunk)
            return inflater.body()
        except FetchError as error:
            raise FetchError(f"{url}: {error}", kind=error.kind, status=response.status) from error

    def _host(self, url: str) -> "_Host":
        name = authority(url)
        if name not in self._hosts:
            gap_s = 0.0 if is_local_name(url) else self.limits.gap_s
            self._hosts[name] = _Host(per_host=self.limits.per_host, gap_s=gap_s)
        return self._hosts[name]

    async def _obey_robots(self, url: str) -> None:
        try:
            origin = urljoin(url, "/robots.txt")
        except ValueError as error:
            raise no_address(url) from error
        if origin not in self._robots:
            self._robots[origin] = asyncio.create_task(self._read_robots(origin))
        robots = await asyncio.shield(self._robots[origin])
        if not robots.allow(url):
            raise FetchError(f"{url}: its host's robots.txt asks machines not to read it", kind="robots")

    async def _read_robots(self, url: str) -> Robots:
        """Its rules; none where there is no such file, all closed where the host fails (RFC 9309 §2.3.1).

        A host that cannot be reached at all is for the page's own request to say.
        """
        try:
            fetched = await self._chase(url, {}, named=False)
        except FetchError as error:
            is_failing = error.kind == "busy" or (error.status or 0) >= 500
            return Robots.closed() if is_failing else Robots.open()
        return Robots.read(fetched.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    target: str  # Location; empty where it is no redirect
    headers: Mapping[str, str]
    fetched: Fetched


class _Host:
    """A host's turns: so many at a time, so far apart."""

    def __init__(self, *, per_host: int, gap_s: float) -> None:
        self._places = asyncio.Semaphore(per_host)
        self._gap_s = gap_s
        self._next = 0.0

    def turn(self) -> "_Turn":
        """Waits until this host may be asked."""
        return _Turn(self)

    async def enter(self) -> None:
        """Takes a place, and waits for the gap."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._next)
        self._next = at + self._gap_s
        try:
            if (wait_s := at - loop.time()) > 0:
                await asyncio.sleep(wait_s)
        except BaseException:
            self._places.release()
            raise

    def leave(self) -> None:
        """Gives the place back."""
        self._places.release()


class _Turn:
    def __init__(self, host: _Host) -> None:
        self._host = host

    async def __aenter__(self) -> None:
        await self._host.enter()

    async def __aexit__(self, *_: object) -> None:
        self._host.leave()


def _conditions(validators: Validators | None) -> dict[str, str]:
    if validators is None:
        return {}
    pairs = (("If-None-Match", validators.etag), ("If-Modified-Since", validators.last_modified))
    return {name: value for name, value in pairs if value}


def _next(url: str, location: str) -> str:
    said = location[:200]
    try:
        target = urljoin(url, location.strip())
        parts = urlsplit(target)
        is_on_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_address = not markup.CONTROL.search(target) and (parts.port or 1) > 0
    except ValueError as error:
        raise FetchError(f"{url}: redirects to {said!r}, which is no address", kind="redirects") from error
    if not is_on_web or not is_address:
        raise FetchError(f"{url}: redirects to {said!r}, which is not on the web", kind="redirects")
    return target


def _judged(
    fetched: Fetched, url: str, validators: Validators | None, headers: Mapping[str, str], now: datetime
) -> Fetched:
    """The answer where it is good; FetchError by what its status means."""
    status = fetched.status
    wait = _retry_after(headers.get("retry-after"), now)
    if _is_challenge(fetched, headers):
        raise FetchError(f"{url}: asks whether we are a person (status {status})", kind="challenge", status=status)
    if status == 304 and validators is not None:
        kept = Validators(
            etag=fetched.validators.etag or validators.etag,
            last_modified=fetched.validators.last_modified or validators.last_modified,
        )
        return replace(fetched, validators=kept, not_modified=True)
    if status in _BUSY:
        raise FetchError(f"{url}: the host is busy (status {status})", kind="busy", status=status, retry_after=wait)
    if not 200 <= status < 300:
        raise FetchError(f"{url}: answered with status {status}", kind="status", status=status, retry_after=wait)
    return replace(fetched, retry_after=wait)


def _is_challenge(fetched: Fetched, headers: Mapping[str, str]) -> bool:
    if headers.get("cf-mitigated") == "challenge" or headers.get("x-amzn-waf-action") in {"challenge", "captcha"}:
        return True
    if len(fetched.body) > _CHALLENGE_SIZE or "html" not in fetched.content_type:
        return False
    return any(mark in fetched.body for mark in _CHALLENGES)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Seconds, or a date (RFC 9110 §10.2.3); None where neither can be read."""
    if not value:
        return None
    if value.strip().isdecimal():
        return timedelta(seconds=min(int(value.strip()[:9]), 366 * 86_400))
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(timedelta(0), (date if date.tzinfo else date.replace(tzinfo=UTC)) - now)


def _max_age(value: str) -> timedelta | None:
    for part in value.lower().split(","):
        name, _, number = part.strip().partition("=")
        if name == "max-age" and number.strip('"').isdecimal():
            return timedelta(seconds=min(int(number.strip('"')[:9]), 366 * 86_400))
    return None
