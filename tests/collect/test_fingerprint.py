"""Words and fingerprints of many texts at once: the same as of each alone, counted bit by bit."""

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import fingerprint


def plain(words: list[bytes]) -> int:
    """A simhash as its paper tells it, without a library."""
    base = 0xA633D471CAEE1CFD
    hashes = [sum(byte * base ** (place + 1) for place, byte in enumerate(word)) % 2**64 for word in words]
    counts = [0] * 64
    for one, other in pairwise(hashes):
        mixed = (one * 0x9E3779B97F4A7C15 % 2**64) ^ other
        mixed = (mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9 % 2**64
        mixed ^= mixed >> 29
        raw = mixed.to_bytes(8, "little")
        for place in range(64):
            counts[place] += raw[place // 8] >> (7 - place % 8) & 1
    bits = "".join("1" if 2 * count > len(words) - 1 else "0" for count in counts)
    return int.from_bytes(int(bits, 2).to_bytes(8, "big"), "big", signed=True)


sizes = st.sampled_from([0, 1, 2, 3, 12, 40, 254, 255, 256, 257, 511, 600])
texts = st.tuples(sizes, st.integers(1, 40)).map(lambda pair: [b"w%d" % (n % pair[1]) for n in range(pair[0])])


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, max_size=5))
def test_many_texts_in_one_pass_come_to_what_each_comes_to(many: list[list[bytes]]) -> None:
    joined = [b"\0".join(words) for words in many]
    assert fingerprint.simhashes(joined) == [plain(words) if len(words) > 1 else 0 for words in many]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text(st.sampled_from("aB1_ .’“–é\xa0\x1cßİ\ud800"), max_size=30))
def test_words_are_those_of_the_pattern_without_case(text: str) -> None:
    found = re.findall(r"\w+", text.casefold())
    assert fingerprint.words(text) == b"\0".join(word.encode("utf-8", "replace") for word in found)
    assert fingerprint.count(fingerprint.words(text)) == len(found)
