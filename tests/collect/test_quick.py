"""Phrases that are tried only where they can match: the same answers as trying all of them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import reading
from digest.collect.clean.phrases import LANGUAGES, _lines, quick, rules

BLOCKS = ("line", "opens", "head", "foot", "ask", "topic", "you", "us")
LINES = {name: _lines(*(getattr(phrases, name) for phrases in LANGUAGES.values())) for name in BLOCKS}
PLAIN = {
    name: re.compile("|".join(f"(?:{line})" for line in lines), re.IGNORECASE) for name, lines in LINES.items() if lines
}
# Words of the phrases themselves, so that many of the texts made of them match.
WORDS = sorted({word for lines in LINES.values() for line in lines for word in re.findall(r"[^\W\d_]+", line)})
texts = st.lists(
    st.sampled_from(WORDS) | st.sampled_from(["©", "(c)", "2026", ":", "SIGN UP", "Ünser", "https://e.org", "ﬁ", "İ"]),
    max_size=9,
).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["foot", "topic", "you", "us"]), texts | st.text(max_size=40))
def test_a_search_finds_what_all_the_phrases_find(name: str, text: str) -> None:
    found = quick.Anywhere(LINES[name]).search(text, text.casefold())
    assert found is (PLAIN[name].search(text) is not None)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["line", "opens", "head", "ask"]), texts | st.text(max_size=40))
def test_an_opening_is_known_by_its_first_letter(name: str, text: str) -> None:
    opening = quick.Opening(LINES[name])
    assert opening.match(text) is (PLAIN[name].match(text) is not None)
    assert opening.fullmatch(text) is (PLAIN[name].fullmatch(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("abc", {"a"}),
        ("(?:a|b)c", {"a", "b"}),
        ("a?b", {"a", "b"}),
        ("(?:ab)*c", {"a", "c"}),
        (r"^\bA", {"a"}),
        ("(?=x)y", {"y"}),
        ("[a-c]d", {"a", "b", "c"}),
        ("(?-i:Q)r", {"q"}),
        ("a*", None),
        (".a", None),
        (r"\d", None),
        ("[^a]b", None),
        ("(?:a|.)b", None),
        ("", None),
    ],
)
def test_the_first_letters_of_a_pattern(pattern: str, letters: set[str] | None) -> None:
    assert quick.first(pattern) == (None if letters is None else frozenset(letters))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("donate", {"donate"}),
        ("Donate|give", {"donate", "give"}),
        (r"a\w+ newsletter", {" newsletter"}),
        ("(?:our )?us", {"us"}),
        ("(?:our )+x", {"our "}),
        ("©", {"©"}),
        (r"\w+", None),
        ("a|donate", None),
        ("", None),
    ],
)
def test_what_a_pattern_cannot_do_without(pattern: str, words: set[str] | None) -> None:
    assert quick.needed(pattern) == (None if words is None else frozenset(words))


@pytest.mark.parametrize("line", [line for lines in LINES.values() for line in lines])
def test_a_line_split_at_its_bars_is_the_same_pattern(line: str) -> None:
    assert "|".join(quick.split(line)) == line
    assert all(re.compile(phrase) for phrase in quick.split(line))


def test_most_phrases_have_words_of_their_own() -> None:
    every = [phrase for line in LINES["foot"] for phrase in quick.split(line)]
    assert sum(quick.needed(phrase) is None for phrase in every) <= len(every) / 20
    assert rules().foot.search("All rights reserved", "all rights reserved")
    assert not rules().foot.search("The bridge is open.", "the bridge is open.")


CUT = st.lists(
    st.sampled_from(
        ["read", "Read More", " on", "the REST of it", "…", "...", "[", "]", "&hellip;", "»", "→", " ", "ſ", "K"]
    )
    | st.sampled_from(
        ["continue reading", "WEITERLESEN", "weiterleſen", "mehr", "lire la suite", "LEER MÁS", "ead", "."]
    )
    | st.sampled_from(["appeared first on", "APPEARED FIRST ON e.org", "word", "!"]),
    max_size=5,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(CUT)
def test_a_cut_end_is_never_missed_for_want_of_a_cue(text: str) -> None:
    long = "x" * 2_000 + text
    assert reading.is_excerpt([long], has_content=True) is (reading._CUT.search(long[-80:]) is not None)
