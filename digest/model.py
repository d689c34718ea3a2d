"""The words of the design, as values: frozen, slotted, keyword-only. Times are aware and UTC."""

import html
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

# ------------------------------------------------------------------ collect


class TextSource(StrEnum):
    """Where an article's text came from."""

    FEED = "feed"
    PAGE = "page"
    EXCERPT = "excerpt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that stands for an article."""

    url: str
    alt: str = ""
    width: int | None = None  # pixels, as stated; None where the publisher does not say
    height: int | None = None
    media_type: str = ""  # as stated, in small letters: image/webp; empty where nothing else than JPEG is


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a publisher states about one piece (RFC 4287 §4.1.2). Links are absolute, titles plain text on one line."""

    guid: str | None
    link: str
    title: str
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    excerpt_html: str = ""  # sanitized
    content_html: str = ""  # sanitized; empty where the feed gives an excerpt only
    image: Image | None = None
    language: str | None = None  # BCP 47
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a publisher states (RFC 4287 §4.1.1): the entries in the feed's own order."""

    url: str
    title: str
    site_url: str = ""
    language: str | None = None
    entries: tuple[Entry, ...] = ()


class SourceKind(StrEnum):
    """What a source is read as."""

    AUTO = "auto"  # a feed or a sitemap, by its content
    FEED = "feed"
    SITEMAP = "sitemap"
    PAGE = "page"  # an index page whose links are the articles


