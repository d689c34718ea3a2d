from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from collect.making import NOW, entry, prose
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import identity, markup
from digest.collect.fingerprint import simhashes
from digest.collect.identity import Key, Known, Match
from digest.model import Entry, Seen


class Shelf:
    """A feed's articles as the store would keep them: what is new is added, what is known is looked up."""

    def __init__(self) -> None:
        self.keys: dict[Key, int] = {}
        self.articles: dict[int, Seen] = {}

    def poll(self, entries: list[Entry]) -> list[Match]:
        texts = [markup.plain(e.content_html or e.excerpt_html) for e in entries]
        marks = identity.marks(entries, texts, known={seen.content_hash for seen in self.articles.values()})
        found = list(identity.match(marks, Known(keys=self.keys, articles=self.articles)))
        for match in found:
            number = match.article_id or len(self.articles) + 1
            stated, marked = entries[match.entry], match.marks
            self.articles[number] = Seen(
                id=number,
                title=stated.title,
                link=stated.link,
                published=stated.published,
                fingerprint=marked.fingerprint or (self.articles[number].fingerprint if match.article_id else None),
                content_hash=marked.content_hash,
            )
            for key in marked.keys:
                self.keys.setdefault(key, number)
        return found

    def new(self, entries: list[Entry]) -> int:
        return sum(match.article_id is None for match in self.poll(entries))


def test_the_same_entries_are_the_same_articles() -> None:
    shelf = Shelf()
    entries = [entry(n) for n in range(10)]
    assert shelf.new(entries) == 10
    assert [m.article_id for m in shelf.poll(list(reversed(entries)))] == list(range(10, 0, -1))


CHANGES: dict[str, Callable[[Entry, int], dict[str, object]]] = {
    "same": lambda _entry, _n: {},
    "guid": lambda _entry, n: {"guid": f"urn:{n}"},
    "no guid": lambda _entry, _n: {"guid": None},
    "https": lambda _entry, n: {"guid": f"http://www.example.org/?p={n}"},
    "trackers": lambda entry, _n: {"link": f"{entry.link}?utm_source=rss&utm_medium=feed"},
    "slug": lambda _entry, n: {"link": f"https://example.org/moved/{n}"},
    "title": lambda entry, _n: {"title": f"{entry.title}, corrected"},
    "text": lambda _entry, n: {"content_html": f"<p>{prose(n)}</p><p>Correction: it was {n}.</p>"},
    "date": lambda entry, _n: {"published": (entry.published or NOW) + timedelta(hours=3)},
    "guid and slug": lambda _entry, n: {"guid": f"urn:{n}", "link": f"https://example.org/moved/{n}"},
    "guid and counter": lambda entry, n: {"guid": f"urn:{n}", "content_html": f"{entry.content_html}<p>{n} views</p>"},
}


def changed(n: int, change: str) -> Entry:
    return entry(n, **CHANGES[change](entry(n), n))


@pytest.mark.parametrize("change", CHANGES)
def test_an_entry_is_known_after(change: str) -> None:
    shelf = Shelf()
    entries = [entry(n) for n in range(6)]
    shelf.poll(entries)
    assert shelf.new([changed(n, change) for n in range(6)]) == 0
    assert len(shelf.articles) == 6


def test_a_link_that_is_another_article_s_canonical_address_is_that_article() -> None:
    shelf = Shelf()
    shelf.poll([entry(1, link="https://feedproxy.example.com/~r/1")])
    shelf.keys[identity.url_key(identity.address(entry(1).link), "canonical")] = 1
    assert shelf.new([entry(1, guid="urn:other", content_html="", excerpt_html="Short.")]) == 0


def test_new_entries_of_one_title_are_different_articles() -> None:
    """A column: every week the same title, another text."""
    shelf = Shelf()
    for week in range(5):
        column = replace(entry(week), title="Weekly roundup", published=NOW + timedelta(days=7 * week))
        assert shelf.new([column]) == 1


def test_a_template_with_another_number_each_day_is_new_each_day() -> None:
    shelf = Shelf()
    for day in range(5):
        text = f"<p>{prose(1)} The index stands at {day}.</p>"
        stated = replace(entry(day), title="Market close", content_html=text, published=NOW + timedelta(days=3 * day))
        assert shelf.new([stated]) == 1


def test_the_same_entry_twice_in_one_fetch_is_one_article() -> None:
    shelf = Shelf()
    assert shelf.new([entry(1), entry(1), entry(2)]) == 2
    assert shelf.new([entry(1), entry(1), entry(2)]) == 0


def test_two_entries_with_one_path_on_two_hosts_are_two() -> None:
    one = replace(entry(1), guid="https://a.org/2026/news", link="https://a.org/2026/news")
    two = replace(entry(2), guid="https://b.org/2026/news", link="https://b.org/2026/news")
    shelf = Shelf()
    assert shelf.new([one]) == 1
    assert shelf.new([two]) == 1


