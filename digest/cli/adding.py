"""feeds add: what is found at an address, and from when on it counts."""

from datetime import UTC, date, datetime, time
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from digest.cli import desk, out
from digest.config import Config
from digest.errors import UsageError
from digest.model import SourceKind
from digest.pipeline.single import Source

_INSTEAD = {
    SourceKind.SITEMAP: "no feed was found: its sitemap is read instead, and each article's page",
    SourceKind.PAGE: "no feed was found: the articles that this page links to are read instead",
}
Spelled = Literal["auto", "feed", "sitemap", "page"]


def kind(text: str) -> SourceKind:
    """The kind of that name; UsageError naming those there are."""
    try:
        return SourceKind(text)
    except ValueError:
        raise UsageError(f"there is no kind {text!r}; there are: {', '.join(SourceKind)}") from None


def spelled(found: SourceKind) -> Spelled:
    """As digest.toml spells it."""
    names: dict[SourceKind, Spelled] = {
        SourceKind.AUTO: "auto",
        SourceKind.FEED: "feed",
        SourceKind.SITEMAP: "sitemap",
        SourceKind.PAGE: "page",
    }
    return names[found]


def since(text: str, timezone: str) -> datetime | None:
    """The instant that --since means: a day's begin in the newsletter's zone, all, none; None where nothing is said.

    >>> since("2026-11-23", "Europe/Berlin"), since("", "UTC")
    (datetime.datetime(2026, 11, 22, 23, 0, tzinfo=datetime.timezone.utc), None)
    """
    from digest.collect import identity

    if not text:
        return None
    if text in {"all", "none"}:
        return identity.EVERYTHING if text == "all" else identity.NOTHING
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text!r} is no day; write it as 2026-11-23, or all, or none") from None
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


async def found(config: Config, url: str, wanted: SourceKind) -> Source:
    """What can be read at or behind that address; UsageError where it is none."""
    from digest.pipeline import collect as collecting

    if urlsplit(url).scheme not in {"http", "https"}:
        raise UsageError(f"{url}: is no web address; write it in full: https://…")

    async with desk.kit(config, trusted=(url,)) as kit:
        return await collecting.find_source(kit, url, wanted)


async def start(config: Config, url: str, since: datetime) -> bool:
    """Has that feed's first poll let in what was published since then; False where it was polled before."""
    from digest.store import feeds as stored

    async with desk.database(config) as database, database.write() as connection:
        return await stored.start(connection, url, since=since)


def show(letter: str, found: Source, *, added: bool, as_json: bool) -> None:
    """Prints what came of it."""
    if as_json:
        out.document({"url": found.url, "kind": found.kind, "added": added})
        return
    if added and found.kind in _INSTEAD:
        out.note(_INSTEAD[found.kind])
    out.line(f"{letter} now reads {found.url}" if added else f"{letter} reads {found.url} already")
