"""From a frozen rendition and a list of people to a batch: every header of every message, and no clock.

The same arguments give the same batch, to the byte: what is sent again is what was sent.
"""

import hashlib
import re
import uuid
from binascii import b2a_qp
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from itertools import chain
from typing import Protocol

import idna

from digest.errors import HeaderError, SendError
from digest.model import Batch, Message, Recipient, Rendered
from subscribers import tokens

_KEYS = uuid.UUID("6e5d8f57-4f0c-4d43-9a1e-2d2f6b2f7c11")  # namespace of our idempotency keys
_SPECIALS = frozenset('()<>[]:;@\\,."')  # RFC 5322 §3.2.3: a name with one of these is quoted
_ADDRESS = re.compile(r"""[^ <>,;"()\[\]:\\]+@[^ <>,;"()\[\]:\\@]+""")
_BREAK = re.compile(r"[\r\n\0]")
_FOLD = 76  # RFC 2047 §2: an encoded word has at most 75 characters, a line that holds one at most 76
_NEXT_LINE = "\r\n "


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What all messages of an issue share."""

    issue: str  # NEWSLETTER/NUMBER
    newsletter: str
    title: str
    sender: str  # name-addr
    reply_to: str  # empty: the sender
    unsubscribe_address: str  # of the mailto; empty: the sender's
    public_url: str
    date: datetime
    secret: bytes  # signs the links


class Addressee(Protocol):
    """Whom a message goes to."""

    @property
    def subscriber_id(self) -> int:
        """0: nobody on the list (a test copy)."""

    @property
    def address(self) -> str:
        """As the reader gave it."""

    @property
    def name(self) -> str:
        """Empty where none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An `Addressee` and no more."""

    subscriber_id: int
    address: str
    name: str = ""


def batch(envelope: Envelope, rendered: Rendered, people: Sequence[Addressee]) -> Batch:
    """The batch of these people; HeaderError for a line break in a header, SendError for a slot nobody fills."""
    sender = mailbox(envelope.sender)
    recipients = _Maker(envelope, people).recipients(_needed(rendered))
    made = Batch(
        issue=envelope.issue,
        key=_key(envelope, recipients),
        sender=sender,
        reply_to=mailbox(envelope.reply_to) if envelope.reply_to else sender,
        date=envelope.date,
        headers=_shared(envelope),
        rendered=rendered,
        recipients=recipients,
    )
    _check(made)
    return made


def mailbox(value: str) -> str:
    """A name-addr as it leaves: one line, its domain in ASCII (RFC 5891).

    >>> mailbox("Zoë <zoe@bücher.example>")
    'Zoë <zoe@xn--bcher-kva.example>'
    """
    single(value, "an address")
    name, address = parseaddr(value)
    return name_addr(name, ascii_domain(address))


def name_addr(name: str, address: str) -> str:
    """`Name <address>`, the name quoted where it must be, not encoded.

    >>> name_addr("Doe, Jane", "jane@example.org")
    '"Doe, Jane" <jane@example.org>'
    """
    if not name:
        return address
    if not _SPECIALS.isdisjoint(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def ascii_domain(address: str) -> str:
    """The address with its domain in punycode; as it is where that cannot be."""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


@lru_cache(maxsize=64)  # the sender's is asked for every message; parsing it cost a fifth of composing
def domain_of(address: str) -> str:
    """What follows the @ of an address or name-addr, in ASCII."""
    return ascii_domain(parseaddr(address)[1]).rpartition("@")[2]


def single(value: str, what: str) -> str:
    """`value`; HeaderError where it breaks the line or ends the string."""
    if not value.isprintable() and _BREAK.search(value):  # the first is a quarter of the second
        raise HeaderError(f"{what} has a line break in it: {value[:80]!r}; take it out")
    return value


def is_sendable(address: str) -> bool:
    r"""Whether it can stand in a header and in a request: one @ with both sides, no blank, no control, no bracket.

    >>> [is_sendable(text) for text in ("a@b.example", "a b@c", "a@b\r\nBcc: x@y")]
    [True, False, False]
    """
    return address.isprintable() and _ADDRESS.fullmatch(address) is not None


def eml(message: Message) -> bytes:
    """The message as RFC 5322 bytes: multipart/alternative, quoted-printable, CRLF; the same bytes every time."""
    boundary = "=_" + hashlib.sha256(message.message_id.encode()).hexdigest()[:32]
    lines = [
        _line("From", message.sender, is_address=True),
        _line("Reply-To", message.reply_to, is_address=True),
        _line("To", name_addr(message.to_name, message.to_address), is_address=True),
        _line("Subject", message.subject),
        f"Date: {format_datetime(message.date)}",
        f"Message-ID: {message.message_id}",
        *(_line(name, value) for name, value in message.headers),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
    ]
    parts = (("plain", message.text), ("html", message.html))
    body = b"".join(_part(boundary, kind, text) for kind, text in parts)
    return "\r\n".join([*lines, ""]).encode() + body + f"--{boundary}--\r\n".encode()


def _part(boundary: str, kind: str, text: str) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    )
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\n", "\r\n") + "\r\n"
    return head.encode() + b"\r\n" + b2a_qp(lines.encode(), istext=True)


def _line(name: str, value: str, *, is_address: bool = False) -> str:
    single(value, name)
    return f"{name}: {_encoded_address(name, value) if is_address else encoded(value, name)}"


def encoded_name(name: str) -> str:
    """A display name in ASCII (RFC 2047), on one line."""
    return name if name.isascii() else Header(name, "utf-8", maxlinelen=_FOLD).encode(linesep="")


def encoded(value: str, header: str) -> str:
    """RFC 2047 where it is not ASCII, folded between encoded words to follow `header: `; else as it is, unfolded."""
    if value.isascii():
        return value
    return Header(value, "utf-8", maxlinelen=_FOLD, header_name=header).encode(linesep="\r\n")


def _encoded_address(header: str, value: str) -> str:
    name, address = parseaddr(value)
    if name.isascii():
        return value
    made = encoded(name, header)
    last = f"{header}: {made}".rpartition("\r\n")[2]
    return f"{made}{' ' if len(last) + len(address) + 3 <= _FOLD else _NEXT_LINE}<{address}>"


def _shared(envelope: Envelope) -> tuple[tuple[str, str], ...]:
    host = domain_of(envelope.sender)
    title = encoded_name(" ".join(envelope.title.replace("\\", "").replace('"', "'").split()))
    phrase = title if title.startswith("=?") else f'"{title}"'
    return (
        ("List-Id", f"{phrase} <{envelope.newsletter}.{host}>"),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
        ("X-Digest-Issue", envelope.issue),
    )


class _Maker:
    """Makes recipients column by column: one at a time, each took half as long again."""

    def __init__(self, envelope: Envelope, people: Sequence[Addressee]) -> None:
        self.people = people
        self._envelope = envelope
        self._base = envelope.public_url.rstrip("/")
        self._mailto = f"mailto:{_bare(envelope.unsubscribe_address or envelope.sender)}?subject=unsubscribe-"
        self._tokens: dict[str, list[str]] = {}  # by purpose

    def recipients(self, needed: frozenset[str]) -> tuple[Recipient, ...]:
        """Each with the signed links of their own."""
        links = zip(self.urls("unsubscribe"), self.tokens("unsubscribe"), strict=True)
        rows = zip(self.people, self._message_ids(), self._values(sorted(needed)), links, strict=True)
        return tuple(
            Recipient(
                subscriber_id=person.subscriber_id,
                address=ascii_domain(person.address),
                name=" ".join(person.name.split()),
                message_id=message_id,
                values=values,
                headers=(
                    ("List-Unsubscribe", f"<{unsubscribe}>, <{self._mailto}{token}>"),
                    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ),
            )
            for person, message_id, values, (unsubscribe, token) in rows
        )

    def urls(self, purpose: str) -> list[str]:
        """A page of each one's own."""
        page = f"{self._base}/{purpose}/"
        return [page + token for token in self.tokens(purpose)]

    def tokens(self, purpose: str) -> list[str]:
        """They name person and newsletter, or issue."""
        if purpose not in self._tokens:
            of = self._envelope.issue if purpose == "view" else self._envelope.newsletter
            ids = [person.subscriber_id for person in self.people]
            self._tokens[purpose] = tokens.signed(self._envelope.secret, purpose, ids, of)
        return self._tokens[purpose]

    def _values(self, needed: Sequence[str]) -> list[dict[str, str]]:
        """What goes into each one's slots."""
        if strangers := [name for name in needed if name not in _VALUES]:
            words = f"{self._envelope.issue}: the template has a place for {strangers[0]!r}, which nobody fills"
            raise SendError(f"{words}: build it again")
        if not needed:
            return [{} for _ in self.people]
        return [
            dict(zip(needed, row, strict=True)) for row in zip(*(_VALUES[name](self) for name in needed), strict=True)
        ]

    def _message_ids(self) -> list[str]:
        """Unique to the installation (its secret), the issue and the reader; they tell none of them."""
        marked = f"{self._envelope.issue}\n{self._envelope.date.isoformat()}\n"
        told = [f"{marked}{person.subscriber_id}\n{person.address}".encode() for person in self.people]
        host = domain_of(self._envelope.sender)
        return [f"<{mark.hex()[:32]}@{host}>" for mark in tokens.Mac(self._envelope.secret).digests(told)]


