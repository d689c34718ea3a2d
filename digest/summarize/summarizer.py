"""Extractive summaries: the sentences of an article that tell it best, whole and to the letter.

The method `digest` is a linear score over features.py with the weights of weights.py, and a greedy choice that shuns
repetition; docs/explanation/summaries.md has its figures. Importing this module imports numpy, sumy and nltk (0.5 s).
"""

import functools
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from sumy.summarizers._summarizer import AbstractSummarizer
from sumy.utils import ItemsCount

from digest.errors import SummarizeError
from digest.model import Summary
from digest.summarize import features, methods, sentences, weights
from digest.summarize.references import LEANING

LIMIT = 400  # sentences of an article that are read; news says what matters long before
LONGEST_READ = 200_000  # characters of an article that are read: three times 10,000 words
BESIDE = 20_000  # characters of other reports that are read
LONGEST = 3000  # characters; what goes on for longer is no sentence
_FEWEST = 4  # words of a sentence; fewer are a fragment
_SIGN = re.compile(r"[0-9!-/:-@\[-`{-~]")  # ASCII digits and punctuation
_SIGNS = 0.42  # share of signs (blanks aside) from which on a line is code, a time, a telephone number
_CUT = re.compile(r"[\[(](?:…|\.\.\.)[\])]\W*\Z")  # where a feed's excerpt breaks off
_ENDED = re.compile(r"[.!?…。！？｡।॥؟۔።։။;]\W*\Z")
_PACE = 0.6  # words for each pair of characters, in scripts without blanks
_UNSPACED = frozenset({"ja", "zh", "th", "lo", "km", "my"})
Rated = Callable[[Sequence[str], int], tuple[int, ...]]  # sentences and a count to the places of the best, ascending

_TITLED = 0.8  # share of capitalised words from which on a line is a heading


def article(
    paragraphs: Sequence[str],
    *,
    title: str = "",
    language: str = "auto",
    count: int = 3,
    method: str = "digest",
    profile: str = "news",
    context: Sequence[str] = (),
) -> Summary:
    """The `count` sentences that tell the article best, in its order, none twice; all there are where it has no more.

    `paragraphs`: clean text without markup; no sentence goes over from one to the next. `method`: one of
    digest.config.METHODS. `profile`: "news", or "neutral" for what does not say the most important thing first.
    `context`: paragraphs of other reports of the same event; what they speak of too counts for more (`digest` alone
    looks at it). Lines that are no sentences (under four words, without a final mark, headings) come in only where
    sentences are too few, and what is longer than 3,000 characters never does. SummarizeError for an unknown method
    or profile.

    >>> article(["Rain fell on Monday in Lisbon. Oh dear.", "The river rose, the city said."], count=1).sentences
    ('Rain fell on Monday in Lisbon.',)
    """
    if profile not in weights.PROFILES:
        raise SummarizeError(f"{profile!r} is no profile; choose one of {', '.join(weights.PROFILES)}")
    spoken = _language(paragraphs, language)
    found = tuple(_read(paragraphs, spoken))
    if method == "digest":
        rated = DigestSummarizer(language=spoken, title=title, profile=profile, context=context).places
    elif method in methods.NAMES:
        rated = functools.partial(methods.pick, method, language=spoken, title=title)
    else:
        raise SummarizeError(f"{method!r} is no method; choose one of digest, {', '.join(methods.NAMES)}")
    chosen = _choose(found, count, spoken, rated)
    return Summary(
        sentences=tuple(found[place] for place in chosen), positions=tuple(chosen), method=method, language=spoken
    )


def sentences_of(paragraphs: Sequence[str], language: str = "auto") -> tuple[str, ...]:
    """All the sentences that `article` reads, in order: the positions of its summary are places in them.

    >>> sentences_of(["Rain fell on Monday in Lisbon. Oh dear."])
    ('Rain fell on Monday in Lisbon.', 'Oh dear.')
    """
    return tuple(_read(paragraphs, _language(paragraphs, language)))


def _language(paragraphs: Sequence[str], language: str) -> str:
    if language and language.lower() != "auto":
        return sentences.code(language)
    return sentences.detect(" ".join(paragraph[:500] for paragraph in itertools.islice(paragraphs, 20)))


def _read(paragraphs: Sequence[str], language: str, *, limit: int = LONGEST_READ) -> Iterator[str]:
    """The sentences of the first `limit` characters; one that is cut there is left out."""
    left = limit
    for paragraph in paragraphs:
        if len(paragraph) > left:
            yield from sentences.split(paragraph[:left], language)[:-1]
            return
        left -= len(paragraph)
        yield from sentences.split(paragraph, language)


