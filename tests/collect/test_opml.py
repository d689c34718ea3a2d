import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import feeds
from digest.collect.feeds import Outline
from digest.errors import ParseError


def test_folders_are_sections_nested_ones_too() -> None:
    body = b"""<opml version="2.0"><body>
      <outline text="Top" xmlUrl="https://e.org/top" type="rss"/>
      <outline text="World"><outline title="Deep &amp; far" xmlUrl="https://e.org/1"/>
        <outline text="Asia"><outline text="x" xmlUrl="https://e.org/2"/></outline></outline>
      <outline text="Again" xmlUrl="https://e.org/1"/><outline text="bad" xmlUrl="javascript:x"/></body></opml>"""
    assert feeds.opml_read(body) == (
        Outline(url="https://e.org/top", title="Top"),
        Outline(url="https://e.org/1", title="Deep & far", section="World"),
        Outline(url="https://e.org/2", title="x", section="Asia"),
    )


@pytest.mark.parametrize("body", [b"", b"hello", b"<opml><body/></opml>", b"\xff\x00" * 50])
def test_a_file_without_feeds_is_an_error(body: bytes) -> None:
    with pytest.raises(ParseError, match="OPML"):
        feeds.opml_read(body)


def test_a_file_of_another_size_is_refused() -> None:
    with pytest.raises(ParseError, match="10 MB"):
        feeds.opml_read(b" " * 10_000_001)


def test_external_entities_stay_outside() -> None:
    body = b'<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body><outline text="&x;" xmlUrl="https://e.org/1"/></body></opml>'
    assert "root:" not in feeds.opml_read(body)[0].title


names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20).filter(
    lambda t: t.isascii()
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(["", "World", 'A "quoted" & <odd>'])), max_size=8, min_size=1))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    outlines = [
        Outline(url=f"https://e.org/?a=1&n={n}", title=title, section=section)
        for n, (title, section) in enumerate(rows)
    ]
    assert list(feeds.opml_read(feeds.opml_write(outlines).encode())) == outlines
