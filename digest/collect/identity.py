"""Seen before? Several keys for each article, and what happens when a publisher changes them all at once.

An id alone is not enough: publishers rewrite, repeat, randomize and reuse them. So each entry has keys of several
kinds, each believed only as far as its kind deserves:

    guid       the publisher's id: believed, but where the whole entry is another one (an id used again)
    guid_alt   the id without scheme and host: believed where title or text agree
    url        the link without scheme, www and trackers: believed where it is alone in its feed and title or text agree
    canonical  the address the page itself names: likewise
    fp         title and text together: believed where there is enough text
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from urllib.parse import urlsplit

from digest.model import Entry, Seen

Key = tuple[str, bytes]  # (kind, hash)
_WORD = re.compile(r"\w+")
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9)  # odd constants of splitmix64 (Steele 2014)
_PLAIN = re.compile(r"https?://(?:www\.)?([a-zA-Z0-9.-]+\.[a-zA-Z]{2,})((?:/[a-zA-Z0-9_-]+)*/?)")  # nothing to clean
_ENOUGH_WORDS = 12  # of text, for a fingerprint to mean anything
_NEAR_BITS = 6  # of 64; below are the same text with another counter or clock in it
_ALIKE_BITS = 2  # the same text, under another title
_SAME_TITLE = 0.9
_LIKE_TITLE = 0.6
_REUSED_AFTER = timedelta(days=7)
_SAME_DATE = timedelta(days=2)
_FLOOD_SHARE = 0.6
_FLOOD_COUNT = 5
EVERYTHING = datetime(1970, 1, 1, tzinfo=UTC)  # as `since`: all that a first poll brings, undated entries too
NOTHING = datetime(9999, 1, 1, tzinfo=UTC)
_UNDATED = datetime(1900, 1, 1, tzinfo=UTC)
FIRST_NEWEST = 10  # DESIGN §3: what a first poll lets in
FIRST_DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What an entry is known by, and what its keys are checked against."""

    keys: tuple[Key, ...]
    title: str  # folded
    link: str  # the dedupe address
    published: datetime | None
    fingerprint: int | None  # simhash of the text; None where there is too little
    content_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of one feed: the owner of each key, and the articles."""

    keys: Mapping[Key, int]
    articles: Mapping[int, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An entry and the stored article it is; `article_id` None: a new one. `entry` is its place in the feed."""

    entry: int
    marks: Marks
    article_id: int | None


# ------------------------------------------------------------------ marks


def marks(entries: Sequence[Entry], texts: Sequence[str], *, known: Collection[bytes] = ()) -> tuple[Marks, ...]:
    """Each entry's marks, by their plain `texts`. A guid or link that two entries of a fetch share names neither.

    `known`: content hashes that are stored; such an entry needs no fingerprint to be recognized, and gets none.
    """
    drafts = [(entry, text, address(entry.link)) for entry, text in zip(entries, texts, strict=True)]
    guids = Counter(entry.guid for entry, _, _ in drafts)
    links = Counter(link for _, _, link in drafts)
    return tuple(
        _marks(entry, text, link, known, is_guid_own=guids[entry.guid] == 1, is_link_own=links[link] == 1)
        for entry, text, link in drafts
    )


def _marks(
    entry: Entry, text: str, link: str, known: Collection[bytes], *, is_guid_own: bool, is_link_own: bool
) -> Marks:
    title = fold(entry.title)
    words = _WORD.findall(text.casefold())
    content_hash = _hash(title, *words)
    keys = dict.fromkeys(_keys(entry, link, title, is_guid_own=is_guid_own, is_link_own=is_link_own))
    if title:
        keys["fp", content_hash if len(words) >= _ENOUGH_WORDS else _hash(title, link, *words)] = None
    return Marks(
        keys=tuple(keys),
        title=title,
        link=link,
        published=entry.published,
        fingerprint=simhash(words) if len(words) >= _ENOUGH_WORDS and content_hash not in known else None,
        content_hash=content_hash,
    )


def _keys(entry: Entry, link: str, title: str, *, is_guid_own: bool, is_link_own: bool) -> Iterator[Key]:
    if entry.guid:
        yield ("guid", _hash(entry.guid) if is_guid_own else _hash(entry.guid, link, title))
        if is_guid_own and (tail := without_host(entry.guid)):
            yield ("guid_alt", _hash(tail))
    if link and is_link_own:
        yield url_key(link)


def url_key(dedupe_address: str, kind: str = "url") -> Key:
    """The key of an `address()`."""
    return (kind, _hash(dedupe_address))


def lookups(entry: Marks) -> tuple[Key, ...]:
    """The keys to look an entry up by: its own, and its link as another article's canonical address."""
    return (*entry.keys, *(("canonical", value) for kind, value in entry.keys if kind == "url"))


