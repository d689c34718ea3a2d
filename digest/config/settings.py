"""The tables of digest.toml as frozen values; each field's check says what a good value is."""

import re
from datetime import date, timedelta
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

import digest.config.cron as cron
from subscribers.model import EVERYBODY, Choosers

METHODS = (
    "digest",
    "lex-rank",
    "text-rank",
    "lsa",
    "luhn",
    "edmundson",
    "sum-basic",
    "kl",
    "reduction",
    "random",
    "lead",
)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LANGUAGE = re.compile(r"auto|[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(second|minute|hour)")
_DURATION = re.compile(r"(\d{1,5})\s*(m|h|d)")
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CADENCE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST_AHEAD = timedelta(days=7)
_SHORTEST_DAYS = 31  # a month of soft bounces is counted, and a monthly issue wants its articles
_STAYS_HERE = frozenset({"mailbox", "file", "mailpit"})  # providers that keep what they take
_PER = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{value!r} is no web address|Write it in full: https://…")
    return value


def _secret_address(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ValueError("is no web address|Write it in full: https://…")  # it is not shown: whoever knows it may post
    return value


def _origin(value: str) -> str:
    if value and (urlsplit(_web_address(value)).path.strip("/") or urlsplit(value).query):
        raise ValueError(f"{value!r} has a path|Give scheme and host alone, as in https://api.example.org")
    return value.rstrip("/")


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone|Write one of the IANA names, as in Europe/Berlin") from None
    return value


def _schedule(value: str) -> str:
    try:
        cron.check(value)
    except ValueError as error:
        remedy = "Write five fields, minute hour day month weekday, as in 30 7 * * mon-fri"
        raise ValueError(f"{value!r} is no cron schedule ({error})|{remedy}") from None
    return value


def _ahead(value: str) -> str:
    match = _DURATION.fullmatch(value)
    if value and (match is None or not timedelta() < int(match[1]) * _UNITS[match[2]] <= _LONGEST_AHEAD):
        raise ValueError(f"{value!r} is no time ahead|Write it as 30m, 4h or 1d; at most 7d")
    return value


def _window(value: str) -> str:
    match = _WINDOW.fullmatch(value)
    if value and (match is None or match[1] + match[2] == match[3] + match[4]):
        raise ValueError(f"{value!r} is no window|Write two times of day that differ, as in 07:00-09:00")
    return value


def _cadences(value: dict[str, str]) -> dict[str, str]:
    for name, schedule in value.items():
        if not _CADENCE.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a cadence|Use a-z, 0-9 and -, as in weekly")
        _schedule(schedule)
    return value


def _tags(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not _TAG.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a parameter|Use letters, digits, - and _, as in utm_source")
    return value


def _sender(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    _, address = parseaddr(value)
    if any(mark in value for mark in "\r\n\0"):
        raise ValueError("has a line break in it|Write it on one line: Name <name@example.org>")
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        remedy = "Write it as Name <name@example.org>"
        raise ValueError(f"{value!r} holds no e-mail address ({error})|{remedy}") from None
    return value


def _sender_or_none(value: str) -> str:
    return _sender(value) if value else value


def _bare_or_none(value: str) -> str:
    if value and (_sender(value), parseaddr(value)[1])[1] != value:
        raise ValueError(f"{value!r} is more than an address|Write it alone, as in leave@example.org")
    return value


def is_language(value: str) -> bool:
    """Whether that is `auto` or has the form of a language tag (RFC 5646)."""
    return _LANGUAGE.fullmatch(value) is not None


def _language(value: str) -> str:
    if not is_language(value):
        raise ValueError(f"{value!r} is no language tag|Write auto, or a tag such as en, de, pt-BR")
    return value


def _rate(value: str) -> str:
    if not (match := _RATE.fullmatch(value.strip())) or float(match[1]) <= 0:
        raise ValueError(f"{value!r} is no rate|Write it as 10/second, 100/minute or 1000/hour")
    return value


def _method(value: str) -> str:
    if value not in METHODS:
        raise ValueError(f"{value!r} is no method|Choose one of {', '.join(METHODS)}")
    return value


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 <= int(port[:6]) <= 65535:
        raise ValueError(f"{value!r} is no address to listen on|Write it as 127.0.0.1:8765")
    return value


def _private(value: str) -> str:
    network, _, port = value.rpartition(":") if re.search(r"(\]|\.\d+):\d+$", value) else (value, "", "")
    try:
        ip_network(network.strip("[]"), strict=False)
    except ValueError:
        remedy = "Write an address, a network or address:port, as in 127.0.0.0/8 or 10.0.0.5:8080"
        raise ValueError(f"{value!r} is no address|{remedy}") from None
    if port and int(port) > 65535:
        raise ValueError(f"{value!r} has no such port|Ports go to 65535")
    return value


def _one_line(value: str) -> str:
    return " ".join(value.split())


WebAddress = Annotated[str, AfterValidator(_web_address)]
Words = Annotated[str, AfterValidator(_one_line)]
Bare = Annotated[str, AfterValidator(_bare_or_none)]  # an address alone, or nothing
Private = Annotated[str, AfterValidator(_private)]
Mailbox = Annotated[str, AfterValidator(_sender_or_none)]  # Name <address>, or nothing


class Table(BaseModel):
    """A table of the file: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)


class General(Table):
    """[digest]"""

    database: str = "sqlite:///digest.db"  # relative to this file; or postgresql://…
    public_url: WebAddress = "http://127.0.0.1:8765"  # where `digest run` is reached from outside
    postal_address: Words = ""  # in every issue; the law wants one, and so does sending to readers
    engine: Literal["local", "procrastinate"] = "local"  # procrastinate needs PostgreSQL
    templates: str = ""  # a folder of your own, file by file over the shipped ones
    owner: Mailbox = ""  # who gets drafts and bad news; empty: drafts go to the sender, bad news to the log
    owner_webhook: Annotated[SecretStr, AfterValidator(_secret_address)] = SecretStr("")  # the same by POST of JSON

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.database.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("the database is neither sqlite:///FILE nor postgresql://…|Write sqlite:///digest.db")
        if self.engine == "procrastinate" and not self.database.startswith("postgresql://"):
            raise ValueError('engine "procrastinate" needs PostgreSQL|Set database = "postgresql://…"')
        return self


class Mail(Table):
    """[mail]"""

    provider: str = "mailbox"  # a name that `digest check` lists
    sender: Annotated[str, AfterValidator(_sender)]  # Name <address>
    confirmation_sender: Mailbox = ""  # of confirmations; empty: the sender
    reply_to: Mailbox = ""  # where answers go; empty: to the sender
    api_key: SecretStr = SecretStr("")  # the provider's; better in a file or the environment
    api_key_file: str = ""  # a file with the key, beside this one
    webhook_secret: SecretStr = SecretStr("")  # what /events/PROVIDER verifies with; empty: no such page
    webhook_secret_file: str = ""  # a file with that
    base_url: Annotated[str, AfterValidator(_origin)] = ""  # of the same API elsewhere: scheme and host
    rate: Annotated[str, AfterValidator(_rate)] = "10/second"  # requests, of all who send through the database
    per_day: Annotated[int, Field(ge=0)] = 0  # messages in any 24 hours, of all who send; 0: no cap
    unsubscribe_address: Bare = ""  # of the mailto in List-Unsubscribe; empty: the sender's address

    @property
    def requests_per_second(self) -> float:
        """`rate` as a number."""
        match = _RATE.fullmatch(self.rate.strip())
        assert match, "validated at load"
        return float(match[1]) / _PER[match[2]]

    @property
    def reaches_readers(self) -> bool:
        """Whether mail goes out into the world: not to a file, nor to a test server, nor to one on this machine."""
        if self.provider in _STAYS_HERE:
            return False
        host = urlsplit(self.base_url).hostname or ""
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"

    @property
    def sender_address(self) -> str:
        """The bare address of `sender`."""
        return parseaddr(self.sender)[1]


class Web(Table):
    """[web]"""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8765"  # `digest run` and `digest preview`

    @property
    def host(self) -> str:
        """The address part of `listen`."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port part of `listen`."""
        return int(self.listen.rpartition(":")[2])


class Collecting(Table):
    """[collect]"""

    allow_private: tuple[Private, ...] = ()  # what of it may be fetched: 10.0.0.5, 10.0.0.0/8, 10.0.0.5:8080


def _days(value: int) -> int:
    if 0 < value < _SHORTEST_DAYS:
        raise ValueError(f"{value} days are too short|At least {_SHORTEST_DAYS}, or 0 to keep it for good")
    return value


Days = Annotated[int, Field(ge=0, le=36_500), AfterValidator(_days)]


class Privacy(Table):
    """[privacy]"""

    deliveries_days: Days = 0  # addresses in deliveries are kept so long after an issue went out; 0: for good
    events_days: Days = 0  # reports of the mail provider; 0: for good
    sources_days: Days = 0  # network addresses in the record of consent; 0: for good
    texts_days: Days = 0  # articles' full texts; titles and issues stay; 0: for good
    pending_days: Days = 90  # requests that nobody confirmed; 0: for good


class FeedSettings(Table):
    """One feed of a newsletter."""

    url: WebAddress  # of the feed itself; `digest feeds add` finds it for a site
    section: Words = ""  # the part of the issue it goes to
    weight: float = Field(default=1.0, gt=0, le=100)  # how much its stories count; 1 is usual
    limit: int | None = Field(default=None, ge=1)  # most stories of this feed in one issue
    full_text: Literal["auto", "always", "never"] = "auto"  # reading the articles' pages; auto: where it gives excerpts
    kind: Literal["auto", "feed", "sitemap", "page"] = "auto"  # auto: feed or sitemap; page: what it links to


def _feed(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


class Newsletter(Table):
    """[newsletters.NAME]"""

    name: str = ""  # the table's name; not a key of the file
    title: Annotated[Words, Field(min_length=1)]  # as readers know it
    schedule: Annotated[str, AfterValidator(_schedule)] = "30 7 * * *"  # cron, read on the clock of timezone
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"  # an IANA name, as Europe/Berlin
    feeds: tuple[Annotated[FeedSettings, BeforeValidator(_feed)], ...] = ()  # an address each, or a table as below
    stories: int = Field(default=12, ge=1, le=200)  # most of one issue
    sentences: int = Field(default=3, ge=1, le=20)  # of each summary
    method: Annotated[str, AfterValidator(_method)] = "digest"  # of choosing them; or sumy's: lex-rank, …
    language: Annotated[str, AfterValidator(_language)] = "auto"  # of the words around them: en, de, …
    catch_up: Literal["latest", "all", "none"] = "latest"  # after downtime: one issue for all of it, one each, none
    include: tuple[str, ...] = ()  # stories with these words count more
    exclude: tuple[str, ...] = ()  # stories with these words stay out
    link_tags: Annotated[dict[str, str], AfterValidator(_tags)] = Field(default_factory=dict)  # added to stories' links
    theme: dict[str, str | int | float] = Field(default_factory=dict)  # colours, fonts and sizes of its layout
    layout: str = "digest"  # digest, brief, letter, or one of your templates
    intro: str = ""  # a word before the stories of every issue
    archive: Literal["public", "noindex", "off"] = "public"  # its issues at /archive
    expires_after_hours: float = Field(default=20.0, gt=0, le=24 * 31)  # of an issue, from when it may leave
    cadences: Annotated[dict[str, str], AfterValidator(_cadences)] = Field(default_factory=dict)  # instead of schedule
    skip_dates: tuple[date, ...] = ()  # days without an issue
    send_between: Annotated[str, AfterValidator(_window)] = ""  # times of day, 07:00-09:00; empty: at any
    approve: Annotated[str, AfterValidator(_ahead)] = ""  # 4h: made so long before its slot, the owner gets a draft
    approve_required: bool = False  # then it is held until somebody approves it

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if self.cadences and "schedule" in self.model_fields_set:
            raise ValueError("there are both schedule and cadences|Keep one of them")
        if self.approve_required and not self.approve:
            raise ValueError('approve_required needs approve|Say how long before: approve = "4h"')
        return self

    @property
    def timetable(self) -> dict[str, str]:
        """Its cron texts by cadence; the one of a newsletter without cadences is called by the empty name."""
        return self.cadences or {"": self.schedule}

    @property
    def usual_cadence(self) -> str:
        """That of readers who chose none: the first; empty where there are no cadences."""
        return next(iter(self.timetable))

    @property
    def sections(self) -> tuple[str, ...]:
        """Those a reader may narrow to, in the order of the feeds."""
        return tuple(dict.fromkeys(feed.section for feed in self.feeds if feed.section))

    def choosers(self, cadence: str) -> Choosers:
        """Who gets the issues of that cadence. Whose cadence is no more, or was never chosen, gets the usual one's."""
        if not cadence or cadence not in self.cadences:
            return EVERYBODY
        others = tuple(name for name in self.cadences if name != cadence)
        return Choosers(but=others) if cadence == self.usual_cadence else Choosers(only=(cadence,))

    def told_with(self, cadence: str) -> tuple[str, ...] | None:
        """The cadences whose issues that one does not tell again (None: any): its own.

        The usual one goes on where the newsletter had no cadences yet.
        """
        if not cadence:
            return None
        return (cadence, "") if cadence == self.usual_cadence else (cadence,)

    @property
    def approve_ahead(self) -> timedelta:
        """How long before its slot an issue is made."""
        match = _DURATION.fullmatch(self.approve)
        return int(match[1]) * _UNITS[match[2]] if match else timedelta()

    @property
    def expires_after(self) -> timedelta:
        """How long an issue may still leave, from the moment it first might."""
        return timedelta(hours=self.expires_after_hours)

    def feed(self, url: str) -> FeedSettings:
        """The settings of that feed; plain ones where it is not listed."""
        return next((f for f in self.feeds if f.url == url), FeedSettings(url=url))


class Config(Table):
    """digest.toml, checked."""

    path: Path = Path("digest.toml")  # not a key of the file
    digest: General = Field(default_factory=General)
    mail: Mail
    web: Web = Field(default_factory=Web)
    collect: Collecting = Field(default_factory=Collecting)
    privacy: Privacy = Field(default_factory=Privacy)
    newsletters: dict[str, Newsletter] = Field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the file lies; its relative paths start here."""
        return self.path.parent

    @property
    def owner(self) -> str:
        """The bare address of whoever looks after it."""
        return parseaddr(self.digest.owner or self.mail.sender)[1]

    @property
    def templates(self) -> Path | None:
        """The folder of overriding templates, or None."""
        return self.folder / self.digest.templates if self.digest.templates else None

    @property
    def mailbox(self) -> Path:
        """Where the `mailbox` provider keeps its messages."""
        return self.folder / "mailbox"

    @property
    def database_url(self) -> str:
        """The address SQLAlchemy takes: an async driver, an absolute file."""
        kind, rest = self.digest.database.split("://", 1)
        if kind == "postgresql":
            return f"postgresql+psycopg://{rest}"
        return f"sqlite+aiosqlite:///{(self.folder / rest.removeprefix('/')).absolute()}"
