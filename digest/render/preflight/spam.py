"""Traits of subject and words that SpamAssassin 4.0 scores, each under its rule's name.

What its rules do not look at ("click here", "winner", many pictures in a mail of a list) is not here:
tests/render/test_spam.py lets SpamAssassin itself judge an example of each trait.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from digest.model import Finding, Rendered
from digest.render.preflight.finding import Page, info, place, warning

ALLOWED: Final = 0.5  # points; a trait that costs less is told, not warned of
_TITLE_MOST: Final = 3.5  # times the subject's length


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """What SpamAssassin scores. `points`: the most of its four sets of scores; a mail with 5 is spam."""

    name: str
    points: float
    pattern: re.Pattern[str]
    example: str
    hint: str = ""  # stands in whatever the pattern finds: looking for it first takes a hundredth of the time


def _trait(
    name: str, points: float, pattern: str, example: str, hint: str = "", *, flags: int = re.IGNORECASE
) -> Trait:
    return Trait(name=name, points=points, pattern=re.compile(pattern, flags), example=example, hint=hint)


SUBJECT: Final = (
    _trait("SUBJ_AS_SEEN", 3.1, r"\bas seen", "As seen on the quay: the swing bridge"),
    _trait("SUBJ_YOUR_FAMILY", 3.0, r"your family", "Your family and the swing bridge"),
    _trait("SUBJ_BUY", 1.5, r"\Abuy", "Buy the swing bridge"),
    _trait("SUBJ_DOLLARS", 0.1, r"\A\$[0-9.,]+\b", "$500 for the swing bridge"),
    _trait("PLING_QUERY", 0.1, r"\?.*!|!.*\?", "What?! A swing bridge"),
)
WORDS: Final = (
    _trait(
        "EXCUSE_REMOVE",
        3.3,
        r"to be removed from.{0,20}(?:mailings|offers)",
        "to be removed from our mailings",
        "removed from",
    ),
    _trait("DEAR_WINNER", 3.1, r"\bdear.{1,20}winner", "dear lucky winner", "winner"),
    _trait("IMPOTENCE", 3.0, r"\berectile dysfunction", "erectile dysfunction", "dysfunction"),
    _trait("MONEY_BACK", 2.9, r"money back guarantee", "with a money back guarantee", "money back"),
    _trait("GUARANTEED_100_PERCENT", 2.7, r"100% guaranteed", "this is 100% guaranteed", "100% g"),
    _trait(
        "UNCLAIMED_MONEY",
        2.7,
        r"\bunclaimed\s(?:money|funds?|prizes?|rewards?|payments?)\b",
        "unclaimed funds",
        "unclaimed",
    ),
    _trait("EXCUSE_4", 2.4, r"to be removed,? please", "to be removed, please write", "be removed"),
    _trait("BILLION_DOLLARS", 1.6, r"[BM]ILLION DOLLAR", "a MILLION DOLLAR bridge", "illion dollar", flags=0),
    _trait("BANG_GUAR", 1.0, r"\bguaranteed?!", "a view guaranteed!", "guarante"),
    _trait("ACT_NOW_CAPS", 0.1, r"\bA(?:CT|ct) N(?:OW|ow)\b", "Act Now for the bridge", "act now", flags=0),
)
CAPITALS: Final = 0.5  # SUBJ_ALL_CAPS


def check(rendered: Rendered, page: Page) -> Iterator[Finding]:
    """The findings."""
    subject = rendered.subject
    remedy = "Put another story first, or rename the newsletter"
    if _is_shouted(subject):
        yield _scored(f"The subject {subject!r} is all capitals", "SUBJ_ALL_CAPS", CAPITALS, remedy)
    for trait in SUBJECT:
        if trait.pattern.search(subject):
            yield _scored(f"The subject {subject!r} reads like an advertisement", trait.name, trait.points, remedy)
    lowered = page.words.lower()
    for trait in WORDS:
        if trait.hint in lowered and (found := trait.pattern.search(page.words)):
            at = _place_of(page, found[0])
            said = f"The words “{found[0]}” read like an advertisement"
            yield _scored(said, trait.name, trait.points, "Drop the story, or change the template", at)
    title = next((element.text or "" for element in page.elements if element.tag == "title"), "")
    if subject and len(title) > _TITLE_MOST * len(subject):
        said = "The page's <title> is much longer than the subject"
        yield _scored(said, "HTML_TITLE_SUBJ_DIFF", 2.2, "Print subject in <title>", "html > head > title")


def _scored(said: str, name: str, points: float, remedy: str, at: str = "") -> Finding:
    tell = warning if points >= ALLOWED else info
    return tell("spam", f"{said}; SpamAssassin scores that ({name}, up to {points}).", remedy, at)


def _is_shouted(subject: str) -> bool:
    """Ten letters or more, all capitals, in more than one word."""
    return subject.isupper() and len(subject) > 10 and " " in subject.strip()


def _place_of(page: Page, words: str) -> str:
    """The innermost element that holds these words; none where they run over several."""
    held = [element for element in page.elements if words in " ".join("".join(map(str, element.itertext())).split())]
    return place(held[-1]) if held else ""
