"""The mail as clients show it: plain functions of its HTML."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.web.preview import mail
from digest.web.preview.mail import Link
from digest.web.preview.view import Mode, Switch, View

DARK = View(mode=Mode.DARK)
LIGHT = View(mode=Mode.LIGHT)
BARE = View(styles=Switch.OFF)
PAGE = (
    '<!doctype html><html lang="en"><head><meta name="color-scheme" content="light dark">'
    "<style>p{color:red}</style>"
    "<style data-premailer='ignore'>@media (prefers-color-scheme: dark){p{color:white}}"
    "@media screen and ( prefers-color-scheme : LIGHT ){p{color:black}}"
    "@media (max-width:480px){p{margin:0}}</style></head>"
    "<body><p>Clients with (prefers-color-scheme: dark) look other.</p></body></html>"
)
NO_DARK = "<html><head><style>p{color:red}</style></head><body><p>Plain</p></body></html>"


def test_dark_takes_the_query_as_true():
    shown = mail.variant(PAGE, DARK)
    assert "@media (min-width:0px){p{color:white}}" in shown
    assert "@media screen and (max-width:0px){p{color:black}}" in shown
    assert ":root{color-scheme:dark!important}" in shown


def test_light_takes_it_as_false():
    shown = mail.variant(PAGE, LIGHT)
    assert "@media (max-width:0px){p{color:white}}" in shown
    assert "@media screen and (min-width:0px){p{color:black}}" in shown
    assert ":root{color-scheme:light!important}" in shown


@pytest.mark.parametrize("view", [DARK, LIGHT])
def test_other_rules_and_the_words_of_an_article_stay(view):
    shown = mail.variant(PAGE, view)
    assert "@media (max-width:480px){p{margin:0}}" in shown
    assert "<p>Clients with (prefers-color-scheme: dark) look other.</p>" in shown


def test_a_mail_that_knows_no_dark_stays_light_in_the_dark():
    assert ":root{color-scheme:light!important}" in mail.variant(NO_DARK, DARK)


def test_without_styles_no_style_sheet_is_left():
    shown = mail.variant(PAGE, BARE)
    assert "p{color:" not in shown
    assert "@media" not in shown
    assert "<p>Clients with" in shown


@pytest.mark.parametrize("view", [DARK, LIGHT, BARE])
@pytest.mark.parametrize("page", [PAGE, NO_DARK, "<p>no head</p>", ""])
def test_links_open_beside_the_preview(view, page):
    assert mail.variant(page, view).count('<base target="_blank">') == 1


def test_what_is_added_stands_at_the_heads_beginning():
    """So that the mail's own rules, which come later, win wherever they say anything."""
    shown = mail.variant(PAGE, LIGHT)
    assert re.search(r"<head><style>:root\{[^}]*\}</style><base ", shown)


@given(st.text(max_size=300), st.sampled_from([DARK, LIGHT, BARE]))
@settings(max_examples=60, deadline=None)
def test_a_variant_is_had_of_any_text_and_keeps_what_is_no_style(text, view):
    plain = text.replace("<", "")
    assert plain in mail.variant(f"<html><head></head><body>{plain}</body></html>", view)


def test_the_policy_lets_nothing_run_load_or_submit():
    for images in Switch:
        rules = dict(part.strip().partition(" ")[::2] for part in mail.policy(images).split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["form-action"] == "'none'"
        assert not {"script-src", "connect-src", "frame-src", "object-src"} & set(rules)
        assert "allow-scripts" not in rules["sandbox"]
        assert "allow-forms" not in rules["sandbox"]
        assert (rules["img-src"] == "'none'") is (images is Switch.OFF)


# ------------------------------------------------------------------ links


@pytest.mark.parametrize(
    ("html", "link"),
    [
        ('<a href="https://example.org/a">Read  on</a>', Link(text="Read on", url="https://example.org/a")),
        ('<a href="http://example.org">x</a>', Link(text="x", url="http://example.org", note="not encrypted")),
        ('<a href="#">x</a>', Link(text="x", url="#", note="leads nowhere")),
        ('<a href=" ">x</a>', Link(text="x", url="", note="leads nowhere")),
        ('<a href="javascript:alert(1)">x</a>', Link(text="x", url="javascript:alert(1)", note="no web address")),
        ('<a href="/relative">x</a>', Link(text="x", url="/relative", note="no web address")),
        ('<a href="https://example.org"><img src="a.png" alt="A tram"></a>', Link(text="A tram", url="https://example.org")),
        ('<a href="https://example.org"><img src="a.png"></a>', Link(text="", url="https://example.org", note="says nothing")),
        ('<a href="mailto:a@example.org">Write</a>', Link(text="Write", url="mailto:a@example.org")),
    ],
)  # fmt: skip
def test_each_link_and_what_is_odd_about_it(html, link):
    assert mail.links(f"<html><body>{html}</body></html>") == (link,)


def test_links_keep_their_order_and_anchors_are_none():
    html = '<body><a name="top"></a><a href="https://b.example">b</a><p><a href="https://a.example">a</a></p></body>'
    assert [link.text for link in mail.links(html)] == ["b", "a"]


# ------------------------------------------------------------------ the inbox


def test_the_inbox_shows_a_name_else_the_address():
    assert mail.line("Morning <a@example.org>", "s", "p").sender == "Morning"
    assert mail.line("a@example.org", "s", "p").sender == "a@example.org"


@given(st.text(max_size=200), st.integers(min_value=1, max_value=120))
@settings(max_examples=60, deadline=None)
def test_cut_is_never_longer_and_a_beginning(text, most):
    cut = mail.cut(text, most)
    assert len(cut) <= most
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
    assert mail.cut(cut, most) == cut