@lru_cache(maxsize=4096)
def address(link: str) -> str:
    """A link as it is compared, never shown: no scheme, www, trackers, fragment; the query sorted; "" for a home page.

    >>> address("HTTPS://www.Example.org:443/a?utm_source=x&b=2&a=1#top") == address("http://example.org/a?a=1&b=2")
    True
    >>> address("https://example.org/?p=123") == address("https://example.org/?p=124")
    False
    """
    if plain := _PLAIN.fullmatch(link):
        return f"{plain[1].lower()}{plain[2].rstrip('/')}" if plain[2].strip("/") else ""
    return _address(link)


def _address(link: str) -> str:
    import courlan
    from w3lib.url import canonicalize_url

    try:
        parts = urlsplit(canonicalize_url(courlan.clean_url(link) or link))
    except (ValueError, TypeError):
        return link
    if not parts.path.strip("/") and not parts.query:
        return ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{(parts.hostname or '').removeprefix('www.')}{_port(parts.port)}{parts.path.rstrip('/')}{query}"


def _port(port: int | None) -> str:
    return f":{port}" if port not in {None, 80, 443} else ""


def without_host(guid: str) -> str:
    """A guid's path and query where it is a web address, else "".

    >>> without_host("http://old.example.org/?p=12"), without_host("tag:example.org,2026:1")
    ('/?p=12', '')
    """
    try:
        parts = urlsplit(guid)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not (parts.path.strip("/") or parts.query):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def fold(title: str) -> str:
    """A title's words, without case and marks."""
    return " ".join(_WORD.findall(title.casefold()))


def simhash(words: Sequence[str]) -> int:
    """64 bits that stay near for near texts (Charikar 2002, over pairs of words), as a signed number."""
    import numpy as np

    if not words:
        return 0
    single = np.frombuffer(b"".join(map(_word_hash, words)), dtype=np.uint64)
    mixed = (single[:-1] * np.uint64(_MIX[0])) ^ single[1:] if len(words) > 1 else single
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(_MIX[1])
    bits = np.unpackbits((mixed ^ (mixed >> np.uint64(29))).view(np.uint8).reshape(-1, 8), axis=1)
    majority = bits.sum(axis=0, dtype=np.int64) * 2 > len(mixed)
    return int.from_bytes(np.packbits(majority).tobytes(), "big", signed=True)


@lru_cache(maxsize=65_536)
def _word_hash(word: str) -> bytes:
    return hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()


