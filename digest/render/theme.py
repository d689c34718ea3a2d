"""About twelve values that make the look of a newsletter, checked for legibility before anything is rendered."""

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from digest.errors import RenderError

READABLE: Final = 4.5  # WCAG 2.2 §1.4.3, text of ordinary size
_HEX = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_FONT = re.compile(r"[A-Za-z0-9 ,'-]{1,120}")
_FONTS: Final = {
    "serif": "Georgia,'Times New Roman',serif",
    "sans": "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif",
    "mono": "Menlo,Consolas,monospace",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours as #rrggbb, the `_dark` ones for readers in dark mode; sizes in pixels."""

    brand: str = "#9a2b22"
    text: str = "#1d1c1a"
    muted: str = "#66625b"
    surface: str = "#ffffff"
    page: str = "#f3f0ea"
    brand_dark: str = ""  # empty: brand, lightened until it reads on surface_dark
    text_dark: str = "#edebe6"
    muted_dark: str = "#aaa69e"
    surface_dark: str = "#1c1b19"
    page_dark: str = "#121110"
    heading_font: str = "serif"  # serif, sans, mono, or a list of font names
    body_font: str = "sans"
    radius: int = 6
    width: int = 600
    logo: str = ""  # address of a PNG or JPEG; empty: the title is set in type
    logo_width: int = 160
    logo_height: int = 40

    @property
    def on_brand(self) -> str:
        """White or near-black: what reads better on `brand`."""
        return _ink(self.brand)

    @property
    def on_brand_dark(self) -> str:
        """What reads better on `brand_dark`."""
        return _ink(self.brand_dark)

    @property
    def rule(self) -> str:
        """The colour of hairlines: the text's, at an eighth."""
        return _mixed(self.text, self.surface, 0.14)

    @property
    def rule_dark(self) -> str:
        """The same in dark mode."""
        return _mixed(self.text_dark, self.surface_dark, 0.18)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2, relative luminance).

    >>> round(contrast("#000000", "#ffffff"), 2)
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def full(colour: str) -> str:
    """A colour with six digits in small letters.

    >>> full("#FA0")
    '#ffaa00'
    """
    digits = colour.lower().removeprefix("#")
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def parse(theme: Mapping[str, str | int | float]) -> Theme:
    """The theme of a newsletter's `theme` table over the defaults; RenderError names every fault, a line each."""
    faults = [fault for key, value in theme.items() if (fault := _fault(key, value))]
    if faults:
        raise RenderError("\n".join(faults))
    given = {key: _clean(key, value) for key, value in theme.items()}
    made = replace(Theme(), **given)  # type: ignore[arg-type]  # each value was checked against its field
    if not made.brand_dark:
        made = replace(made, brand_dark=_lightened(made.brand, made.surface_dark))
    if dim := _dim(made):
        raise RenderError("\n".join(dim))
    return made


_KINDS: Final = {field.name: field.type for field in fields(Theme)}
_COLOURS: Final = frozenset(
    name for name in _KINDS if name.removesuffix("_dark") in {"brand", "text", "muted", "surface", "page"}
)
_PAIRS: Final = (("text", "surface"), ("muted", "surface"), ("brand", "surface"), ("muted", "page"))
_RANGES: Final = {"radius": (0, 24), "width": (480, 760), "logo_width": (16, 600), "logo_height": (8, 400)}


def _fault(key: str, value: float | str) -> str:
    if key not in _KINDS:
        return f"theme.{key} is no value of a theme; choose from {', '.join(_KINDS)}."
    if key in _RANGES:
        low, high = _RANGES[key]
        is_good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if is_good else f"theme.{key} is {value!r}; write whole pixels from {low} to {high}."
    if key in _COLOURS:
        return "" if _HEX.fullmatch(str(value)) else f"theme.{key} is {value!r}; write a colour as #rrggbb."
    if key == "logo":
        is_good = re.fullmatch(r"https?://[^\s\"'<>]+", str(value)) is not None
        return "" if is_good else f"theme.logo is {value!r}; write the address of a PNG or JPEG, as https://…"
    is_good = _FONT.fullmatch(str(value)) is not None
    return "" if is_good else f"theme.{key} is {value!r}; write serif, sans, mono or a list of font names."


def _clean(key: str, value: float | str) -> str | int:
    if key in _COLOURS:
        return full(str(value))
    return value if isinstance(value, int) else str(value)


def _dim(theme: Theme) -> list[str]:
    faults = []
    for ink, paper in _PAIRS:
        for twin in ("", "_dark"):
            one, other = getattr(theme, ink + twin), getattr(theme, paper + twin)
            ratio = contrast(one, other)
            if ratio < READABLE:
                pair = f"theme.{ink}{twin} {one} on theme.{paper}{twin} {other}"
                faults.append(f"{pair} has a contrast of {ratio:.2f}; readers need {READABLE} (WCAG AA).")
    return faults


def fonts(name: str) -> str:
    """The font list of a theme's `heading_font` or `body_font`, as CSS."""
    return _FONTS.get(name, name)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(ink: str, paper: str, share: float) -> str:
    mixed = (round(a * share + b * (1 - share)) for a, b in zip(_channels(ink), _channels(paper), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _lightened(colour: str, paper: str) -> str:
    """The colour with its hue and saturation, as light as it takes to read on `paper`."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in _channels(colour)))
    for step in range(41):
        lighter = colorsys.hls_to_rgb(hue, lightness + (1 - lightness) * step / 40, saturation)
        written = "#" + "".join(f"{round(channel * 255):02x}" for channel in lighter)
        if contrast(written, paper) >= READABLE + 0.3:
            return written
    return "#ffffff"


def _ink(paper: str) -> str:
    return max(("#ffffff", "#141414"), key=lambda ink: contrast(ink, paper))
