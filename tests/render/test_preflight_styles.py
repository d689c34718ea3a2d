"""Preflight of markup, style blocks and colours."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render.checked import found, rendered, rules

WARNED = [("css", "warning")]


@pytest.mark.parametrize("tag", ["form", "iframe", "object", "video", "script", "link", "svg"])
def test_elements_mail_programs_remove(tag):
    assert ("css", "warning") in rules(rendered(f"<{tag}></{tag}>"))


def test_styles_that_could_not_be_inlined():
    [finding] = found(rendered(head='<style data-not-inlined="TypeError: x">p{}</style>'))
    assert (finding.rule, finding.level.value) == WARNED[0]
    assert "TypeError: x" in finding.message
    assert finding.place.endswith("style:nth-child(1)")


@pytest.mark.parametrize(
    ("css", "said"),
    [
        ("p{}\n" + "/*x*/" * 4000, "more than 16,000 bytes"),
        ("p{}\n.a{background:url(https://e.org/a.png)}", "Line 2 of a style block has a url()"),
        ("@media screen{.a{background:url('https://e.org/a.png')}}", "Gmail then drops the whole block"),
        ("@media screen{@media (max-width:9px){p{}}}", "@rule inside another"),
        ("@media screen{@font-face{font-family:x}}", "@rule inside another"),
        ("@media screen, print{p{}}", "comma in @media screen, print"),
        ("p{}\n\n}", "Line 3 of a style block is no CSS"),
    ],
)
def test_what_makes_a_program_drop_a_style_block(css, said):
    [finding] = [f for f in found(rendered(head=f"<style>{css}</style>")) if f.level.value == "warning"]
    assert said in finding.message
    assert finding.remedy
    assert finding.place.endswith("style:nth-child(1)")


@pytest.mark.parametrize(
    "css",
    [
        "p{color:#111} .a, .b{margin:0}",
        "@media (max-width:480px) and (min-width:9px){.a, .b{color:rgb(1,2,3) !important}}",
        "/* url(x) @media a, b */ p{font-family:'url(x)'}",
        ":root{color-scheme:light dark}",
        "",
    ],
)
def test_a_good_style_block_has_no_warning(css):
    assert [f.message for f in found(rendered(head=f"<style>{css}</style>")) if f.level.value == "warning"] == []


def test_what_some_ignore_of_a_style_block_is_for_information():
    css = "@media (prefers-color-scheme:dark){p{color:#eee}} a:hover{color:#111}"
    [finding] = found(rendered(head=f"<style>{css}</style>"))
    assert (finding.rule, finding.level.value) == ("css", "info")
    assert "@media prefers-color-scheme" in finding.message
    assert ":hover" in finding.message


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ap{}:;.,@#!()/& \n'\"-media url", max_size=60))
def test_any_style_block_is_judged_without_a_crash(css):
    assert {rule for rule, _ in rules(rendered(head=f"<style>{css}</style>"))} <= {"css", "slots"}


# ------------------------------------------------------------------ colours


@pytest.mark.parametrize(
    ("body", "ratio"),
    [
        ('<p style="color:#999999">x</p>', "2.85"),
        ('<p style="color:#999">x</p>', "2.85"),
        ('<p style="color:rgb(153, 153, 153)">x</p>', "2.85"),
        ('<p style="color:silver">x</p>', "1.82"),
        ('<p style="font-size:18px;font-weight:bold;color:#999">x</p>', "2.85"),
        ('<p style="font-size:30px;color:#999">x</p>', "2.85"),
        ('<div style="background-color:#000"><p style="color:#333333">x</p></div>', "1.66"),
        ('<div style="background:#000 none"><p style="color:#333333">x</p></div>', "1.66"),
        ('<table><tr><td bgcolor="#000000"><p style="color:#333333">x</p></td></tr></table>', "1.66"),
        ('<p style="color:#eee"><b></b>x</p>', "1.16"),
        ('<font color="#eeeeee">x</font>', "1.16"),
        ('<div style="color:#fff"><p>x</p></div>', "1.00"),
    ],
)
def test_faint_text_is_told_with_its_ratio(body, ratio):
    [finding] = [one for one in found(rendered(body)) if one.rule == "contrast"]
    assert finding.level.value == "warning"
    assert f"contrast of {ratio};" in finding.message


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#595959">x</p>',
        '<p style="font-size:24px;color:#8a8a8a">x</p>',
        '<p style="font-size:19px;font-weight:700;color:#8a8a8a">x</p>',
        '<div style="background-color:#000000;color:#ffffff"><p>x</p></div>',
        '<p style="display:none;color:#eee">x</p>',
        '<p style="color:#eee"></p>',
        '<p style="color:#eee"><b style="color:#111">x</b></p>',
        '<p style="background:url(https://e.org/a.png);color:#eee">x</p>',
        '<p style="color:rgba(0,0,0,0.2)">x</p>',
        '<div style="background-color:transparent"><p>x</p></div>',
        '<p style="color:inherit;font-size:xpx">x</p>',
    ],
)
def test_legible_text_and_what_cannot_be_judged_passes(body):
    assert [one for one in found(rendered(body)) if one.rule == "contrast"] == []


def test_a_faint_pair_is_told_once_at_its_first_place():
    [finding] = found(rendered('<p style="color:#999">x</p><p style="color:#999">y</p>'))
    assert finding.place.endswith("p:nth-child(1)")
