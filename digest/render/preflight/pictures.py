"""Rules of pictures: words, size, an address on the web, a format that every mail program shows."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from digest.model import Finding, Issue
from digest.render import clients, views
from digest.render.preflight.finding import Page, error, info, place, warning

_ENDING: Final = re.compile(r"\.([a-z0-9]{2,5})$")
_ASKED: Final = ("format", "fm", "output-format")  # how image servers are asked for a format


def check(page: Page, issue: Issue) -> Iterator[Finding]:
    """The findings. What an address does not say of its format, the publisher may have stated."""
    stated = {
        views.address(image.url): image.media_type
        for story in issue.stories
        for article in story.articles
        if (image := article.image)
    }
    images = [element for element in page.elements if element.tag == "img"]
    for image in images:
        yield from _image(image, stated.get(image.get("src", ""), ""))
    yield from _heights([image for image in images if not image.get("height")])
    yield from _plain([image for image in images if image.get("src", "").startswith("http:")])


def _image(image: etree._Element, media_type: str) -> Iterator[Finding]:
    url = image.get("src", "")
    if image.get("alt") is None:
        said = f"The image {url} has no alt text; most readers first see the mail without images."
        yield warning("alt", said, 'Give it alt="…", or alt="" where it only decorates', place(image))
    if not image.get("width"):
        said = f"The image {url} has no width; Outlook shows it at its full size."
        yield warning("images", said, "Give it width and height", place(image))
    if not url.startswith(("https://", "http://", "cid:")):
        said = f"The image {url[:60]!r} is not on the web; readers see a gap."
        yield error("images", said, "Give it a full https address", place(image))
    elif lacking := clients.lacks(f"image-{_format(url) or _kind(media_type)}"):
        said = f"{clients.listed(lacking)} cannot show the image {url}."
        yield warning("images", said, "Use PNG or JPEG", place(image))


def _format(url: str) -> str:
    """The format an address says it has; empty where it says none."""
    parts = urlsplit(views.address(url))
    asked = parse_qs(parts.query)
    named = next((asked[name][0].lower() for name in _ASKED if name in asked), "")
    ending = _ENDING.search(parts.path.lower())
    return named or (ending[1] if ending else "")


def _kind(media_type: str) -> str:
    """The format of a media type, as an address would end.

    >>> _kind("image/svg+xml"), _kind("image/webp"), _kind("")
    ('svg', 'webp', '')
    """
    return media_type.removeprefix("image/").partition("+")[0]


def _heights(images: list[etree._Element]) -> Iterator[Finding]:
    if images:
        said = f"{len(images)} of the images have no height; the mail jumps while they load."
        yield info("images", said, "Nothing, where the publisher does not state it", place(images[0]))


def _plain(images: list[etree._Element]) -> Iterator[Finding]:
    if images:
        said = f"{len(images)} of the images are http, without encryption."
        yield info("images", said, "Use https where the publisher has it", place(images[0]))
