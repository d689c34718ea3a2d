"""The words of a text, and 64 bits that stay near for near texts; many texts in one pass.

Words are UTF-8 without case, in one piece: objects of their own would cost most of the time.
"""

import re
import string
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_KEPT = (string.ascii_letters + string.digits + "_").encode()
_BLANKED = bytes(code if code in _KEPT else 0 for code in range(256)).lower()  # of ASCII: what \w and casefold do
_MARKS = "’“”‘–—…\xa0«»"  # no words, and in many texts all that is not ASCII
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9)  # odd constants of splitmix64 (Steele 2014)
_BASE = 0xA633D471CAEE1CFD  # of the words' hashes, and its inverse modulo 2**64
_INVERSE = pow(_BASE, -1, 2**64)
_LANE = 255  # what a byte counts to


def words(text: str) -> bytes:
    r"""The words (`\w+`) without case, in order, a NUL between them.

    >>> words("The “Bridge” re-opens")
    b'the\x00bridge\x00re\x00opens'
    """
    if not text.isascii():
        for mark in _MARKS:
            text = text.replace(mark, " ")
    if not text.isascii():
        return "\0".join(_WORD.findall(text.casefold())).encode("utf-8", "replace")
    found = text.encode().translate(_BLANKED)
    while b"\0\0" in found:
        found = found.replace(b"\0\0", b"\0")
    return found.strip(b"\0")


def count(found: bytes) -> int:
    """How many words those are.

    >>> count(words("Two words")), count(words("…"))
    (2, 0)
    """
    return found.count(b"\0") + 1 if found else 0


def simhashes(texts: Sequence[bytes]) -> list[int]:
    """For the words of each text 64 bits (Charikar 2002, over pairs of words), as a signed number; 0 for under two.

    Takes 64 bytes a word and 32 a character while it counts.
    """
    import numpy as np

    long = [text for text in texts if b"\0" in text]
    if not long:
        return [0] * len(texts)
    single = _hashes(np.frombuffer(b"\0".join(long), dtype=np.uint8))
    counts = [text.count(b"\0") for text in long]  # of pairs
    starts = list(accumulate(counts, initial=0))
    mixed = (single[:-1] * np.uint64(_MIX[0])) ^ single[1:]
    # a text's last word and the next one's first: no pair
    mixed = np.delete(mixed, [start + place for place, start in enumerate(starts[1:-1])])
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(_MIX[1])
    mixed ^= mixed >> np.uint64(29)
    # Each bit on a byte of its own, eight of them in a number: a sum counts eight bits at a time, to 255.
    lanes = _lanes()[mixed.view(np.uint8)].reshape(-1, 8)
    parts = [range(start, end, _LANE) for start, end in pairwise(starts)]
    sums = np.add.reduceat(lanes, list(chain.from_iterable(parts)), axis=0).view(np.uint8).reshape(-1, 64)
    firsts = list(accumulate(map(len, parts), initial=0))[:-1]
    totals = np.add.reduceat(sums, firsts, axis=0, dtype=np.int64)
    bits = np.packbits(totals * 2 > np.array(counts)[:, None], axis=1)
    made = iter(bits.view(">i8").ravel().tolist())
    return [next(made) if b"\0" in text else 0 for text in texts]


def _hashes(text: "NDArray[np.uint8]") -> "NDArray[np.uint64]":
    """Of each word the polynomial of its bytes: its part of the whole text's, moved to where a text begins."""
    import numpy as np

    powers, inverses = _powers(1 << (text.size + 1).bit_length())
    sums = np.zeros(text.size + 1, dtype=np.uint64)
    np.cumsum(text * powers[: text.size], out=sums[1:])
    breaks = np.flatnonzero(text == 0)
    first = np.concatenate((np.zeros(1, dtype=breaks.dtype), breaks + 1))
    last = np.append(breaks, text.size)
    found: NDArray[np.uint64] = (sums[last] - sums[first]) * inverses[first]
    return found


@cache
def _powers(count: int) -> "tuple[NDArray[np.uint64], NDArray[np.uint64]]":
    """The base to the power of 1, 2, …, and its inverse to the power of 0, 1, …: `count` of each."""
    import numpy as np

    powers = np.multiply.accumulate(np.full(count, _BASE, dtype=np.uint64))
    inverses = np.full(count, _INVERSE, dtype=np.uint64)
    inverses[0] = 1
    return powers, np.multiply.accumulate(inverses)


@cache
def _lanes() -> "NDArray[np.uint64]":
    """For each byte eight bytes, one for each of its bits."""
    import numpy as np

    return np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).view(np.uint64).ravel()
