from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.summarize import grouping

START = datetime(2026, 11, 1, tzinfo=UTC)
WINDOW = timedelta(days=4)


def groups(vectors: list[dict[str, float]], days: list[float] | None = None, cosine: float = 0.5) -> list[list[int]]:
    normal = [grouping.normal(vector, terms=60) for vector in vectors]
    times = [START + timedelta(days=day) for day in days or [0.0] * len(vectors)]
    return [sorted(found) for found in grouping.grouped(normal, times, cosine=cosine, window=WINDOW)]


def test_a_normal_vector_has_length_one_and_the_heaviest_terms() -> None:
    vector = grouping.normal({"a": 3.0, "b": 4.0, "c": 0.1}, terms=2)
    assert vector == pytest.approx({"b": 0.8, "a": 0.6})
    assert grouping.cosine(vector, vector) == pytest.approx(1.0)
    assert grouping.normal({}, terms=2) == {}


def test_like_joins_like() -> None:
    assert groups([{"a": 1}, {"b": 1}, {"a": 1, "c": 0.2}, {"b": 1}]) == [[0, 2], [1, 3]]


def test_a_chain_of_neighbours_is_no_group() -> None:
    chain = [{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"c": 1, "d": 1}, {"d": 1, "e": 1}]
    assert groups(chain, cosine=0.49) == [[0, 1], [2, 3]]


def test_the_second_pass_moves_what_came_too_early() -> None:
    early = {"a": 1.0, "b": 1.2}
    found = groups([{"a": 1.0, "x": 0.1}, early, {"b": 1.0}, {"b": 1.0}], cosine=0.6)
    assert found == [[0], [1, 2, 3]]


def test_outside_the_window_nothing_joins() -> None:
    assert groups([{"a": 1}, {"a": 1}, {"a": 1}], [0, 3.5, 9]) == [[0, 1], [2]]


VECTORS = st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.1, 5), max_size=5), max_size=14)


@settings(max_examples=100, deadline=None)
@given(VECTORS, st.lists(st.floats(0, 20), min_size=14, max_size=14))
def test_groups_are_a_partition(vectors: list[dict[str, float]], days: list[float]) -> None:
    found = groups(vectors, sorted(days)[: len(vectors)], cosine=0.4)
    assert sorted(number for members in found for number in members) == list(range(len(vectors)))