def _choose(found: Sequence[str], count: int, language: str, rated: Rated) -> tuple[int, ...]:
    """The places in `found`, ascending: of sentences as `rated` picks them, then of other lines if too few."""
    distinct = _distinct(found)
    if len(distinct) <= count:
        return distinct
    candidates = sound(found, language)
    chosen = [candidates[place] for place in rated([found[place] for place in candidates], count)]
    taken = set(chosen)
    spare = (place for place in distinct if place not in taken)
    chosen += itertools.islice(spare, max(0, count - len(chosen)))
    return tuple(sorted(chosen))


def _distinct(found: Sequence[str]) -> tuple[int, ...]:
    """The places of sentences that could be shown, each text once: letters' case and white space make no difference."""
    first: dict[str, int] = {}
    for place, sentence in enumerate(found):
        if len(sentence) <= LONGEST:
            first.setdefault(" ".join(sentence.casefold().split()), place)
    return tuple(first.values())


def sound(found: Sequence[str], language: str) -> tuple[int, ...]:
    """The places of what may be picked: different sentences with a sentence's shape, the first 400 of them."""
    shaped = (place for place in _distinct(found) if _is_sentence(found[place], language))
    return tuple(itertools.islice(shaped, LIMIT))


def _is_sentence(text: str, language: str) -> bool:
    """Whether a line has a sentence's shape: words enough, a final mark, not all of it capitals, figures or signs."""
    words = sentences.words(text, language)
    if len(words) < _FEWEST or not _ENDED.search(text) or _CUT.search(text):
        return False
    if len(_SIGN.findall(text)) > _SIGNS * (len(text) - text.count(" ")):
        return False
    capitalised = sum(word[0].isupper() for word in words)
    return capitalised < _TITLED * len(words) or len(words) > 12


def score(measured: features.Measured, table: dict[str, float]) -> features.Numbers:
    """How well each sentence would stand in a summary: the weighted sum of its features."""
    total = np.zeros(len(measured.overlap))
    for name, weight in table.items():
        total += weight * measured.columns[name]
    return total


def pick(
    scores: features.Numbers, measured: features.Measured, count: int, *, hanging: float = weights.HANGING
) -> tuple[int, ...]:
    """Greedily the best, each less by its highest overlap with those picked before; ascending.

    What says nearly the same as one of those comes only where there is nothing else. What leans on the sentence before
    it counts `hanging` less while that is not picked.
    """
    left = scores.copy()
    told = np.zeros(len(scores))
    hangs = measured.leans.copy()
    chosen: list[int] = []
    for _ in range(min(count, len(scores))):
        less = weights.REDUNDANCY * told + 1000 * (told > weights.SAME) + hanging * hangs
        best = int(np.argmax(left - less))
        chosen.append(best)
        left[best] = -math.inf
        told = np.maximum(told, measured.overlap[best])
        hangs[best + 1 : best + 2] = False
    return tuple(sorted(chosen))


class DigestSummarizer(AbstractSummarizer):  # type: ignore[misc]  # sumy is untyped
    """The method `digest` in sumy's own shape: called with a document and a count, it gives the document's sentences.

    `count`: a number, a share such as "20%", or what sumy's ItemsCount takes.
    """

    def __init__(
        self,
        stemmer: Callable[[str], str] | None = None,
        *,
        language: str = "en",
        title: str = "",
        profile: str = "news",
        context: Sequence[str] = (),
    ) -> None:
        """`context`: paragraphs of other reports of the same event."""
        super().__init__(stemmer or sentences.stemmer(language))
        self.stop_words = sentences.stop_words(language)
        self.language = sentences.code(language)
        self.title = title
        self.profile = profile
        self.context = context

    def __call__(self, document: Any, sentences_count: Any) -> tuple[Any, ...]:
        """The best sentences of a sumy document, in its order."""
        given = document.sentences
        size = len((sentences_count if callable(sentences_count) else ItemsCount(sentences_count))(given))
        reading = self.read([str(each) for each in given], [tuple(each.words) for each in given])
        return tuple(given[place] for place in self.best(reading, size))

    def places(self, texts: Sequence[str], count: int) -> tuple[int, ...]:
        """The places of the best `count` of `texts`, ascending."""
        return self.best(self.read(texts), count)

    def read(self, texts: Sequence[str], words: Sequence[tuple[str, ...]] | None = None) -> features.Reading:
        """Sentences as the features see them; `words`: of each, by our own rules where None."""
        return features.read(
            texts,
            [sentences.words(text, self.language) for text in texts] if words is None else words,
            stem=self.stem_word,
            stop_words=self.stop_words,
            title=sentences.words(self.title, self.language),
            context=[sentences.words(text, self.language) for text in _read(self.context, self.language, limit=BESIDE)],
            pace=_PACE if self.language in _UNSPACED else 1.0,
            leaning=LEANING.get(self.language, frozenset()),
        )

    def best(self, reading: features.Reading, count: int) -> tuple[int, ...]:
        """The places of its best `count` sentences, ascending."""
        if not reading.texts:
            return ()
        measured = features.measure(reading)
        return pick(score(measured, weights.PROFILES[self.profile]), measured, count)
