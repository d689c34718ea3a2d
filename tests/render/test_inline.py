"""Premailer's traps, each as one document: mended, or kept out by the lint (test_stylesheet)."""

import functools
import http.server
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from premailer import Premailer
from render import samples
from render.css_pages import inlined, style_of

from digest.render import document, inline


def test_the_output_equals_plain_premailers_where_that_is_right():
    raw = samples.raw(samples.issue((samples.stories() * 4)[:10]))
    plain = Premailer(document.parse(raw), disable_basic_attributes=["width", "height"]).transform()
    ours = document.parse(raw)
    inline.inline(ours)
    assert etree.tostring(ours.getroottree(), method="html") == etree.tostring(plain, method="html")


RULES = (
    "p{color:#111}",
    "div{background-color:#abc;text-align:center}",
    ".a{margin:1px 2px}",
    ".b{color:#222;font-size:3px}",
    "#i{color:#333}",
    "p.a{padding-top:4px}",
    ".a .b{color:#444}",
    "div > p{color:#555;text-align:right}",
    "div div.b, b{vertical-align:top}",
    ".a.b{width:5px;height:6px}",
)
OTHER_RULES = ("p + p{color:#666}", "p ~ b{color:#777}", "p[title]{color:#888}", "p:hover{color:#999}")
elements = st.recursive(
    st.builds(
        "<{0}{1}{2}{3}>x</{0}>".format,
        st.sampled_from(["p", "b", "o:p"]),
        st.sampled_from(["", ' class="a"', ' class="b a"', ' class="c"', " class"]),
        st.sampled_from(["", ' id="i"', ' title="t"', ' width="9"']),
        st.sampled_from(["", ' style="color:#abcdef"', ' style=""', ' align="left" style="text-align:right"']),
    ),
    lambda inner: st.builds(
        "<div{0}>{1}<!-- x --></div>".format,
        st.sampled_from(["", ' class="a"', ' class="b"', ' style="color:#fedcba"']),
        st.lists(inner, max_size=4).map("".join),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(RULES + OTHER_RULES), max_size=6), st.lists(elements, max_size=4).map("".join))
def test_any_page_comes_out_as_premailer_makes_it(rules, body):
    style = f"<style>{''.join(rules)}</style>"
    raw = f'<html><head>{style}<style data-premailer="ignore">p{{color:red}}</style></head><body>{body}</body></html>'
    plain = Premailer(
        document.parse(raw), disable_basic_attributes=["width", "height"], align_floating_images=False
    ).transform()
    ours = document.parse(raw)
    inline.inline(ours)
    assert etree.tostring(ours.getroottree(), method="html") == etree.tostring(plain, method="html")


@pytest.mark.parametrize("css", ["", "i{color:#111}", "i:hover{color:#111}"])
def test_a_style_that_is_no_style_spoils_no_selector(css):
    """premailer keeps what it parsed of both under one key."""
    inlined(css, '<p style="q">x</p><q>x</q>')
    assert style_of(inlined("q{color:#111}", "<q>x</q>"), "q") == "color:#111"
    assert style_of(inlined("q{color:#111} i:hover{color:#222}", '<q style="q">x</q>'), "q") == "color:#111"


def test_a_sheet_for_print_is_left_alone():
    page = document.parse('<html><head><style media="print">p{color:#111}</style></head><body><p>x</p></body></html>')
    inline.inline(page)
    assert style_of(page, "p") == ""
    assert page.find(".//style").text == "p{color:#111}"


def test_threads_share_what_is_known():
    raw = samples.raw()
    pages = [document.parse(raw) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(inline.inline, pages))
    assert len({document.text(page) for page in pages}) == 1


def test_shapes_without_end_are_not_kept_for_ever():
    css = ".a{color:#111}"
    for start in (0, 3_000, 6_000):
        body = "".join(f'<p class="a" id="x{n}">x</p>' for n in range(start, start + 3_000))
        page = inlined(css, body)
        assert {p.get("style") for p in page.iter("p")} == {"color:#111"}
    assert len(inline._Shapes.of((css,)).numbers) < 9_000


def test_inlining_twice_from_warm_caches_gives_the_same():
    raw = samples.raw()
    first, second = document.parse(raw), document.parse(raw)
    inline.inline(first)
    inline.inline(second)
    assert document.text(first) == document.text(second)


