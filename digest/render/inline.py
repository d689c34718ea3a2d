"""Turns style sheets into style attributes: the one place that calls premailer.

Its default options cost three times as much for the same bytes, and cssutils fetches `@import` over the network even
with `allow_network=False`; both are mended here. A `<style data-premailer="ignore">` stays as it is.
"""

import functools
import logging
import os
from typing import Any

from lxml import etree

os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "4096")  # read at import; 128 entries thrash past 60 rules

import cssutils
from premailer import Premailer

_Rules = tuple[list[Any], list[Any]]


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
        rules, leftover = _rules(css_body, ruleset_index)
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


def inline(page: etree._Element) -> None:
    """Moves the rules of the page's style sheets into its style attributes, in place; a failure may leave half."""
    _made(page).transform()
