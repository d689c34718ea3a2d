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

from digest.collect import fingerprint
from digest.model import Entry, Seen

Key = tuple[str, bytes]  # (kind, hash)
_WORD = re.compile(r"\w+")
_PLAIN = re.compile(r"https?://(?:www\.)?([a-zA-Z0-9.-]+\.[a-zA-Z]{2,})((?:/[a-zA-Z0-9_-]+)*/?)")  # nothing to clean
# A web address of printable ASCII, by its path and query: what urlsplit says of it.
_WEB = re.compile(r"https?://[!\"$-.0->@-Z\\^-~]*([!\"$->@-~]*)(?:\?([!\"$-~]*))?(?:#[!-~]*)?")
_AT_ONCE = 100_000  # characters whose words are in memory at a time; of a longer text so much has a fingerprint
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


@dataclass(frozen=True, slots=True)
class _Said:
    """What an entry's title and text come to."""

    title: str  # folded
    content_hash: bytes
    text_key: bytes
    fingerprint: int | None


def marks(entries: Sequence[Entry], texts: Sequence[str], *, known: Collection[bytes] = ()) -> tuple[Marks, ...]:
    """Each entry's marks, by their plain `texts`. A guid or link that two entries of a fetch share names neither.

    `known`: content hashes that are stored; such an entry needs no fingerprint to be recognized, and gets none.
    """
    links = [address(entry.link) for entry in entries]
    guid_count, link_count = Counter(entry.guid for entry in entries), Counter(links)
    said = (one for group in _groups(texts) for one in _said(entries[group], texts[group], links[group], known))
    return tuple(
        _marks(entry, link, one, is_guid_own=guid_count[entry.guid] == 1, is_link_own=link_count[link] == 1)
        for entry, link, one in zip(entries, links, said, strict=True)
    )


def _groups(texts: Sequence[str]) -> Iterator[slice]:
    """The places of texts that are taken together: a feed's words would be ten times its size in memory."""
    start = size = 0
    for place, text in enumerate(texts):
        if size and size + len(text) > _AT_ONCE:
            yield slice(start, place)
            start, size = place, 0
        size += len(text)
    yield slice(start, len(texts))


def _said(
    entries: Sequence[Entry], texts: Sequence[str], links: Sequence[str], known: Collection[bytes]
) -> Iterator[_Said]:
    titles = [fold(entry.title) for entry in entries]
    words = [fingerprint.words(text) for text in texts]
    hashes = [_hash(title, words=found) for title, found in zip(titles, words, strict=True)]
    enough = [fingerprint.count(found) >= _ENOUGH_WORDS for found in words]
    wanted = [n for n, value in enumerate(hashes) if enough[n] and value not in known]
    simhashes = dict(zip(wanted, fingerprint.simhashes([words[n][:_AT_ONCE] for n in wanted]), strict=True))
    for n, (title, found, value) in enumerate(zip(titles, words, hashes, strict=True)):
        key = value if enough[n] else _hash(title, links[n], words=found)
        yield _Said(title, value, key, simhashes.get(n))


def _marks(entry: Entry, link: str, said: _Said, *, is_guid_own: bool, is_link_own: bool) -> Marks:
    keys = dict.fromkeys(_keys(entry, link, said.title, is_guid_own=is_guid_own, is_link_own=is_link_own))
    if said.title:
        keys["fp", said.text_key] = None
    return Marks(
        keys=tuple(keys),
        title=said.title,
        link=link,
        published=entry.published,
        fingerprint=said.fingerprint,
        content_hash=said.content_hash,
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
    if plain := _WEB.fullmatch(guid):
        path, query = plain[1], plain[2]
        return "" if not (path.strip("/") or query) else f"{path}?{query}" if query else path
    return _without_host(guid)


def _without_host(guid: str) -> str:
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


def distance(one: int, other: int) -> int:
    """How many of their 64 bits differ."""
    return ((one ^ other) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def _hash(*parts: str, words: bytes = b"") -> bytes:
    said = "\0".join(parts).encode("utf-8", "replace")
    return hashlib.blake2b(b"%b\0%b" % (said, words) if words else said, digest_size=16).digest()


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
            if _is_repeat(entry, fresh) or (known.keys and _is_stored_twin(entry, known)):
                continue
            fresh.update(dict.fromkeys(entry.keys, entry))
        yield Match(entry=place, marks=entry, article_id=owner.get(place))


def _is_repeat(entry: Marks, fresh: Mapping[Key, Marks]) -> bool:
    """The same guid, link and title, or the same text under the same title, stood above in this fetch."""
    twins = [fresh[key] for key in entry.keys if key in fresh]
    return bool(twins) and any(
        twin.content_hash == entry.content_hash and twin.published == entry.published for twin in twins
    )


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
