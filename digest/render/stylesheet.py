"""Refuses CSS in a template that the inliner would silently get wrong. Each rule is a measured trap of premailer.

Only sheets that are inlined are looked at: files of CSS, and `<style>` without `data-premailer="ignore"`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_JINJA: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_BLOCK: Final = re.compile(r"<style\b(?P<attributes>[^>]*)>(?P<css>.*?)</style>", re.DOTALL | re.IGNORECASE)
_KEPT: Final = 'write it in a <style data-premailer="ignore">, with !important'
_SIDED: Final = ("margin", "padding", "border", "font", "background", "list-style", "border-radius")
_MODERN: Final = re.compile(r"\b(?:rgba?|hsla?)\([^,)]*\s[^,)]*\)")
_FUNCTION: Final = re.compile(r"\b(?:var|clamp|min|max|env|oklch|lab|color-mix)\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A rule the inliner gets wrong: the line in the file, from 1, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}."


def lint(source: str, *, is_sheet: bool) -> list[Problem]:
    """The problems of a template's source, by line. `is_sheet`: all of it is CSS; else what stands in `<style>` is."""
    if not is_sheet and "<style" not in source.lower():
        return []
    blank = _COMMENT.sub(_spaces, _JINJA.sub(_stand_in, source))
    found: list[Problem] = []
    for first_line, css in [(1, blank)] if is_sheet else _blocks(blank):
        found += _sheet(css, first_line)
    return found


def _spaces(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _stand_in(match: re.Match[str]) -> str:
    """A Jinja tag as something CSS can hold, over as many lines."""
    is_value = match[0].startswith("{{")
    return "x" + "\n" * match[0].count("\n") if is_value else _spaces(match)


def _blocks(source: str) -> Iterator[tuple[int, str]]:
    for match in _BLOCK.finditer(source):
        if "ignore" not in match["attributes"]:
            yield source.count("\n", 0, match.start("css")) + 1, match["css"]


def _sheet(css: str, first_line: int) -> Iterator[Problem]:
    import tinycss2

    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        line = first_line + rule.source_line - 1
        if rule.type == "error":
            yield Problem(line=line, reason=f"this is no CSS ({rule.message})")
        elif rule.type == "at-rule":
            yield Problem(line=line, reason=_at_rule(rule.at_keyword.lower()))
        else:
            selector = tinycss2.serialize(rule.prelude).strip()
            yield from (Problem(line=line, reason=f"{selector}: {why}") for why in _selector(selector))
            yield from _declarations(rule, selector, first_line)


def _at_rule(keyword: str) -> str:
    if keyword == "import":
        return "@import would be fetched over the network and then dropped; paste the rules instead"
    if keyword == "media":
        return f"@media loses its !important here and so never wins; {_KEPT}"
    return f"@{keyword} is dropped; {_KEPT}"


def _selector(selector: str) -> Iterator[str]:
    from cssselect import SelectorError, parse

    for one in selector.split(","):  # as premailer does, quoted commas too
        try:
            parse(one.strip())
        except SelectorError:
            yield f"{one.strip() or 'nothing'} is no selector the inliner understands; it would be dropped"
    if "*" in selector:
        yield "* is skipped; name the elements"
    if ":" in selector:
        yield f"a selector with a colon is not inlined and then loses against what is; {_KEPT}, or use a class"


def _declarations(rule: Any, selector: str, first_line: int) -> Iterator[Problem]:
    import tinycss2

    seen: set[str] = set()
    for item in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
        line = first_line + item.source_line - 1
        if item.type == "declaration":
            value = tinycss2.serialize(item.value)
            yield from (Problem(line=line, reason=f"{selector}: {why}") for why in _declaration(item, value, seen))
            seen.add(item.lower_name)
        elif item.type == "qualified-rule":
            yield Problem(line=line, reason=f"{selector}: a nested rule is lost; write it out")
        elif item.type == "error":
            yield Problem(line=line, reason=f"{selector}: this is no declaration ({item.message})")


def _declaration(item: Any, value: str, seen: set[str]) -> Iterator[str]:
    name = item.lower_name
    if name.startswith("--") or _FUNCTION.search(value):
        yield f"{name}: {value.strip()} is understood by few mail programs; let the template compute the value"
    if item.important:
        yield f"!important on {name} is stripped here; {_KEPT}"
    if _MODERN.search(value):
        yield f"{value.strip()} is lost; write the colour with commas or as #rrggbb"
    if name in seen:
        yield f"of two values for {name} the inliner keeps one; write the fallback as another property"
    longs = [one for one in seen if any(one.startswith(f"{short}-") for short in _SIDED if short == name)]
    if longs:
        yield f"{name} after {longs[0]} comes out in the wrong order; write the short form first"
