"""The mail as a client would show it: plain functions of its HTML."""

import re
from dataclasses import dataclass
from typing import Any, Final

from digest.web.preview.view import Mode, Switch, View

CLIP: Final = 102 * 1024  # bytes; Gmail cuts a longer HTML part off
SUBJECT: Final = 70  # characters an inbox shows on a wide screen
PREHEADER: Final = 90
_STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_PREFERS = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width:0px)", "(max-width:0px)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of the mail."""

    text: str  # what a reader sees or hears
    url: str
    note: str = ""  # what is odd about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The mail as a line of an inbox."""

    sender: str
    subject: str
    preheader: str


def variant(html: str, view: View) -> str:
    """The HTML as that client shows it.

    Dark is what Outlook.com does: the media query is taken as true (caniemail, note 4 on prefers-color-scheme); light
    takes it as false, whatever the owner's own machine prefers. Without styles is Gmail at its worst. Links open
    beside the preview.
    """
    if view.styles is Switch.OFF:
        html = _STYLE.sub("", html)
    else:
        html = _STYLE.sub(lambda block: _preferring(block[0], view.mode), html)
    return _with_head(html, _scheme(html, view.mode) + '<base target="_blank">')


def policy(images: Switch) -> str:
    """The Content-Security-Policy of a mail: styles and pictures, nothing that runs, loads or submits."""
    pictures = "img-src http: https: data:" if images is Switch.ON else "img-src 'none'"
    return (
        f"default-src 'none'; {pictures}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    )


def line(sender: str, subject: str, preheader: str) -> Line:
    """The inbox's line: as much of each as is shown there. `sender` is a name-addr."""
    from email.utils import parseaddr

    name, address = parseaddr(sender)
    return Line(sender=name or address, subject=cut(subject, SUBJECT), preheader=cut(preheader, PREHEADER))


def cut(value: str, most: int) -> str:
    """At most so many characters, the last an ellipsis where some are missing.

    >>> cut("abcdef", 4), cut("abcd", 4)
    ('abc…', 'abcd')
    """
    return value if len(value) <= most else value[: most - 1].rstrip() + "…"


def links(html: str) -> tuple[Link, ...]:
    """Every link of the HTML, in its order."""
    from lxml import etree

    root = etree.fromstring(html, etree.HTMLParser(huge_tree=False))
    return tuple(_link(anchor) for anchor in root.iter("a") if anchor.get("href") is not None)


def _link(anchor: Any) -> Link:
    """`anchor`: lxml's element."""
    words = " ".join("".join(anchor.itertext()).split())
    pictures = [picture.get("alt") or "" for picture in anchor.iter("img")]
    text = words or " ".join(filter(None, pictures))
    url = (anchor.get("href") or "").strip()
    return Link(text=text, url=url, note=_odd(text, url))


def _odd(text: str, url: str) -> str:
    if url in {"", "#"}:
        return "leads nowhere"
    if not url.startswith(("https://", "http://", "mailto:")):
        return "no web address"
    if not text:
        return "says nothing"
    return "not encrypted" if url.startswith("http://") else ""


def _preferring(block: str, mode: Mode) -> str:
    return _PREFERS.sub(lambda found: _ALWAYS if found[1].lower() == mode else _NEVER, block)


def _scheme(html: str, mode: Mode) -> str:
    """What the browser itself paints with; a mail that knows no dark stays light in the dark, as Apple's does."""
    scheme = mode if "color-scheme" in html else Mode.LIGHT
    return f"<style>:root{{color-scheme:{scheme}!important}}</style>"


def _with_head(html: str, markup: str) -> str:
    found = _HEAD.search(html)
    return html[: found.end()] + markup + html[found.end() :] if found else markup + html
