"""One GET, its address checked at the very connect: the one place that makes HTTP clients for collecting.

aiohttp makes the socket by a function of ours, which sees the address that is about to be connected to, however its
name was resolved and whatever it was before: nothing stands between the check and the connect. Redirects are not
followed here, bodies not inflated, cookies not kept, proxies not used.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver
from yarl import URL

from digest.collect.addresses import IPAddress, host_and_port, no_address
from digest.errors import FetchError

Rule = Callable[[str, IPAddress, int], bool]  # (host, address, port) → whether it may be connected to
_MOST_HEADER = 65_536  # bytes of a line; some sites' security policies are that long
_KEPT_S = 3.0  # an idle connection: for the next page of the same host, and no longer


@dataclass(slots=True)
class _Asked:
    """What a request is for, where its socket is made."""

    host: str
    refused: IPAddress | None = None


_asked: ContextVar[_Asked] = ContextVar("asked")


class Client:
    """GETs under one rule of addresses. Use as an async context manager."""

    def __init__(
        self,
        rule: Rule,
        trust: ssl.SSLContext,
        *,
        user_agent: str,
        connect_s: float,
        read_s: float,
        at_once: int,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """`trust`: the certificates; `at_once`: connections; `resolver`: None for the system's."""
        self._rule = rule
        self._trust = trust
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"}
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_s, sock_read=read_s)
        self._at_once = at_once
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Opens it."""
        connector = aiohttp.TCPConnector(
            ssl=self._trust,
            limit=self._at_once,
            keepalive_timeout=_KEPT_S,
            use_dns_cache=False,
            resolver=self._resolver,
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy would connect on our behalf, past the address check
            auto_decompress=False,
            max_line_size=_MOST_HEADER,
            max_field_size=_MOST_HEADER,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes every connection."""
        assert self._session is not None, "entered"
        await self._session.close()

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, its body still to be read; FetchError also for what goes wrong while it is read."""
        assert self._session is not None, "entered"
        asked = _Asked(host_and_port(url)[0])
        token = _asked.set(asked)
        try:
            async with self._session.get(_address(url), headers=headers, allow_redirects=False) as response:
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise _refused(url, asked.refused) if asked.refused else _fetch_error(url, error) from error
        finally:
            _asked.reset(token)

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket for that address, where the rule admits it; OSError, so that a host's other addresses are tried."""
        family, kind, protocol, _, place = address
        asked = _asked.get()
        ip = ip_address(str(place[0]).partition("%")[0])
        if not self._rule(asked.host, ip, int(place[1])):
            asked.refused = ip
            raise PermissionError(f"{ip} is a private address")
        return socket.socket(family=family, type=kind, proto=protocol)


def trust() -> ssl.SSLContext:
    """The certificates of the Mozilla list; 90 ms to make."""
    return ssl.create_default_context(cafile=certifi.where())


def _address(url: str) -> URL:
    """As it was written where it can be sent so, else encoded; FetchError where it is no web address."""
    host, port = host_and_port(url)
    try:
        plain = url.isascii() and url.isprintable() and " " not in url
        address = URL(url, encoded=True) if plain else URL(url)
        if address.scheme in {"http", "https"} and address.host and host and port:
            return address
    except (ValueError, UnicodeError):
        pass
    raise no_address(url)


def _refused(url: str, ip: IPAddress) -> FetchError:
    return FetchError(
        f"{url}: leads to the private address {ip}; list it under [collect] allow_private if it may be read",
        kind="private",
    )


def _fetch_error(url: str, error: Exception) -> FetchError:
    """What a client's exception means."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return FetchError(f"{url}: no connection in time", kind="connect")
    if isinstance(error, TimeoutError):
        return FetchError(f"{url}: no answer in time", kind="timeout")
    if isinstance(error, aiohttp.InvalidURL):
        return no_address(url)
    said = str(error) or type(error).__name__
    unresolved = _unresolved(error)
    if isinstance(error, aiohttp.ClientConnectorDNSError) or unresolved:
        is_ours = unresolved is not None and unresolved.errno == socket.EAI_AGAIN
        why = "cannot be looked up now" if is_ours else "is not known"
        return FetchError(f"{url}: its host name {why}", kind="dns")
    if isinstance(error, aiohttp.ClientConnectorError):
        return FetchError(f"{url}: no connection ({said})", kind="connect")
    return FetchError(f"{url}: the connection failed ({said})", kind="connect")


def _unresolved(error: BaseException | None) -> socket.gaierror | None:
    """The resolver's own error, where that is the cause."""
    while error is not None and not isinstance(error, socket.gaierror):
        error = error.__cause__ or error.__context__
    return error
