"""Colours to try an issue in, before they are written into digest.toml."""

from collections.abc import Mapping
from typing import Final

from digest.config import Config, Newsletter

STANDARD: Final = "standard"
SHIPPED: Final[Mapping[str, Mapping[str, str]]] = {
    STANDARD: {},
    "harbour": {"brand": "#0b5c8a", "page": "#eef3f6"},
    "forest": {"brand": "#1f6b45", "page": "#eff3ee"},
    "plum": {"brand": "#7a2f6b", "page": "#f5f0f4"},
    "slate": {"brand": "#3d4a5c", "page": "#eef0f2", "heading_font": "sans"},
}


def names(config: Config) -> tuple[str, ...]:
    """The shipped ones, then the newsletters that have a theme of their own."""
    return (*SHIPPED, *(name for name, letter in config.newsletters.items() if letter.theme and name not in SHIPPED))


def worn(letter: Newsletter, theme: str, config: Config) -> Newsletter:
    """The newsletter in that theme; as configured where there is none of that name."""
    if theme in SHIPPED:
        return letter.model_copy(update={"theme": dict(SHIPPED[theme])})
    if other := config.newsletters.get(theme):
        return letter.model_copy(update={"theme": other.theme})
    return letter