@lru_cache(maxsize=64)
def _bare(value: str) -> str:
    return ascii_domain(parseaddr(value)[1])


_VALUES: Mapping[str, Callable[[_Maker], Sequence[str]]] = {
    "recipient.name": lambda maker: [person.name for person in maker.people],
    "recipient.address": lambda maker: [person.address for person in maker.people],
    "unsubscribe_url": lambda maker: maker.urls("unsubscribe"),
    "preferences_url": lambda maker: maker.urls("preferences"),
    "view_url": lambda maker: maker.urls("view"),
}


def _needed(rendered: Rendered) -> frozenset[str]:
    return frozenset(slot.name for slot in (*rendered.html.slots, *rendered.text.slots))


def _key(envelope: Envelope, recipients: Iterable[Recipient]) -> str:
    """Other members, another key; the same members, the same key."""
    return str(uuid.uuid5(_KEYS, "\n".join([envelope.issue, *(person.message_id for person in recipients)])))


def _check(made: Batch) -> None:
    single(made.rendered.subject, "the subject")
    for name, value in made.headers:
        single(value, name)
    own = [("an address", person.address) for person in made.recipients]
    own += chain.from_iterable(person.headers for person in made.recipients)
    whole = "".join([value for _, value in own])
    if any(each in whole for each in "\r\n\0"):  # as `single`, at once
        for name, value in own:
            single(value, name)
