"""Which mail programs lack what a page uses, by `clients.json`: trimmed from caniemail.com (MIT, clients.LICENSE)."""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from lxml import etree

from digest.model import Finding, Level
from digest.render.caniemail import TABLE

# Where these lack, a reader sees square corners or another line break, and still reads everything.
_EXTRAS: Final = frozenset(
    {
        "css-border-radius", "css-box-shadow", "css-text-shadow", "css-letter-spacing", "css-text-transform",
        "css-max-width", "css-max-height", "css-overflow", "css-overflow-wrap", "css-word-break", "css-word-wrap",
        "css-white-space", "css-table-layout", "css-opacity", "css-object-fit", "css-hyphens", "css-text-decoration",
        "css-transition", "css-cursor", "css-outline", "css-word-spacing", "css-display-none", "css-display",
        "css-border-collapse", "css-border-spacing", "css-text-wrap", "css-color-scheme", "css-direction",
        "css-height",  # Yahoo takes it for min-height
    }
)  # fmt: skip
_FUNCTIONS: Final = {
    "calc": "css-unit-calc",
    "var": "css-variables",
    "clamp": "css-function-clamp",
    "min": "css-function-min",
    "max": "css-function-max",
    "light-dark": "css-function-light-dark",
    "linear-gradient": "css-linear-gradient",
    "radial-gradient": "css-radial-gradient",
    "conic-gradient": "css-conic-gradient",
}
_UNITS: Final = re.compile(r"(?<![\w#-])\d*\.?\d+(rem|vh|vw|vmin|vmax|ch|ex)\b")
_PLAIN: Final = frozenset({"html", "head", "body", "meta", "title", "style", "div", "span", "bdi", "noscript"})


def check(page: etree._Element, place: Callable[[etree._Element], str]) -> Iterator[Finding]:
    """A finding for each feature of the page's elements and style attributes that a widely used mail program lacks.

    A warning where the layout suffers, else for information; at the first element that uses the feature.
    """
    seen: set[str] = set()
    for element in page.iter():
        if isinstance(element.tag, str):
            for slug in _used(element):
                if slug not in seen and (lacking := lacks(slug)):
                    seen.add(slug)
                    yield _finding(slug, lacking, place(element))


def lacks(slug: str) -> tuple[str, ...]:
    """The mail programs that do not support a feature, by its name on caniemail.com; none where it is not known."""
    letters = _table()["features"].get(slug, "")
    return tuple(client for client, letter in zip(_table()["clients"], letters, strict=False) if letter == "n")


def _finding(slug: str, lacking: tuple[str, ...], place: str) -> Finding:
    shown = ", ".join(lacking[:4]) + (f" and {len(lacking) - 4} more" if len(lacking) > 4 else "")
    kind, _, name = slug.partition("-")
    named = f"<{name}>" if kind == "html" else name
    is_extra = slug in _EXTRAS
    verb = "cannot show" if not is_extra else "ignores" if len(lacking) == 1 else "ignore"
    return Finding(
        level=Level.INFO if is_extra else Level.WARNING,
        rule="css",
        message=f"{shown} {verb} {named}.",
        place=place,
        remedy="Nothing is lost but polish" if is_extra else f"See caniemail.com/features/{slug}",
    )


def _used(element: etree._Element) -> Iterator[str]:
    if element.tag not in _PLAIN:
        yield f"html-{element.tag!s}"
    if style := element.get("style"):
        yield from _features(style)


@functools.lru_cache(maxsize=4096)
def _features(style: str) -> tuple[str, ...]:
    """The features a style attribute uses."""
    import tinycss2

    found: list[str] = []
    for item in tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True):
        if item.type == "declaration":
            found += _declared(item.lower_name, tinycss2.serialize(item.value).strip().lower())
    return tuple(dict.fromkeys(found))


def _declared(name: str, value: str) -> Iterator[str]:
    features: Mapping[str, str] = _table()["features"]
    if name == "display" and f"css-display-{value.removeprefix('inline-')}" in features:
        yield f"css-display-{value.removeprefix('inline-')}"
    elif re.fullmatch(r"--[\w-]+", name):
        yield "css-variables"
    else:
        yield from filter(None, [_feature(name, features)])
    yield from (slug for function, slug in _FUNCTIONS.items() if re.search(rf"(?<![\w-]){function}\(", value))
    yield from (f"css-unit-{unit}" for unit in _UNITS.findall(value))


def _feature(name: str, features: Mapping[str, str]) -> str | None:
    """The feature a property belongs to: its own, that of the logical pair, or that of the property it is a part of."""
    if match := re.fullmatch(r"(margin|padding)-(inline|block)(-start|-end)?", name):
        return f"css-{match[1]}-{match[2]}-start-end" if match[3] else f"css-{match[1]}-inline-block"
    parts = name.split("-")
    names = ("css-" + "-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((known for known in names if known in features), None)


@functools.cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return table
