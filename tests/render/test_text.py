"""Wrapping for a terminal."""

from hypothesis import given, settings
from hypothesis import strategies as st
from render import samples

from digest.render import text

words = st.text(alphabet="ab-é日本\u00a0\u0301 \n\t", max_size=120)


@settings(max_examples=200, deadline=None)
@given(words, st.integers(5, 80))
def test_wrapping_changes_blanks_alone(value, width):
    assert text.wrap(value, width).split() == value.split()


@settings(max_examples=200, deadline=None)
@given(words, st.integers(5, 80))
def test_a_line_is_as_wide_as_allowed_or_one_word(value, width):
    for line in text.wrap(value, width).splitlines():
        assert text.columns(line) <= width or " " not in line


@settings(max_examples=100, deadline=None)
@given(words)
def test_wrapping_twice_is_wrapping_once(value):
    assert text.wrap(text.wrap(value)) == text.wrap(value)


def test_no_hyphen_is_ever_a_place_to_break():
    assert text.wrap("twenty-five minutes", 10) == "twenty-five\nminutes"


def test_an_indent_counts():
    assert text.wrap("aa bb cc", 7, "  ") == "  aa bb\n  cc"


def test_tidying():
    assert text.tidy("\n\na \t\n \n\n\nb\r\nc\n\n") == "a\n\nb\nc\n"
    assert text.tidy(text.tidy("x\n\n\n\ny")) == text.tidy("x\n\n\n\ny")


def test_the_text_part_fits_a_terminal():
    made = samples.rendered(samples.issue(intro="Good morning. " * 20)).text.fill(samples.VALUES)
    for line in made.splitlines():
        assert text.columns(line) <= 72 or line.startswith("https://"), line
        assert line == line.rstrip()
    assert "\n\n\n" not in made


def test_an_address_stands_alone_on_its_line():
    made = samples.rendered().text.fill(samples.VALUES)
    assert samples.VALUES["unsubscribe_url"] in made.splitlines()
    assert all(story.lead.link in made.splitlines() for story in samples.stories())


def test_the_text_part_has_no_markup_nor_entities():
    told = (samples.story({"title": "Fish & <chips>", "sentences": ["2 < 3 & 4 > 1, he said, {{ x }}."]}),)
    made = samples.rendered(samples.issue(told)).text.fill(samples.VALUES)
    assert "Fish & <chips>" in made
    assert "2 < 3 & 4 > 1, he said, {{ x }}." in made
