"""The lint of inlined style sheets: the line, and why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render import stylesheet
from digest.render.templates import shipped


def found(css: str) -> list[str]:
    return [str(problem) for problem in stylesheet.lint(css, is_sheet=True)]


@pytest.mark.parametrize(
    ("css", "said"),
    [
        ("@import url(http://e.org/a.css);", "@import"),
        ("@media (max-width:480px){p{color:#111}}", "@media"),
        ("@font-face{font-family:x;src:url(a)}", "@font-face"),
        ("@supports (display:grid){p{color:#111}}", "@supports"),
        ("@keyframes a{from{top:0}}", "@keyframes"),
        ("*{margin:0}", "skipped"),
        (":root{--b:#111}", "colon"),
        ("p:first-of-type{color:#111}", "colon"),
        ("p:not(.c){color:#111}", "colon"),
        (":is(a,b){color:#111}", "colon"),
        ("a:hover{color:#111}", "colon"),
        ('a[href^="https://x"]{color:#111}', "colon"),
        ("p{color:rgb(0 0 0 / 50%)}", "commas"),
        ("p{color:var(--b)}", "compute"),
        ("p{width:clamp(1px,2px,3px)}", "compute"),
        ("p{--x:1}", "compute"),
        ("p{color:#111 !important}", "!important"),
        ("a{& b{color:#111}}", "nested"),
        ("p{background:#f00;background:linear-gradient(#fff,#000)}", "two values"),
        ("p{margin-left:5px;margin:9px}", "wrong order"),
        ("p{padding-top:5px;color:#111;padding:9px}", "wrong order"),
        ("p{color}", "no declaration"),
        (".1a{color:#111}", ".1a is no selector"),
        ("p!{color:#111}", "p! is no selector"),
        ("p, {color:#111}", "nothing is no selector"),
        ("p[title='a,b']{color:#111}", "is no selector"),
        ("}", "no CSS"),
    ],
)
def test_what_the_inliner_gets_wrong_is_named(css, said):
    assert said in " ".join(found(css))


@pytest.mark.parametrize(
    "css",
    [
        "p{margin:0;padding:0 0 4px}",
        ".a, .b{color:#111;background-color:#fff}",
        "td.x p{margin:9px;margin-left:5px}",
        "td > p + p ~ a[title]{color:#111}",
        "a[title='b'], #c-1{color:#111}",
        "p{color:rgb(1,2,3);color2:rgba(1, 2, 3, 0.5)}",
        "p{font-family:Georgia,'Times New Roman',serif}",
        "/* a comment: with a colon */ p{color:#111}",
        "",
    ],
)
def test_plain_rules_pass(css):
    assert found(css) == []


def test_the_line_is_the_files_own():
    css = "{# a comment\nover two lines #}\np { color: {{ theme.text }}; }\n{% if x %}\n* { margin: 0 }\n{% endif %}\n"
    assert [problem.line for problem in stylesheet.lint(css, is_sheet=True)] == [5]


def test_a_declaration_has_its_own_line():
    css = "p {\n  color: #111;\n  color: #222;\n}\n"
    assert [problem.line for problem in stylesheet.lint(css, is_sheet=True)] == [3]


def test_style_blocks_of_a_page_are_looked_at_with_their_lines():
    page = '<html>\n<head>\n<style>\np{color:#111}\n*{margin:0}\n</style>\n<style data-premailer="ignore">\n@media print{p{color:#000}}\n</style>'
    assert [problem.line for problem in stylesheet.lint(page, is_sheet=False)] == [5]


def test_style_in_a_conditional_comment_is_outlooks_own_business():
    page = "<!--[if mso]><style>* { font-family: Arial }</style><![endif]-->"
    assert stylesheet.lint(page, is_sheet=False) == []


def test_a_page_without_style_is_not_parsed():
    assert stylesheet.lint("<p>* { }</p>", is_sheet=False) == []


def test_an_include_in_a_style_block_is_no_fault():
    page = '<style>\n{% include "_styles.css.j2" %}\n{% block styles %}{% endblock %}\n</style>'
    assert stylesheet.lint(page, is_sheet=False) == []


@pytest.mark.parametrize("path", sorted(shipped().glob("*.j2")), ids=lambda path: path.name)
def test_the_shipped_templates_pass(path):
    if not path.name.endswith("_client.css.j2"):
        assert stylesheet.lint(path.read_text("utf-8"), is_sheet=path.name.endswith(".css.j2")) == []


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="pa{}:;.*@#!()/& \n'\"-<%", max_size=60))
def test_any_text_is_judged_without_a_crash(css):
    lines = css.count("\n") + 1
    assert all(1 <= problem.line <= lines for problem in stylesheet.lint(css, is_sheet=True))
