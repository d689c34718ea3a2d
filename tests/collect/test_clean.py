from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import clean

CASES = sorted((Path(__file__).parents[1] / "data" / "clean").glob("*.txt"))
JUNK = [
    "By Jane Doe",
    "• Kyodo",
    "Sign up for our newsletter.",
    "Nov. 22, 2026",
    "(CNN) One.",
    "LONDON (AP) — Two.",
    "Follow us",
]
LINES = st.lists(st.one_of(st.text(max_size=60), st.sampled_from(JUNK)), max_size=12)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """A case: `#title`, `#author` and `#language` lines, the paragraphs one a line, ----, the paragraphs expected."""
    given_text, wanted = path.read_text("utf-8").split("\n----\n")
    lines = given_text.split("\n")
    said = dict(line[1:].split(" ", 1) for line in lines if line.startswith("#"))
    authors = [said["author"]] if "author" in said else []
    paragraphs = [line for line in lines if not line.startswith("#")]
    found = clean.article(paragraphs, title=said.get("title", ""), authors=authors, language=said.get("language"))
    assert list(found) == wanted.strip("\n").split("\n")


def test_there_are_cases_in_eight_languages() -> None:
    assert len(CASES) >= 60
    assert {path.stem[:2] for path in CASES} >= {"en", "de", "fr", "es", "pt", "it", "nl", "ja"}


@settings(max_examples=150, deadline=None)
@given(LINES, st.text(max_size=20))
def test_cleaning_what_is_clean_changes_nothing(lines: list[str], title: str) -> None:
    once = clean.article(lines, title=title)
    assert clean.article(once, title=title) == once


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_what_is_left_are_parts_of_the_given_paragraphs_in_order(lines: list[str]) -> None:
    given_lines = iter(lines)
    for kept in clean.article(lines):
        assert any(kept in line for line in given_lines)


def test_known_lines_go_wherever_they_stand() -> None:
    lines = (
        "The council met.",
        "Seen 3 times, it is furniture.",
        "It voted.",
        "It went home.",
        "The end was near.",
        "Then came rain.",
    )
    known = {clean.line_hash("SEEN 12 times,  it is furniture.")}
    assert clean.article(lines, known=known) == (*lines[:1], *lines[2:])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_paragraphs_are_total_and_hold_no_blank_or_control(raw: str) -> None:
    for paragraph in clean.paragraphs(raw):
        assert paragraph == " ".join(paragraph.split())
        assert paragraph
        assert "\0" not in paragraph


@pytest.mark.data
def test_the_sample_article_loses_its_three_junk_lines_and_nothing_else(shared: Path) -> None:
    raw = (shared / "articles" / "japan-south-korea-intelligence.txt").read_text("utf-8")
    before = clean.paragraphs(raw)
    after = clean.article(before)
    gone = [line for line in before if line not in after]
    assert [line.split()[0:2] for line in gone] == [["•", "Kyodo"], ["In", "a"], ["By", "subscribing,"]]
    assert after == before[1:-2]
