"""Lines as the rules see them: normal forms, ends, sentences."""

import re
from collections.abc import Iterator
from hashlib import blake2b

_APOSTROPHES = (("’", "'"), ("‘", "'"), ("ʼ", "'"), ("\u00ad", ""), ("\u200b", ""), ("\ufeff", ""))
_CLOSING = "\"'”’»›)]}』」）】*_ "
_TERMINAL = ".!?…:;。！？：।۔؟،"
# A set comes first, so that the search skips all that is none of it; which of both kinds it was is looked at then.
_BREAK = re.compile(r"[.!?…。！？](?:(?<=[.!?…])[.!?…]*[\"'”’»)\]]*\s+|(?<=[。！？])[。！？]*[」』）\"”]*\s*)(?=\S)")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_LETTERS = re.compile(r"[\W_]+")
_DECORATION = " \t•·∙●■▪|*–—―-_»«▶►▸→>[](){}（）［］【】<#…~="


def flat(line: str) -> str:
    """`line` on one line, blanks single, apostrophes straight, invisible marks gone."""
    if not line.isascii():
        for mark, instead in _APOSTROPHES:
            line = line.replace(mark, instead)
    return " ".join(line.split())


def bare(line: str) -> str:
    """`flat` without bullets, brackets and dashes at either end.

    >>> bare("• Kyodo")
    'Kyodo'
    """
    return flat(line).strip(_DECORATION)


def line_hash(line: str) -> bytes:
    """8 bytes that lines share which differ in case, blanks and digits alone.

    >>> line_hash("Read  3 more free articles") == line_hash("read 12 more free articles")
    True
    """
    normal = _DIGITS.sub("0", flat(line).casefold())
    return blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def words(line: str) -> list[str]:
    """The words of a line, as written."""
    return _WORD.findall(line)


def letters(line: str) -> str:
    """Letters and digits alone, without case: what two spellings of a headline share."""
    return _LETTERS.sub("", line.casefold())


def ends(line: str) -> bool:
    """True where the line ends as a sentence does."""
    stripped = line.rstrip(_CLOSING)
    return bool(stripped) and stripped[-1] in _TERMINAL


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Rough spans of the sentences of a paragraph, trailing blanks excluded; enough to judge a foot by."""
    start = 0
    for found in _BREAK.finditer(text):
        yield start, len(text[start : found.end()].rstrip()) + start
        start = found.end()
    if start < len(text):
        yield start, len(text.rstrip())
