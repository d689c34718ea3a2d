"""The text of each new or edited entry: its page's where the feed gives an excerpt only; cleaned, ready to store."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from digest.collect import identity, markup, pages, reading
from digest.config import FeedSettings
from digest.errors import DigestError
from digest.model import Article, Entry, FeedRecord, Seen, TextSource
from digest.pipeline import listed
from digest.pipeline.kit import Kit
from digest.pipeline.listed import Text
from digest.pipeline.sources import Answer
from digest.store.articles import Stored

_MOST_PAGES = 60  # read for one feed in one poll; the excerpt serves for the rest
_EXTRACT_S = 20.0
_CLEAN_S = 20.0
_MAX_EXCERPT = 5_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A feed that answered with something new."""

    record: FeedRecord
    settings: FeedSettings
    answer: Answer
    read: reading.Reading
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a poll brought, by places in the feed."""

    matches: tuple[identity.Match, ...]
    fresh: tuple[identity.Match, ...]
    edited: tuple[identity.Match, ...]
    stored: Mapping[int, Seen]
    held: frozenset[int]
    furniture: frozenset[bytes]  # lines that stand in most of the feed's articles
    owners: Mapping[identity.Key, int]
    note: str = ""

    def reused(self) -> frozenset[identity.Key]:
        """Keys of stored articles that now stand on new ones: ids used again."""
        return frozenset(key for m in self.fresh for key in m.marks.keys if key in self.owners and key[0] == "guid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What is to be stored, by places in the feed; a new entry that is not in `stored` is left for the next poll."""

    stored: Mapping[int, Stored]
    canonical: Mapping[int, identity.Key]
    twins: listed.Twins = field(default_factory=listed.Twins)
    warnings: tuple[str, ...] = ()


async def written(kit: Kit, poll: Poll, found: Found) -> Drafts:
    """The rows of everything new or edited."""
    chosen = await _texts(kit, poll, found)
    twins = await listed.twins(kit, poll.record.id, chosen, found.stored) if poll.read.is_listed else listed.Twins()
    wanted = [m for m in (*found.fresh, *found.edited) if m.entry not in twins and not chosen[m.entry].is_passing]
    chosen = await _cleaned(kit, poll, found, chosen)
    return Drafts(
        stored={m.entry: _stored(poll, found, m, chosen[m.entry]) for m in wanted},
        canonical=_canonical(wanted, chosen),
        twins=twins,
        warnings=_warnings(chosen),
    )


async def _cleaned(kit: Kit, poll: Poll, found: Found, chosen: Mapping[int, Text]) -> dict[int, Text]:
    """The texts with those cleaned that are not yet: pages, and what stays an excerpt."""
    places = [place for place, text in chosen.items() if not text.is_clean]
    raws = [_raw(poll.read.pieces[place].entry, chosen[place]) for place in places]
    done = await kit.workers.run(reading.cleaned, raws, found.furniture, timeout_s=_CLEAN_S) if raws else []
    clean = {
        place: replace(chosen[place], text=text, lines=lines, is_clean=True)
        for place, (text, lines) in zip(places, done, strict=True)
    }
    return {**chosen, **clean}


# ------------------------------------------------------------------ pages


async def _texts(kit: Kit, poll: Poll, found: Found) -> dict[int, Text]:
    """The text of each new or edited entry, the pages read side by side (the fetcher is polite to their hosts)."""
    read = poll.read
    pieces = {m.entry: read.pieces[m.entry] for m in (*found.fresh, *found.edited)}
    full_text = "always" if read.is_listed else poll.settings.full_text
    wanting = (place for place, piece in pieces.items() if reading.wants_page(piece, full_text))
    pending = [place for place in wanting if place not in found.held][:_MOST_PAGES]
    texts = await asyncio.gather(*(_of_page(kit, poll, pieces[place]) for place in pending))
    chosen = {place: _of_feed(piece) for place, piece in pieces.items()}
    if read.is_listed:  # what was not asked for now is asked for in the next poll, unless it is held back anyway
        chosen = {place: text if place in found.held else listed.later(text) for place, text in chosen.items()}
    chosen.update(zip(pending, texts, strict=True))
    return chosen


