"""A recipient's values before they are known: tokens that templates print, and the split into slots.

An issue is rendered and inlined once. Where a recipient's value belongs, templates print a token: ASCII letters and
digits alone, so that escaping, lxml and premailer leave it as it is, with a nonce no article can foresee. Afterwards
the page is split at the tokens: joining parts and values takes a thousandth of the time of rendering again.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, NoReturn

from lxml import etree

from digest.errors import RenderError
from digest.model import Slot, SlotKind, Slotted

SLOTS: Final = (
    Slot(name="recipient.name"),
    Slot(name="recipient.address"),
    Slot(name="unsubscribe_url", kind=SlotKind.URL),
    Slot(name="preferences_url", kind=SlotKind.URL),
    Slot(name="view_url", kind=SlotKind.URL),
    Slot(name="recipient.name", kind=SlotKind.PARAM),
    Slot(name="recipient.address", kind=SlotKind.PARAM),
)
_ALLOWED: Final = {"encode", "isascii", "isidentifier"} | {
    f"__{name}__"
    for name in [
        "new",
        "init",
        "init_subclass",
        "class",
        "getattribute",
        "getattr",
        "setattr",
        "delattr",
        "dir",
        "doc",
        "hash",
        "str",
        "repr",
        "format",
        "html",
        "reduce",
        "reduce_ex",
        "getstate",
        "getnewargs",
        "sizeof",
        "subclasshook",
        "slots",
        "module",
    ]
}


class Token(str):
    """Text that stands for a value not yet known: it can be printed, and nothing else.

    Whatever would change or read it raises TypeError, since a template that shortens or compares a recipient's name
    would shorten or compare the token.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return str.__str__(self)

    def __html__(self) -> str:
        return str.__str__(self)

    def __hash__(self) -> int:
        return str.__hash__(self)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("a recipient's value is known only when the message leaves: print it as it is")


for _name in ({*dir(str), "__bool__", "__radd__", "__rmod__"}) - _ALLOWED:
    setattr(Token, _name, _refuse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A recipient's values as parts of a link's query."""

    name: Token
    address: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What templates see as `recipient`."""

    name: Token
    address: Token
    query: Query


class Tokens:
    """The tokens of one issue. The same `nonce` gives the same tokens."""

    def __init__(self, nonce: str) -> None:
        self.nonce = "zq" + hashlib.sha256(nonce.encode()).hexdigest()[:12]
        self._whole = re.compile(rf"{self.nonce}x([0-{len(SLOTS) - 1}])zq")

    def _token(self, index: int) -> Token:
        return Token(f"{self.nonce}x{index}zq")

    def values(self) -> dict[str, object]:
        """The names templates may print, each with its token."""
        name, address, unsubscribe, preferences, view, query_name, query_address = map(self._token, range(len(SLOTS)))
        query = Query(name=query_name, address=query_address)
        return {
            "recipient": Reader(name=name, address=address, query=query),
            "unsubscribe_url": unsubscribe,
            "preferences_url": preferences,
            "view_url": view,
        }

    def slots(self, value: str) -> list[Slot]:
        """The slots whose tokens stand in `value`, in order."""
        return [SLOTS[int(found[1])] for found in self._whole.finditer(value)]

    def split(self, whole: str, *, is_html: bool) -> Slotted:
        """`whole` with its tokens as slots; RenderError where one was changed, or none leads to unsubscribing."""
        pieces = self._whole.split(whole)
        slots = tuple(SLOTS[int(index)] for index in pieces[1::2])
        part = "HTML" if is_html else "text"
        if whole.lower().count(self.nonce) != len(slots):
            raise RenderError(f"The {part} template changes a recipient's value; print it as it is, without filters.")
        if not any(slot.name == "unsubscribe_url" for slot in slots):
            raise RenderError(f"The {part} template has no unsubscribe link; print {{{{ unsubscribe_url }}}} in it.")
        return Slotted(parts=tuple(pieces[::2]), slots=slots, is_html=is_html)

    def check_places(self, root: etree._Element) -> None:
        """RenderError where a slot stands in a place its escaping does not fit.

        An address must be a whole href, a query's part stand in an address after its ?, and a text in neither an
        address nor a style sheet.
        """
        for element in root.iter():
            if isinstance(element.tag, str):
                for name, value in element.items():
                    if self.nonce in value:
                        self._check_attribute(element.tag, name, value)
            elif self.nonce in (element.text or ""):
                raise RenderError("The HTML template prints a recipient's value in a comment; take it out of there.")
            if element.tag in {"style", "script", "title"} and self.nonce in (element.text or ""):
                raise RenderError(
                    f"The HTML template prints a recipient's value in <{element.tag}>; take it out of there."
                )

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        for slot in self.slots(value):
            is_address = name in {"href", "src", "action", "background", "formaction", "srcset"}
            fits = {
                SlotKind.URL: name == "href" and self._whole.fullmatch(value) is not None,
                SlotKind.PARAM: is_address and 0 <= value.find("?") < value.find(self.nonce),
                SlotKind.TEXT: not is_address and name != "style" and not name.startswith("on"),
            }
            if not fits[slot.kind]:
                remedy = {
                    SlotKind.URL: "it must be a whole href",
                    SlotKind.PARAM: "it belongs behind the ? of an address",
                    SlotKind.TEXT: "in an address write recipient.query.… behind the ?",
                }[slot.kind]
                raise RenderError(f"The HTML template prints {slot.name} in <{tag} {name}>: {remedy}.")
