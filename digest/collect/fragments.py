r"""The text of HTML fragments that are plain enough to be read without a parser: paragraphs, lists, headings.

What a parser would make of a fragment is only sure where all its text stands in elements that close, with nothing but
inline tags in them; of the entries of real feeds that is nearly half. Every other fragment is the parser's.
"""

import html
import re

# Possessive throughout (`*+`): each character is looked at once, whatever a fragment holds.
_TEXT = r"[^<&\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]*+"
_ATTRIBUTES = r'(?:\s++[a-zA-Z][\w:.-]*+="[^"<>]*+")*+\s*+'
_INLINE = "a abbr b cite code em i q s small span strong sub sup u".replace(" ", "|")
_BOXES = "ul ol div blockquote section article".replace(" ", "|")
_LEAVES = ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6")
# Two line breaks end a paragraph: none of those. Of the references only those that all parsers read alike.
_BREAK = r"br(?!\s*/?>\s*<br\b)"
_WITHIN = (
    rf"<(?:/?(?:{_INLINE})(?=[\s>]){_ATTRIBUTES}>|(?:img|{_BREAK})(?=[\s/>]){_ATTRIBUTES}/?>)"
    r"|&(?:amp|lt|gt|quot|nbsp|rsquo|lsquo|rdquo|ldquo|hellip|[mn]dash|#(?:39|8\d\d\d|1[6-9]\d|2[0-4]\d));"
)
_LEAF = "|".join(rf"<{tag}(?=[\s>]){_ATTRIBUTES}>{_TEXT}(?:(?:{_WITHIN}){_TEXT})*+</{tag}>" for tag in _LEAVES)
_BETWEEN = rf"</?(?:{_BOXES})(?=[\s>]){_ATTRIBUTES}>|<(?:img|hr)(?=[\s/>]){_ATTRIBUTES}/?>|<!--[^<>-]*+-->"
_PLAIN = re.compile(rf"\s*+(?:(?:{_LEAF}|{_BETWEEN})\s*+)*+")
_BLOCK = re.compile(rf"</?(?:{'|'.join(_LEAVES)}|{_BOXES})\b[^<>]*+>")
_LINE_BREAK = re.compile(r"<br\b[^<>]*+>")
_TAG = re.compile(r"<[^<>]*+>")


def texts(source: str) -> list[str] | None:
    """The texts of its paragraphs as they stand, none empty; None where a parser has to say.

    >>> texts("<p>One <b>bold</b> word &amp; more.</p> <ul><li>Two<br>lines</li></ul>")
    ['One bold word & more.', 'Two lines']
    >>> texts("<p>One</p>Two") is None
    True
    """
    if not _PLAIN.fullmatch(source):
        return None
    return [_text(piece) for piece in _BLOCK.split(source) if piece and not piece.isspace()]


def _text(piece: str) -> str:
    if "<" in piece:
        piece = _TAG.sub("", _LINE_BREAK.sub(" ", piece))
    return html.unescape(piece) if "&" in piece else piece
