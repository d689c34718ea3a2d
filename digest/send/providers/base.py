"""What a provider is: a pure codec between a batch and one HTTP request.

A provider opens no connection, keeps no state and reads no clock. `encode` gives the same bytes for the same batch,
always; `decode` reads the answer, one outcome a recipient, in the batch's order. Who sends, waits and retries is
`digest.send.sender`; what an answer means for the ledger is `digest.send.outbox`.
"""

from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

import httpx
import orjson

from digest.model import Batch, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took the message on."""

    provider_id: str | None = None  # its name for the message, where it gives one


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The provider will never take this message."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Surely not taken; to be sent again."""

    reason: str
    after: timedelta | None = None  # the provider's own hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The answer does not say."""

    detail: str


Outcome = Accepted | Rejected | Retry | Unknown
Found = tuple[Outcome | None, ...]  # of each recipient, in order; None: the provider shows no such message
Inquiry = Generator[httpx.Request, httpx.Response, Found]  # asks page by page, as httpx.Auth does; then says


class Cause(StrEnum):
    """Why a provider refused a whole request."""

    POISON = "poison"  # something inside is not valid: halve until it is found
    TOO_LARGE = "too large"  # halve
    BUSY = "busy"  # not taken: wait, slow down, send again
    PENDING = "pending"  # an earlier request under this key is still at work: send the same again soon
    ACCOUNT = "account"  # key, sender, plan: no request will pass until the owner acts
    UNCLEAR = "unclear"  # may have been taken
    TAKEN = "taken"  # an earlier request under this key was


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request that was answered with no success."""

    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """How long a repeated request under the same key is known as the same one; None: for ever."""

    lifetime: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """How far a provider can be asked what became of a request whose answer was lost. Times are from the request."""

    after: timedelta  # what was taken shows then, as a rule
    settled: timedelta  # what does not show by then never will
    proves_absence: bool = False  # its documents say so: what is not there was not taken, and may go again


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do, and how much of it."""

    batch_max: int  # messages a request
    request_bytes: int = 20_000_000
    unsubscribe_headers: bool = True  # List-Unsubscribe and List-Unsubscribe-Post, different for each recipient
    idempotency: Idempotency | None = None
    lookup: Lookup | None = None
    connections: int = 8
    why_not: str = ""  # where unsubscribe_headers is False: the reason, for the owner


