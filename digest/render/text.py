"""Plain text as a terminal shows it: wrapped at blanks only, wide characters counted as two columns."""

import re
import unicodedata

COLUMNS = 72
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")  # not the no-break space


def columns(value: str) -> int:
    r"""How many columns of a terminal `value` takes.

    >>> columns("ab"), columns("日本"), columns("e\u0301")
    (2, 4, 1)
    """
    if value.isascii():
        return len(value)
    return sum(_columns(character) for character in value)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrap(value: str, width: int = COLUMNS, indent: str = "") -> str:
    r"""`value` in lines of at most `width` columns, each behind `indent`; a longer word stands alone, whole.

    >>> wrap("one two three", width=9)
    'one two\nthree'
    """
    lines: list[str] = []
    line, used = "", 0
    for word in filter(None, _BLANKS.split(str(value))):
        needed = columns(word)
        if line and used + 1 + needed <= width - len(indent):
            line, used = f"{line} {word}", used + 1 + needed
            continue
        lines += [indent + line] if line else []
        line, used = word, needed
    return "\n".join([*lines, indent + line] if line else lines)


def tidy(value: str) -> str:
    r"""`value` without blanks at the ends of lines, and with at most one empty line in a row, one newline at last.

    >>> tidy("a  \n\n\n\nb")
    'a\n\nb\n'
    """
    lines = "\n".join(line.rstrip(" \t") for line in value.replace("\r\n", "\n").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"
