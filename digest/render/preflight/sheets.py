"""What the style blocks that stay in a mail say of an element at rest: its colours, and whether it is seen.

Judged are rules outside any @media, and in one that asks for light or dark alone. Selectors of tags, classes and ids,
below and directly below one another, are understood; what looks at states, neighbours or attributes may or may not
hold, and is left out, Outlook's `[data-ogsc]` among it.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

LOOKS: Final = frozenset(
    {"color", "background", "background-color", "display", "visibility", "font-size", "font-weight"}
)
_MOST_KINDS: Final = 4_000  # of elements whose rules are remembered
_STEP: Final = re.compile(r"(?P<tag>\*|[a-z][\w-]*)?(?P<marks>(?:[.#][\w-]+)*)", re.IGNORECASE)
_ASKS: Final = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)")
_EVERYWHERE: Final = re.compile(r"(only\s+)?(all|screen)?(\s*and\s*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One element of a selector."""

    tag: str = ""  # empty: any
    classes: frozenset[str] = frozenset()
    name: str = ""  # its id; empty: any
    is_child: bool = False  # the step before it is its parent, not any ancestor

    def takes(self, element: etree._Element) -> bool:
        """Whether the element is so."""
        if self.tag not in {"", element.tag} or self.name not in {"", element.get("id")}:
            return False
        return not self.classes or self.classes.issubset((element.get("class") or "").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One selector of a rule and what it declares of an element's look."""

    steps: tuple[_Step, ...]
    declares: str  # CSS, each declaration ended by a semicolon
    mode: str = ""  # light, dark; empty: both

    @property
    def weight(self) -> tuple[int, int, int]:
        """Its specificity (Selectors 4, §17)."""
        return (
            sum(bool(step.name) for step in self.steps),
            sum(len(step.classes) for step in self.steps),
            sum(bool(step.tag) for step in self.steps),
        )

    def takes(self, element: etree._Element) -> bool:
        """Whether it applies, by the element and its ancestors."""
        return self.steps[-1].takes(element) and _below(element, self.steps)


class Sheet:
    """The rules of some style blocks that hold in one mode."""

    def __init__(self, blocks: tuple[str, ...], mode: str) -> None:
        held = [rule for css in blocks for rule in _judged(css) if rule.mode in {"", mode}]
        self.rules = sorted(held, key=lambda rule: rule.weight)  # stable: of equals the later wins
        self.is_particular = any(rule.mode for rule in held)
        self._meant: dict[tuple[str, str | None, str | None], list[Rule]] = {}

    def of(self, element: etree._Element) -> str:
        """The declarations for that element, the weakest first."""
        key = (str(element.tag), element.get("class"), element.get("id"))
        if (meant := self._meant.get(key)) is None:
            if len(self._meant) >= _MOST_KINDS:
                self._meant.clear()
            meant = self._meant[key] = [rule for rule in self.rules if rule.steps[-1].takes(element)]
        return "".join([rule.declares for rule in meant if len(rule.steps) == 1 or rule.takes(element)])


@functools.lru_cache(maxsize=32)
def sheet(blocks: tuple[str, ...], mode: str) -> Sheet:
    """The rules of those style blocks, in their order, that hold in `mode`: light or dark."""
    return Sheet(blocks, mode)


def _judged(css: str) -> Iterator[Rule]:
    """The rules of a style block that can be judged, in their order."""
    import tinycss2

    return _rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), mode="")


def _rules(nodes: Sequence[Any], mode: str) -> Iterator[Rule]:
    import tinycss2

    for node in nodes:
        if node.type == "at-rule" and not mode and node.lower_at_keyword == "media" and node.content:
            if (asked := _mode(tinycss2.serialize(node.prelude).lower())) is not None:
                inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
                yield from _rules(inner, asked)
        elif node.type == "qualified-rule" and (declares := _declares(node.content)):
            for selector in tinycss2.serialize(node.prelude).split(","):
                if steps := _steps(selector):
                    yield Rule(steps=steps, declares=declares, mode=mode)


def _mode(query: str) -> str | None:
    """The mode a media query asks for; empty where it asks for nothing, None where it asks for something else too."""
    asked = {found[1] for found in _ASKS.finditer(query)}
    rest = _ASKS.sub("", query).strip()
    return "".join(asked) if len(asked) < 2 and _EVERYWHERE.fullmatch(rest) else None


def _declares(content: Sequence[Any]) -> str:
    import tinycss2

    said = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    return "".join(f"{one.serialize()};" for one in said if one.type == "declaration" and one.lower_name in LOOKS)


def _steps(selector: str) -> tuple[_Step, ...]:
    """The steps of a selector; none where it is not understood."""
    steps: list[_Step] = []
    is_child = False
    for word in re.findall(r">|[^\s>]+", selector):
        if word == ">":
            if is_child or not steps:
                return ()
            is_child = True
            continue
        if not word or (found := _STEP.fullmatch(word)) is None:
            return ()
        steps.append(_step(found, is_child=is_child))
        is_child = False
    return () if is_child else tuple(steps)


def _step(found: re.Match[str], *, is_child: bool) -> _Step:
    marks = re.findall(r"[.#][\w-]+", found["marks"])
    tag = (found["tag"] or "").lower()
    return _Step(
        tag="" if tag == "*" else tag,
        classes=frozenset(mark[1:] for mark in marks if mark[0] == "."),
        name="".join(mark[1:] for mark in marks if mark[0] == "#"),
        is_child=is_child,
    )


def _below(element: etree._Element, steps: tuple[_Step, ...]) -> bool:
    """Whether the steps before the last are its ancestors, in their order."""
    if len(steps) == 1:
        return True
    wanted, above = steps[-2], element.getparent()
    while above is not None:
        if wanted.takes(above) and _below(above, steps[:-1]):
            return True
        if steps[-1].is_child:
            return False
        above = above.getparent()
    return False
