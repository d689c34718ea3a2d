import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import markup


@pytest.mark.parametrize(
    ("html", "paragraphs"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("one\n\ntwo", ("one", "two")),
        ("a &amp; b", ("a & b",)),
        ("<p>a</p><p>b</p>", ("a", "b")),
        ("<div>a<div>b</div>c</div>", ("a", "b", "c")),
        ("a<br>b", ("a b",)),
        ("a<br/><br/>b", ("a", "b")),
        ("a<br><br><br>b", ("a", "b")),
        ("<ul><li>a</li><li>b</li></ul>", ("a", "b")),
        ("<h2>Head</h2>text", ("Head", "text")),
        ("<p>a<script>x()</script>b</p><style>p{}</style>", ("ab",)),
        ("<figure><img src=x><figcaption>Photo: X</figcaption></figure><p>a</p>", ("a",)),
        ("<p>a <b>b</b><i>c</i> d</p>", ("a bc d",)),
        ("<blockquote><p>said</p></blockquote>", ("said",)),
        ("<p>a\x0c b</p>", ("a b",)),
        ("<p>&nbsp;</p><p>a&nbsp;b</p>", ("a b",)),
        ("<!-- no --><p>a</p>", ("a",)),
    ],
)
def test_paragraphs(html: str, paragraphs: tuple[str, ...]) -> None:
    assert markup.paragraphs(html) == paragraphs


def test_depth_is_no_danger() -> None:
    assert (
        "x" in " ".join(markup.paragraphs("<div>" * 100_000 + "x")) or markup.paragraphs("<div>" * 100_000 + "x") == ()
    )


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_a_line_is_one_line_of_clean_nfc(text: str) -> None:
    flat = markup.line(text)
    assert len(flat.splitlines()) <= 1
    assert flat == flat.strip()
    assert unicodedata.is_normalized("NFC", flat)
    assert not markup.CONTROL.search(flat)
    flat.encode()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_paragraphs_of_any_text_are_lines(text: str) -> None:
    for paragraph in markup.paragraphs(text):
        assert paragraph
        assert paragraph == " ".join(paragraph.split())  # no fixpoint of the repair: text may be encoded three times
        assert not markup.CONTROL.search(paragraph)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "5 < 6", "ä ö"]), min_size=1, max_size=8))
def test_no_word_is_lost_and_order_is_kept(words: list[str]) -> None:
    from html import escape

    html = "".join(f"<p>{escape(word)}</p>" for word in words)
    assert markup.paragraphs(html) == tuple(words)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=100))
def test_a_title_is_short_and_flat(text: str) -> None:
    assert len(markup.title(text * 50)) <= 500
    assert "\n" not in markup.title(text)
