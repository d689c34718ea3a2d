"""A sentence that points back is not shown alone where another serves."""

import numpy as np
import pytest

from digest.summarize import features, sentences, summarizer
from digest.summarize.references import LEANING


def measured(leans, overlap=None):
    size = len(leans)
    return features.Measured(
        columns={}, overlap=np.zeros((size, size)) if overlap is None else overlap, leans=np.array(leans)
    )


def test_what_hangs_gives_way_to_what_is_nearly_as_good():
    scores = np.array([1.0, 0.2, 2.0, 1.9])
    assert summarizer.pick(scores, measured([False, False, True, False]), 1) == (3,)
    assert summarizer.pick(scores, measured([False, False, False, False]), 1) == (2,)


def test_what_hangs_is_shown_where_it_is_far_better():
    assert summarizer.pick(np.array([0.0, 0.0, 9.0]), measured([False, False, True]), 1) == (2,)


def test_beside_its_antecedent_it_counts_in_full():
    scores = np.array([5.0, 2.0, 1.5])
    assert summarizer.pick(scores, measured([False, True, False]), 2) == (0, 1)
    assert summarizer.pick(scores[[1, 0, 2]], measured([False, False, False]), 2) == (0, 1)


def test_an_antecedent_that_is_picked_frees_only_its_own():
    scores = np.array([5.0, 0.0, 2.0, 1.5])
    assert summarizer.pick(scores, measured([False, False, True, False]), 2) == (0, 3)


def test_the_last_sentence_frees_nothing_beyond_the_end():
    assert summarizer.pick(np.array([0.0, 5.0]), measured([False, False]), 2) == (0, 1)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Her guests stood all the way."),
        ("en", "They’re not sure."),
        ("en", "But the council refused."),
        ("en", "“He saw it coming,” said the mayor."),
        ("de", "Er kam am Montag."),
        ("de", "Trotzdem blieb die Brücke offen."),
        ("fr", "Elle arrive lundi."),
        ("fr", "C’est la fin de la route."),
        ("es", "Además, el puente está cerrado."),
        ("it", "Tuttavia il ponte resta chiuso."),
        ("pt", "Eles chegaram na segunda-feira."),
        ("nl", "Daarom bleef de brug open."),
        ("sv", "Hon kom på måndagen."),
        ("pl", "Jednak most jest zamknięty."),
    ],
)
def test_openings_that_point_back(language, text):
    assert leans(language, "First.", text) == [False, True]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Heavy rain flooded the town."),
        ("en", "Thirty of her guests stood."),
        ("en", "Italy won."),
        ("de", "Die Brücke bleibt offen."),
        ("de", "Das Wasser steigt."),
        ("nl", "Het water stijgt."),
        ("es", "Sin agua no hay vida."),
        ("ja", "彼は東京へ行った。"),
        ("xx", "He came."),
    ],
)
def test_openings_that_stand_by_themselves(language, text):
    assert leans(language, "First.", text) == [False, False]


def test_the_first_sentence_never_leans():
    assert leans("en", "She was six when the war began.", "Rain fell.") == [False, False]


def test_the_lists_are_lower_case_single_words():
    for words in LEANING.values():
        assert all(word == word.lower() and sentences.words(word) == (word,) for word in words)


def leans(language, *texts):
    reading = summarizer.DigestSummarizer(language=language).read(texts)
    return features.measure(reading).leans.tolist()
