"""ROUGE-1, -2 and -Lsum F1 as rouge-score has them with its stemmer, but remembered: refitting asks the same sets often.

test_summaries.py holds it against rouge-score itself.
"""

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nltk.stem.porter import PorterStemmer

_PORTER = PorterStemmer()


@functools.cache
def _stem(word: str) -> str:
    return _PORTER.stem(word) if len(word) > 3 else word


def tokens(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"[a-z0-9]+", text.lower())]


def _f1(hits: int, given: int, wanted: int) -> float:
    return 200 * hits / (given + wanted) if hits else 0.0


def _pairs(words: Sequence[str]) -> Counter[tuple[str, str]]:
    return Counter(itertools.pairwise(words))


def _common(wanted: Sequence[str], given: Sequence[str]) -> set[int]:
    """Places in `wanted` of one longest common subsequence, the one rouge-score takes."""
    table = [[0] * (len(given) + 1) for _ in range(len(wanted) + 1)]
    for i, word in enumerate(wanted):
        above, row = table[i], table[i + 1]
        for j, other in enumerate(given):
            row[j + 1] = above[j] + 1 if word == other else max(above[j + 1], row[j])
    i, j, places = len(wanted), len(given), set()
    while i and j:
        if wanted[i - 1] == given[j - 1]:
            i, j = i - 1, j - 1
            places.add(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places


@dataclass
class Judge:
    """Judges choices of sentences of one article against its reference, a highlight a line."""

    sentences: Sequence[str]
    reference: str
    _known: dict[tuple[int, ...], tuple[float, float, float]] = field(default_factory=dict)
    _subsequences: dict[tuple[int, int], set[int]] = field(default_factory=dict)

    def __post_init__(self):
        self.given = [tokens(sentence) for sentence in self.sentences]
        self.wanted = [tokens(line) for line in self.reference.split("\n")]
        self.words = [word for line in self.wanted for word in line]

    def scores(self, chosen: Iterable[int]) -> tuple[float, float, float]:
        """ROUGE-1, -2, -Lsum F1, times 100."""
        key = tuple(sorted(chosen))
        if key not in self._known:
            self._known[key] = (*self.overlaps(key), self._lsum(key))
        return self._known[key]

    def mean(self, chosen: Iterable[int]) -> float:
        return sum(self.scores(chosen)) / 3

    def overlaps(self, key: Sequence[int]) -> tuple[float, float]:
        given = [word for place in key for word in self.given[place]]
        singles = (Counter(given) & Counter(self.words)).total()
        pairs = (_pairs(given) & _pairs(self.words)).total()
        return _f1(singles, len(given), len(self.words)), _f1(pairs, len(given) - 1, len(self.words) - 1)

    def _lsum(self, key: Sequence[int]) -> float:
        left = Counter(word for place in key for word in self.given[place])
        given, due, hits = left.total(), Counter(self.words), 0
        for line, wanted in enumerate(self.wanted):
            places = set().union(*(self._subsequence(line, place) for place in key))
            for place in sorted(places):
                word = wanted[place]
                if left[word] > 0 and due[word] > 0:
                    left[word] -= 1
                    due[word] -= 1
                    hits += 1
        return _f1(hits, given, len(self.words))

    def _subsequence(self, line: int, place: int) -> set[int]:
        if (line, place) not in self._subsequences:
            self._subsequences[line, place] = _common(self.wanted[line], self.given[place])
        return self._subsequences[line, place]

    def oracle(self, size: int = 3) -> list[int]:
        """The greedy choice of up to `size` sentences by ROUGE-1 plus ROUGE-2; fewer where none adds."""
        chosen: list[int] = []
        best = 0.0
        for _ in range(min(size, len(self.given))):
            rest = [place for place in range(len(self.given)) if place not in chosen]
            gains = [(sum(self.overlaps(sorted([*chosen, place]))), -place) for place in rest]
            gain, place = max(gains)
            if gain <= best:
                break
            best = gain
            chosen.append(-place)
        return sorted(chosen)
