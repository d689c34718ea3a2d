"""The words of a text, and 64 bits that stay near for near texts; many texts in one pass.

Words are UTF-8 without case: on bytes, splitting and hashing cost a third of what they cost on text.
"""

import hashlib
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
_BLANKED = bytes(code if code in _KEPT else 32 for code in range(256)).lower()  # of ASCII: what \w and casefold do
_MARKS = "’“”‘–—…\xa0«»"  # no words, and in many texts all that is not ASCII
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9)  # odd constants of splitmix64 (Steele 2014)
_MOST_HASHES = 65_536  # kept
_LANE = 255  # what a byte counts to


def words(text: str) -> list[bytes]:
    r"""The words (`\w+`) without case, in order.

    >>> words("The “Bridge” re-opens")
    [b'the', b'bridge', b're', b'opens']
    """
    if not text.isascii():
        for mark in _MARKS:
            text = text.replace(mark, " ")
    if text.isascii():
        return text.encode().translate(_BLANKED).split()
    found = _WORD.findall(text.casefold())
    return "\0".join(found).encode("utf-8", "replace").split(b"\0") if found else []


class _Hashes(dict[bytes, bytes]):
    """Of each word 8 bytes, made when first asked for."""

    def __missing__(self, word: bytes) -> bytes:
        if len(self) >= _MOST_HASHES:
            self.clear()
        found = self[word] = hashlib.blake2b(word, digest_size=8).digest()
        return found


_hashes = _Hashes()


def simhashes(texts: Sequence[Sequence[bytes]]) -> list[int]:
    """For the words of each text 64 bits (Charikar 2002, over pairs of words), as a signed number; 0 for under two.

    Takes 64 bytes a word while it counts.
    """
    import numpy as np

    long = [text for text in texts if len(text) > 1]
    if not long:
        return [0] * len(texts)
    single = np.frombuffer(b"".join(map(_hashes.__getitem__, chain.from_iterable(long))), dtype=np.uint64)
    mixed = (single[:-1] * np.uint64(_MIX[0])) ^ single[1:]
    across = np.cumsum([len(text) for text in long])[:-1] - 1  # a text's last word and the next one's first: no pair
    mixed = np.delete(mixed, across)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(_MIX[1])
    mixed ^= mixed >> np.uint64(29)
    # Each bit on a byte of its own, eight of them in a number: a sum counts eight bits at a time, to 255.
    lanes = _lanes()[mixed.view(np.uint8)].reshape(-1, 8)
    counts = [len(text) - 1 for text in long]
    starts = list(accumulate(counts, initial=0))
    parts = [range(start, end, _LANE) for start, end in pairwise(starts)]
    sums = np.add.reduceat(lanes, list(chain.from_iterable(parts)), axis=0).view(np.uint8).reshape(-1, 64)
    firsts = list(accumulate(map(len, parts), initial=0))[:-1]
    totals = np.add.reduceat(sums, firsts, axis=0, dtype=np.int64)
    bits = np.packbits(totals * 2 > np.array(counts)[:, None], axis=1)
    made = iter(bits.view(">i8").ravel().tolist())
    return [next(made) if len(text) > 1 else 0 for text in texts]


@cache
def _lanes() -> "NDArray[np.uint64]":
    """For each byte eight bytes, one for each of its bits."""
    import numpy as np

    return np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).view(np.uint64).ravel()
