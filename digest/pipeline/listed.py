"""Entries that are links alone (a sitemap's, an index page's): what their pages make of them.

A page that is no article, or an old one, is stored all the same, held back, so that it is not asked for again; one that
could not be had this time is left for the next poll; and one article under two addresses is one article.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from digest.collect import identity
from digest.collect.pages import Page
from digest.errors import DigestError, FetchError
from digest.model import FeedRecord, Seen, TextSource
from digest.pipeline.kit import Kit
from digest.store import keys

_LITTLE = 250  # characters: less is no article
_OLD = timedelta(days=7)  # before the last poll: what an old page does in a list of new ones, nobody knows
_PASSING = frozenset({"timeout", "connect", "dns", "busy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An article's text, and what its page adds."""

    text: tuple[str, ...]
    source: TextSource
    page: Page | None = None
    failure: str = ""
    title: str = ""  # where the feed has none of its own
    is_clean: bool = False  # else the text is raw
    lines: bytes = b""  # of a clean text: the hashes of its raw lines
    is_held: bool = False  # stored, and kept out of the next issue
    is_passing: bool = False  # not stored: the next poll tries again


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """New entries, by place, that are an article known already, or another new one."""

    stored: Mapping[int, int] = field(default_factory=dict)  # place → the article's id
    fresh: Mapping[int, int] = field(default_factory=dict)  # place → the other's place

    def __contains__(self, place: int) -> bool:
        """Whether that entry is another's twin."""
        return place in self.stored or place in self.fresh


def of_page(page: Page, record: FeedRecord, now: datetime) -> Text:
    """What a listed page brings."""
    found = Text(text=page.paragraphs, source=TextSource.PAGE, page=page, title=page.title)
    if page.obstacle == "challenge":
        return replace(found, is_held=True, failure=f"{page.url}: asks whether we are a person")
    if sum(map(len, page.paragraphs)) < _LITTLE:
        said = "is behind a paywall" if page.obstacle == "paywall" else "holds no article"
        return replace(found, is_held=True, failure=f"{page.url}: {said}")
    is_old = record.last_ok is not None and page.published is not None and page.published < record.last_ok - _OLD
    return replace(found, is_held=is_old and page.published is not None and page.published < now - _OLD)


def of_error(error: DigestError) -> Text:
    """What is left where the page did not come."""
    is_passing = isinstance(error, FetchError) and (error.kind in _PASSING or (error.status or 0) >= 500)
    return Text(text=(), source=TextSource.EXCERPT, failure=str(error), is_held=not is_passing, is_passing=is_passing)


def later(text: Text) -> Text:
    """An entry whose page was not asked for in this poll."""
    return replace(text, is_passing=True)


async def twins(kit: Kit, feed_id: int, chosen: Mapping[int, Text], known: Mapping[int, Seen]) -> Twins:
    """Which pages are another's article: by the address they ended at or name as their own, and by their title.

    The title has to agree, for some sites name one address on all their pages.
    """
    addresses = {place: _addresses(text.page) for place, text in chosen.items() if text.page is not None}
    wanted = [key for found in addresses.values() for key in found]
    if not wanted:
        return Twins()
    async with kit.database.read() as connection:
        owners = await keys.owners(connection, feed_id, wanted)
    stored: dict[int, int] = {}
    fresh: dict[int, int] = {}
    first: dict[identity.Key, int] = {}
    for place, found in addresses.items():
        title = identity.fold(chosen[place].title)
        named = (owners[key] for key in found if key in owners and owners[key] in known)
        above = (first[key] for key in found if key in first)
        owner = next((i for i in named if identity.fold(known[i].title) == title), None)
        other = next((p for p in above if identity.fold(chosen[p].title) == title), None)
        if owner is not None:
            stored[place] = owner
        elif other is not None:
            fresh[place] = other
        for key in found:
            first.setdefault(key, place)
    return Twins(stored=stored, fresh=fresh)


def _addresses(page: Page) -> tuple[identity.Key, ...]:
    compared = (identity.address(link) for link in (page.canonical, page.url) if link)
    return tuple(identity.url_key(a, kind) for a in compared if a for kind in ("url", "canonical"))
