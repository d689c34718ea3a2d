"""Turns style sheets into style attributes: the one place that calls premailer.

Its default options cost three times as much for the same bytes, and cssutils fetches `@import` over the network even
with `allow_network=False`; both are mended here. A `<style data-premailer="ignore">` stays as it is.

An issue has hundreds of elements of a few dozen shapes. Under selectors that look at an element and its ancestors
only, elements with the same tag, class, id and style below the same ancestors get the same style: premailer is asked
once for each such shape, in a page of those shapes alone, and its answer serves the next issue with these sheets. That
takes a sixth of the time of the whole page (tests/bench/bench_render.py). Under any other selector the whole page is
asked.
"""

import functools
import logging
import os
import re
import threading
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "4096")  # read at import; 128 entries thrash past 60 rules

import cssutils
from premailer import Premailer

_Rules = tuple[list[Any], list[Any]]
_Shape = tuple[int, str, str | None, str | None, str | None]  # the number of the parent's shape, tag, class, id, style
_Attributes = tuple[tuple[str, str], ...]

_IGNORED: Final = "data-premailer"
_UPWARD: Final = re.compile(r"[\w\s.#>,-]*")  # selectors of tags, classes and ids, of an element and its ancestors
_ODD: Final = re.compile(
    r"[^\w-]"
)  # in a tag's name, as of o:p: lxml makes no such element, and no selector here means it
_MOST_SHAPES: Final = 4_000  # of one sheet; a template whose classes or styles never repeat is not kept for ever
_lock = threading.Lock()  # cssutils is not safe in threads (premailer issue 65)


def inline(page: etree._Element) -> None:
    """Moves the rules of the page's style sheets into its style attributes, in place; a failure may leave half."""
    sheets = [style for style in page.iter("style") if style.get("media") in {None, "", "all", "screen"}]
    texts = tuple(style.text or "" for style in sheets if style.get(_IGNORED) is None)
    if not all(_looks_upward(css) for css in texts):
        _strip_void_styles(page)
        with _lock:
            _made(page).transform()
        return
    _Shapes.of(texts).dress(page)
    for style in sheets:
        if style.attrib.pop(_IGNORED, None) is None and (parent := style.getparent()) is not None:
            parent.remove(style)


def _nothing(_url: str) -> None:
    """What cssutils may fetch."""


@functools.lru_cache(maxsize=64)
def _sheet(css: str) -> Any:
    parser = cssutils.CSSParser(fetcher=_nothing, loglevel=logging.CRITICAL, validate=False)
    return parser.parseString(css, validate=False)


class _Inliner(Premailer):  # type: ignore[misc]  # untyped
    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:  # noqa: FBT001, FBT002 — theirs
        del validate
        return _sheet(css_body)

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> _Rules:
        rules, leftover = _rules(css_body or "", ruleset_index)
        return list(rules), list(leftover)  # the caller sorts and extends them


@functools.lru_cache(maxsize=64)
def _rules(css: str, index: int) -> _Rules:
    parsed: _Rules = Premailer._parse_style_rules(_made(None), css, index)  # noqa: SLF001 — what is memoised
    return parsed


def _made(page: etree._Element | None) -> _Inliner:
    return _Inliner(
        page,
        align_floating_images=False,
        disable_validation=True,
        allow_network=False,
        disable_basic_attributes=["width", "height"],
    )


@functools.lru_cache(maxsize=64)
def _looks_upward(css: str) -> bool:
    """Whether all of it becomes style attributes, by what an element and its ancestors are."""
    with _lock:
        rules, leftover = _rules(css, 0)
    return not leftover and all(_UPWARD.fullmatch(selector) for _, selector, _ in rules)


class _Shapes:
    """The shapes of elements met under some sheets, and the attributes premailer gives each."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts
        self.numbers: dict[_Shape, int] = {}  # from 1, in the order they were met, so parents come first
        self.given: dict[int, _Attributes] = {}

    @staticmethod
    @functools.lru_cache(maxsize=32)
    def of(texts: tuple[str, ...]) -> "_Shapes":
        """Those of the sheets with these texts."""
        return _Shapes(texts)

    def dress(self, page: etree._Element) -> None:
        """Gives each element of the page its attributes."""
        with _lock:
            if len(self.numbers) > _MOST_SHAPES:
                self.numbers, self.given = {}, {}
            worn = list(self._numbered(page))
            if any(number not in self.given for _, number in worn):
                self._learn()
            given = self.given
        for element, number in worn:
            for name, value in given[number]:
                element.set(name, value)

    def _numbered(self, page: etree._Element) -> Iterator[tuple[etree._Element, int]]:
        """Each element with the number of its shape."""
        numbers = self.numbers
        waiting = [(page, 0)]
        while waiting:
            element, above = waiting.pop()
            get = element.get
            shape = (above, element.tag, get("class"), get("id"), get("style"))
            number = numbers.setdefault(shape, len(numbers) + 1)
            yield element, number
            waiting += [(child, number) for child in element.iterchildren("*")]

    def _learn(self) -> None:
        """Asks premailer for every shape that is not known yet."""
        made: dict[int, etree._Element] = {}
        for shape, number in self.numbers.items():
            made[number] = _element(shape, made.get(shape[0]))
        root = made[1]
        head = etree.Element("head")
        root.insert(0, head)
        for css in self.texts:
            etree.SubElement(head, "style").text = css
        _made(root).transform()
        for shape, number in self.numbers.items():
            if number not in self.given:
                given = tuple((str(name), str(value)) for name, value in made[number].attrib.items())
                self.given[number] = tuple(pair for pair in given if pair not in _own(shape))


def _own(shape: _Shape) -> _Attributes:
    named = zip(("class", "id", "style"), shape[2:], strict=True)
    return tuple((name, value) for name, value in named if value and not (name == "style" and _is_void(value)))


def _is_void(style: str) -> bool:
    """Whether it says something, and declares nothing.

    premailer keeps what it parsed of style attributes and of selectors under the same keys: once `style="p"` was seen,
    no selector `p` would work in this process any more.
    """
    return ":" not in style and not style.isspace() and style != ""


def _strip_void_styles(page: etree._Element) -> None:
    for element in page.iter("*"):
        if _is_void(element.get("style", "")):
            element.attrib.pop("style", None)


def _element(shape: _Shape, parent: etree._Element | None) -> etree._Element:
    tag = _ODD.sub("_", shape[1])
    element = etree.Element(tag) if parent is None else etree.SubElement(parent, tag)
    for name, value in _own(shape):
        element.set(name, value)
    return element
