"""Contrast of the words with what lies behind them, in light and in dark (WCAG 2.2 §1.4.3).

Style attributes and the style blocks that stay are weighed as a browser does. Dark is judged where a block asks for it:
what a mail program makes of a mail that knows no dark is its own affair.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from lxml import etree

from digest.model import Finding
from digest.render.preflight.finding import Page, place, warning
from digest.render.preflight.sheets import Sheet, sheet
from digest.render.theme import READABLE, contrast

LARGE: Final = 3.0  # what letters of 24 pixels need, or of 18.66 in bold
_CLEAR: Final = frozenset({"none", "transparent", "inherit", "initial", "unset"})
_BOLD: Final = frozenset({"bold", "bolder", "600", "700", "800", "900"})
_SCHEME: Final = re.compile(r"(?<!prefers-)color-scheme\s*:[^;}]*\bdark\b")
_NO_WORDS: Final = frozenset({"style", "title", "script", "head"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # told apart by identity: `_changed` keeps one of each
class _Look:
    """How an element's words look. None: not known (an image, a transparent colour)."""

    ink: str | None = "#000000"
    paper: str | None = "#ffffff"
    pixels: float = 16.0
    is_bold: bool = False
    is_gone: bool = False
    is_veiled: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether nobody sees it."""
        return self.is_gone or self.is_veiled


_WHITE: Final = _Look()
_UNKNOWN: Final = _Look(ink=None, paper=None)  # each program has a dark of its own


def check(page: Page) -> Iterator[Finding]:
    """A finding for each faint pair, at the first element that has it; those of the dark that the light has not."""
    kept = tuple(style.text or "" for style in page.elements if style.tag == "style")
    seen: set[str] = set()
    yield from _faint_pairs(page, sheet(kept, "light"), _WHITE, seen, "")
    if (dark := sheet(kept, "dark")).is_particular:
        is_adapted = any(_adapts(element) for element in page.elements)
        canvas = _UNKNOWN if is_adapted else _WHITE
        yield from _faint_pairs(page, dark, canvas, seen, " in dark mode")


def _faint_pairs(page: Page, held: Sheet, canvas: _Look, seen: set[str], when: str) -> Iterator[Finding]:
    waiting: list[tuple[etree._Element, _Look]] = [(page.root, canvas)]
    while waiting:
        element, above = waiting.pop()
        if element.tag in _NO_WORDS:
            continue
        style = held.of(element) + (element.get("style") or "")
        look = _changed(above, style, element.get("bgcolor") or "", element.get("color") or "")
        if look.is_hidden:
            continue
        said = _faint(look) if look.ink and look.paper else ""
        if said and said not in seen and _has_words(element):
            seen.add(said)
            told = said.replace(";", f"{when};", 1)
            yield warning("contrast", told, "Change the colours in the theme or template", place(element))
        waiting += [(child, look) for child in element.iterchildren("*", reversed=True)]


def _adapts(element: etree._Element) -> bool:
    """Whether it says that the mail knows dark: the program then paints what has no colour dark itself."""
    if element.tag == "meta":
        return element.get("name") == "color-scheme" and "dark" in (element.get("content") or "")
    return element.tag == "style" and _SCHEME.search(element.text or "") is not None


def _has_words(element: etree._Element) -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


@functools.lru_cache(maxsize=1024)
def _faint(look: _Look) -> str:
    """What is wrong with the look of words; empty where they read well."""
    ink, paper = look.ink or "", look.paper or ""
    is_large = look.pixels >= 24 or (look.is_bold and look.pixels >= 18.66)
    needed = LARGE if is_large else READABLE
    ratio = contrast(ink, paper)
    return f"{ink} on {paper} has a contrast of {ratio:.2f}; readers need {needed} (WCAG AA)." * (ratio < needed)


@functools.lru_cache(maxsize=4096)
def _changed(above: _Look, style: str, bgcolor: str, color: str) -> _Look:
    """The look of an element below another."""
    import tinycss2

    look = replace(
        above, ink=_colour(color) if color else above.ink, paper=_colour(bgcolor) if bgcolor else above.paper
    )
    declared = [
        item
        for item in tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
        if item.type == "declaration"
    ]
    for item in sorted(declared, key=lambda item: item.important):  # stable: of equals the later wins
        look = _declared(above, look, item.lower_name, item.value)
    return look


def _declared(above: _Look, look: _Look, name: str, value: list[Any]) -> _Look:
    import tinycss2

    said = tinycss2.serialize(value).strip().lower()
    if name == "color":
        return replace(look, ink=above.ink if said in {"inherit", "unset"} else _colour(said))
    if name in {"background", "background-color"}:
        return replace(look, paper=above.paper if said in _CLEAR else _first(value))
    if name == "font-size" and said.endswith("px"):
        return replace(look, pixels=_pixels(said))
    if name == "font-weight":
        return replace(look, is_bold=said in _BOLD)
    if name == "display":
        return replace(look, is_gone=said == "none")
    return replace(look, is_veiled=said == "hidden") if name == "visibility" else look


def _pixels(said: str) -> float:
    try:
        return float(said[:-2])
    except ValueError:
        return 16.0


def _first(value: list[Any]) -> str | None:
    """The first colour of a background; none where an image covers it."""
    if any(token.type == "url" or getattr(token, "lower_name", "").endswith(("url", "gradient")) for token in value):
        return None
    return next((colour for token in value if (colour := _colour(token))), None)


def _colour(said: Any) -> str | None:
    """A colour as #rrggbb; none where it is no colour, or lets something through."""
    from tinycss2 import color3

    found = color3.parse_color(said)
    if found is None or found == "currentColor" or found.alpha < 1:
        return None
    return "#" + "".join(f"{round(min(max(channel, 0), 1) * 255):02x}" for channel in found[:3])
