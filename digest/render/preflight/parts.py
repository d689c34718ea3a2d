"""Rules of the message as a whole: size, slots, subject, preheader, text part, who sends it, its language."""

import re
from collections.abc import Iterator
from typing import Final

from digest.model import Finding, Issue, Rendered, SlotKind, Slotted
from digest.render.budget import BUDGET, CLIP
from digest.render.preflight.finding import Page, error, warning

SUBJECT_MOST: Final = 110  # characters; no inbox shows more
PREHEADER_MOST: Final = 150
_TOKEN: Final = re.compile(r"zq[0-9a-f]{12}")
_MARK: Final = re.compile(r"\{\{|\{%|%\}")
_SAMPLE: Final = {
    SlotKind.TEXT: "reader@example.org",
    SlotKind.URL: "https://example.org/unsubscribe/" + "t" * 60,
    SlotKind.PARAM: "reader",
}


def filled(slotted: Slotted) -> str:
    """A part with values as long as a reader's own."""
    return slotted.fill({slot.name: _SAMPLE[slot.kind] for slot in slotted.slots})


def check(rendered: Rendered, markup: str, page: Page, *, issue: Issue, postal_address: str) -> Iterator[Finding]:
    """The findings. `markup`: the HTML, filled."""
    yield from _size(len(markup.encode()))
    yield from _slots(rendered)
    yield from _subject(rendered.subject)
    yield from _preheader(rendered.preheader, issue)
    yield from _text(rendered, page)
    yield from _sender(page, postal_address)


def _size(size: int) -> Iterator[Finding]:
    if size > CLIP:
        said = f"The HTML has {size:,} bytes; Gmail hides what is behind {CLIP:,}, the unsubscribe link with it."
        yield error("size", said, "Fewer stories or sentences, or shorter templates")
    elif size > BUDGET:
        said = f"The HTML has {size:,} bytes, near the {CLIP:,} at which Gmail clips."
        yield warning("size", said, "Fewer stories or sentences")


def _slots(rendered: Rendered) -> Iterator[Finding]:
    for name, part in (("HTML", rendered.html), ("text", rendered.text)):
        if not any(slot.name == "unsubscribe_url" for slot in part.slots):
            remedy = "Print unsubscribe_url in the template"
            yield error("unsubscribe", f"The {name} part has no unsubscribe link.", remedy)
        if found := _TOKEN.search("".join(part.parts)):
            said = f"The {name} part still holds {found[0]}, a recipient's value that was not merged."
            yield error("slots", said, "Print recipients' values as they are, without filters")
    if mark := _MARK.search("".join(rendered.html.parts)):
        said = f"The HTML part holds {mark[0]}: a piece of a template that was not rendered."
        yield error("slots", said, "Look for a raw block or a mistyped tag in the template")


def _subject(subject: str) -> Iterator[Finding]:
    if not subject.strip():
        yield error("subject", "The subject is empty.", "Give the newsletter a title")
    if _breaks(subject):
        yield error("subject", "The subject holds a line break.", "Put it on one line")
    if len(subject) > SUBJECT_MOST:
        said = f"The subject has {len(subject)} characters; an inbox shows 40 to 90."
        yield warning("subject", said, "Shorten the newsletter's title")


def _preheader(preheader: str, issue: Issue) -> Iterator[Finding]:
    if _breaks(preheader):
        yield error("preheader", "The preheader holds a line break.", "Put it on one line")
    if not preheader.strip() and issue.stories:
        yield warning("preheader", "The preheader is empty; an inbox shows stray words instead.", "Write an intro")
    if len(preheader) > PREHEADER_MOST:
        said = f"The preheader has {len(preheader)} characters; an inbox shows about 100."
        yield warning("preheader", said, "Shorten it")


def _breaks(value: str) -> bool:
    return any(ord(character) < 32 for character in value)


def _text(rendered: Rendered, page: Page) -> Iterator[Finding]:
    words = len(filled(rendered.text).split())
    shown = len(page.words.split())
    if not words:
        yield error("text", "The text part is empty.", "Write the layout's .txt.j2 template")
    elif words < shown / 3:
        said = (
            f"The text part has {words} words, the HTML {shown}; SpamAssassin scores that (MPART_ALT_DIFF, up to 2.8)."
        )
        yield warning("text", said, "Tell the same stories in the text template")


def _sender(page: Page, postal_address: str) -> Iterator[Finding]:
    if not postal_address.strip():
        said = "There is no postal address; many countries require one in every newsletter."
        yield warning("postal-address", said, "Set digest.postal_address")
    elif " ".join(postal_address.split()) not in page.words:
        yield warning("postal-address", "The HTML does not show the postal address.", "Print postal_address in it")
    if not page.root.get("lang"):
        said = "The page does not say its language; screen readers guess it."
        yield warning("language", said, 'Write <html lang="{{ language }}">', "html")
