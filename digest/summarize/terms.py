"""The terms of a text, and how many texts hold each: what grouping compares articles by."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*")
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]+")
STEM = 6  # letters of a word that count: "minister", "ministers" and "ministerial" are one term, in many languages
_LISTS = {
    "ar": "arabic",
    "cs": "czech",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "he": "hebrew",
    "it": "italian",
    "pl": "polish",
    "pt": "portuguese",
    "sk": "slovak",
    "sv": "swedish",
    "uk": "ukrainian",
}


def terms(text: str) -> list[str]:
    """The terms of a text in its order: words without case and ending; character pairs where no blanks part words.

    >>> terms("Steele's party, 2026")
    ['steele', 'party', '2026']
    >>> terms("東京都")
    ['東京', '京都']
    """
    words: list[str] = _WORD.findall(text.casefold())
    if text.isascii() or not _WIDE.search(text):
        return [word[:STEM] if word.isalnum() else _ended(word) for word in words]
    return [term for word in words for term in (_pairs(word) if _WIDE.search(word) else (_ended(word),))]


def _ended(word: str) -> str:
    """The word without its possessive, if it is not all letters and digits, and without its ending."""
    return (word if word.isalnum() else _POSSESSIVE.sub("", word[: STEM + 2]))[:STEM]


def _pairs(word: str) -> list[str]:
    pieces: list[str] = []
    for piece in re.findall(rf"{_WIDE.pattern}|[^\W_]+?(?={_WIDE.pattern}|$)", word):
        wide = len(piece) > 2 and bool(_WIDE.match(piece))
        pieces += [piece[i : i + 2] for i in range(len(piece) - 1)] if wide else [piece]
    return pieces


@cache
def stop_words(language: str) -> frozenset[str]:
    """The common words of that language (ISO 639-1) as terms, from sumy's list; none where it has no list."""
    if language not in _LISTS:
        return frozenset()
    lines = files("sumy").joinpath("data", "stopwords", f"{_LISTS[language]}.txt").read_text("utf-8").split()
    return frozenset(word.casefold()[:STEM] for word in lines)


def language(found: Sequence[str], stated: str | None) -> str:
    """The language whose common words a text is full of; the stated one where no list knows better."""
    said = (stated or "").split("-")[0].lower()
    head = set(found[:100])
    if len(head & stop_words(said)) * 5 >= len(head):
        return said
    known = _speakers()
    counts = Counter(code for term in head if term in known for code in known[term])
    best = max(_LISTS, key=lambda code: (counts[code], code == said))
    return best if counts[best] * 8 >= len(head) else said


@cache
def _speakers() -> dict[str, tuple[str, ...]]:
    """The languages that have a term among their common words."""
    found: dict[str, tuple[str, ...]] = {}
    for code in _LISTS:
        for term in stop_words(code):
            found[term] = (*found.get(term, ()), code)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequencies:
    """In how many of `documents` texts each term stands."""

    documents: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Frequencies") -> "Frequencies":
        """Both collections of texts as one."""
        counts = Counter(self.counts)
        counts.update(other.counts)
        return Frequencies(documents=self.documents + other.documents, counts=counts)

    def weight(self, term: str) -> float:
        """How telling a term is: ln((1 + documents) / (1 + count))."""
        return math.log((1 + self.documents) / (1 + self.counts.get(term, 0)))


def frequencies(texts: Iterable[str]) -> Frequencies:
    """The document frequencies of those texts; give each as its title and text in one.

    >>> frequencies(["The ferry sank.", "The ferry"]).counts["ferry"]
    2
    """
    counts: Counter[str] = Counter()
    documents = 0
    for text in texts:
        counts.update(set(terms(text)))
        documents += 1
    return Frequencies(documents=documents, counts=counts)
