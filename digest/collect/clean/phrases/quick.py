r"""Many phrases at once, without case: those are tried that can match at all, and on most texts few can.

Python tries each of a hundred alternatives at each character: some 500 µs a sentence. What a phrase cannot do without
("donat", "newsletter") is found by substring search in a few, and only the phrases it belongs to are tried then; and
of phrases that open a line those alone are tried that begin with its first letter. Figures: docs/explanation/cleaning.md.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from re import _constants as op  # type: ignore[attr-defined]  # the one parser of Python's own patterns there is
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MOST_IN_SET = 64  # characters; a larger set may as well be any


class Anywhere:
    """Phrases that stand anywhere in a text."""

    __slots__ = ("_always", "_by_word", "_compiled", "_phrases")

    def __init__(self, lines: Sequence[str]) -> None:
        """`lines`: patterns, each of one or more phrases with a bar between them."""
        self._phrases = tuple(phrase for line in lines for phrase in split(line))
        self._compiled: list[re.Pattern[str] | None] = [None] * len(self._phrases)
        by_word: dict[str, list[int]] = {}
        self._always: list[int] = []
        for place, phrase in enumerate(self._phrases):
            words = needed(phrase)
            if words is None:
                self._always.append(place)
            for word in words or ():
                by_word.setdefault(word, []).append(place)
        self._by_word = tuple(by_word.items())

    def search(self, text: str, folded: str) -> bool:
        """Whether one matches anywhere in `text`; `folded` is the same without case."""
        return any(phrase.search(text) for phrase in self._worth(folded))

    def _worth(self, folded: str) -> Iterator[re.Pattern[str]]:
        """The phrases that may match."""
        places = [place for word, owners in self._by_word if word in folded for place in owners]
        for place in dict.fromkeys((*self._always, *places)):
            pattern = self._compiled[place]
            if pattern is None:
                pattern = self._compiled[place] = re.compile(self._phrases[place], re.IGNORECASE)
            yield pattern


class Opening:
    """Phrases that a text begins with, or is."""

    __slots__ = ("_by_letter", "_phrases")

    def __init__(self, lines: Sequence[str]) -> None:
        """As above."""
        self._phrases = tuple((phrase, first(phrase)) for line in lines for phrase in split(line))
        self._by_letter: dict[str, re.Pattern[str]] = {}

    def match(self, text: str) -> bool:
        """Whether `text` begins with one."""
        return self._worth(text).match(text) is not None

    def fullmatch(self, text: str) -> bool:
        """Whether `text` is one."""
        return self._worth(text).fullmatch(text) is not None

    def _worth(self, text: str) -> re.Pattern[str]:
        """Those that may begin with its first letter, as one pattern."""
        letter = text[:1].casefold()[:1]
        found = self._by_letter.get(letter)
        if found is None:
            phrases = [phrase for phrase, letters in self._phrases if letters is None or letter in letters]
            pattern = "|".join(f"(?:{phrase})" for phrase in phrases) or r"(?!)"
            found = self._by_letter[letter] = re.compile(pattern, re.IGNORECASE)
        return found


def split(line: str) -> Iterator[str]:
    r"""The alternatives of a pattern: what stands between its outermost bars.

    >>> list(split(r"a(?:b|c)|[|]|\|d"))
    ['a(?:b|c)', '[|]', '\\|d']
    """
    start = depth = 0
    is_set = is_escaped = False
    for place, mark in enumerate(line):
        if is_escaped:
            is_escaped = False
        elif mark == "\\":
            is_escaped = True
        elif is_set:
            is_set = mark != "]" or line[place - 1] == "["
        elif mark == "[":
            is_set = True
        elif mark in "()":
            depth += 1 if mark == "(" else -1
        elif mark == "|" and not depth:
            yield line[start:place]
            start = place + 1
    yield line[start:]


def needed(pattern: str) -> frozenset[str] | None:
    r"""Words without case, one of which stands in everything that pattern matches; None where there are none.

    >>> sorted(needed(r"(?:please )?(?:donate|give) (?:to|for) us?"))
    ['donate', 'give']
    >>> needed(r"\w+ \d") is None
    True
    """
    return _of_sequence(parser.parse(pattern, re.IGNORECASE))


def _of_sequence(items: Iterable[Any]) -> frozenset[str] | None:
    """The best of what its parts need: those whose shortest word is longest, the fewest of these."""
    found: list[frozenset[str]] = []
    run = ""
    for code, value in items:
        if code is op.LITERAL:
            run += chr(value)
            continue
        found.append(frozenset({run.casefold()}))
        run = ""
        if (words := _of_item(code, value)) is not None:
            found.append(words)
    found.append(frozenset({run.casefold()}))
    worth = [words for words in found if all(map(_is_telling, words))]
    return max(worth, key=lambda words: (min(map(len, words)), -len(words)), default=None)


def _is_telling(word: str) -> bool:
    """Whether looking for it tells anything: two characters, or one that most texts lack."""
    return len(word.strip()) > 1 or (len(word) == 1 and not word.isspace() and not ("a" <= word <= "z"))


def _of_item(code: Any, value: Any) -> frozenset[str] | None:
    if code is op.BRANCH:
        branches = [_of_sequence(branch) for branch in value[1]]
        return None if None in branches else frozenset(word for words in branches for word in words or ())
    inner = _INNER.get(code)
    return None if inner is None else _of_sequence(inner(value))


# What has to be there in a part of a pattern; in a set, a place, a look around there is nothing that has to.
_INNER: dict[Any, Callable[[Any], Iterable[Any]]] = {
    op.SUBPATTERN: lambda value: value[-1],
    op.ATOMIC_GROUP: lambda value: value,
    op.MAX_REPEAT: lambda value: value[2] if value[0] else (),
    op.MIN_REPEAT: lambda value: value[2] if value[0] else (),
    op.POSSESSIVE_REPEAT: lambda value: value[2] if value[0] else (),
}
_REPEATS = frozenset({op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT})
_PLACES = frozenset({op.AT, op.ASSERT, op.ASSERT_NOT})  # a place or a look around: no letter of the match


@cache
def first(pattern: str) -> frozenset[str] | None:
    r"""The letters, without case, that what it matches can begin with; None where it may be any, or nothing at all.

    >>> sorted(first(r"(?:Please )?(?:donate|[gt]ive)")), first(r"\w+ ago")
    (['d', 'g', 'p', 't'], None)
    """
    letters, may_be_empty = _first(parser.parse(pattern, re.IGNORECASE))
    return None if may_be_empty else letters


def _first(items: Iterable[Any]) -> tuple[frozenset[str] | None, bool]:
    """(letters, whether it may match nothing)."""
    letters: frozenset[str] = frozenset()
    for code, value in items:
        if code in _PLACES:
            continue
        found, may_be_empty = _first_of(code, value)
        if found is None:
            return None, False
        letters |= found
        if not may_be_empty:
            return letters, False
    return letters, True


def _first_of(code: Any, value: Any) -> tuple[frozenset[str] | None, bool]:
    if code is op.LITERAL:
        return frozenset(chr(value).casefold()[:1]), False
    if code is op.IN:
        return _in_set(value), False
    if code is op.BRANCH:
        return _first_of_any([_first(branch) for branch in value[1]])
    if code in _REPEATS:
        letters, may_be_empty = _first(value[2])
        return letters, may_be_empty or not value[0]
    if code in _INNER:
        return _first(_INNER[code](value))
    return None, False


def _first_of_any(branches: Sequence[tuple[frozenset[str] | None, bool]]) -> tuple[frozenset[str] | None, bool]:
    known = [letters for letters, _ in branches if letters is not None]
    if len(known) < len(branches):
        return None, False
    return frozenset().union(*known), any(may_be_empty for _, may_be_empty in branches)


def _in_set(items: Sequence[Any]) -> frozenset[str] | None:
    """The letters of a set, where they are few."""
    found: set[str] = set()
    for code, value in items:
        if code is op.LITERAL:
            found.add(chr(value).casefold()[:1])
        elif code is op.RANGE and value[1] - value[0] < _MOST_IN_SET:
            found.update(chr(point).casefold()[:1] for point in range(value[0], value[1] + 1))
        else:
            return None
    return frozenset(found)
