"""Every palette can be read, and shows on an issue without being written anywhere."""

import pytest

from digest.config import parse
from digest.render import theme
from digest.web.preview import palettes


@pytest.fixture
def config(tmp_path):
    text = '[newsletters.a]\ntitle = "A"\n[newsletters.b]\ntitle = "B"\ntheme = { brand = "#005a9c" }\n'
    return parse('[mail]\nsender = "A <a@example.org>"\n' + text, path=tmp_path / "digest.toml", environ={})


@pytest.mark.parametrize("name", palettes.SHIPPED)
def test_a_shipped_palette_reads_in_light_and_dark(name):
    made = theme.parse(palettes.SHIPPED[name])  # raises where a contrast is below 4.5
    assert theme.contrast(made.brand, made.page) >= theme.READABLE


def test_the_newsletters_own_themes_can_be_tried_on_each_other(config):
    assert palettes.names(config) == (*palettes.SHIPPED, "b")
    letter = config.newsletters["a"]
    assert palettes.worn(letter, "b", config).theme == {"brand": "#005a9c"}
    assert palettes.worn(letter, "plum", config).theme["brand"] == palettes.SHIPPED["plum"]["brand"]
    assert palettes.worn(config.newsletters["b"], "standard", config).theme == {}
    assert letter.theme == {}


@pytest.mark.parametrize("name", ["", "none", "<b>"])
def test_a_name_there_is_not_changes_nothing(config, name):
    letter = config.newsletters["b"]
    assert palettes.worn(letter, name, config) is letter
