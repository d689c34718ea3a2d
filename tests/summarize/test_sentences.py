"""Sentences and words: cases are the files of data/sentences, one sentence a line, one text a paragraph."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.summarize import sentences

CASES = Path(__file__).parents[1] / "data" / "sentences"
TEXTS = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from(list(' \n\t.!?…"“”()。！？「」।؟Aa1é東ب-'))), max_size=300
)


def cases():
    for file in sorted(CASES.glob("*.txt")):
        content = file.read_text("utf-8")
        glue = "" if content.startswith("# glued") else " "
        blocks = content.removeprefix("# glued\n").strip().split("\n\n")
        for number, block in enumerate(blocks, 1):
            yield pytest.param(file.stem, glue, block.split("\n"), id=f"{file.stem}-{number}")


@pytest.mark.parametrize(("language", "glue", "expected"), tuple(cases()))
def test_a_text_falls_into_its_sentences(language, glue, expected):
    assert list(sentences.split(glue.join(expected), language)) == expected


@settings(deadline=None, max_examples=200)
@given(TEXTS, st.sampled_from(["en", "de", "ja", "el", "xx"]))
def test_any_text_gives_its_own_pieces_in_order(text, language):
    place = 0
    for sentence in sentences.split(text, language):
        assert sentence == sentence.strip()
        assert any(map(str.isalnum, sentence))
        place = text.index(sentence, place) + len(sentence)


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_no_letter_of_a_text_is_lost(text):
    kept = "".join(sentences.split(text))
    assert [c for c in text if c.isalnum()] == [c for c in kept if c.isalnum()]


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_a_sentence_alone_splits_no_further(text):
    for sentence in sentences.split(text, "xx"):
        if "\n" not in sentence:
            assert sentences.split(sentence, "xx") == (sentence,)


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_words_are_parts_of_the_text(text):
    for word in sentences.words(text):
        assert word in text


@pytest.mark.parametrize(
    "text",
    [
        "." * 1_000_000,
        "a. " * 333_000,
        "A. " * 333_000,
        '."' * 500_000,
        " \n" * 500_000,
        "「" * 1_000_000,
        "「。" * 500_000,
        "x" * 1_000_000,
        "Dr. " * 250_000,
        ".) " * 330_000 + "(" * 10,
        "1. " * 330_000,
        "a-" * 500_000,
        ". " + "- " * 500_000,
        "。」" * 300_000,
    ],
    ids=lambda text: ascii(text[:4]),
)
@pytest.mark.timeout(20)
def test_a_million_characters_take_seconds_at_most(text):
    sentences.split(text, "de")
    sentences.words(text)


def test_a_blank_line_ends_a_sentence():
    assert sentences.split("No stop here\n\nbut here a line\nbreak.") == ("No stop here", "but here a line\nbreak.")


def test_a_long_list_without_stops_falls_into_its_lines():
    lines = [f"{number} kilometres to the town of Verna" for number in range(40)]
    assert sentences.split("\n".join(lines)) == tuple(lines)


def test_what_holds_no_letter_is_no_sentence():
    assert sentences.split("*** . 🎉🎉! — …") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The well-known O'Neill's 5,000_x", ("The", "well-known", "O'Neill's", "5", "000", "x")),
        ("L’été d'Élodie", ("L’été", "d'Élodie")),
        ("東京で会議があった", ("東京", "で", "会議", "があった")),
        ("国防部长", ("国防", "防部", "部长")),
        ("ミサイル発射 NATOも", ("ミサイル", "発射", "NATO", "も")),
        ("सूचना साझा की।", ("सूचना", "साझा", "की")),
        ("كُتُبٌ جديدة", ("كُتُبٌ", "جديدة")),
        ("ที่นี่", ("ที่", "ี่น", "่นี", "นี่")),
        ("한국과 일본이", ("한국과", "일본이")),
        ("🎉 — !", ()),
    ],
)
def test_words(text, expected):
    assert sentences.words(text) == expected


def test_the_tokenizer_is_what_sumy_asks_for():
    from sumy.parsers.plaintext import PlaintextParser

    tokenizer = sentences.Tokenizer("de-AT")
    document = PlaintextParser.from_string("Am 3. Oktober ruhten alle. Danach nicht.", tokenizer).document
    assert [str(each) for each in document.sentences] == ["Am 3. Oktober ruhten alle.", "Danach nicht."]
    assert document.sentences[1].words == ("Danach", "nicht")
    assert tokenizer.language == "de"


@pytest.mark.parametrize(
    "language", ["en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "ru", "el", "ja", "zh", "ko", "ar", "hi"]
)
def test_languages_are_told_apart(language):
    text = (CASES / f"{language}.txt").read_text("utf-8").removeprefix("# glued\n")
    assert sentences.detect(text) == language


@pytest.mark.parametrize("text", ["", "ok", "12 34 56", "🎉🎉🎉", "\ud800\ud800", "x" * 1_000_000])
def test_what_says_too_little_is_in_the_default_language(text):
    assert sentences.detect(text, "sv") == "sv"


@pytest.mark.parametrize(
    ("language", "word", "stem"),
    [("en", "Exchanges", "exchang"), ("de-CH", "Häuser", "haus"), ("nb", "husene", "hus"), ("xx", "Word", "word")],
)
def test_stems(language, word, stem):
    assert sentences.stemmer(language)(word) == stem


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.sampled_from(sorted(sentences._NAMES)))
def test_every_stemmer_takes_any_word(word, language):
    assert isinstance(sentences.stemmer(language)(word), str)


@pytest.mark.parametrize(("language", "word"), [("en", "the"), ("de", "und"), ("nl", "het"), ("ru", "и"), ("tr", "ve")])
def test_function_words(language, word):
    assert word in sentences.stop_words(language)


def test_a_language_without_lists_has_none():
    assert sentences.stop_words("xx") == frozenset()


def test_sentences_bring_nothing_heavy():
    code = "import sys, digest.summarize.sentences; print([m for m in ('sumy', 'numpy', 'nltk', 'py3langid') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("EN", "en"),
        ("en_US", "en"),
        (" de-AT ", "de"),
        ("german", "de"),
        ("nb-NO", "no"),
        ("nn", "no"),
        ("zh-Hant", "zh"),
        ("", ""),
    ],
)
def test_tags_are_brought_to_the_bare_language(tag, expected):
    assert sentences.code(tag) == expected


def test_a_quotation_that_is_left_open_does_not_hold_back_the_rest():
    assert sentences.split("「始まった。終わった。", "ja") == ("「始まった。", "終わった。")


def test_a_blank_stands_before_what_closes_in_french_alone():
    text = "« Fini ! » Élodie part."
    assert sentences.split(text, "fr") == ("« Fini ! »", "Élodie part.")


def test_the_question_mark_of_greek_is_no_end_elsewhere():
    assert sentences.split("Είναι; Ναι.", "el") == ("Είναι;", "Ναι.")
    assert sentences.split("He came; She left.", "en") == ("He came; She left.",)
