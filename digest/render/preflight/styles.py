"""Rules of markup and style: what mail programs remove, lack, or trip over in a style block that stays."""

import functools
import re
from collections.abc import Iterator
from typing import Any, Final

from digest.model import Finding
from digest.render import clients
from digest.render.preflight.finding import Page, place, warning

STYLE_MOST: Final = 16_000  # bytes: Gmail drops a longer style block (hteumeuleu/email-bugs 90)
NOT_INLINED: Final = "data-not-inlined"  # what `render.issue` marks a style sheet with whose inlining failed
_REMOVED: Final = frozenset(
    {"script", "form", "input", "iframe", "object", "embed", "video", "audio", "link", "base", "svg", "canvas"}
)
_FEATURE: Final = re.compile(r"\(\s*(?:min-|max-)?([a-z-]+)")


def check(page: Page) -> Iterator[Finding]:
    """The findings."""
    for element in page.elements:
        if element.tag == "style":
            at = place(element)
            if (reason := element.get(NOT_INLINED)) is not None:
                said = f"The styles could not be inlined ({reason}); some mail programs show the mail unstyled."
                yield warning("css", said, "Mend the style sheet the message names", at)
            for said, remedy in _block(element.text or ""):
                yield warning("css", said, remedy, at)
        elif element.tag in _REMOVED:
            said = f"Mail programs remove <{element.tag}>; some then refuse the whole mail."
            yield warning("css", said, "Take it out of the template", place(element))
    kept = (slug for element in page.elements if element.tag == "style" for slug in _features(element.text or ""))
    yield from clients.check(page.root, place, kept)


@functools.lru_cache(maxsize=64)
def _block(css: str) -> tuple[tuple[str, str], ...]:
    """What a style block does that makes a mail program drop it, and the remedy."""
    import tinycss2

    found = []
    if len(css.encode()) > STYLE_MOST:
        found.append((f"A style block has more than {STYLE_MOST:,} bytes; Gmail drops it whole.", "Split it into two"))
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        found += _rule(rule)
    return tuple(dict.fromkeys(found))


def _rule(rule: Any) -> Iterator[tuple[str, str]]:
    import tinycss2

    line = f"Line {rule.source_line} of a style block"
    if rule.type == "error":
        yield f"{line} is no CSS ({rule.message}); mail programs drop what follows.", "Mend it"
        return
    content = rule.content or []
    if any(token.type == "url" or getattr(token, "lower_name", "") == "url" for token in _flat(rule)):
        yield f"{line} has a url(); Gmail then drops the whole block.", "Put the image into an <img>"
    if rule.type != "at-rule":
        return
    if any(token.type == "at-keyword" for token in content):
        yield f"{line} has an @rule inside another; Gmail then drops the whole block.", "Write them side by side"
    if rule.lower_at_keyword == "media" and "," in [part.value for part in rule.prelude if part.type == "literal"]:
        query = tinycss2.serialize(rule.prelude).strip()
        yield f"{line} has a comma in @media {query}; Yahoo drops what follows.", "Write one @media for each query"


def _flat(rule: Any) -> Iterator[Any]:
    waiting = [*rule.prelude, *(rule.content or [])]
    while waiting:
        token = waiting.pop()
        yield token
        waiting += getattr(token, "content", None) or []


@functools.lru_cache(maxsize=64)
def _features(css: str) -> tuple[str, ...]:
    """The features of a style block that stays, by their names on caniemail.com."""
    import tinycss2

    found: list[str] = []
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "at-rule":
            features = _FEATURE.findall(tinycss2.serialize(rule.prelude).lower())
            found += [f"css-at-{rule.lower_at_keyword}", *(f"css-at-media-{feature}" for feature in features)]
        elif rule.type == "qualified-rule":
            selector = tinycss2.serialize(rule.prelude).lower()
            found += [f"css-pseudo-class-{name}" for name in re.findall(r"(?<!:):([a-z-]+)", selector)]
    return tuple(dict.fromkeys(found))
