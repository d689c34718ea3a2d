import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.summarize import terms


def test_case_endings_and_possessives_are_one_term() -> None:
    assert terms.terms("Ministers Minister’s ministerial") == ["minist"] * 3
    assert terms.terms("Steele's Steele") == ["steele", "steele"]


def test_pairs_where_no_blanks_part_words() -> None:
    assert terms.terms("東京都のAI") == ["東京", "京都", "都の", "ai"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_terms_are_total_and_short(text: str) -> None:
    assert all(0 < len(term) <= terms.STEM for term in terms.terms(text))


@pytest.mark.parametrize(
    ("text", "stated", "known"),
    [
        ("the ferry was on the way to the bay with all of its passengers", None, "en"),
        ("der Zug war auf dem Weg in die Stadt und kam nicht mehr an", "en", "de"),
        ("xyzzy plugh", "nl", "nl"),
        ("", None, ""),
    ],
)
def test_the_language_whose_common_words_a_text_holds(text: str, stated: str | None, known: str) -> None:
    assert terms.language(terms.terms(text), stated) == known


def test_frequencies_count_texts_and_add_up() -> None:
    one, two = terms.frequencies(["a bridge, a bridge", "rain"]), terms.frequencies(["bridge"])
    assert (one.documents, one.counts["bridge"]) == (2, 1)
    both = one + two
    assert (both.documents, both.counts["bridge"]) == (3, 2)
    assert both.weight("bridge") < both.weight("rain") < both.weight("never")


def test_the_stop_words_are_terms() -> None:
    assert "betwee" in terms.stop_words("en")
    assert terms.stop_words("xx") == frozenset()
