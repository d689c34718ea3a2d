"""What could go wrong with a rendered issue, said before a message leaves. Pure: values in, findings out.

Errors block a send (`blocking`), warnings show.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from digest.model import Finding, Issue, Level, Rendered, SlotKind, Slotted
from digest.render import clients, document, views
from digest.render.budget import BUDGET, CLIP
from digest.render.theme import READABLE, contrast, full

SUBJECT_MOST: Final = 110  # characters; no inbox shows more
PREHEADER_MOST: Final = 150
STYLE_MOST: Final = 16_000  # bytes: Gmail drops a longer style block (hteumeuleu/email-bugs 90)
NOT_INLINED: Final = "data-not-inlined"  # what `issue` marks a style sheet with whose inlining failed
_FORMATS: Final = {".webp": "Outlook on Windows", ".avif": "Outlook and Gmail", ".svg": "Gmail and Outlook"}
_TOKEN: Final = re.compile(r"zq[0-9a-f]{12}")
_MARK: Final = re.compile(r"\{\{|\{%|%\}")
_SHOUT: Final = re.compile(r"[!?]{2,}|\$\$|100% free|act now|click here|risk.free|winner", re.IGNORECASE)
_COLOUR: Final = re.compile(r"(?:^|;)\s*(?P<name>background-color|color)\s*:\s*(?P<value>#(?:[0-9a-f]{3}){1,2})\b")
_SAMPLE: Final = {
    SlotKind.TEXT: "reader@example.org",
    SlotKind.URL: "https://example.org/unsubscribe/" + "t" * 60,
    SlotKind.PARAM: "reader",
}


def check(rendered: Rendered, *, issue: Issue, postal_address: str, public_url: str = "") -> tuple[Finding, ...]:
    """Everything preflight finds, errors first. `public_url` as configured; empty: it is not looked at."""
    page = document.parse(_filled(rendered.html))
    found = [
        *_size(rendered.html, page),
        *_slots(rendered),
        *_subject(rendered, issue),
        *_text(rendered, page),
        *_images(page),
        *_links(page, issue, public_url),
        *_contrast(page),
        *_css(page),
        *_sender(page, postal_address),
    ]
    order = list(Level)
    return tuple(sorted(found, key=lambda finding: order.index(finding.level)))


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that forbid the issue to leave."""
    return tuple(finding for finding in findings if finding.level is Level.ERROR)


def _error(rule: str, message: str, remedy: str, place: str = "") -> Finding:
    return Finding(level=Level.ERROR, rule=rule, message=message, remedy=remedy, place=place)


def _warning(rule: str, message: str, remedy: str, place: str = "") -> Finding:
    return Finding(level=Level.WARNING, rule=rule, message=message, remedy=remedy, place=place)


def _filled(slotted: Slotted) -> str:
    return slotted.fill({slot.name: _SAMPLE[slot.kind] for slot in slotted.slots})


def _elements(page: etree._Element) -> Iterator[etree._Element]:
    return (element for element in page.iter() if isinstance(element.tag, str))


def place(element: etree._Element) -> str:
    """A CSS path that finds this element alone in its page."""
    steps: list[str] = []
    at: etree._Element | None = element
    while at is not None:
        before = sum(1 for sibling in at.itersiblings(preceding=True) if isinstance(sibling.tag, str))
        steps.append(f"{at.tag!s}:nth-child({before + 1})" if at.getparent() is not None else str(at.tag))
        at = at.getparent()
    return " > ".join(reversed(steps))


def _words(page: etree._Element) -> str:
    return " ".join(str(piece) for body in page.iter("body") for piece in body.itertext())


def _size(html: Slotted, page: etree._Element) -> Iterator[Finding]:
    size = len(_filled(html).encode())
    if size > CLIP:
        said = f"The HTML has {size:,} bytes; Gmail hides what is behind {CLIP:,}, the unsubscribe link with it."
        yield _error("size", said, "Fewer stories or sentences, or shorter templates")
    elif size > BUDGET:
        said = f"The HTML has {size:,} bytes, near the {CLIP:,} at which Gmail clips."
        yield _warning("size", said, "Fewer stories or sentences")
    for style in page.iter("style"):
        if len((style.text or "").encode()) > STYLE_MOST:
            said = f"A style block has more than {STYLE_MOST:,} bytes; Gmail drops it whole."
            yield _warning("size", said, "Split it into two blocks", place(style))


def _slots(rendered: Rendered) -> Iterator[Finding]:
    for name, part in (("HTML", rendered.html), ("text", rendered.text)):
        whole = "".join(part.parts)
        if not any(slot.name == "unsubscribe_url" for slot in part.slots):
            remedy = "Print unsubscribe_url in the template"
            yield _error("unsubscribe", f"The {name} part has no unsubscribe link.", remedy)
        if found := _TOKEN.search(whole):
            said = f"The {name} part still holds {found[0]}, a recipient's value that was not merged."
            yield _error("slots", said, "Print recipients' values as they are, without filters")
    if mark := _MARK.search("".join(rendered.html.parts)):
        said = f"The HTML part holds {mark[0]}: a piece of a template that was not rendered."
        yield _error("slots", said, "Look for a raw block or a mistyped tag in the template")


