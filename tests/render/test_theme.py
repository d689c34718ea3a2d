"""Themes: what is accepted, what is derived, and the ratio in the error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.render import theme

colours = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


def test_the_default_theme_reads_in_light_and_dark():
    made = theme.parse({})
    for twin in ("", "_dark"):
        for ink, paper in (
            ("text", "surface"),
            ("muted", "surface"),
            ("brand", "surface"),
            ("muted", "page"),
            ("on_brand", "brand"),
        ):
            assert theme.contrast(getattr(made, ink + twin), getattr(made, paper + twin)) >= 4.5, (ink, paper, twin)


@pytest.mark.parametrize("colour", ["red", "#12", "#12345g", "0b5fff", "rgb(1,2,3)", 'x"><script>', "#fff;}", 255])
def test_what_is_no_hex_colour_is_refused(colour):
    with pytest.raises(RenderError, match=r"theme\.brand is .*#rrggbb"):
        theme.parse({"brand": colour})


def test_the_ratio_stands_in_the_error():
    with pytest.raises(
        RenderError, match=r"theme\.brand #ffcc00 on theme\.surface #ffffff has a contrast of 1\.5\d; readers need 4\.5"
    ):
        theme.parse({"brand": "#fc0"})


def test_every_fault_is_told_at_once():
    with pytest.raises(RenderError) as caught:
        theme.parse({"brand": "red", "colour": "#111", "radius": 99, "body_font": "x;}"})
    assert len(str(caught.value).splitlines()) == 4


def test_dim_pairs_of_dark_mode_are_told_too():
    with pytest.raises(RenderError, match=r"theme\.text_dark #333333 on theme\.surface_dark"):
        theme.parse({"text_dark": "#333"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("radius", 1.5),
        ("radius", True),
        ("radius", -1),
        ("width", 100),
        ("width", "600"),
        ("logo", "javascript:x"),
        ("logo", "https://e.org/a b"),
        ("logo", 'https://e.org/"x'),
        ("heading_font", "</style>"),
        ("body_font", ""),
    ],
)
def test_other_values_are_checked(key, value):
    with pytest.raises(RenderError, match=rf"theme\.{key} is"):
        theme.parse({key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("radius", 0),
        ("width", 640),
        ("logo", "https://e.org/logo.png"),
        ("heading_font", "sans"),
        ("body_font", "Verdana, 'Trebuchet MS', sans-serif"),
    ],
)
def test_good_values_are_taken(key, value):
    assert getattr(theme.parse({key: value}), key) == value


def test_the_brand_of_dark_mode_is_derived_unless_given():
    assert theme.contrast(theme.parse({"brand": "#1a1a6e"}).brand_dark, theme.parse({}).surface_dark) >= 4.5
    assert theme.parse({"brand": "#1a1a6e", "brand_dark": "#AABBFF"}).brand_dark == "#aabbff"


def test_the_derived_brand_keeps_its_hue_and_is_no_pale_pink():
    red, green, blue = (int(theme.parse({}).brand_dark[at : at + 2], 16) for at in (1, 3, 5))
    assert red - max(green, blue) > 100


def test_fonts_by_a_short_name():
    assert theme.fonts("serif").startswith("Georgia")
    assert theme.fonts("Verdana, sans-serif") == "Verdana, sans-serif"


@settings(max_examples=200, deadline=None)
@given(colours, colours)
def test_contrast_is_symmetric_and_from_1_to_21(one, other):
    assert theme.contrast(one, other) == theme.contrast(other, one)
    assert 1 <= theme.contrast(one, other) <= 21.0001
    assert theme.contrast(one, one) == 1


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_agrees_with_the_published_figures(one, other, ratio):
    assert theme.contrast(one, other) == pytest.approx(ratio, abs=0.01)


@settings(max_examples=100, deadline=None)
@given(colours)
def test_a_theme_of_any_brand_either_reads_or_is_refused(brand):
    if theme.contrast(brand, "#ffffff") < 4.5:
        with pytest.raises(RenderError, match="contrast"):
            theme.parse({"brand": brand})
        return
    made = theme.parse({"brand": brand})
    assert theme.contrast(made.on_brand, made.brand) >= 4.5
    assert theme.contrast(made.brand_dark, made.surface_dark) >= 4.5
    assert theme.contrast(made.on_brand_dark, made.brand_dark) >= 4.5
