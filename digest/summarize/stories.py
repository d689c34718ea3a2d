"""The same event told by several: articles grouped into stories, each story's best article first.

Online average-link grouping of tf-idf vectors on an inverted index. docs/explanation/stories.md has the figures.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from digest.model import Article
from digest.summarize import grouping
from digest.summarize.grouping import Vector
from digest.summarize.terms import Frequencies, frequencies, language, stop_words, terms

__all__ = ["Frequencies", "Group", "frequencies", "group", "groups", "is_copy", "partition", "source"]

COSINE = 0.2  # mean cosine to a story's articles from which an article belongs to it
WINDOW = timedelta(days=4)  # between an article and the latest of its story
TITLE = 3  # how often a word of the title counts
WORDS = 150  # of the text that are read
TERMS = 60  # the heaviest of a vector
PRIOR = 500  # texts that every term is thought to be missing from: few documents make no steady weights
MOST_COMPARED = (
    30  # articles of one source in one story that another is held against: hundreds are no news, but an attack
)

_Triples = frozenset[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One story: the lead article first, the others from the most central down; and what only repeats its source."""

    told: tuple[Article, ...]
    copies: tuple[Article, ...] = ()


def group(
    articles: Sequence[Article],
    *,
    background: Frequencies | None = None,
    weights: Mapping[str, float] = {},
) -> tuple[tuple[Article, ...], ...]:
    """The articles as stories, as `groups` has them, without the copies."""
    return tuple(found.told for found in groups(articles, background=background, weights=weights))


def groups(
    articles: Sequence[Article],
    *,
    background: Frequencies | None = None,
    weights: Mapping[str, float] = {},
) -> tuple[Group, ...]:
    """The articles as stories, oldest first; each article stands in one.

    `background`: document frequencies of the last weeks' articles, so that a handful of new ones has steady weights.
    `weights`: by feed_url, 1.0 where absent; a heavier source leads. The order of `articles` makes no difference.
    """
    vectors = _vectors(articles, background)
    return tuple(
        _told([articles[i] for i in story], [vectors[i] for i in story], weights)
        for story in _grouped(articles, vectors)
    )


def partition(articles: Sequence[Article], *, background: Frequencies | None = None) -> tuple[tuple[Article, ...], ...]:
    """The same stories with every article in them, copies included; oldest article first."""
    found = _grouped(articles, _vectors(articles, background))
    return tuple(tuple(articles[i] for i in story) for story in found)


def source(article: Article) -> str:
    """Who tells it: the host it links to, without www; the feed where that host is a bare address."""
    host = (urlsplit(article.link).hostname or "").removeprefix("www.")
    try:
        ip_address(host)
    except ValueError:
        return host if "." in host else article.feed_url
    return article.feed_url


# ------------------------------------------------------------------ vectors


def _vectors(articles: Sequence[Article], background: Frequencies | None) -> list[Vector]:
    counted = [_counts(article) for article in articles]
    held: Counter[str] = Counter()
    for counts in counted:
        held.update(counts.keys())
    known = Frequencies(documents=len(articles) + PRIOR, counts=held)
    if background:
        known += background
    weights = {term: known.weight(term) for term in held}
    return [grouping.normal(_weighed(counts, weights), terms=TERMS) for counts in counted]


def _weighed(counts: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, float]:
    return {
        term: (1 + math.log(count)) * weights[term] if count > 1 else weights[term] for term, count in counts.items()
    }


def _counts(article: Article) -> dict[str, int]:
    """How often each telling term stands in title (threefold) and the first words of the text."""
    title = terms(article.title)
    body = terms(_opening(article))[:WORDS]
    common = stop_words(language(body + title, article.language))
    counts: Counter[str] = Counter(body)
    for term in title:
        counts[term] += TITLE
    return {
        term: count for term, count in counts.items() if term not in common and (len(term) > 1 or not term.isascii())
    }


def _opening(article: Article) -> str:
    """Enough of the text to hold its first words."""
    pieces: list[str] = []
    length = 0
    for paragraph in article.text or (article.excerpt,):
        pieces.append(paragraph[: 12 * WORDS])
        length += len(pieces[-1])
        if length > 12 * WORDS:
            break
    return "\n".join(pieces)


# ------------------------------------------------------------------ grouping


def _grouped(articles: Sequence[Article], vectors: Sequence[Vector]) -> list[list[int]]:
    """The articles' numbers by story, oldest first throughout."""
    sequence = sorted(range(len(articles)), key=lambda i: _order(articles[i]))
    found = grouping.grouped(
        [vectors[i] for i in sequence], [articles[i].sort_at for i in sequence], cosine=COSINE, window=WINDOW
    )
    return [[sequence[place] for place in story] for story in found]


def _order(article: Article) -> tuple[datetime, str, str, str, str]:
    opening = article.text[0] if article.text else article.excerpt
    return article.sort_at, article.link, article.feed_url, article.title, opening


# ------------------------------------------------------------------ one story


def _told(articles: Sequence[Article], vectors: Sequence[Vector], weights: Mapping[str, float]) -> Group:
    """A story's articles, lead first, a source's copies of what stands there already apart."""
    if len(articles) == 1:
        return Group(told=tuple(articles))
    merits = _merits(articles, vectors, weights)
    kept: list[Article] = []
    copies: list[Article] = []
    shelves: defaultdict[str, list[tuple[Article, _Triples]]] = defaultdict(list)  # by source
    for i in sorted(range(len(articles)), key=lambda i: (-merits[i], _order(articles[i]))):
        one, shelf = (articles[i], _triples(articles[i])), shelves[source(articles[i])]
        if any(_is_copy(*one, *other) for other in shelf):
            copies.append(articles[i])
        else:
            kept.append(articles[i])
            shelf += [one] if len(shelf) < MOST_COMPARED else []
    return Group(told=tuple(kept), copies=tuple(copies))


def _merits(articles: Sequence[Article], vectors: Sequence[Vector], weights: Mapping[str, float]) -> list[float]:
    """How well each article stands for its story: centrality, times source weight, times how much text there is.

    Centrality is the mean cosine to the others: one product with the sum of all, less the article's with itself.
    """
    whole: defaultdict[str, float] = defaultdict(float)
    for vector in vectors:
        for term, weight in vector.items():
            whole[term] += weight
    central = [(grouping.cosine(vector, whole) - grouping.cosine(vector, vector)) for vector in vectors]
    fullness = [0.5 + 0.5 * min(1.0, sum(map(len, article.text)) / 900) for article in articles]
    weighed = [weights.get(article.feed_url, 1.0) for article in articles]
    mates = len(articles) - 1
    return [round(c / mates * w * f, 9) for c, w, f in zip(central, weighed, fullness, strict=True)]


def is_copy(one: Article, other: Article) -> bool:
    """True where both tell the same text: half of the triples of words in their openings are shared (wire copies)."""
    return _is_copy(one, _triples(one), other, _triples(other))


def _is_copy(one: Article, left: _Triples, other: Article, right: _Triples) -> bool:
    if not left or not right:
        return terms(one.title) == terms(other.title)
    return len(left & right) * 2 >= min(len(left), len(right))


def _triples(article: Article) -> _Triples:
    found = terms(" ".join(article.text)[:3000])[:250]
    return frozenset(zip(found, found[1:], found[2:], strict=False))
