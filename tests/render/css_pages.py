"""Small pages for tests of inlining."""

from lxml import etree

from digest.render import document, inline


def inlined(css: str, body: str) -> etree._Element:
    """A page with that sheet and body, its styles inlined."""
    page = document.parse(f"<html><head><style>{css}</style></head><body>{body}</body></html>")
    inline.inline(page)
    return page


def style_of(page: etree._Element, tag: str) -> str:
    """The style attribute of the first such element, without blanks."""
    element = page.find(f".//{tag}")
    return (element.get("style") or "").replace(" ", "")