def distance(one: int, other: int) -> int:
    """How many of their 64 bits differ."""
    return ((one ^ other) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def _hash(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).digest()


# ------------------------------------------------------------------ matching


def match(found: Sequence[Marks], known: Known) -> tuple[Match, ...]:
    """Which stored article each entry is, if any: the strongest evidence first, each article at most once.

    Of entries that are one new article twice, only the first is kept.
    """
    owner: dict[int, int] = {}
    taken: set[int] = set()
    if not known.articles:
        return tuple(_matches(found, owner, known))
    for rule in (_by_guid, _by_key, _by_nearness):
        for place, entry in enumerate(found):
            if place in owner:
                continue
            if (article_id := rule(entry, known, taken)) is not None:
                owner[place] = article_id
                taken.add(article_id)
    return tuple(_matches(found, owner, known))


def _matches(found: Sequence[Marks], owner: Mapping[int, int], known: Known) -> Iterator[Match]:
    fresh: dict[Key, Marks] = {}
    for place, entry in enumerate(found):
        if place not in owner:
            if _is_repeat(entry, fresh) or _is_stored_twin(entry, known):
                continue
            fresh.update((key, entry) for key in entry.keys)
        yield Match(entry=place, marks=entry, article_id=owner.get(place))


def _is_repeat(entry: Marks, fresh: Mapping[Key, Marks]) -> bool:
    """The same guid, link and title, or the same text under the same title, stood above in this fetch."""
    twins = [fresh[key] for key in entry.keys if key in fresh]
    return any(twin.content_hash == entry.content_hash and twin.published == entry.published for twin in twins)


def _is_stored_twin(entry: Marks, known: Known) -> bool:
    """An entry that repeats one already matched in this fetch: its own article is taken, its content is the same."""
    ids = {known.keys[key] for key in entry.keys if key in known.keys}
    return any(i in known.articles and known.articles[i].content_hash == entry.content_hash for i in ids)


def _by_guid(entry: Marks, known: Known, taken: set[int]) -> int | None:
    for seen in _owners(entry, known, taken, ("guid",)):
        if not _is_reused(entry, seen):
            return seen.id
    return None


def _by_key(entry: Marks, known: Known, taken: set[int]) -> int | None:
    has_guid = any(kind == "guid" for kind, _ in entry.keys)
    for seen in _owners(entry, known, taken, ("url", "canonical")):
        if not has_guid or _agrees(entry, seen):
            return seen.id
    for seen in _owners(entry, known, taken, ("guid_alt",)):
        if _agrees(entry, seen):
            return seen.id
    return next((seen.id for seen in _owners(entry, known, taken, ("fp",)) if _may_be(entry, seen)), None)


def _by_nearness(entry: Marks, known: Known, taken: set[int]) -> int | None:
    """Ids and addresses all changed: the same title, nearly the same text and date, or the same text and date."""
    if entry.fingerprint is None or not entry.title:
        return None
    for seen in known.articles.values():
        if seen.id in taken or seen.fingerprint is None:
            continue
        bits = distance(entry.fingerprint, seen.fingerprint)
        if bits > _NEAR_BITS or not _may_be(entry, seen):
            continue
        is_same_date = entry.published is not None and entry.published == seen.published
        if fold(seen.title) == entry.title or (is_same_date and bits <= _ALIKE_BITS):
            return seen.id
    return None


def _owners(entry: Marks, known: Known, taken: set[int], kinds: Iterable[str]) -> Iterator[Seen]:
    for kind in kinds:
        for key in lookups(entry):
            owner = known.keys.get(key) if key[0] == kind else None
            if owner is not None and owner not in taken and owner in known.articles:
                yield known.articles[owner]


def _agrees(entry: Marks, seen: Seen) -> bool:
    """Whether title, text or date say the same as the key does."""
    if entry.content_hash == seen.content_hash:
        return True
    if entry.published and entry.published == seen.published:
        return _likeness(entry.title, fold(seen.title)) >= _LIKE_TITLE or _is_near(entry, seen)
    return (_likeness(entry.title, fold(seen.title)) >= _SAME_TITLE and _may_be(entry, seen)) or _is_near(entry, seen)


def _may_be(entry: Marks, seen: Seen) -> bool:
    """Whether the dates allow it: a column of the same name and words a week later is another one."""
    if entry.published is None or seen.published is None:
        return True
    return abs(entry.published - seen.published) <= _SAME_DATE


def _is_near(entry: Marks, seen: Seen) -> bool:
    if entry.fingerprint is None or seen.fingerprint is None:
        return False
    return distance(entry.fingerprint, seen.fingerprint) <= _NEAR_BITS


def _is_reused(entry: Marks, seen: Seen) -> bool:
    """Whether a known id stands on quite another article: other address, other title, a later date."""
    if entry.published is None or seen.published is None or entry.published - seen.published < _REUSED_AFTER:
        return False
    if entry.link == address(seen.link) and entry.link:
        return False
    return _shared(entry.title, fold(seen.title)) < _LIKE_TITLE and not _is_near(entry, seen)


def _shared(one: str, other: str) -> float:
    """The share of two titles' words that they have in common."""
    words, others = set(one.split()), set(other.split())
    return len(words & others) / max(1, len(words | others))


def _likeness(one: str, other: str) -> float:
    return 1.0 if one == other else SequenceMatcher(None, one[:200], other[:200], autojunk=False).ratio()


# ------------------------------------------------------------------ what waits


def held_at_first(matches: Sequence[Match], *, now: datetime, since: datetime | None = None) -> frozenset[int]:
    """The entries (by place) that a first poll stores but keeps out of the next issue.

    Let in are those of the last 7 days and the newest 10; with `since` those published since then, undated ones only
    where that is EVERYTHING.
    """
    if since is not None:
        return frozenset(m.entry for m in matches if since > EVERYTHING and (m.marks.published or _UNDATED) < since)
    # Beside dated entries an undated one is a page that stands for ever ("About"); where none is dated, all are as new.
    undated = _UNDATED if any(m.marks.published for m in matches) else now
    ranked = sorted(matches, key=lambda m: (-(m.marks.published or undated).timestamp(), m.entry))
    newest = {m.entry for m in ranked[:FIRST_NEWEST]}
    recent = {m.entry for m in matches if m.marks.published and m.marks.published >= now - FIRST_DAYS}
    return frozenset(m.entry for m in matches) - newest - recent


def is_flood(new: int, entries: int) -> bool:
    """Whether so much is new at once that the publisher must have changed every id.

    >>> is_flood(8, 10), is_flood(5, 5), is_flood(6, 10)
    (True, False, False)
    """
    return new > _FLOOD_COUNT and new > _FLOOD_SHARE * entries


def held_in_flood(fresh: Sequence[Match], entries: int, *, last_poll: datetime) -> frozenset[int]:
    """The new entries that are older than the last successful poll, where there are suddenly too many; else none."""
    if not is_flood(len(fresh), entries):
        return frozenset()
    return frozenset(m.entry for m in fresh if m.marks.published is not None and m.marks.published < last_poll)
