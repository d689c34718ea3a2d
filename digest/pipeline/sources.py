"""The bytes of a source: a feed's answer, an index page's, or a sitemap's with those of the sitemaps it names."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from digest.collect import policy, sitemaps
from digest.collect.fetch import Fetched
from digest.errors import DigestError, ParseError
from digest.model import FeedRecord, SourceKind, Validators
from digest.pipeline.kit import Kit

_PARSE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a source answered."""

    fetched: Fetched
    bodies: tuple[bytes, ...] = ()  # of an index, the sitemaps it names; else the one
    body_hash: bytes | None = None  # sha256 of all of them; None: not modified


async def ask(kit: Kit, record: FeedRecord, kind: SourceKind, now: datetime) -> Answer:
    """Fetches a source under its validators; FetchError, ParseError."""
    fetched = await kit.fetcher.feed(record.url, validators=policy.conditions(record, now))
    if fetched.not_modified:
        return Answer(fetched=fetched)
    children = await _children(kit, fetched, kind)
    if not children:
        return Answer(fetched=fetched, bodies=(fetched.body,), body_hash=_hash([fetched.body]))
    bodies = await _bodies(kit, fetched.url, children)
    # An index stays the same while the sitemaps it names change: it is asked for whole each time.
    whole = replace(fetched, validators=Validators())
    return Answer(fetched=whole, bodies=bodies, body_hash=_hash([fetched.body, *bodies]))


def _hash(bodies: Sequence[bytes]) -> bytes:
    found = hashlib.sha256()
    for body in bodies:
        found.update(body)
    return found.digest()


async def _children(kit: Kit, fetched: Fetched, kind: SourceKind) -> tuple[str, ...]:
    """The sitemaps to read where the answer is an index of them."""
    if kind is SourceKind.SITEMAP or (kind is SourceKind.AUTO and sitemaps.is_sitemap(fetched.body)):
        found = await kit.workers.run(sitemaps.children, fetched.body, fetched.url, timeout_s=_PARSE_S)
        return sitemaps.choice(found)
    return ()


async def _bodies(kit: Kit, url: str, urls: Sequence[str]) -> tuple[bytes, ...]:
    """Of those sitemaps that could be had, and of those that indexes among them name.

    The protocol forbids an index within an index (sitemaps.org), and sites have them: one level more is read. Where
    nothing could be had, the first failure is raised; ParseError where there was nothing but indexes.
    """
    room = _Room(sitemaps.MOST_BYTES)
    found = await _had(kit, urls, room)
    inner = [(at, body) for at, body in found.items() if sitemaps.is_index(body)]
    named = [child for at, body in inner for child in await _named(kit, body, at) if child.url not in found]
    further = await _had(kit, sitemaps.choice(tuple(named)), room) if named else {}
    read = {at: body for at, body in {**found, **further}.items() if not sitemaps.is_index(body)}
    if not read:
        beyond = f"within two levels and {sitemaps.MOST_BYTES / 1e6:g} MB"
        raise (*room.failures, ParseError(f"{url}: is an index that leads to no sitemap {beyond}"))[0]
    return tuple(read.values())


@dataclass(slots=True)
class _Room:
    """What the sitemaps of one index may still take, and what went wrong with some."""

    left: int  # bytes
    failures: list[DigestError] = field(default_factory=list)


async def _had(kit: Kit, urls: Sequence[str], room: _Room) -> dict[str, bytes]:
    """The bodies, as long as there is room for them."""
    found: dict[str, bytes] = {}
    for url in urls:
        if room.left <= 0:
            break
        try:
            body = (await kit.fetcher.linked(url)).body
        except DigestError as error:
            room.failures.append(error)
            continue
        room.left -= len(body)
        found[url] = body
    return found


async def _named(kit: Kit, body: bytes, url: str) -> tuple[sitemaps.Child, ...]:
    """The sitemaps that an index within an index names; none where it cannot be read."""
    try:
        return await kit.workers.run(sitemaps.children, body, url, timeout_s=_PARSE_S)
    except DigestError:
        return ()
