"""sumy's methods, through our door: the same choice as sumy's own, within their limits."""

import importlib
import logging

import pytest
from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence

from digest.errors import SummarizeError
from digest.summarize import methods, sentences

TEXTS = (
    "Heavy rain flooded the old town of Verna on Monday, forcing 1,200 people to leave their homes.",
    "The river Alda rose by three metres within six hours, the regional water board said.",
    "Mayor Ines Calloway told reporters that two bridges would stay closed until engineers had inspected them.",
    "Schools will reopen on Thursday.",
    "The rail line to the coast is blocked, and buses replace trains.",
    "The water board had warned the town of a flood of the river since 2013.",
)
CLASSES = {
    "lex-rank": ("lex_rank", "LexRankSummarizer"),
    "text-rank": ("text_rank", "TextRankSummarizer"),
    "lsa": ("lsa", "LsaSummarizer"),
    "luhn": ("luhn", "LuhnSummarizer"),
    "sum-basic": ("sum_basic", "SumBasicSummarizer"),
    "kl": ("kl", "KLSummarizer"),
    "reduction": ("reduction", "ReductionSummarizer"),
}


def by_sumy(method, texts, count):
    module, name = CLASSES[method]
    summarizer = getattr(importlib.import_module(f"sumy.summarizers.{module}"), name)(sentences.stemmer("en"))
    summarizer.stop_words = sentences.stop_words("en")
    tokenizer = sentences.Tokenizer("en")
    document = ObjectDocumentModel([Paragraph([Sentence(text, tokenizer) for text in texts])])
    return tuple(texts.index(str(each)) for each in summarizer(document, count))


@pytest.mark.parametrize("method", CLASSES)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_choice_is_sumys(method, count):
    assert methods.pick(method, TEXTS, count) == by_sumy(method, TEXTS, count)


@pytest.mark.parametrize("method", methods.NAMES)
@pytest.mark.parametrize("count", [0, -1])
def test_none_wanted_is_none_given(method, count):
    assert methods.pick(method, TEXTS, count) == ()


@pytest.mark.parametrize("method", methods.NAMES)
def test_no_sentences_give_no_choice(method):
    assert methods.pick(method, (), 3) == ()


@pytest.mark.parametrize("method", methods.NAMES)
def test_more_wanted_than_there_is_gives_all(method):
    assert methods.pick(method, TEXTS, 9) == tuple(range(len(TEXTS)))


def test_lead_is_the_first():
    assert methods.pick("lead", TEXTS, 2) == (0, 1)


def test_edmundson_follows_the_title():
    assert 4 not in methods.pick("edmundson", TEXTS, 3)
    assert 4 in methods.pick("edmundson", TEXTS, 3, title="The rail line to the coast, blocked: buses replace trains")


def test_random_follows_the_text_alone():
    assert methods.pick("random", TEXTS, 3) == methods.pick("random", list(TEXTS), 3, language="de", title="x")


@pytest.mark.parametrize("method", ["kl", "lsa"])
def test_what_lies_behind_the_limit_is_not_read_and_a_warning_says_so(method, caplog):
    limit = methods.LIMITS[method]
    texts = [
        f"The river number {number} rose by {number % 7} metres in town {number % 13}." for number in range(limit + 5)
    ]
    with caplog.at_level(logging.WARNING):
        chosen = methods.pick(method, texts, 3)
    assert max(chosen) < limit
    assert chosen == methods.pick(method, texts[:limit], 3)
    assert [record.getMessage() for record in caplog.records] == [
        f"{method} reads the first {limit} of {limit + 5} sentences: it does not bear more"
    ]


def test_a_name_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(SummarizeError, match=r"choose one of digest, lex-rank, .*, random, lead"):
        methods.pick("abstract", TEXTS, 1)
