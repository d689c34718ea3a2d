"""The tools that measure are measured too."""

import numpy as np
import pytest
from quality import refit
from quality.rouge import Judge, tokens

from digest.summarize import features

ARTICLE = (
    "Rain flooded the town of Verna on Monday.",
    "Nobody was hurt.",
    "The mayor closed two bridges.",
    "The weather will improve.",
)


def test_the_whole_reference_scores_100():
    assert Judge(ARTICLE, "\n".join(ARTICLE[:2])).scores([0, 1]) == pytest.approx((100, 100, 100))


def test_nothing_in_common_scores_0():
    assert Judge(ARTICLE, "Quite another story").scores([0]) == (0, 0, 0)


def test_half_of_the_words():
    first, _, longest = Judge(["one two"], "one two three four five six").scores([0])
    assert first == longest == pytest.approx(50)


def test_words_are_stemmed():
    assert tokens("The bridges, 2 cats!") == ["the", "bridg", "2", "cat"]


def test_the_oracle_stops_where_nothing_adds():
    assert Judge(ARTICLE, "The mayor closed two bridges").oracle() == [2]
    assert Judge(ARTICLE, "Quite another story").oracle() == []


def test_the_oracle_finds_what_the_reference_tells():
    assert Judge(ARTICLE, "Rain flooded Verna on Monday\nThe mayor closed bridges").oracle(2) == [0, 2]


def test_bylines_and_datelines_are_cleaned():
    assert refit.cleaned("Sanaa, Yemen (CNN) -- At any moment.") == "At any moment."
    assert refit.cleaned("By. Jo Bloggs. This is it.") == "This is it."
    assert refit.cleaned("By the river, all was well.") == "By the river, all was well."


def invented(seed, wanted):
    """Articles of six sentences whose label follows two features with known weights."""
    random = np.random.default_rng(seed)
    columns = {"a": random.normal(size=6), "b": random.normal(size=6), "noise": random.normal(size=6)}
    odds = np.exp(columns["a"] * wanted[0] + columns["b"] * wanted[1])
    label = np.zeros(6)
    label[random.choice(6, p=odds / odds.sum())] = 1
    measured = features.Measured(columns=columns, overlap=np.zeros((6, 6)), leans=np.zeros(6, dtype=bool))
    return refit.Case(str(seed), Judge(["x"] * 6, "x"), range(6), measured, label)


def test_a_fit_finds_the_weights_that_made_the_labels():
    found = refit.fit([invented(seed, (1.5, -0.7)) for seed in range(1500)], ["a", "b", "noise"], penalty=1e-6)
    assert found == pytest.approx([1.5, -0.7, 0], abs=0.15)


def test_a_penalty_shrinks():
    given = [invented(seed, (1.5, -0.7)) for seed in range(200)]
    free, bound = (np.abs(refit.fit(given, ["a", "b"], penalty)).sum() for penalty in (1e-6, 1.0))
    assert bound < free / 2


def test_an_interval_holds_its_mean():
    mean, low, high = refit.interval(np.random.default_rng(0).normal(1, 1, 400))
    assert low < mean < high
    assert high - low == pytest.approx(4 * 1 / 20, abs=0.03)
