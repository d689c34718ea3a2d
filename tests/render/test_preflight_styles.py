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
    css = "@media (prefers-color-scheme:dark){p{color:#eee;background:#111}} a:hover{color:#111}"
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


# ------------------------------------------------------------------ colours of the style blocks that stay

DARK = "@media (prefers-color-scheme: dark)"
LIGHT = "@media (prefers-color-scheme: light)"
CARD = (
    '<div class="card" id="c" style="background:#ffffff;color:#111111"><p class="a b" style="color:#222222">x</p></div>'
)


def contrasts(css: str, body: str = CARD, meta: str = "") -> list[str]:
    made = rendered(body, head=f"{meta}<style>{css}</style>")
    return [one.message.split(";")[0] for one in found(made) if one.rule == "contrast"]


@pytest.mark.parametrize(
    "css",
    [
        f"{DARK}{{.a{{color:#777777!important}} .card{{background:#222222!important}}}}",
        f"{DARK}{{div.card > .a.b{{color:#777777!important}} #c{{background-color:#222222!important}}}}",
        "@media only screen and (prefers-color-scheme:dark){p, a{color:#777 !important} div{background:#222 !important}}",
        f"{DARK}{{*{{color:#777777!important;background:#222222!important}}}}",
        f"{DARK}{{.card{{background:#222!important}} body .a{{color:#777!important}} .a{{color:#fff!important}}}}",
        f"{DARK}{{.a{{color:#fff!important}} .card{{background:#222!important}} .a{{color:#777!important}}}}",
    ],
)
def test_a_pair_that_only_the_dark_has_is_told_as_the_darks(css):
    assert "#777777 on #222222 has a contrast of 3.55 in dark mode" in contrasts(css)


@pytest.mark.parametrize(
    "css",
    [
        f"{DARK}{{.a{{color:#777777}} .card{{background:#222222}}}}",  # loses to the style attributes
        f"{DARK}{{.a{{color:#eeeeee!important}} .card{{background:#222222!important}}}}",
        f"{DARK}{{.card{{background:#222!important}} .a{{color:#777!important}} p.a.b{{color:#fff!important}}}}",
        f"{DARK}{{.c .a{{color:#777!important}} body > .a{{color:#fff!important}} .card > div > .a{{color:#777!important}} .a.c{{color:#777!important}}}}",
        f"{DARK}{{.a{{color:#888!important}} .a{{display:none!important}}}}",
        f"{DARK}{{.card{{background:url(https://e.org/a.png)!important}} .a{{color:#777!important}}}}",
        "@media (prefers-color-scheme: dark) and (max-width:480px){.a{color:#fff!important}}",  # at some widths alone
        "@media (max-width:480px){.a{color:#fff!important}}",
        "@media print{.a{color:#fff!important}}",
        ".a:hover{color:#fff!important} [data-ogsc] .a{color:#fff!important} u + .a{color:#fff!important}",
        ".a[class]{color:#fff!important} > .a{color:#fff!important} .a > > .b{color:#fff!important}",
    ],
)
def test_what_reads_well_or_cannot_be_known_of_a_style_block_passes(css):
    assert contrasts(css) == []


@pytest.mark.parametrize("css", [".a{color:#aaaaaa!important}", f"{LIGHT}{{p{{color:#aaaaaa!important}}}}"])
def test_a_faint_pair_of_the_light_is_told_though_a_block_makes_it(css):
    assert contrasts(css) == ["#aaaaaa on #ffffff has a contrast of 2.32"]


def test_what_is_faint_in_both_is_told_once():
    css = f"{DARK}{{.b{{font-weight:bold}}}}"
    assert contrasts(css, CARD.replace("#222222", "#aaaaaa")) == ["#aaaaaa on #ffffff has a contrast of 2.32"]


@pytest.mark.parametrize(
    "meta", ['<meta name="color-scheme" content="light dark">', "<style>:root{color-scheme:light dark}</style>"]
)
def test_the_ground_of_a_mail_that_knows_dark_is_the_programs(meta):
    """Words on no colour of the mail's own: white where the mail knows no dark, else whatever the program paints."""
    css = f"{DARK}{{p{{color:#eeeeee!important}}}}"
    assert contrasts(css, "<p>x</p>") == ["#eeeeee on #ffffff has a contrast of 1.16 in dark mode"]
    assert contrasts(css, "<p>x</p>", meta) == []


def test_a_dark_background_taken_away_gives_the_one_below():
    css = f"{DARK}{{.card{{background:#222!important}} .a{{background:transparent!important;color:#777!important}}}}"
    body = CARD.replace("color:#222222", "background:#ffffff;color:#222222")
    assert contrasts(css, body) == ["#777777 on #222222 has a contrast of 3.55 in dark mode"]
