"""A raw text as paragraphs: blank lines part them, hard-wrapped lines are joined, lines that stand alone stay so."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

MAX_CHARS = 2_000_000  # of a raw text; what lies beyond is not read
WIDEST = 100  # columns; longer lines are not hard-wrapped
NARROWEST = 45

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028]")
_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*|\u2029\s*")
_FINAL = re.compile(r"[.!?…:。！？][\"'”’»)\]」』）]*$")
_WIDE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_ITEM = re.compile(r"[•·*▪●–—-]\s|\(?\d{1,3}[.)]\s")


def paragraphs(raw: str) -> tuple[str, ...]:
    r"""The paragraphs of a plain text, in order, none empty, no control characters.

    Lines of a block are joined where the text is hard-wrapped: no line beyond 100 columns, and each joined line too full
    to take the next one's first word. Otherwise each line is a paragraph.

    >>> paragraphs("One.\n\nTwo.\nThree.")
    ('One.', 'Two.', 'Three.')
    """
    text = _LINE_END.sub("\n", _CONTROL.sub("", raw[:MAX_CHARS]))
    blocks = [[line.rstrip() for line in block.split("\n") if line.strip()] for block in _PARAGRAPH_END.split(text)]
    width = _width(blocks)
    return tuple(" ".join(paragraph.split()) for block in blocks for paragraph in _joined(block, width))


def _width(blocks: Sequence[Sequence[str]]) -> int:
    """The columns the text is wrapped at; 0 where it is not."""
    lines = [line for block in blocks for line in block]
    width = max(map(len, lines), default=0)
    if not NARROWEST <= width <= WIDEST:
        return 0
    breaks = [(line, after) for block in blocks for line, after in pairwise(block)]
    wrapped = sum(_is_full(line, after, width) and not _FINAL.search(line) for line, after in breaks)
    return width if wrapped and wrapped * 2 >= len(breaks) - len(blocks) else 0


def _is_full(line: str, after: str, width: int) -> bool:
    """True where the first word of `after` would not have gone on `line`."""
    return len(line) + 1 + len(after.split(maxsplit=1)[0]) > width


def _joined(block: Sequence[str], width: int) -> Iterator[str]:
    paragraph = ""
    last = ""
    for line in block:
        if not paragraph:
            paragraph = line
        elif width and _is_full(last, line, width) and not _ITEM.match(line.lstrip()) and not _is_indented(last, line):
            glue = "" if _WIDE.match(last[-1]) and _WIDE.match(line.lstrip()[0]) else " "
            paragraph = paragraph + glue + line.lstrip()
        else:
            yield paragraph
            paragraph = line
        last = line
    if paragraph:
        yield paragraph


def _is_indented(last: str, line: str) -> bool:
    return line[:1].isspace() and not last[:1].isspace()
