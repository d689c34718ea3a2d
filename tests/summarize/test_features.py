"""Features, each held against a plain and slow way to the same number."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.summarize import features, weights

WORDS = ["rain", "river", "Town", "mayor", "Verna", "flood", "bridge", "12", "school", "rail"]
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), max_size=7), min_size=1, max_size=8)


def reading(found, **more):
    texts = [" ".join(words) + "." for words in found]
    return features.read(texts, [tuple(words) for words in found], stem=str.lower, stop_words=frozenset({"12"}), **more)


def spread(stems):
    return {stem: sum(stem in each for each in stems) for sentence in stems for stem in sentence}


def standard(values):
    values = np.array(values, dtype=float)
    return (values - values.mean()) / values.std() if values.std() > 1e-9 else values * 0


def cosine(one, other):
    top = sum(one.get(stem, 0) * other.get(stem, 0) for stem in one)
    below = math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return top / below if below else 0.0


def damped(sentence):
    return {stem: math.sqrt(sentence.count(stem)) for stem in sentence}


@settings(deadline=None, max_examples=60)
@given(SENTENCES)
def test_every_feature_is_one_finite_number_a_sentence(found):
    measured = features.measure(reading(found, title=["Verna", "flood"], context=[["rain"]]))
    assert set(measured.columns) >= {name for table in weights.PROFILES.values() for name in table}
    for name, column in measured.columns.items():
        assert column.shape == (len(found),), name
        assert np.isfinite(column).all(), name


@settings(deadline=None, max_examples=60)
@given(SENTENCES)
def test_overlap_is_the_cosine_of_damped_counts(found):
    read = reading(found)
    measured = features.measure(read)
    for i, one in enumerate(read.stems):
        for j, other in enumerate(read.stems):
            expected = 0.0 if i == j else cosine(damped(one), damped(other))
            assert measured.overlap[i, j] == pytest.approx(expected, abs=1e-5)
    expected = [max([measured.overlap[i, j] for j in range(i)], default=0.0) for i in range(len(found))]
    assert measured.columns["repeats"] == pytest.approx(expected)


@settings(deadline=None, max_examples=60)
@given(SENTENCES)
def test_what_stands_alone_and_what_is_widespread(found):
    read = reading(found)
    columns = features.measure(read).columns
    wide = spread(read.stems)
    sets = [set(each) for each in read.stems]
    assert columns["lone"] == pytest.approx([sum(wide[s] == 1 for s in each) / max(1, len(each)) for each in sets])
    assert columns["common"] == pytest.approx(
        standard([sum(math.log(wide[s]) for s in each) for each in sets]), abs=1e-6
    )
    top = [sorted((wide[s] for s in each), reverse=True)[:3] for each in sets]
    assert columns["peak"] == pytest.approx(standard([max(each, default=0) for each in top]), abs=1e-6)
    assert columns["peaks"] == pytest.approx(standard([sum(each) / 3 for each in top]), abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(SENTENCES)
def test_what_is_introduced_and_what_recurs(found):
    read = reading(found)
    columns = features.measure(read).columns
    wide = spread(read.stems)
    sets = [set(each) for each in read.stems]
    new = [each.difference(*sets[:place]) for place, each in enumerate(sets)]
    later = [sum(any(s in other for other in sets[place + 1 :]) for s in each) for place, each in enumerate(sets)]
    assert columns["introduces"] == pytest.approx(standard([sum(wide[s] - 1 for s in each) for each in new]), abs=1e-6)
    assert columns["recurs"] == pytest.approx(standard(later), abs=1e-6)
    assert columns["opening_recurs"] == pytest.approx([*columns["recurs"][:3], *[0] * (len(found) - 3)][: len(found)])


def test_earlier_neighbours_count_against():
    columns = features.measure(reading([["rain", "river"], ["rain", "river"], ["mayor", "school"]])).columns
    assert columns["onward"][0] > columns["onward"][2] > columns["onward"][1]
    assert columns["central"][0] == pytest.approx(columns["central"][1])


def test_place():
    columns = features.measure(reading([["rain"], ["river"], ["mayor"]])).columns
    assert list(columns["first"]) == [1, 0, 0]
    assert list(columns["depth"]) == [0, 0.5, 1]
    assert columns["order"] == pytest.approx([0, math.log(2), math.log(3)])


@pytest.mark.parametrize(
    ("text", "feature", "expected"),
    [
        ('"Never," she said.', "quoted", 1),
        ("„Nie“, sagte sie.", "quoted", 1),
        ("「いや」と言った。", "quoted", 1),
        ("She said no.", "quoted", 0),
        ("It is so: no.", "colon", 1),
        ("結論：否。", "colon", 1),
        ("No.", "colon", 0),
        ("He had 3 of 4 and 5 of 66.", "numbers", 3),
        ("On 1 May.", "numbers", 1),
    ],
)
def test_shape(text, feature, expected):
    columns = features.measure(features.read([text], [("a",)], stem=str.lower, stop_words=frozenset())).columns
    assert columns[feature] == expected


def test_twenty_words_are_no_odd_length():
    columns = features.measure(reading([["rain"] * 20, ["rain"] * 40, ["rain"] * 500])).columns
    assert list(columns["oddness"]) == [0, 1, 16]
    halved = features.measure(reading([["rain"] * 40], pace=0.5)).columns
    assert halved["oddness"] == 0
    assert halved["length"] == pytest.approx(math.log(21))


def test_names_are_capitalised_words_but_the_first():
    columns = features.measure(reading([["Town", "rain"], ["the", "Verna", "rain"], ["in", "Verna", "Town"]])).columns
    assert columns["names"][2] > columns["names"][1] > columns["names"][0]


def test_title_is_a_share_of_its_stems():
    columns = features.measure(reading([["rain", "Verna"], ["rain"], ["mayor"]], title=["Rain", "in", "VERNA"])).columns
    assert columns["title"] == pytest.approx([2 / 3, 1 / 3, 0])


def test_what_others_speak_of_more_often_counts_for_more():
    others = [["rain"], ["rain", "rain"], ["river"]]
    columns = features.measure(reading([["rain"], ["river"], ["mayor"]], context=others)).columns
    assert columns["echoed"] == pytest.approx(standard([math.log(3), math.log(2), 0]))


def test_without_title_and_context_nothing_is_added():
    columns = features.measure(reading([["rain"], ["river"]])).columns
    assert not columns["title"].any()
    assert not columns["echoed"].any()


def test_function_words_and_single_letters_carry_no_stem():
    read = features.read(["The b rain"], [("The", "b", "Rain")], stem=str.lower, stop_words=frozenset({"the"}))
    assert read.stems == (("rain",),)
    assert len(read) == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_standard_has_mean_0_and_deviation_1_or_is_0(values):
    made = features.standard(np.array(values))
    assert made.mean() == pytest.approx(0, abs=1e-3)
    assert made.std() == pytest.approx(1, abs=1e-3) or not made.any()
