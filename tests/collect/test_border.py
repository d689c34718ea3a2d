"""What crosses the process border comes out as it went in."""

import pickle

from collect.making import entry, rss

from digest.collect import reading
from digest.model import Image


def test_a_piece_is_the_same_on_the_other_side() -> None:
    stated = [
        entry(1, authors=("Ann",), tags=("x", "y"), language="en"),
        entry(2, guid=None, published=None, image=Image(url="https://e.org/i.png", width=9)),
    ]
    read = reading.source([rss(stated).encode()], "https://example.org/f", "", reading.Wishes(full_text="never"))
    assert len(read.pieces) == 2
    assert pickle.loads(pickle.dumps(read)) == read
    assert all(piece.is_clean for piece in read.pieces)
    (first, *_) = pickle.loads(pickle.dumps(read)).pieces
    assert first.entry == read.pieces[0].entry
    assert first.marks == read.pieces[0].marks
