"""What is measured of each sentence of an article: numbers without a lexicon, the same in any language."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]

_NUMBER = re.compile(r"\d+")
_QUOTES = "\"'“‘„«‹「『”»"
_APOSTROPHE = re.compile(r"['’]")
_OPENING = 3  # sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An article as the features see it: of each sentence the text, the words, and the stems that carry meaning."""

    texts: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    stems: tuple[tuple[str, ...], ...]
    title: frozenset[str] = frozenset()  # stems
    echoes: Mapping[str, int] = field(default_factory=dict)  # of other reports: sentences by stem
    pace: float = 1.0  # words for each of `words`: less than one where these are overlapping pairs of characters
    leaning: frozenset[str] = frozenset()  # words that point back at the beginning of a sentence, in lower case

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The features of n sentences and how much the sentences repeat each other."""

    columns: dict[str, Numbers]  # each of n numbers
    overlap: Numbers  # n x n, cosine of damped stem counts, 0 on the diagonal
    leans: NDArray[np.bool_]  # of each of n sentences, whether it leans on the one before it; the first never does


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Which stem stands how often in which sentence, as parallel arrays ordered by sentence."""

    size: int  # sentences
    row: Places
    column: Places
    count: Numbers
    spread: Numbers  # of each column: the sentences that have it
    total: Numbers  # of each column: its occurrences

    def by_row(self, values: Numbers) -> Numbers:
        """The sum of `values`, one for each entry, over each sentence."""
        return np.bincount(self.row, weights=values, minlength=self.size).astype(np.float64)

    def distinct(self) -> Numbers:
        """How many different stems each sentence has; 1 where it has none, to divide by."""
        return np.maximum(np.bincount(self.row, minlength=self.size), 1).astype(np.float64)


def read(
    texts: Sequence[str],
    words: Sequence[tuple[str, ...]],
    *,
    stem: Callable[[str], str],
    stop_words: frozenset[str],
    title: Sequence[str] = (),
    context: Sequence[Sequence[str]] = (),
    pace: float = 1.0,
    leaning: frozenset[str] = frozenset(),
) -> Reading:
    """The sentences with their stems; words of one letter and function words carry none.

    `words`, `title`, `context`: words of each sentence, of the title, of each sentence of other reports of the event.
    """

    def stems(sentence: Sequence[str]) -> tuple[str, ...]:
        return tuple(stem(word) for word in sentence if len(word) > 1 and word.lower() not in stop_words)

    return Reading(
        texts=tuple(texts),
        words=tuple(words),
        stems=tuple(map(stems, words)),
        title=frozenset(stems(title)),
        echoes=Counter(stem for sentence in context for stem in set(stems(sentence))),
        pace=pace,
        leaning=leaning,
    )


def measure(reading: Reading) -> Measured:
    """All features of a reading of at least one sentence."""
    terms = _terms(reading.stems)
    similar, overlap = _likeness(terms)
    columns = {
        **_central(similar),
        "repeats": np.tril(overlap).max(axis=1),
        **_salient(terms),
        **_placed(len(reading)),
        **_shaped(reading),
        "names": _names(reading.words),
        "title": _titled(reading),
        "echoed": _echoed(reading),
    }
    opening = np.arange(len(reading)) < _OPENING
    columns["opening_common"] = columns["common"] * opening
    columns["opening_recurs"] = columns["recurs"] * opening
    return Measured(columns=columns, overlap=overlap, leans=_leaning(reading))


def standard(values: Numbers) -> Numbers:
    """Mean 0 and deviation 1 within the article; zeros where all are alike."""
    deviation = float(values.std())
    return (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)


def _terms(stems: Sequence[Sequence[str]]) -> Terms:
    vocabulary: dict[str, int] = {}
    places = [vocabulary.setdefault(stem, len(vocabulary)) for sentence in stems for stem in sentence]
    width = max(1, len(vocabulary))
    rows = np.repeat(np.arange(len(stems)), [len(sentence) for sentence in stems])
    flat, count = np.unique(rows * width + np.asarray(places, dtype=np.intp), return_counts=True)
    row, column = np.divmod(flat, width)
    weights = count.astype(np.float64)
    return Terms(
        size=len(stems),
        row=row,
        column=column,
        count=weights,
        spread=np.bincount(column, minlength=width).astype(np.float64),
        total=np.bincount(column, weights=weights, minlength=width).astype(np.float64),
    )


def _likeness(terms: Terms) -> tuple[Numbers, Numbers]:
    """Cosines of tf-idf and of plain damped counts; both n x n with an empty diagonal."""
    rarity = np.log((terms.size + 1) / (terms.spread + 0.5))
    similar = _cosines(terms, np.log1p(terms.count) * rarity[terms.column])
    return similar, _cosines(terms, np.sqrt(terms.count))