def test_short_entries_with_one_text_are_told_apart_by_their_links() -> None:
    shelf = Shelf()
    entries = [replace(entry(n), guid=None, title="Photo of the day", content_html="<p>See it.</p>") for n in range(5)]
    assert shelf.new(entries) == 5
    assert shelf.new(entries) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://e.org/a?b=1&a=2", "https://e.org/a?a=2&b=1", True),
        ("https://e.org/a", "http://www.e.org/a/", True),
        ("https://e.org/a?utm_campaign=x&fbclid=1", "https://e.org/a", True),
        ("https://e.org/a#part", "https://e.org/a", True),
        ("https://e.org/?p=1", "https://e.org/?p=2", False),
        ("https://e.org/a?id=1&x=2", "https://e.org/a?id=1&x=3", False),
        ("https://e.org/a", "https://e.org/b", False),
        ("https://e.org:8080/a", "https://e.org/a", False),
    ],
)
def test_addresses_are_compared_without_what_means_nothing(one: str, other: str, same: object) -> None:
    assert (identity.address(one) == identity.address(other)) is same


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"https?://(www\.)?[a-zA-Z][a-z0-9]{1,8}\.[a-z]{2,5}(/[a-zA-Z0-9_-]{1,9}){0,3}/?", fullmatch=True))
def test_the_short_way_to_an_address_is_the_long_one(link: str) -> None:
    assert identity.address(link) == identity._address(link)


def test_a_home_page_is_no_key() -> None:
    assert identity.address("https://example.org/") == identity.address("http://www.example.org") == ""


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_an_address_and_keys(text: str) -> None:
    identity.address(text)
    identity.address(f"https://example.org/{text}")
    stated = replace(entry(1), guid=text, link=text, title=text)
    assert identity.marks([stated], [text]) == identity.marks([stated], [text])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abcdefghij"), max_size=40))
def test_a_simhash_is_64_signed_bits_and_near_itself(words: list[str]) -> None:
    (value,) = simhashes([b"\0".join(word.encode() for word in words)])
    assert -(2**63) <= value < 2**63
    assert identity.distance(value, value) == 0


def test_a_simhash_moves_little_with_one_word_and_far_with_another_text() -> None:
    words = [b"word%d" % (n * n) for n in range(120)]
    other = [b"term%d" % (n * n) for n in range(120)]
    value, near, far = simhashes([b"\0".join(text) for text in (words, [*words, b"counter", b"17"], other)])
    assert identity.distance(value, near) <= 6
    assert identity.distance(value, far) > 12


def marks_of(*ages: timedelta | None) -> list[Match]:
    entries = [replace(entry(n), published=None if age is None else NOW - age) for n, age in enumerate(ages)]
    marked = identity.marks(entries, ["" for _ in entries])
    return [Match(entry=n, marks=m, article_id=None) for n, m in enumerate(marked)]


def test_a_first_poll_holds_back_what_is_neither_recent_nor_among_the_newest_ten() -> None:
    days = [timedelta(days=n) for n in range(30)]
    assert identity.held_at_first(marks_of(*days), now=NOW) == frozenset(range(10, 30))
    hours = [timedelta(hours=n) for n in range(30)]
    assert identity.held_at_first(marks_of(*hours), now=NOW) == frozenset()


def test_undated_pages_beside_dated_entries_are_not_the_newest() -> None:
    old = [timedelta(days=20 + n) for n in range(12)]
    assert identity.held_at_first(marks_of(None, None, *old), now=NOW) == frozenset({0, 1, 12, 13})
    assert identity.held_at_first(marks_of(None, *old[:3]), now=NOW) == frozenset()
    assert identity.held_at_first(marks_of(*[None] * 12), now=NOW) == frozenset({10, 11})


def test_since_chooses_otherwise() -> None:
    days = [timedelta(days=n) for n in range(5)]
    assert identity.held_at_first(marks_of(*days), now=NOW, since=NOW - timedelta(days=2)) == {3, 4}
    assert identity.held_at_first(marks_of(*days, None), now=NOW, since=NOW) == {1, 2, 3, 4, 5}


def test_since_everything_lets_all_in_and_since_nothing_none() -> None:
    matches = marks_of(*[timedelta(days=400 * n) for n in range(12)], None, timedelta(days=-4))
    assert identity.held_at_first(matches, now=NOW, since=identity.EVERYTHING) == frozenset()
    assert identity.held_at_first(matches, now=NOW, since=identity.NOTHING) == frozenset(range(14))


def test_a_flood_holds_the_old_ones_only() -> None:
    matches = marks_of(*[timedelta(days=n) for n in range(10)])
    assert identity.held_in_flood(matches, 10, last_poll=NOW - timedelta(days=3)) == {4, 5, 6, 7, 8, 9}
    assert identity.held_in_flood(matches, 100, last_poll=NOW) == frozenset()
    assert identity.held_in_flood(matches[:5], 5, last_poll=NOW) == frozenset()


def test_what_is_stored_as_it_is_needs_no_fingerprint() -> None:
    (plain,) = identity.marks([entry(1)], [prose(1)])
    (known,) = identity.marks([entry(1)], [prose(1)], known={plain.content_hash})
    assert plain.fingerprint is not None
    assert known == replace(plain, fingerprint=None)


changes = st.sampled_from(list(CHANGES))


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 6), changes, st.booleans()), min_size=1, max_size=6))
def test_any_order_of_polls_windows_and_edits_tells_each_article_once(
    polls: list[tuple[int, int, str, bool]],
) -> None:
    """A window slides over twelve articles; each poll shows some of them, changed in one way or not at all."""
    shelf = Shelf()
    shown: set[int] = set()
    for size, start, change, is_reversed in polls:
        window = [n for n in range(start, start + size) if n < 12]
        entries = [changed(n, change) for n in window]
        new = shelf.new(entries[::-1] if is_reversed else entries)
        assert new == len(set(window) - shown)
        shown |= set(window)
    assert len(shelf.articles) == len(shown)
