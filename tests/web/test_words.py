"""Every language says all that the templates say, with the same places to fill."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.web import pages, words

SAID = re.compile(r'_\("([^"]*)"')


def said() -> set[str]:
    return {text for path in (pages.shipped() / "web").glob("*.j2") for text in SAID.findall(path.read_text("utf-8"))}


def places(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("language", [language for language in words.languages() if language != "en"])
def test_a_language_is_complete(language: str) -> None:
    path = Path(words.__file__).parent / "words" / f"{language}.json"
    known = json.loads(path.read_text("utf-8"))
    ours = {text for text in said() if text in known or not _is_of_the_preview(text)}
    assert ours <= set(known)
    assert set(known) <= said()
    assert [text for text in known if places(text) != places(known[text])] == []
    assert [text for text in known if not known[text].strip()] == []


def _is_of_the_preview(text: str) -> bool:
    """Templates of the owner's own pages lie in the same folder, and are not the public's."""
    own = pages.shipped() / "web" / "preview.html.j2"
    return own.is_file() and text in own.read_text("utf-8")


def test_places_are_filled_once() -> None:
    assert (
        words.translator("de")("{title} will not come any more.", title="{x} & <b>")
        == "Sie erhalten {x} & <b> nicht mehr."
    )
    assert words.translator("tlh")("Save") == "Save"


def test_french_marks_keep_to_the_word_before_them() -> None:
    """A line never begins with a question mark: the blank before it does not break."""
    said = json.loads((Path(words.__file__).parent / "words" / "fr.json").read_text("utf-8")).values()
    assert [text for text in said if re.search(r" [?!:;»]|« ", text)] == []
    assert any("\u00a0?" in text for text in said)


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_marks_are_as_wide_as_the_letters_before_them(language: str) -> None:
    said = json.loads((Path(words.__file__).parent / "words" / f"{language}.json").read_text("utf-8")).values()
    assert [text for text in said if re.search(r"[\u3040-\u9fff][,.:;?!]", text)] == []


def test_a_name_from_left_to_right_turns_nothing_around_it() -> None:
    said = words.translator("he")("Unsubscribe from {title}?", title="The Coast")
    assert "\u2068The Coast\u2069?" in said


@pytest.mark.parametrize(
    ("configured", "accepted", "language"),
    [
        ("de", "fr", "de"),
        ("auto", "fr-CH, de;q=0.9", "fr"),
        ("auto", "de;q=0.1, es;q=0.9", "es"),
        ("auto", "de;q=0", "en"),
        ("auto", "de;q=x, fr", "fr"),
        ("tlh", "de", "en"),
        ("", "", "en"),
    ],
)
def test_the_language_of_a_page(configured: str, accepted: str, language: str) -> None:
    assert words.chosen(configured, accepted) == language


@given(st.text(max_size=200))
def test_any_header_chooses_a_language(header: str) -> None:
    assert words.chosen("auto", header) in words.languages()


def test_which_way_it_is_written() -> None:
    assert (words.direction("he-IL"), words.direction("en")) == ("rtl", "ltr")


def test_the_pages_speak_every_language_an_issue_does() -> None:
    from digest.render import languages

    assert set(languages.SHIPPED) <= set(words.languages())


@pytest.mark.parametrize("language", [language for language in words.languages() if language != "en"])
def test_a_language_says_nothing_in_english(language: str) -> None:
    """But for words that it shares."""
    shared = {"Feed", "Newsletters"}
    translate = words.translator(language)
    assert {text for text in said() if translate(text) == text} <= shared | set(filter(_is_of_the_preview, said()))