def _cosines(terms: Terms, values: Numbers) -> Numbers:
    """The product of the unit rows with each other; a stem of one sentence alone counts in its length only."""
    lengths = np.sqrt(terms.by_row(values**2))
    lengths[lengths == 0] = 1
    shared = terms.spread > 1
    narrow = np.cumsum(shared) - 1
    kept = shared[terms.column]
    rows = np.zeros((terms.size, max(1, int(shared.sum()))), dtype=np.float32)
    rows[terms.row[kept], narrow[terms.column[kept]]] = (values / lengths[terms.row])[kept]
    product = (rows @ rows.T).astype(np.float64)
    np.fill_diagonal(product, 0)
    return product


def _central(similar: Numbers) -> dict[str, Numbers]:
    """Centrality, and directed centrality: earlier neighbours count against (Zheng and Lapata, arXiv 1906.03508)."""
    edges = np.maximum(similar - similar.min(), 0)
    before, after = np.tril(edges, -1).sum(axis=1), np.triu(edges, 1).sum(axis=1)
    return {"central": standard(similar.sum(axis=1)), "onward": standard(3 * after - 2 * before)}


def _salient(terms: Terms) -> dict[str, Numbers]:
    """How much of what the article comes back to, and how much that no other sentence has."""
    distinct = terms.distinct()
    spread = terms.spread[terms.column]
    first = np.full(len(terms.spread), terms.size)
    np.minimum.at(first, terms.column, terms.row)
    last = np.full(len(terms.spread), -1)
    np.maximum.at(last, terms.column, terms.row)
    is_first = terms.row == first[terms.column]
    return {
        "frequent": standard(terms.by_row(terms.total[terms.column] / max(1.0, float(terms.total.max()))) / distinct),
        "common": standard(terms.by_row(np.log(spread))),
        "recurs": standard(terms.by_row((terms.row < last[terms.column]).astype(np.float64))),
        "introduces": standard(terms.by_row(is_first * (spread - 1))),
        "lone": terms.by_row((spread == 1).astype(np.float64)) / distinct,
        **_peaks(terms, spread),
    }


def _peaks(terms: Terms, spread: Numbers) -> dict[str, Numbers]:
    """The most widespread stem of each sentence, and the mean of its three most widespread."""
    order = np.lexsort((-spread, terms.row))
    starts = np.searchsorted(terms.row, np.arange(terms.size))
    rank = np.arange(len(order)) - starts[terms.row]
    highest = spread[order]
    return {
        "peak": standard(terms.by_row(highest * (rank == 0))),
        "peaks": standard(terms.by_row(highest * (rank < 3)) / 3),
    }


def _placed(size: int) -> dict[str, Numbers]:
    """Where the sentence stands."""
    order = np.arange(size, dtype=np.float64)
    return {"first": (order == 0).astype(np.float64), "order": np.log1p(order), "depth": order / max(1, size - 1)}


def _shaped(reading: Reading) -> dict[str, Numbers]:
    """How the sentence looks."""
    length = np.array([len(sentence) for sentence in reading.words], dtype=np.float64) * reading.pace
    return {
        "quoted": np.array([text[:1] in _QUOTES for text in reading.texts], dtype=np.float64),
        "colon": np.array([":" in text or "：" in text for text in reading.texts], dtype=np.float64),
        "numbers": np.array([min(3, len(_NUMBER.findall(text))) for text in reading.texts], dtype=np.float64),
        "length": np.log1p(length),
        "oddness": np.minimum((length - 20) / 20, 4.0) ** 2,
    }


def _names(words: Sequence[Sequence[str]]) -> Numbers:
    """How often the article comes back to the capitalised words of the sentence, its first word aside."""
    found = [{word for word in sentence[1:] if word[0].isupper()} for sentence in words]
    spread = Counter(word for names in found for word in names)
    return standard(np.array([sum(spread[word] for word in names) for names in found], dtype=np.float64))


def _leaning(reading: Reading) -> NDArray[np.bool_]:
    leans = [bool(words) and _stem_of_apostrophe(words[0]) in reading.leaning for words in reading.words]
    return np.array([False, *leans[1:]], dtype=np.bool_)


def _stem_of_apostrophe(word: str) -> str:
    """The word before an apostrophe: `They're` is they, `C'est` is c."""
    return _APOSTROPHE.split(word.lower(), maxsplit=1)[0]


def _titled(reading: Reading) -> Numbers:
    """The share of the title's stems that the sentence has; 0 without a title."""
    title = reading.title
    share = [len(title.intersection(sentence)) / len(title) if title else 0.0 for sentence in reading.stems]
    return np.array(share, dtype=np.float64)


def _echoed(reading: Reading) -> Numbers:
    """How much of what other reports of the event speak of; 0 where there are none."""
    echoes = reading.echoes
    return standard(np.array([sum(math.log1p(echoes.get(stem, 0)) for stem in set(each)) for each in reading.stems]))
