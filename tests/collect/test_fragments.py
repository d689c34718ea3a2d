"""Fragments that need no parser: what is read of them is what the parser reads, and most attacks are the parser's."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import fragments, markup

PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<p class='x'>",
        '<p class="x y">',
        "<p/>",
        "<li>",
        "</li>",
        "<ul>",
        "</ul>",
        "<div>",
        "</div>",
        "<h2>",
        "</h2>",
        "<b>",
        "</b>",
        '<a href="https://e.org/?a=1&b=2">',
        '<a title="a > b">',
        "</a>",
        "<br>",
        "<br/>",
        '<img src="x.png">',
        '<img alt="1>0" src="x">',
        "<hr>",
        "<!-- more -->",
        "<!--a--b-->",
        "<figure>",
        "</figure>",
        "<script>",
        "</script>",
        "&amp;",
        "&amp;lt;",
        "&lt;p&gt;",
        "&nbsp;",
        "&#8217;",
        "&#39;",
        "&#0;",
        "&#150;",
        "&unknown;",
        "&",
        "<",
        ">",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\f",
        "\x00",
        "\u2029",
        "é",
        "word",
        "One two.",
        "imputÃ©",
    ]
)
WHOLE = st.lists(PIECES, max_size=6).map("".join)
PARAGRAPHS = st.lists(
    st.tuples(st.sampled_from(["p", "li", "h2", "h6"]), WHOLE).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>")
    | st.sampled_from(["<ul>", "</ul>", "<div>", "</div>", "<hr/>", "<br>", " ", "\n", "<!-- more -->"]),
    max_size=5,
).map("".join)


def parsed(source: str) -> list[str]:
    return [found for piece in markup._parsed(source) if (found := markup.line(piece))]


@settings(max_examples=1_500, deadline=None)
@given(PARAGRAPHS | st.lists(PIECES, max_size=12).map("".join))
def test_what_is_read_without_a_parser_is_what_the_parser_reads(source: str) -> None:
    if "<" in source and (found := fragments.texts(source)) is not None:
        assert [line for text in found if (line := markup.line(text))] == parsed(source)


@pytest.mark.parametrize(
    "source",
    [
        '<p>One.</p><p>Two <i>and</i> a <a href="https://e.org/">link</a>.</p>',
        '<div class="x">\n<h2>Title</h2>\n<ul><li>One</li>\n<li>Two</li></ul></div><hr/><img src="a.png" alt="A"/>',
        "<p>Dogs &amp; cats &#8217; &nbsp; fish<br/>and more</p><!--more-->",
        "<blockquote><p>One</p></blockquote>",
    ],
)
def test_plain_fragments_need_no_parser(source: str) -> None:
    found = fragments.texts(source)
    assert found is not None
    assert [markup.line(text) for text in found if markup.line(text)] == parsed(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p>One</p>Two",
        "One <b>two</b>",
        "<p>One",
        "<p>One<br><br>Two</p>",
        "<p>One<p>Two</p></p>",
        "<figure><p>One</p></figure>",
        "<p>One<script>two</script></p>",
        "<p>&#150;</p>",
        "<p>a\x00b</p>",
        "<p title=x>One</p>",
    ],
)
def test_what_needs_one_is_left_to_it(source: str) -> None:
    assert fragments.texts(source) is None
    assert markup.paragraphs(source) == tuple(parsed(source))


@pytest.mark.parametrize("part", ["<p", '<p a="', "<p>&amp;", "<p><b>", "<!--", "<p>x</p> ", "<br><br>", "<p><br "])
def test_no_fragment_takes_more_than_one_look_at_each_character(part: str) -> None:
    """Half a million characters; a pattern that tries again from each would take hours."""
    started = time.process_time()
    fragments.texts(part * (500_000 // len(part)))
    fragments.texts("<p>" + part * (500_000 // len(part)) + "</p")
    assert time.process_time() - started < 5
