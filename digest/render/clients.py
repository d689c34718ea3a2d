"""Which mail programs lack what a page uses, by `clients.json`: trimmed from caniemail.com (MIT, clients.LICENSE)."""

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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


def check(page: etree._Element, place: Callable[[etree._Element], str], kept: Iterable[str] = ()) -> Iterator[Finding]:
    """What widely used mail programs lack of the features of the page's elements and style attributes.

    A warning for each feature whose lack harms the layout, at the first element that uses it; one finding for all the
    polish, that of `kept` (what the style blocks use) included.
    """
    seen: set[str] = set()
    styles: set[str | None] = set()
    for element in page.iter("*"):
        for slug in _used(element, styles):
            if slug not in seen and slug not in _EXTRAS and (lacking := lacks(slug)):
                yield _warning(slug, lacking, place(element))
            seen.add(slug)
    yield from _polish([*(slug for slug in seen if slug in _EXTRAS), *kept])


@functools.lru_cache(maxsize=1024)
def lacks(slug: str) -> tuple[str, ...]:
    """The mail programs that do not support a feature, by its name on caniemail.com; none where it is not known."""
    letters = _table()["features"].get(slug, "")
    return tuple(client for client, letter in zip(_table()["clients"], letters, strict=False) if letter == "n")


def listed(lacking: tuple[str, ...]) -> str:
    """The names, the first four of many.

    >>> listed(("Gmail", "GMX")), listed(("a", "b", "c", "d", "e", "f"))
    ('Gmail, GMX', 'a, b, c, d and 2 more')
    """
    return ", ".join(lacking[:4]) + (f" and {len(lacking) - 4} more" if len(lacking) > 4 else "")


def _warning(slug: str, lacking: tuple[str, ...], place: str) -> Finding:
    return Finding(
        level=Level.WARNING,
        rule="css",
        message=f"{listed(lacking)} cannot show {_named(slug)}.",
        place=place,
        remedy=f"See caniemail.com/features/{slug}",
    )


def _polish(slugs: Iterable[str]) -> Iterator[Finding]:
    """One finding for all of them; none where nobody lacks any."""
    ignored: dict[tuple[str, ...], list[str]] = {}
    for slug in sorted(set(slugs)):
        if lacking := lacks(slug):
            ignored.setdefault(lacking, []).append(_named(slug))
    told = [
        f"{listed(lacking)} {'ignores' if len(lacking) == 1 else 'ignore'} {', '.join(names)}"
        for lacking, names in ignored.items()
    ]
    if told:
        said = f"{'; '.join(told)}."
        yield Finding(level=Level.INFO, rule="css", message=said, remedy="Nothing: only polish is lost")


def _named(slug: str) -> str:
    kind, _, name = slug.partition("-")
    if kind == "html":
        return f"<{name}>"
    return re.sub(r"^at-(\w+)-?", r"@\1 ", name).strip().replace("pseudo-class-", ":")


def _used(element: etree._Element, known: set[str | None]) -> Iterator[str]:
    """What an element uses; of a style that is `known` already, nothing again."""
    if element.tag not in _PLAIN:
        yield f"html-{element.tag!s}"
    if (style := element.get("style")) and style not in known:
        known.add(style)
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
