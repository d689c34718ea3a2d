"""Summaries: sentences of the article to the letter, in order, none twice, whatever comes in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.config.settings import METHODS
from digest.errors import SummarizeError
from digest.summarize import methods, sentences, summarizer

FLOOD = (
    "Heavy rain flooded the old town of Verna on Monday, forcing 1,200 people to leave their homes. Oh dear.",
    "The river Alda rose by three metres within six hours, the regional water board said.",
    "Mayor Ines Calloway told reporters that two bridges would stay closed until engineers had inspected them.",
    "Schools will reopen on Thursday. The rail line to the coast is blocked, and buses replace trains.",
    "The river  ALDA rose by three metres within six hours, the regional water board said.",
)
SENTENCE = st.lists(
    st.sampled_from(
        ["rain", "river", "town", "mayor", "said", "12", "Verna", "flood", "bridge", "schools", "the", "of"]
    ),
    min_size=1,
    max_size=9,
)
PARAGRAPHS = st.lists(
    st.one_of(
        st.text(alphabet=st.one_of(st.characters(), st.sampled_from(list(" .!?。؟\n\"'Aa1"))), max_size=120),
        st.lists(SENTENCE.map(lambda words: " ".join(words).capitalize() + "."), max_size=6).map(" ".join),
    ),
    max_size=6,
)


def holds(paragraphs, summary, count):
    """The promises of every summary."""
    found = [sentence for paragraph in paragraphs for sentence in sentences.split(paragraph, summary.language)]
    assert len(summary.sentences) == len(summary.positions) <= max(0, count)
    assert list(summary.positions) == sorted(set(summary.positions))
    assert [found[place] for place in summary.positions] == list(summary.sentences)
    assert all(any(sentence in paragraph for paragraph in paragraphs) for sentence in summary.sentences)
    assert len({" ".join(sentence.casefold().split()) for sentence in summary.sentences}) == len(summary.sentences)


@settings(deadline=None, max_examples=150)
@given(PARAGRAPHS, st.integers(-1, 8), st.sampled_from(["en", "de", "ja", "ar", "xx"]))
def test_a_summary_is_of_its_article(paragraphs, count, language):
    holds(paragraphs, summarizer.article(paragraphs, count=count, language=language), count)


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None, max_examples=25)
@given(PARAGRAPHS, st.integers(1, 4))
def test_a_summary_is_of_its_article_by_any_method(method, paragraphs, count):
    holds(paragraphs, summarizer.article(paragraphs, count=count, language="en", method=method), count)


@settings(deadline=None, max_examples=50)
@given(PARAGRAPHS, st.integers(1, 5))
def test_as_many_sentences_as_there_are(paragraphs, count):
    summary = summarizer.article(paragraphs, count=count, language="en")
    found = {" ".join(s.casefold().split()) for p in paragraphs for s in sentences.split(p, "en")}
    assert len(summary.sentences) == min(count, len(found))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_sentences_of_the_article(method):
    summary = summarizer.article(FLOOD, method=method, language="en", count=3)
    holds(FLOOD, summary, 3)
    assert summary.method == method
    assert len(summary.sentences) == 3
    assert "Oh dear." not in summary.sentences


@pytest.mark.parametrize("paragraphs", [[], [""], ["   ", "\n\n"], ["🎉 🎉"], ["…"]])
def test_no_text_gives_an_empty_summary(paragraphs):
    summary = summarizer.article(paragraphs)
    assert summary.sentences == summary.positions == ()
    assert (summary.method, summary.language) == ("digest", "en")


def test_one_word_is_all_there_is():
    assert summarizer.article(["Rain"]).sentences == ("Rain",)


def test_no_sentence_goes_over_from_one_paragraph_to_the_next():
    paragraphs = ["The mayor of Verna said", "that nobody had been hurt in the flood."]
    assert summarizer.article(paragraphs, language="en").sentences == tuple(paragraphs)


@pytest.mark.parametrize(
    "line",
    [
        "Rain in Verna",  # under four words
        "The old town of Verna under water in a picture by the regional press office",  # no final mark
        "What The Mayor Of Verna Said About Closed Bridges.",  # a heading
        "The mayor said:",
        "• Verna Press.",
    ],
)
@pytest.mark.parametrize("method", ["digest", "lead", "lsa"])
def test_what_is_no_sentence_waits_for_those_that_are(line, method):
    summary = summarizer.article([line, *FLOOD, line + " 2"], language="en", method=method, count=5)
    assert line not in summary.sentences
    assert len(summary.sentences) == 5


@pytest.mark.parametrize("line", ["Rain in Verna", "The old town under water"])
def test_what_is_no_sentence_comes_where_there_is_nothing_else(line):
    assert summarizer.article(
        [line, "The mayor of Verna closed two bridges.", "Oh."], language="en", count=2
    ).positions == (0, 1)


def test_what_goes_on_for_ever_is_never_picked():
    endless = "The river rose and " * 200 + "fell."
    assert len(endless) > summarizer.LONGEST
    assert summarizer.article([endless, "Rain fell."], language="en", count=3).sentences == ("Rain fell.",)


def test_a_repeated_sentence_is_told_once():
    summary = summarizer.article(FLOOD, language="en", count=6)
    assert len(summary.sentences) == 6
    assert 6 not in summary.positions


def test_the_same_text_gives_the_same_random_sentences():
    first, second = (summarizer.article(FLOOD, method="random", language="en", count=2) for _ in range(2))
    assert first == second


def test_random_is_not_lead():
    texts = [[f"Reporter number {number} told of the flood in Verna. " + " ".join(FLOOD)] for number in range(10)]
    assert any(summarizer.article(text, method="random", language="en").positions != (0, 1, 2) for text in texts)


def test_the_title_draws_what_speaks_of_it():
    plain = summarizer.article(FLOOD, language="en", count=1)
    titled = summarizer.article(
        FLOOD, language="en", count=1, title="Rail line to the coast blocked, buses replace trains"
    )
    assert "rail line" not in plain.sentences[0]
    assert "rail line" in titled.sentences[0]


def test_other_reports_draw_what_they_speak_of_too():
    others = ["Buses replace trains on the coast. The rail line is blocked by the flood."] * 3
    plain = summarizer.article(FLOOD, language="en", count=3)
    beside = summarizer.article(FLOOD, language="en", count=3, context=others)
    assert not any("buses" in sentence for sentence in plain.sentences)
    assert any("buses" in sentence for sentence in beside.sentences)


def test_the_neutral_profile_does_not_ask_where_a_sentence_stands():
    paragraphs = [FLOOD[2], *FLOOD[:2], FLOOD[3]]
    turned = paragraphs[::-1]
    chosen = [
        set(summarizer.article(each, language="en", count=2, profile="neutral").sentences)
        for each in (paragraphs, turned)
    ]
    assert chosen[0] == chosen[1]


def test_what_is_picked_does_not_say_the_same_thing_twice():
    twin = "Heavy rain flooded the old town of Verna on Monday and forced 1,200 people from homes."
    summary = summarizer.article([FLOOD[0], twin, *FLOOD[1:4]], language="en", count=3)
    assert sum("1,200" in sentence for sentence in summary.sentences) == 1


def test_the_language_is_found_where_it_is_not_given():
    text = ["Die Feuerwehr rettete am 3. Oktober zwölf Menschen aus dem Hochwasser, wie die Stadt mitteilte."]
    summary = summarizer.article(text)
    assert summary.language == "de"
    assert summary.sentences == tuple(text)


def test_a_language_tag_is_taken_to_its_language():
    assert summarizer.article(FLOOD, language="pt-BR").language == "pt"


@pytest.mark.parametrize(("wish", "problem"), [({"method": "abstract"}, "method"), ({"profile": "sports"}, "profile")])
def test_an_unknown_name_is_refused_with_the_known_ones(wish, problem):
    with pytest.raises(SummarizeError, match=rf"is no {problem}; choose one of .*(digest|news)"):
        summarizer.article(FLOOD, **wish)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "word " * 200_000,
        "The river rose again today. " * 35_000,
        "".join(f"The river rose to mark {number} on that day. " for number in range(25_000)),
        "🎉" * 1_000_000,
        "نص طويل جدا " * 80_000,
        "日本の川。" * 200_000,
        "\x00\xff\ufffe\ud800 " * 200_000,
        "\u202e" * 500_000,
    ],
    ids=["one word", "no stop", "one sentence", "sentences", "emoji", "arabic", "japanese", "junk", "direction marks"],
)
@pytest.mark.timeout(10)
def test_a_million_characters_are_soon_read(text):
    holds([text[: summarizer.LONGEST_READ]], summarizer.article([text]), 3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.timeout(20)
def test_every_method_bears_a_long_article(method, caplog):
    paragraphs = [
        f"Report {number} of {number % 37}: the river number {number % 91} rose in town {number % 53} today."
        for number in range(600)
    ]
    summary = summarizer.article(paragraphs, method=method, language="en")
    holds(paragraphs, summary, 3)
    assert len(summary.sentences) == 3
    assert any("does not bear more" in record.message for record in caplog.records) == (
        method in methods.LIMITS and methods.LIMITS[method] < 400
    )


def test_sumy_takes_our_summarizer():
    from sumy.parsers.plaintext import PlaintextParser

    document = PlaintextParser.from_string("\n\n".join(FLOOD), sentences.Tokenizer("en")).document
    made = summarizer.DigestSummarizer(language="en")(document, 2)
    assert [str(each) for each in made] == list(summarizer.article(FLOOD[:4], language="en", count=2).sentences)
    assert len(summarizer.DigestSummarizer(language="en")(document, "50%")) == len(document.sentences) // 2


def test_sumy_may_hand_over_nothing():
    from sumy.models.dom import ObjectDocumentModel

    assert summarizer.DigestSummarizer()(ObjectDocumentModel([]), 3) == ()


def test_methods_alone_refuse_a_name_they_do_not_know():
    with pytest.raises(SummarizeError, match="is no method"):
        methods.pick("digest", FLOOD, 1)


@pytest.mark.parametrize("method", methods._MAKERS)
@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.sampled_from(["", " ", "1", "🎉", "the", "the of", "日本", "\x00", "Rain fell. ", "rain", "..."]),
        max_size=6,
        unique=True,
    )
)
def test_no_method_gives_up_on_odd_sentences(method, texts):
    places = methods.pick(method, texts, 2, language="en")
    assert set(places) <= set(range(len(texts)))


def test_the_raw_sample_article_gives_three_whole_sentences(shared):
    text = (shared / "articles" / "japan-south-korea-intelligence.txt").read_text("utf-8")
    lines = [line for line in text.split("\n") if line.strip()]
    summary = summarizer.article(lines[1:-2])
    holds(lines[1:-2], summary, 3)
    assert summary.language == "en"
    assert len(summary.sentences) == 3
    assert all(sentence.endswith(".") for sentence in summary.sentences)


def test_the_byline_of_the_raw_sample_is_not_picked_even_uncleaned(shared):
    text = (shared / "articles" / "japan-south-korea-intelligence.txt").read_text("utf-8")
    assert not any("Kyodo" in sentence for sentence in summarizer.article(text.split("\n\n")).sentences)


def test_numpy_gets_one_thread():
    code = "import os, digest.summarize.summarizer; print(os.environ['OPENBLAS_NUM_THREADS'])"
    environ = os.environ | {"PYTHONPATH": str(Path(summarizer.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == "1"


def test_a_sentence_that_is_cut_at_the_end_of_reading_is_left_out():
    repeated = "The river rose again today. "
    text = repeated * (summarizer.LONGEST_READ // len(repeated)) + "The mayor of Verna closed all the bridges."
    assert summarizer.article([text], language="en").sentences == (repeated.strip(),)


STORY = (
    "The river Alda rose by three metres within six hours, the water board of Verna said on Monday.",
    "Two bridges of Verna stay closed until engineers have inspected what the river left of them.",
    "Schools in Verna reopen on Thursday, and buses replace the trains along the river.",
)


@pytest.mark.parametrize(
    "line",
    [
        "for (int i = 0; i < n; ++i) { a[i] = b[i]; } // done in n steps.",
        "09:25 EST, 25 May 2013.",
        "Alternatively call 0800 0560154, 0207 1580011 or 999.",
        "The river Alda rose in Verna, and the water board said that bridges would […]",
        "The river Alda rose in Verna, and the water board said that bridges would [...].",
    ],
)
def test_code_times_and_what_is_cut_off_are_told_only_where_nothing_else_is_left(line):
    assert summarizer.article([line, *STORY], language="en", count=3).sentences == STORY
    assert line in summarizer.article([line, *STORY], language="en", count=4).sentences


@pytest.mark.parametrize(
    "line",
    [
        "Her standard rate was $225,000.",
        "Their deductions ranged from $550,000 in 2008 to more than $3 million in 2007, 2013 and 2014.",
        "“Suddenly...” she said, and then went on as if nothing had happened…",
        "नदी सोमवार को तीन मीटर बढ़ी, जल बोर्ड ने कहा।",
    ],
)
def test_figures_quotations_and_other_scripts_are_sentences(line):
    assert summarizer.sound([line], "en") == (0,)
