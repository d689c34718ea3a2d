"""sumy's own methods by name, within the lengths that they bear."""

import hashlib
import logging
import random
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence

from digest.errors import SummarizeError
from digest.summarize import sentences

log = logging.getLogger(__name__)

# Sentences that a method reads; what lies behind is left out, with a warning. Chosen so that each ends within about a
# second: KL and LSA are cubic (4.3 s and 0.3 s at 162 sentences), LexRank, TextRank and Reduction quadratic.
LIMITS = {"kl": 80, "lsa": 200, "reduction": 200, "lex-rank": 200, "text-rank": 300, "luhn": 400, "sum-basic": 300}


def pick(method: str, texts: Sequence[str], count: int, *, language: str = "en", title: str = "") -> tuple[int, ...]:
    """The indices, ascending, of the `count` sentences that `method` rates highest among `texts`, all different.

    SummarizeError for a name that is none of NAMES.
    """
    if not texts or count < 1:
        return ()
    if method == "lead":
        return tuple(range(min(count, len(texts))))
    if method == "random":
        return _at_random(texts, count)
    limit = LIMITS.get(method, 400)
    if len(texts) > limit:
        log.warning("%s reads the first %d of %d sentences: it does not bear more", method, limit, len(texts))
    return _with_sumy(method, texts[:limit], count, language, title)


def _at_random(texts: Sequence[str], count: int) -> tuple[int, ...]:
    """The same for the same text: seeded by it."""
    seed = hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).digest()
    chosen = random.Random(seed).sample(range(len(texts)), min(count, len(texts)))  # noqa: S311 — a baseline, no secret
    return tuple(sorted(chosen))


def _with_sumy(method: str, texts: Sequence[str], count: int, language: str, title: str) -> tuple[int, ...]:
    tokenizer = sentences.Tokenizer(language)
    index = {text.strip(): place for place, text in enumerate(texts)}
    document = ObjectDocumentModel([Paragraph([Sentence(text, tokenizer) for text in texts])])
    summarizer = _summarizer(method, language, title, document)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LSA on few words says that it may be off
        chosen = summarizer(document, count)
    return tuple(sorted({index[str(sentence)] for sentence in chosen}))


def _summarizer(method: str, language: str, title: str, document: Any) -> Callable[[Any, int], Sequence[Any]]:
    make = _MAKERS.get(method)
    if make is None:
        known = ", ".join(("digest", *NAMES))
        raise SummarizeError(f"{method!r} is no method; choose one of {known}")
    summarizer = make(sentences.stemmer(language))
    stop_words = sentences.stop_words(language)
    if method == "edmundson":
        _instruct(summarizer, title, document, stop_words)
    elif hasattr(summarizer, "stop_words"):
        summarizer.stop_words = stop_words
    return summarizer  # type: ignore[no-any-return]  # sumy is untyped


def _instruct(summarizer: Any, title: str, document: Any, stop_words: frozenset[str]) -> None:
    """Edmundson wants three lists, none empty; bonus words are the title's and the most frequent, stigma words none."""
    frequent = Counter(word.lower() for word in document.words if word.lower() not in stop_words)
    bonus = {word for word, _ in frequent.most_common(10)} | {word.lower() for word in sentences.words(title)}
    summarizer.bonus_words = bonus or {"\0"}
    summarizer.stigma_words = {"\0"}
    summarizer.null_words = stop_words or {"\0"}


def _lex_rank(stem: Any) -> Any:
    from sumy.summarizers.lex_rank import LexRankSummarizer

    return LexRankSummarizer(stem)


def _text_rank(stem: Any) -> Any:
    from sumy.summarizers.text_rank import TextRankSummarizer

    return TextRankSummarizer(stem)


def _lsa(stem: Any) -> Any:
    from sumy.summarizers.lsa import LsaSummarizer

    return LsaSummarizer(stem)


def _luhn(stem: Any) -> Any:
    from sumy.summarizers.luhn import LuhnSummarizer

    return LuhnSummarizer(stem)


def _edmundson(stem: Any) -> Any:
    from sumy.summarizers.edmundson import EdmundsonSummarizer

    return EdmundsonSummarizer(stem)


def _sum_basic(stem: Any) -> Any:
    from sumy.summarizers.sum_basic import SumBasicSummarizer

    return SumBasicSummarizer(stem)


def _kl(stem: Any) -> Any:
    from sumy.summarizers.kl import KLSummarizer

    return KLSummarizer(stem)


def _reduction(stem: Any) -> Any:
    from sumy.summarizers.reduction import ReductionSummarizer

    return ReductionSummarizer(stem)


_MAKERS: dict[str, Callable[[Any], Any]] = {
    "lex-rank": _lex_rank,
    "text-rank": _text_rank,
    "lsa": _lsa,
    "luhn": _luhn,
    "edmundson": _edmundson,
    "sum-basic": _sum_basic,
    "kl": _kl,
    "reduction": _reduction,
}
NAMES = (*_MAKERS, "random", "lead")
