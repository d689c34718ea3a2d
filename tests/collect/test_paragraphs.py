import textwrap

import pytest

from digest.collect import clean

FIRST = (
    "The harbour master closed the pier on Monday after the storm tore away forty metres of planking, and engineers will "
    "need three weeks to mend it, the council said in a statement late in the evening."
)
SECOND = (
    "Fishing boats may use the northern quay until then. The ferry to the islands sails from the old dock, which is "
    "smaller, so that lorries have to wait for the second boat of the day."
)
PROSE = (FIRST, SECOND)


@pytest.mark.parametrize("width", [60, 72, 80])
def test_hard_wrapped_lines_are_joined(width: int) -> None:
    raw = "\n\n".join(textwrap.fill(paragraph, width) for paragraph in PROSE)
    assert clean.paragraphs(raw) == PROSE


def test_lines_that_stand_alone_stay_apart() -> None:
    raw = "By Marta Lindqvist\n" + textwrap.fill(PROSE[0], 72) + "\n\n" + "- one thing\n- another thing"
    assert clean.paragraphs(raw) == ("By Marta Lindqvist", PROSE[0], "- one thing", "- another thing")


def test_one_paragraph_a_line() -> None:
    assert clean.paragraphs("\n".join(PROSE)) == PROSE


def test_control_characters_and_line_ends_of_all_kinds() -> None:
    assert clean.paragraphs("a\0b\r\n\r\nc\x07d\u2029e") == ("ab", "cd", "e")
    assert clean.paragraphs("") == ()
    assert len(clean.paragraphs("x" * 3_000_000)[0]) == 2_000_000
