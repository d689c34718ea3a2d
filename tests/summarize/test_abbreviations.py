"""The lists are kept in the form that they are looked up in."""

import pytest

from digest.summarize import abbreviations
from digest.summarize.function_words import FUNCTION_WORDS

LISTS = {
    f"{kind}-{language}": words
    for kind, table in (
        ("titles", abbreviations.TITLES),
        ("enders", abbreviations.ENDERS),
        ("starters", abbreviations.STARTERS),
    )
    for language, words in table.items()
} | {"numeric": abbreviations.NUMERIC}


@pytest.mark.parametrize("name", LISTS)
def test_entries_are_in_lower_case_and_have_no_blank(name):
    for word in LISTS[name]:
        assert word == word.lower() == word.strip()


@pytest.mark.parametrize("language", abbreviations.STARTERS)
def test_what_opens_a_sentence_is_no_abbreviation_of_a_title(language):
    shared = abbreviations.starters(language) & abbreviations.TITLES.get(language, frozenset())
    assert {word for word in shared if len(word) > 2} == set()


def test_an_unknown_language_has_the_shared_titles_alone():
    assert "dr" in abbreviations.titles("xx")
    assert abbreviations.enders("xx") == abbreviations.starters("xx") == frozenset()


@pytest.mark.parametrize("language", FUNCTION_WORDS)
def test_function_words_are_in_lower_case_and_none_twice(language):
    words = FUNCTION_WORDS[language].split()
    assert words == [word.lower() for word in words]
    assert len(words) >= 25