class Whole(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A body of many messages in full, in its pieces: it is put together as it leaves, and nobody holds it before.

    `fingerprint` is what it is known by, where reading it all would take long: 33 bytes, the first a 1.
    """

    def __init__(self, pieces: Sequence[bytes], fingerprint: bytes) -> None:
        self.fingerprint = fingerprint
        self.size = sum(map(len, pieces))
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        """All at once: each write wakes the loop."""
        yield b"".join(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same."""
        yield b"".join(self._pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a provider is set up with. Secrets stay out of its repr."""

    base_url: str
    sender: str
    api_key: str = field(default="", repr=False)
    region: str = ""  # of a cloud
    webhook_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a provider says of the account, asked with its key."""

    said: str
    is_good: bool | None = True  # None: the answer does not tell
    left: int | None = None  # messages it takes yet today, where it says so


class Provider(Protocol):
    """One HTTP mail API. Inherit from `Codec`, which answers all but the first four."""

    @property
    def name(self) -> str:
        """As it stands in digest.toml."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def encode(self, batch: Batch) -> httpx.Request:
        """The request that carries the batch: pure, and the same bytes every time."""

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...] | Refusal:
        """What a 2xx answer says of each recipient, in order. What it does not say is `Unknown`, never accepted.

        A `Refusal` where it refuses all of them for a reason of the account.
        """

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """What an answer that is no 2xx means at this provider; None: what its status means anywhere."""

    @property
    def auth(self) -> httpx.Auth | None:
        """What signs the request when it leaves, where a header alone will not do."""

    @property
    def transports(self) -> Mapping[str, httpx.AsyncBaseTransport]:
        """Transports of its own, by address prefix: how a provider that is no HTTP API fits in."""

    def inquire(self, batch: Batch, since: datetime) -> Inquiry:
        """What became of the batch, whose first request left at `since`. Asked where `capabilities.lookup` is."""

    def examine(self) -> httpx.Request | None:
        """A question that needs the key and changes nothing; None where its API has none."""

    def standing(self, response: httpx.Response) -> Standing:
        """What the answer to `examine` says."""

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """The reports in a webhook's request, verified; ProviderError where it is not the provider's."""


class Codec:
    """The answers most providers give to the rarer questions."""

    name: str
    capabilities: Capabilities

    def __init__(self, account: Account) -> None:
        self.account = account

    def __repr__(self) -> str:
        return f"<provider {self.name} at {self.account.base_url}>"

    @property
    def auth(self) -> httpx.Auth | None:
        """None: a header carries the key."""
        return None

    @property
    def transports(self) -> Mapping[str, httpx.AsyncBaseTransport]:
        """None of its own."""
        return {}

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """The status says it all."""
        del response
        return None

    def inquire(self, batch: Batch, since: datetime) -> Inquiry:
        """Nothing is asked, and nothing known."""
        del since
        yield from ()
        return unknown(batch, f"{self.name} cannot be asked")

    def examine(self) -> httpx.Request | None:
        """No such question."""
        return None

    def standing(self, response: httpx.Response) -> Standing:
        """Good, where it was answered with success."""
        if response.is_success:
            return Standing(said="the key is accepted")
        return Standing(is_good=False, said=said(response, "message", "Message", "error", "detail"))

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """None reported."""
        del headers, body, now
        return ()

    def get(self, path: str, params: Mapping[str, object] = {}, headers: Mapping[str, str] = {}) -> httpx.Request:
        """A question below the account's base_url."""
        sent = {"Accept": "application/json", **headers}
        return httpx.Request(
            "GET",
            self.account.base_url + path,
            params={name: str(value) for name, value in params.items()} or None,
            headers=sent,
        )

    def post(self, path: str, content: object, headers: Mapping[str, str] = {}) -> httpx.Request:
        """A JSON request below the account's base_url; keys in the order given."""
        sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        url = self.account.base_url + path
        if isinstance(content, Whole):
            told = {_FINGERPRINT: content.fingerprint}
            made = httpx.Request("POST", url, stream=content, headers=sent, extensions=told)
            made.headers.update({"Host": made.url.netloc.decode(), "Content-Length": str(content.size)})
            return made
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return httpx.Request("POST", url, content=body, headers=sent)


_FINGERPRINT = "digest.fingerprint"  # among a request's extensions, which never leave


def fingerprint(request: httpx.Request, *, like: bytes | None = None) -> bytes:
    """What the request's body is known by: `Whole`'s own, else its SHA-256 (32 bytes).

    `like`: an earlier one, for one of the same kind: all were SHA-256 once, and some are still kept.

    >>> fingerprint(httpx.Request("POST", "http://a.example", content=b"text")).hex()[:16]
    '982d9e3eb996f559'
    """
    told = request.extensions.get(_FINGERPRINT)
    if isinstance(told, bytes) and (like is None or len(like) == len(told)):
        return told
    return sha256(request.read()).digest()


def size(request: httpx.Request) -> int:
    """Bytes of the request's body."""
    return request.stream.size if isinstance(request.stream, Whole) else len(request.read())


def unknown(batch: Batch, detail: str) -> tuple[Outcome, ...]:
    """Nothing is known of any recipient."""
    return (Unknown(detail=detail),) * len(batch.recipients)


def shown(batch: Batch, ids: Mapping[str, str | None]) -> Found:
    """Accepted, whose address (compared without case) the provider shows; None for the others."""
    known = {address.lower(): named for address, named in ids.items()}
    members = (person.address.lower() for person in batch.recipients)
    return tuple(Accepted(provider_id=known[address]) if address in known else None for address in members)


def parsed(response: httpx.Response) -> Any:
    """The answer's JSON; None where it is not JSON (an HTML error page, half a body)."""
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None


def ids(batch: Batch, found: object, key: str) -> tuple[Outcome, ...]:
    """Accepted, by a list of objects with an id each; unknown where their number or form is not as it must be."""
    count = len(batch.recipients)
    if not isinstance(found, list) or len(found) != count:
        got = len(found) if isinstance(found, Sequence) else "no"
        return unknown(batch, f"{got} ids for {count} messages in a success")
    return tuple(_accepted(item, key) for item in found)


def _accepted(item: object, key: str) -> Outcome:
    named = item.get(key) if isinstance(item, dict) else None
    return Accepted(provider_id=named) if isinstance(named, str) and named else Unknown(detail="a success with no id")


def listed(value: object) -> str:
    """What an answer gives as a list of reasons, or as one, on one short line; empty where it gives none.

    >>> [listed(value) for value in (["no such", "domain"], "too long", None, [])]
    ['no such; domain', 'too long', '', '']
    """
    if value is None:
        return ""
    return " ".join(("; ".join(map(str, value)) if isinstance(value, list) else str(value)).split())[:300]


def said(response: httpx.Response, *keys: str) -> str:
    """The provider's own words for why, of the first of these keys that holds any; else the status. One line."""
    body = parsed(response)
    words = next((body[key] for key in keys if isinstance(body.get(key), str)), "") if isinstance(body, dict) else ""
    return " ".join(f"{response.status_code} {words or response.reason_phrase}".split())[:300]
