"""The table of what mail programs support, and what it says of a page."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render import samples

from digest.model import Level
from digest.render import caniemail, clients, document, preflight


def found(body: str) -> dict[str, Level]:
    page = document.parse(f"<html><body>{body}</body></html>")
    return {f.message: f.level for f in clients.check(page, preflight.place)}


def test_the_table_has_a_letter_for_each_client():
    table = json.loads(caniemail.TABLE.read_text("utf-8"))
    assert table["clients"] == list(caniemail.CLIENTS)
    assert len(table["features"]) > 250
    assert all(len(letters) == 19 and set(letters) <= set("ynau") for letters in table["features"].values())


def test_the_licence_travels_with_the_table():
    notice = caniemail.TABLE.with_name("clients.LICENSE").read_text("utf-8")
    assert "MIT License" in notice
    assert "caniemail.com" in notice


@pytest.mark.parametrize(
    ("versions", "letter"),
    [
        ({"2019-08": "y", "2024-04": "n #1"}, "n"),
        ({"2024-04": "a #1", "2019-08": "y"}, "a"),
        ({"9.0": "n", "10.3": "y"}, "y"),
        ({}, "u"),
    ],
)
def test_the_newest_version_counts_whatever_the_order(versions, letter):
    assert caniemail.newest(versions) == letter


def test_trimming_keeps_css_html_and_images():
    stats = {"gmail": {"ios": {"2019-08": "n #2"}}}
    data = {
        "last_update_date": "2025-09-09 18:08",
        "data": [
            {"slug": "css-x", "category": "css", "stats": stats},
            {"slug": "image-x", "category": "image", "stats": stats},
            {"slug": "amp", "category": "others", "stats": stats},
        ],
    }
    made = caniemail.trimmed(data)
    assert list(made["features"]) == ["css-x", "image-x"]
    assert made["features"]["css-x"][list(caniemail.CLIENTS).index("Gmail on iOS")] == "n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<p style="display:flex">x</p>', "Outlook on Windows"),
        ('<p style="display:inline-flex">x</p>', "flex"),
        ('<p style="display:grid">x</p>', "grid"),
        ('<p style="position:absolute">x</p>', "position"),
        ('<p style="width:calc(100% - 2px)">x</p>', "calc"),
        ('<p style="color:var(--x)">x</p>', "variables"),
        ('<p style="width:50vw">x</p>', "vw"),
        ('<p style="padding-inline-start:1px">x</p>', "padding-inline"),
        ("<video></video>", "<video>"),
    ],
)
def test_what_breaks_a_layout_is_a_warning(body, said):
    warnings = [message for message, level in found(body).items() if level is Level.WARNING]
    assert said in " ".join(warnings)


@pytest.mark.parametrize("style", ["border-radius:4px", "overflow:hidden", "box-shadow:0 0 1px #000"])
def test_what_is_polish_is_for_information(style):
    assert set(found(f'<p style="{style}">x</p>').values()) == {Level.INFO}


@pytest.mark.parametrize(
    "body",
    [
        "<p>x</p>",
        '<p style="color:#111;margin:0;padding-left:4px;border-bottom:1px solid #111;font-family:Arial">x</p>',
        '<p style="--:;;;{">x</p>',
        '<p style="">x</p>',
    ],
)
def test_plain_styles_have_no_finding(body):
    assert not [level for level in found(body).values() if level is Level.WARNING]


def test_a_feature_is_told_once_at_its_first_place():
    page = document.parse(
        '<html><body><p>a</p><p style="display:flex">x</p><p style="display:flex">y</p></body></html>'
    )
    [finding] = [f for f in clients.check(page, preflight.place) if f.level is Level.WARNING]
    assert finding.place == "html > body:nth-child(1) > p:nth-child(2)"
    assert finding.remedy == "See caniemail.com/features/css-display-flex"


def test_an_unknown_feature_is_lacked_by_none():
    assert clients.lacks("css-nothing") == ()


@pytest.mark.parametrize("layout", ["digest", "brief", "letter"])
def test_the_shipped_layouts_use_nothing_that_breaks(layout):
    page = document.parse(samples.rendered(layout=layout).html.fill(samples.VALUES))
    assert [f.message for f in clients.check(page, preflight.place) if f.level is Level.WARNING] == []


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abdisplay:flex;-()#1px{}%\"' ", max_size=50))
def test_any_style_is_judged_without_a_crash(style):
    page = document.parse("<html><body><p>x</p></body></html>")
    next(page.iter("p")).set("style", style)
    list(clients.check(page, preflight.place))


def test_all_polish_is_one_finding():
    page = document.parse('<html><body><p style="border-radius:4px;box-shadow:0 0 1px #000">x</p></body></html>')
    [finding] = clients.check(page, preflight.place, ["css-at-media-prefers-color-scheme", "css-pseudo-class-hover"])
    assert finding.level is Level.INFO
    assert "Outlook on Windows, GMX, WEB.DE ignore border-radius" in finding.message
    assert "ignore @media prefers-color-scheme" in finding.message
    assert "ignore :hover" in finding.message


def test_a_format_few_programs_show():
    assert "Outlook on Windows" in clients.lacks("image-webp")
    assert clients.lacks("image-png") == clients.lacks("image-jpg") == ()
