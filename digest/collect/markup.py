"""Plain text out of untrusted HTML, and untrusted text made harmless: one line, no control characters, NFC."""

import html
import re
import unicodedata
from collections.abc import Iterator

import lxml.etree
import lxml.html

from digest.collect import fragments

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd details dir div dl dt fieldset figcaption figure footer "
        "form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr "
        "ul",
    )
)
_SKIPPED = frozenset(
    re.findall(
        r"\w+",
        "script style noscript template iframe object embed svg math form button select textarea figure "
        "figcaption audio video canvas head title",
    )
)
_ELEMENTS = (
    "a abbr acronym article aside audio b bdi bdo big blockquote body br button center cite code del details dfn div "
    "em embed figure font form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd li link main map mark "
    "meta nav nobr object ol p param picture pre q s samp script section small source span strike strong style sub "
    "summary sup svg table tbody td th thead time title tr track tt u ul var video wbr"
)
_TAG = re.compile(rf"</?(?:{'|'.join(_ELEMENTS.split())})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
# A byte that leads in UTF-8 and one that follows, both shown as Windows-1252: the cheap question before ftfy's.
_DOUBLED = re.compile("[\xc2-\xf4][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_IMAGE_TYPE = re.compile(r"image/[a-z0-9][a-z0-9.+-]{0,40}")
_MAX_TITLE = 500  # characters; longer ones are an article in the wrong element


def line(text: str, *, max_chars: int = 100_000) -> str:
    r"""`text` on one line: NFC, double encoding repaired, control and direction marks gone.

    >>> line("  MÃ¼nchen\r\nBcc: x\x00 ")
    'München Bcc: x'
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")[:max_chars]
    return " ".join(unicodedata.normalize("NFC", clean(text)).split())[:max_chars]


def clean(text: str) -> str:
    """`text` without control characters, its double-encoded UTF-8 repaired; line breaks and markup stay.

    >>> clean("imputÃ© at 5 < 6")
    'imputé at 5 < 6'
    """
    if text.isascii() and text.isprintable():
        return text
    kept = CONTROL.sub(" ", text) if CONTROL.search(text) else text
    if kept.isascii() or not _DOUBLED.search(kept):
        return kept
    import ftfy.badness  # 40 ms, and seldom needed

    return CONTROL.sub(" ", ftfy.fix_encoding(kept)) if ftfy.badness.is_bad(kept) else kept


def title(text: str) -> str:
    """A title as the reader sees it: tags gone, unescaped once, one line.

    >>> title("A &amp; B <i>x</i>, if 1 < 2 and 3 > 2, List<T>")
    'A & B x, if 1 < 2 and 3 > 2, List<T>'
    """
    if "<" in text:
        text = _TAG.sub("", _HIDDEN.sub("", text))
    return line(html.unescape(text[: 20 * _MAX_TITLE]), max_chars=_MAX_TITLE)


def image_type(stated: str) -> str:
    """The media type of an image (RFC 9110 §8.3.1), in small letters; empty where that is none.

    >>> image_type("Image/WebP; q=1"), image_type("video/mp4")
    ('image/webp', '')
    """
    bare = stated[:100].partition(";")[0].strip().lower()
    return bare if _IMAGE_TYPE.fullmatch(bare) else ""


def paragraphs(source: str) -> tuple[str, ...]:
    """The paragraphs of an HTML fragment as plain lines, in order; pictures, scripts and forms left out.

    >>> paragraphs("<p>One <b>bold</b> word.</p><ul><li>Two</li></ul>Three<br><br>Four")
    ('One bold word.', 'Two', 'Three', 'Four')
    """
    if "<" not in source:
        return tuple(filter(None, (line(html.unescape(part)) for part in re.split(r"\n\s*\n", source))))
    pieces = fragments.texts(source)
    return tuple(filter(None, map(line, _parsed(source) if pieces is None else pieces)))


def _parsed(source: str) -> list[str]:
    """The texts as a parser finds them."""
    root = tree(source)
    return [] if root is None else "".join(_pieces(root)).split("\f")


def plain(source: str) -> str:
    """An HTML fragment as one line of text."""
    return " ".join(paragraphs(source))


def tree(source: str | bytes) -> lxml.html.HtmlElement | None:
    """The parsed HTML, or None where there is nothing to parse. No network, no entities; depth bounded by libxml2."""
    parser = lxml.html.HTMLParser(no_network=True, recover=True, remove_comments=True, remove_pis=True)
    try:
        if isinstance(source, str):
            source = source.encode("utf-8", "replace")
            parser = lxml.html.HTMLParser(no_network=True, encoding="utf-8", remove_comments=True, remove_pis=True)
        return lxml.html.document_fromstring(source, parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return None


def _pieces(root: lxml.html.HtmlElement) -> Iterator[str]:
    """Text in document order; a form feed stands where a paragraph ends. Walks without recursion."""
    skip_until = None
    for event, element in lxml.etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if skip_until is None and tag in _SKIPPED:
                skip_until = element
            if skip_until is None:
                yield ("\f" if tag in _BLOCKS else "") + _text(element.text)
            continue
        if skip_until is element:
            skip_until = None
        if skip_until is None:
            yield _after(element, tag)


def _after(element: lxml.html.HtmlElement, tag: str) -> str:
    tail = _text(element.tail)
    if tag == "br":
        follower = element.getnext()
        is_break = not tail.strip() and follower is not None and follower.tag == "br"
        return "\f" if is_break else f" {tail}"
    return f"\f{tail}" if tag in _BLOCKS else tail


def _text(text: str | None) -> str:
    return text.replace("\f", " ") if text else ""