def test_the_client_sheet_keeps_its_important_and_its_media_rules():
    page = inlined(
        "p{color:#111}",
        '<style data-premailer="ignore">@media (prefers-color-scheme:dark){p{color:#eee !important}}</style><p>x</p>',
    )
    kept = page.find(".//style").text
    assert "@media (prefers-color-scheme:dark)" in kept
    assert "!important" in kept
    assert style_of(page, "p") == "color:#111"


def test_width_and_height_of_images_stay_as_the_template_wrote_them():
    page = inlined("img{width:100%;height:auto}", '<img width="500" height="280">')
    image = page.find(".//img")
    assert (image.get("width"), image.get("height")) == ("500", "280")
    assert "height:auto" in image.get("style")


def test_colours_and_alignment_also_become_attributes_for_outlook():
    page = inlined(
        "td{background-color:#abc;text-align:center;vertical-align:top}", "<table><tr><td>x</td></tr></table>"
    )
    cell = page.find(".//td")
    assert (cell.get("bgcolor"), cell.get("align"), cell.get("valign")) == ("#aabbcc", "center", "top")


def test_floating_images_get_no_align():
    assert inlined("img{float:right}", "<img>").find(".//img").get("align") is None


def test_conditional_comments_and_the_doctype_stay():
    html = "<!DOCTYPE html><html><head><style>p{color:#111}</style></head><body><!--[if mso]><table><tr><td><![endif]--><p>x</p></body></html>"
    page = document.parse(html)
    inline.inline(page)
    text = document.text(page)
    assert text.startswith("<!DOCTYPE html>")
    assert "<!--[if mso]><table><tr><td><![endif]-->" in text


def test_more_rules_than_the_default_cache_holds_come_out_right():
    css = "".join(f".c{n}{{color:#{n:06x}}}" for n in range(300))
    page = inlined(css, "".join(f'<p class="c{n}">x</p>' for n in range(300)))
    got = [p.get("style").replace("color:", "") for p in page.iter("p")]
    assert len(set(got)) == 300


@pytest.fixture
def server():
    """A loopback web server that writes down what it is asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"p{color:#f00}")

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), functools.partial(Handler)) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}", asked
        made.shutdown()
        thread.join()


@pytest.mark.parametrize("css", ["@import url({url}/a.css); p{{color:#111}}", "@import '{url}/b.css'; p{{color:#111}}"])
def test_an_import_is_never_fetched(server, css):
    url, asked = server
    page = inlined(css.format(url=url), "<p>x</p>")
    assert asked == []
    assert style_of(page, "p") == "color:#111"


def test_a_local_file_is_never_read(tmp_path):
    (tmp_path / "secret.css").write_text("p{color:#f00}")
    page = inlined(f"@import url(file://{tmp_path}/secret.css); p{{color:#111}}", "<p>x</p>")
    assert style_of(page, "p") == "color:#111"


def test_a_linked_sheet_is_never_fetched(server):
    url, asked = server
    inlined("p{color:#111}", f'<link rel="stylesheet" href="{url}/c.css"><p>x</p>')
    assert asked == []


@pytest.mark.parametrize(
    ("css", "body", "right"),
    [
        # What the lint keeps out, as premailer gets it wrong. When one of these begins to fail, premailer has mended it.
        ("p:not(.c){color:#111}", '<p class="b">x</p>', "color:#111"),
        ("p{color:#222} p:first-of-type{color:#111}", "<p>x</p>", "color:#111"),
        ("*{color:#111}", "<p>x</p>", "color:#111"),
        ("p{color:#222;color:rgb(0 0 0 / 50%)}", "<p>x</p>", "color:rgb(0 0 0 / 50%)"),
        (":is(p,b){color:#111}", "<p>x</p>", "color:#111"),
        ("div{& p{color:#111}}", "<div><p>x</p></div>", "color:#111"),
        (
            "p{background:#f00;background:linear-gradient(#fff,#000)}",
            "<p>x</p>",
            "background:#f00;background:linear-gradient(#fff,#000)",
        ),
    ],
)
def test_what_the_lint_refuses_is_indeed_wrong(css, body, right):
    assert style_of(inlined(css, body), "p") != right