def _of_feed(piece: reading.Piece, failure: str = "") -> Text:
    source = TextSource.EXCERPT if piece.is_excerpt else TextSource.FEED
    return Text(text=piece.text, source=source, failure=failure, is_clean=piece.is_clean, lines=piece.lines)


async def _of_page(kit: Kit, poll: Poll, piece: reading.Piece) -> Text:
    """The page's text where it is the article that the feed means, else the feed's."""
    try:
        page = await read_page(kit, piece.entry.link)
    except DigestError as error:
        return listed.of_error(error) if poll.read.is_listed else _of_feed(piece, str(error))
    if poll.read.is_listed:
        return listed.of_page(page, poll.record, poll.now)
    gist = piece.excerpt or " ".join(piece.text)
    if page.obstacle == "challenge":
        return _of_feed(piece, f"{page.url}: asks whether we are a person")
    if sum(map(len, page.paragraphs)) <= sum(map(len, piece.text)) or not pages.accepts(page.paragraphs, gist):
        return _of_feed(piece, f"{page.url}: is behind a paywall" if page.obstacle == "paywall" else "")
    return Text(text=page.paragraphs, source=TextSource.PAGE, page=page)


async def read_page(kit: Kit, url: str) -> pages.Page:
    """The article of that page; FetchError, ParseError, WorkerError."""
    fetched = await kit.fetcher.page(url)
    return await kit.workers.run(pages.extract, fetched.body, fetched.url, timeout_s=_EXTRACT_S)


def _canonical(wanted: Sequence[identity.Match], chosen: Mapping[int, Text]) -> dict[int, identity.Key]:
    """The address each page names as its own, where no other page of the feed names it too."""
    named = {m.entry: page.canonical for m in wanted if (page := chosen[m.entry].page) and page.canonical}
    addresses = {place: identity.address(link) for place, link in named.items()}
    once = [a for a in addresses.values() if list(addresses.values()).count(a) == 1 and a]
    return {place: identity.url_key(a, "canonical") for place, a in addresses.items() if a in once}


def _warnings(chosen: Mapping[int, Text]) -> tuple[str, ...]:
    failures = [text.failure for text in chosen.values() if text.failure]
    if not failures:
        return ()
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return (f"page not used: {failures[0]}{more}",)


# ------------------------------------------------------------------ rows


def _raw(entry: Entry, text: Text) -> reading.Raw:
    return reading.Raw(
        text=text.text, title=_title(entry, text), authors=_authors(entry, text), language=_language(entry, text)
    )


def _title(entry: Entry, text: Text) -> str:
    """The feed's; where there is only a link, the page's."""
    return text.title or entry.title


def _authors(entry: Entry, text: Text) -> tuple[str, ...]:
    return entry.authors or (text.page.authors if text.page else ())


def _language(entry: Entry, text: Text) -> str | None:
    return entry.language or (text.page.language if text.page else None)


def _stored(poll: Poll, found: Found, match: identity.Match, text: Text) -> Stored:
    piece = poll.read.pieces[match.entry]
    entry, page = piece.entry, text.page
    published = entry.published or (page.published if page else None)
    seen = found.stored.get(match.article_id) if match.article_id is not None else None
    return Stored(
        article=Article(
            feed_url=poll.record.requested_url,
            link=entry.link or poll.read.feed.site_url or poll.record.url,
            title=_title(entry, text),
            authors=_authors(entry, text),
            published=min(published, poll.now) if published else None,  # a date to come is a wrong clock
            first_seen=poll.now,
            language=_language(entry, text),
            image=entry.image or (page.image if page else None),
            tags=entry.tags,
            text=text.text,
            excerpt=markup.line(piece.excerpt, max_chars=_MAX_EXCERPT) if piece.excerpt else "",
            source=text.source,
        ),
        guid=entry.guid,
        updated=entry.updated,
        content_hash=match.marks.content_hash,
        fingerprint=match.marks.fingerprint,
        hash_changes=_changes(match, seen),
        held=match.entry in found.held or text.is_held,
        lines=text.lines,
    )


def _changes(match: identity.Match, seen: Seen | None) -> int:
    """How often the text alone changed; a new title begins anew."""
    if seen is None or identity.fold(seen.title) != match.marks.title:
        return 0
    return seen.hash_changes + 1
