"""The bytes of a source: a feed's answer, an index page's, or a sitemap's with those of the sitemaps it names."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from digest.collect import policy, sitemaps
from digest.collect.fetch import Fetched
from digest.errors import DigestError
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
    bodies = await _bodies(kit, children)
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


async def _bodies(kit: Kit, urls: Sequence[str]) -> tuple[bytes, ...]:
    """Those that could be had; the first one's failure where none could."""
    bodies, failures = [], []
    for url in urls:
        try:
            bodies.append((await kit.fetcher.linked(url)).body)
        except DigestError as error:
            failures.append(error)
    if not bodies and failures:
        raise failures[0]
    return tuple(bodies)