def _subject(rendered: Rendered, issue: Issue) -> Iterator[Finding]:
    subject = rendered.subject
    if not subject.strip():
        yield _error("subject", "The subject is empty.", "Give the newsletter a title")
    if any(ord(character) < 32 for character in subject + rendered.preheader):
        yield _error("subject", "The subject or preheader holds a line break.", "Put it on one line")
    if len(subject) > SUBJECT_MOST:
        said = f"The subject has {len(subject)} characters; an inbox shows 40 to 90."
        yield _warning("subject", said, "Shorten the newsletter's title")
    if (subject.isupper() and len(subject) > 10) or _SHOUT.search(subject):
        said = f"The subject {subject!r} reads like an advertisement; spam filters score that."
        yield _warning("spam", said, "Drop the lead story, or put another one first")
    if not rendered.preheader.strip() and issue.stories:
        yield _warning("preheader", "The preheader is empty; an inbox shows stray words instead.", "Write an intro")
    if len(rendered.preheader) > PREHEADER_MOST:
        said = f"The preheader has {len(rendered.preheader)} characters; an inbox shows about 100."
        yield _warning("preheader", said, "Shorten it")


def _text(rendered: Rendered, page: etree._Element) -> Iterator[Finding]:
    words = len(_filled(rendered.text).split())
    shown = len(_words(page).split())
    if not words:
        yield _error("text", "The text part is empty.", "Write the layout's .txt.j2 template")
    elif words < shown / 3:
        said = f"The text part has {words} words, the HTML {shown}; spam filters score that."
        yield _warning("text", said, "Tell the same stories in the text template")


def _images(page: etree._Element) -> Iterator[Finding]:
    for image in page.iter("img"):
        url, where = image.get("src", ""), place(image)
        if image.get("alt") is None:
            said = f"The image {url} has no alt text; most readers first see the mail without images."
            yield _warning("alt", said, 'Give it alt="…", or alt="" where it only decorates', where)
        if image.get("width") is None:
            said = f"The image {url} has no width; Outlook shows it at its full size."
            yield _warning("images", said, "Give it width and height", where)
        if not url.startswith(("https://", "http://", "cid:")):
            said = f"The image {url[:60]!r} is not on the web; readers see a gap."
            yield _error("images", said, "Give it a full https address", where)
        yield from _format(views.address(url), where)


def _format(url: str, where: str) -> Iterator[Finding]:
    path = urlsplit(url).path.lower()
    for ending, unable in _FORMATS.items():
        if path.endswith(ending):
            yield _warning("images", f"{unable} cannot show the image {url}.", "Use PNG or JPEG", where)


def _links(page: etree._Element, issue: Issue, public_url: str) -> Iterator[Finding]:
    plain = 0
    for link in page.iter("a"):
        href = (link.get("href") or "").strip()
        if not views.address(href) and not href.startswith("mailto:"):
            said = f"The link {href!r} leads nowhere from a mail."
            yield _error("links", said, "Write the whole address, with https://", place(link))
        plain += href.startswith("http:")
    if plain:
        said = f"{plain} of the links are http, without encryption."
        yield Finding(level=Level.INFO, rule="links", message=said, remedy="Use https where the publisher has it")
    for story in issue.stories:
        if not story.lead.link.startswith(("https://", "http://")):
            said = f"The story {story.lead.title!r} has no web address; its title is no link."
            yield _warning("links", said, "Drop it, or mend the feed")
    if public_url.startswith("http://") and not _is_local(public_url):
        said = f"{public_url} is http; one-click unsubscribing needs https (RFC 8058 §3.1)."
        yield _warning("links", said, "Set digest.public_url to an https address")


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _contrast(page: etree._Element) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    stack: list[tuple[etree._Element, str, str]] = [(page, "#000000", "#ffffff")]
    while stack:
        element, ink, paper = stack.pop()
        if "display:none" in element.get("style", "").replace(" ", ""):
            continue
        for match in _COLOUR.finditer(element.get("style", "")):
            value = full(match["value"])
            ink, paper = (value, paper) if match["name"] == "color" else (ink, value)
        has_text = element.tag not in {"style", "title"} and bool((element.text or "").strip())
        if has_text and (ink, paper) not in seen and (ratio := contrast(ink, paper)) < READABLE:
            seen.add((ink, paper))
            said = f"{ink} on {paper} has a contrast of {ratio:.2f}; readers need {READABLE} (WCAG AA)."
            yield _warning("contrast", said, "Change the colours in the theme or template", place(element))
        stack += [(child, ink, paper) for child in element if isinstance(child.tag, str)]


def _css(page: etree._Element) -> Iterator[Finding]:
    for style in page.iter("style"):
        if (reason := style.get(NOT_INLINED)) is not None:
            said = f"The styles could not be inlined ({reason}); some mail programs show the mail unstyled."
            yield _warning("css", said, "Mend the style sheet the message names", place(style))
    for element in _elements(page):
        if element.tag in {"script", "form", "iframe", "object", "embed", "video", "audio", "link", "base"}:
            said = f"Mail programs remove <{element.tag}>; some then refuse the whole mail."
            yield _warning("css", said, "Take it out of the template", place(element))
    yield from clients.check(page, place)


def _sender(page: etree._Element, postal_address: str) -> Iterator[Finding]:
    if not postal_address.strip():
        said = "There is no postal address; many countries require one in every newsletter."
        yield _warning("postal-address", said, "Set digest.postal_address")
    elif postal_address.split(maxsplit=1)[0] not in _words(page):
        yield _warning("postal-address", "The HTML does not show the postal address.", "Print postal_address in it")
    if not page.get("lang"):
        said = "The page does not say its language; screen readers guess it."
        yield _warning("language", said, 'Write <html lang="{{ language }}">')
