"""Rules of links: an address that leads somewhere from a mail, words, and nothing that looks like phishing."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from digest.model import Finding, Issue
from digest.render import views
from digest.render.preflight.finding import Page, error, info, place, warning

_OTHER_SCHEMES: Final = ("mailto:", "tel:", "sms:")
_SHORTENERS: Final = frozenset(
    {"bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "ow.ly", "rb.gy", "t.co", "t.ly", "tiny.cc", "tinyurl.com"}
)
_LIKE_AN_ADDRESS: Final = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,12})(?:[/?#]\S*)?", re.IGNORECASE)


def check(page: Page, issue: Issue, public_url: str) -> Iterator[Finding]:
    """The findings. `public_url` as configured; empty: it is not looked at."""
    links = [link for link in page.elements if link.tag == "a" and not _is_anchor(link)]
    for link in links:
        yield from _link(link)
    plain = [link for link in links if link.get("href", "").strip().startswith("http:")]
    if plain:
        said = f"{len(plain)} of the links are http, without encryption."
        yield info("links", said, "Use https where the publisher has it", place(plain[0]))
    yield from _stories(issue)
    if public_url.startswith("http://") and not _is_local(public_url):
        said = f"{public_url} is http; one-click unsubscribing needs https (RFC 8058 §3.1)."
        yield warning("links", said, "Set digest.public_url to an https address")


def _is_anchor(link: etree._Element) -> bool:
    return link.get("href") is None and (link.get("name") or link.get("id")) is not None


def _link(link: etree._Element) -> Iterator[Finding]:
    href = (link.get("href") or "").strip()
    if href.startswith(_OTHER_SCHEMES):
        return
    if not views.address(href):
        said = f"The link {href!r} leads nowhere from a mail."
        yield error("links", said, "Write the whole address, with https://", place(link))
        return
    words = " ".join("".join(map(str, link.itertext())).split())
    if not words and link.get("aria-hidden") != "true" and not any(image.get("alt") for image in link.iter("img")):
        said = f"The link to {href} has no words; a screen reader spells its address."
        yield warning("links", said, "Give it words, or its image an alt text", place(link))
    yield from _phishy(link, href, words)


def _phishy(link: etree._Element, href: str, words: str) -> Iterator[Finding]:
    """What filters and mail programs take for a trap."""
    parts = urlsplit(href)
    host = (parts.hostname or "").lower()
    if parts.username is not None:
        said = f"The link {href} holds a name before its host; mail programs warn of that."
        yield warning("links", said, "Leave out what stands before the @", place(link))
    if host in _SHORTENERS:
        said = f"The link {href} hides where it leads; filters mistrust {host}."
        yield warning("links", said, "Link the page itself", place(link))
    if _is_bare(host):
        said = f"The link {href} names a number for a host; SpamAssassin scores that (NUMERIC_HTTP_ADDR, up to 1.2)."
        yield warning("links", said, "Link the host by its name", place(link))
    shown = _LIKE_AN_ADDRESS.fullmatch(words)
    if shown and not _is_kin(shown[1].lower(), host):
        said = f"The link shows {shown[1]} and leads to {host}; mail programs warn of that as phishing."
        yield warning("links", said, "Let its words say where it leads", place(link))


def _is_bare(host: str) -> bool:
    """Whether it is a public address in numbers."""
    if not host[-1:].isdigit() and ":" not in host:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_global


def _is_kin(one: str, other: str) -> bool:
    """Whether one of the hosts is the other or lies below it."""
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _stories(issue: Issue) -> Iterator[Finding]:
    for story in issue.stories:
        if not story.lead.link.startswith(("https://", "http://")):
            said = f"The story {story.lead.title!r} has no web address; its title is no link."
            yield warning("links", said, "Drop it, or mend the feed")


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