class FeedState(StrEnum):
    """How polling a feed stands."""

    ACTIVE = "active"
    BACKOFF = "backoff"
    DEAD = "dead"  # 14 days without success: probed weekly
    GONE = "gone"  # 410 twice: not asked any more
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next GET conditional (RFC 9110 §13.1), verbatim as the server sent it."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """A feed as the program knows it: its row."""

    id: int
    url: str  # asked now; a permanent redirect moves it
    requested_url: str  # as configured
    title: str = ""
    site_url: str = ""
    validators: Validators = field(default_factory=Validators)
    body_hash: bytes | None = None  # sha256 of the last body
    last_checked: datetime | None = None
    last_ok: datetime | None = None
    last_full: datetime | None = None  # the last unconditional answer
    next_check: datetime | None = None  # None: at once
    error_count: int = 0
    last_error: str | None = None  # None where all is well
    last_error_kind: str | None = None
    state: FeedState = FeedState.ACTIVE
    redirect_target: str | None = None
    redirect_seen: int = 0
    gone_since: datetime | None = None  # the first 410 in a row
    since: datetime | None = None  # what a first poll lets in, where the owner chose (feeds add --since)
    note: str = ""  # what the owner should know: moved, flooded; kept for a week; empty where nothing is
    noted_at: datetime | None = None
    silent_from: datetime | None = None  # by its own rhythm: with nothing new until then, it has stopped publishing


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The clean paragraphs of one entry. `id` is None until stored."""

    id: int | None = None
    feed_url: str
    feed_title: str = ""
    link: str
    title: str
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    first_seen: datetime
    language: str | None = None
    image: Image | None = None
    tags: tuple[str, ...] = ()
    text: tuple[str, ...] = ()  # paragraphs, no markup
    excerpt: str = ""  # plain text of the feed's excerpt
    source: TextSource = TextSource.FEED

    @property
    def sort_at(self) -> datetime:
        """When it counts as new: never later than it was first seen (a feed's clock may be wrong)."""
        return min(self.published or self.first_seen, self.first_seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A stored article, as far as recognizing it in the next poll needs."""

    id: int
    title: str
    link: str
    published: datetime | None
    fingerprint: int | None  # simhash of the text; None where there was too little
    content_hash: bytes
    hash_changes: int = 0  # how often the text changed, and nothing else


# ------------------------------------------------------------------ summarize


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Sentences of one article, to the letter, in its order, with the index of each among all its sentences."""

    sentences: tuple[str, ...]
    positions: tuple[int, ...]
    method: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Articles on the same event, the lead article first."""

    articles: tuple[Article, ...]
    section: str = ""
    score: float = 0.0
    reasons: tuple[tuple[str, float], ...] = ()  # (what, how much of the score)
    summary: Summary | None = None  # of the lead

    @property
    def lead(self) -> Article:
        """The article that is told."""
        return self.articles[0]

    @property
    def also(self) -> tuple[Article, ...]:
        """The others: 'also in'."""
        return self.articles[1:]


# ------------------------------------------------------------------ render


class IssueState(StrEnum):
    """Where an issue stands."""

    BUILDING = "building"
    READY = "ready"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"  # nothing new
    MISSED = "missed"  # passed over by catch_up
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One numbered, dated edition of a newsletter: what the templates see."""

    newsletter: str
    number: int
    slot: str  # wall-clock text, 2026-11-23T07:30
    title: str  # the newsletter's
    made_at: datetime
    language: str
    timezone: str
    stories: tuple[Story, ...]
    intro: str = ""

    @property
    def name(self) -> str:
        """NEWSLETTER/NUMBER, as it is written everywhere."""
        return f"{self.newsletter}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What the editor changed in an issue. A story is known by the link of an article in it."""

    pins: tuple[str, ...] = ()  # told first, in this order, whatever else arrives
    order: tuple[str, ...] = ()  # of the others, as they were arranged; what is not named comes behind, by rank
    moved: tuple[str, ...] = ()  # moved by hand: told, though newer stories may rank higher
    drops: tuple[str, ...] = ()  # every link of the stories left out
    intro: str | None = None  # None: the newsletter's own
    sentences: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # of a lead's article, instead of the summary


class SlotKind(StrEnum):
    """How a recipient's value is escaped where it is merged in."""

    TEXT = "text"
    URL = "url"  # a whole href; http, https or mailto
    PARAM = "param"  # part of a query


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for one value of a recipient."""

    name: str
    kind: SlotKind = SlotKind.TEXT


_SCHEMES = ("https://", "http://", "mailto:")
_HARMLESS = (string.ascii_letters + string.digits + "_./:@?=,+-").encode()  # no escaping changes these
_PLAIN = re.compile(r"[\w./:@?=,+-]+(?: [\w./:@?=,+-]+)*", re.ASCII)  # nor these with single blanks between


def is_plain(value: str) -> bool:
    """Whether it stands in a text, in HTML and in JSON as it is; of the empty text and others that do, it denies it.

    >>> [is_plain(value) for value in ("Jane Doe", "https://a.example/x?y=z", "a&b", " a", "Zoë")]
    [True, True, False, False, False]
    """
    if not value.isascii():
        return False
    others = value.encode().translate(None, _HARMLESS)  # a fifth of what the pattern takes
    return not others and value != "" if b" " not in others else _PLAIN.fullmatch(value) is not None


def plain(values: Sequence[str]) -> list[bytes] | None:
    """All of them, encoded, where each is plain; None where one is not. A tenth of what one look at each takes.

    >>> plain(["Jane Doe", "x?y=z"]), plain(["Jane", ""])
    ([b'Jane Doe', b'x?y=z'], None)
    """
    lines = "\n".join(values)
    if not lines.isascii():
        return None
    found = (raw := lines.encode()).split(b"\n")
    if raw.translate(None, _HARMLESS + b" \n") or len(found) != len(values) or b"" in found:
        return None
    is_blanked = b" " in raw and any(pair in b"\n" + raw + b"\n" for pair in (b"  ", b"\n ", b" \n"))
    return None if is_blanked else found


def is_link(value: str) -> bool:
    """Whether it may stand as a whole href."""
    return value.startswith(_SCHEMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slotted:
    """A text with slots: len(parts) == len(slots) + 1, the whole is part, slot, part, … part."""

    parts: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    is_html: bool = False

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every slot replaced by its escaped value; KeyError where a value is missing."""
        pieces = [self.parts[0]]
        for slot, part in zip(self.slots, self.parts[1:], strict=True):
            pieces += (self.escaped(slot, values[slot.name]), part)
        return "".join(pieces)

    def escaped(self, slot: Slot, value: str) -> str:
        """`value` as it stands in that slot: one line, never markup, never another scheme.

        >>> Slotted(parts=("", ""), slots=(Slot(name="n"),), is_html=True).fill({"n": "<b>"})
        '&lt;b&gt;'
        """
        if slot.kind is not SlotKind.PARAM and is_plain(value):  # our own links, most names: as below, sooner
            return value if slot.kind is SlotKind.TEXT or is_link(value) else "#"
        flat = " ".join(value.split())
        if slot.kind is SlotKind.PARAM:
            flat = quote(flat, safe="")
        if slot.kind is SlotKind.URL and not is_link(flat):
            flat = "#"
        return html.escape(flat, quote=True) if self.is_html else flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An issue as it leaves, but for each recipient's values; frozen with the issue."""

    subject: str
    preheader: str
    html: Slotted
    text: Slotted
    language: str = "en"


class Level(StrEnum):
    """How grave a finding of preflight is: errors block a send, warnings show."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What preflight found."""

    level: Level
    rule: str  # a stable slug: size, alt, contrast, …
    message: str
    place: str = ""  # a CSS path, a line, a link
    remedy: str = ""


# ------------------------------------------------------------------ send


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One member of a batch."""

    subscriber_id: int
    address: str
    name: str
    message_id: str  # with angle brackets
    values: Mapping[str, str]  # of the slots
    headers: tuple[tuple[str, str], ...] = ()  # its own: List-Unsubscribe and the like


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An RFC 5322 message to one recipient, before any encoding."""

    sender: str  # name-addr
    reply_to: str
    to_address: str
    to_name: str
    subject: str
    date: datetime
    message_id: str
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Messages that leave in one request: fixed members, fixed key, fixed bytes."""

    issue: str
    key: str  # the idempotency key
    sender: str
    reply_to: str
    date: datetime
    headers: tuple[tuple[str, str], ...]  # shared by all
    rendered: Rendered
    recipients: tuple[Recipient, ...]

    def messages(self) -> tuple[Message, ...]:
        """Each recipient's own message, in order."""
        return tuple(self._message(recipient) for recipient in self.recipients)

    def _message(self, recipient: Recipient) -> Message:
        return Message(
            sender=self.sender,
            reply_to=self.reply_to,
            to_address=recipient.address,
            to_name=recipient.name,
            subject=self.rendered.subject,
            date=self.date,
            message_id=recipient.message_id,
            headers=self.headers + recipient.headers,
            html=self.rendered.html.fill(recipient.values),
            text=self.rendered.text.fill(recipient.values),
        )


class DeliveryState(StrEnum):
    """The fate of one message."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    SKIPPED = "skipped"  # the issue has no story in the sections its reader chose: nothing is sent


class BatchState(StrEnum):
    """Where a batch stands. The fates of its messages are its deliveries'."""

    PENDING = "pending"
    SENDING = "sending"  # committed before the request
    DONE = "done"
    UNKNOWN = "unknown"  # sent, answer not known, no safe replay


class EventKind(StrEnum):
    """What a provider reports later (the field's common taxonomy)."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    REFUSED = "refused"  # for the sender's sake: reputation, authentication, text; says nothing of the reader
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One report of a provider about one message."""

    provider: str
    id: str  # unique per provider: a repeated report is known by it
    kind: EventKind
    address: str
    at: datetime
    provider_id: str | None = None  # the message's, as the provider named it when it accepted it
    is_permanent: bool = False  # a hard bounce
    detail: str = ""


# ------------------------------------------------------------------ engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A slot to make: its wall-clock text, its instant, and from when its articles count (None: all not told yet)."""

    slot: str
    at: datetime
    since: datetime | None = None
    until: datetime | None = None  # None: to this moment
    cadence: str = ""  # of a newsletter that has several
    is_past: bool = False  # made after its time: what was published, or first seen, outside of its window is not its


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A piece of work by name; `key` is its identity, so that submitting it twice does it once."""

    name: str
    key: str
    args: Mapping[str, str | int] = field(default_factory=dict)


DAY = timedelta(days=1)
