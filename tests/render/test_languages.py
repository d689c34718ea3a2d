"""Fixed strings, dates and directions."""

import io
import re
from datetime import date
from html import unescape

import pytest
from babel import Locale
from babel.messages import mofile, pofile
from babel.messages.extract import extract_from_dir
from render import samples

from digest.render import languages
from digest.render.templates import shipped

DAY = date(2026, 11, 23)
OTHERS = [language for language in languages.SHIPPED if language != "en"]
FIELD = re.compile(r"%\(\w+\)s")


def catalogue(language: str):
    with (languages.CATALOGUES / language / "LC_MESSAGES" / "digest.po").open("rb") as file:
        return pofile.read_po(file, locale=language)


@pytest.fixture(scope="module")
def strings() -> set[str]:
    """Every fixed string of the shipped mail templates, singular forms."""
    found = extract_from_dir(
        shipped(), method_map=[("*.j2", "jinja2")], options_map={"*.j2": {"trimmed": "true", "silent": "false"}}
    )
    return {
        message if isinstance(message, str) else message[0]
        for name, _, message, _, _ in found
        if not name.startswith("web")
    }


def test_strings_are_found(strings):
    assert {"Unsubscribe", "View in browser", "One more story on the web"} <= strings


@pytest.mark.parametrize("language", OTHERS)
def test_every_string_is_translated(language, strings):
    texts = {(m.id if isinstance(m.id, str) else m.id[0]): m.string for m in catalogue(language) if m.id}
    assert strings == set(texts), "a string without use, or without translation"
    for string in strings:
        told = texts[string]
        assert all(told) if isinstance(told, tuple) else told, string


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "另见：Coast Radio、海岸电台"),
        ("ar", "أيضًا في Coast Radio، 海岸电台"),
        ("de", "Auch bei Coast Radio, 海岸电台"),
    ],
)
def test_sources_are_listed_as_the_language_lists(language, said):
    told = samples.stories("zh")
    html = samples.rendered(samples.issue(told, language=language)).html.fill(samples.VALUES)
    assert said in unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_a_guess_or_left_over(language):
    read = catalogue(language)
    assert [message.id for message in read if message.fuzzy and message.id] == []
    assert list(read.obsolete) == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_fields_are_those_of_the_english(language):
    for message in catalogue(language):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[-1]
        texts = (message.string,) if isinstance(message.string, str) else message.string[-1:]
        assert all(set(FIELD.findall(text)) == set(FIELD.findall(english)) for text in texts), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalogue_is_the_written_one(language):
    compiled = io.BytesIO()
    mofile.write_mo(compiled, catalogue(language))
    assert (languages.CATALOGUES / language / "LC_MESSAGES" / "digest.mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize("language", languages.SHIPPED)
def test_an_issue_in_each_language(language):
    made = samples.rendered(samples.issue(language=language))
    html = made.html.fill(samples.VALUES)
    expected = "rtl" if Locale.parse(language).text_direction == "rtl" else "ltr"
    assert f'<html lang="{language}" dir="{expected}"' in html
    text = made.text.fill(samples.VALUES)
    for string in ("Unsubscribe", "Preferences", "View in browser"):
        assert languages.translations(language).gettext(string) in text
        assert (string in text) is (language == "en")


@pytest.mark.parametrize(
    ("language", "served"),
    [("pt-BR", "pt"), ("zh-Hant-TW", "zh"), ("EN_gb", "en"), ("tlh", "en"), ("", "en"), ("x-!", "en")],
)
def test_a_language_falls_back_to_its_base_and_then_to_english(language, served):
    assert languages.supported(language) == served


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Monday, November 23, 2026"),
        ("en-GB", "Monday, 23 November 2026"),
        ("de", "Montag, 23. November 2026"),
        ("ja", "2026年11月23日月曜日"),
        ("he", "יום שני, 23 בנובמבר 2026"),
        ("tlh", "Monday, November 23, 2026"),
        ("??", "Monday, November 23, 2026"),
    ],
)
def test_the_date_of_the_masthead(language, said):
    assert languages.full_date(DAY, language) == said


@pytest.mark.parametrize("language", ["ar", "he", "fa-IR", "ur", "az-Arab", "pa_Arab", "ks-Arab-IN"])
def test_right_to_left(language):
    assert languages.direction(language) == "rtl"


@pytest.mark.parametrize("language", ["en", "de", "ja", "az", "ar-Latn", "he-Latn-IL", ""])
def test_left_to_right(language):
    assert languages.direction(language) == "ltr"


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("pl", 2, "2 artykuły"),
        ("pl", 5, "5 artykułów"),
        ("pl", 22, "22 artykuły"),
        ("ar", 2, "خبران"),
        ("ar", 3, "3 أخبار"),
        ("ar", 11, "11 خبرًا"),
        ("ar", 99, "99 خبرًا"),
        ("ar", 100, "100 خبر"),
        ("ar", 103, "103 أخبار"),
    ],
)
def test_plurals_follow_the_language(language, count, said):
    words = languages.translations(language).ngettext("One story", "%(num)s stories", count) % {"num": count}
    assert words == said
