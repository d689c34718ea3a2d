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
# Of ASCII: letters without case, every digit 0, every blank the same.
_FOLDED = (
    bytes(range(256)).lower().translate(bytes.maketrans(b"123456789\t\n\v\f\r\x1c\x1d\x1e\x1f", b"0" * 9 + b" " * 9))
)
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_LETTERS = re.compile(r"[\W_]+")
_DECORATION = " \t•·∙●■▪|*–—―-_»«▶►▸→>[](){}（）［］【】<#…~="


def flat(line: str) -> str:
    """`line` on one line, blanks single, apostrophes straight, invisible marks gone."""
    if line.isascii():
        if line.isprintable() and "  " not in line:
            return line.strip(" ")
    else:
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
    text = line if line.isascii() else flat(line)
    if text.isascii():  # the same on bytes, at a tenth of the cost where a line is full of figures
        normal = text.encode().translate(_FOLDED)
        if b"  " in normal or normal[:1] == b" " or normal[-1:] == b" ":
            normal = b" ".join(normal.split())
        if b"0000" in normal:  # a year
            normal = normal.replace(b"0000", b"0")
        while b"00" in normal:
            normal = normal.replace(b"00", b"0")
    else:
        normal = _DIGITS.sub("0", text.casefold()).encode("utf-8", "surrogatepass")
    return blake2b(normal, digest_size=8).digest()


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


def later_sentences(text: str) -> Iterator[int]:
    """Where the sentences of a paragraph begin, roughly, but for the first; enough to judge a foot by."""
    return (found.end() for found in _BREAK.finditer(text))
