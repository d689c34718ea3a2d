"""One body for many readers: the shared parts once, each reader's values as small variables.

A provider that fills in variables has a syntax for them, and articles may hold it: `%recipient.name%`, `{{x}}`. Each
syntax here says how a variable is written and how a text is quoted, so that what an article says stays what it
says. Values are escaped for where they stand (HTML or text) before they become variables.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from digest import model
from digest.model import Batch, Recipient, Rendered, Slot, SlotKind, Slotted


def full(batch: Batch, own: Callable[[Recipient], Mapping[str, object]], *, html: str, text: str) -> bytes:
    """A JSON array of whole messages, for an API that merges nothing: `own` keys of each, and the two bodies' last.

    The bodies' parts are encoded once for all readers, and the whole is put together in one go: encoding each message
    anew took three times as long.
    """
    bodies = [
        _Encoded(slotted, f',"{key}":') for key, slotted in ((html, batch.rendered.html), (text, batch.rendered.text))
    ]
    pieces = [b"["]
    for person in batch.recipients:
        pieces.append(orjson.dumps(own(person))[:-1])
        plain = {name: value.encode() for name, value in person.values.items() if model.is_plain(value)}
        for body in bodies:
            body.fill(pieces, person.values, plain)
        pieces.append(b"},")
    pieces[-1] = b"}]"
    return b"".join(pieces)


class _Encoded:
    """A text as it stands in JSON after `key`, in pieces."""

    def __init__(self, slotted: Slotted, key: str) -> None:
        self._first, *others = (orjson.dumps(part)[1:-1] for part in slotted.parts)
        self._first = key.encode() + b'"' + self._first
        self._others = [(slot.name, slot, part) for slot, part in zip(slotted.slots, others, strict=True)]
        self._slotted = slotted

    def fill(self, pieces: list[bytes], values: Mapping[str, str], plain: Mapping[str, bytes]) -> None:
        """Adds the whole text with every slot filled. `plain`: those of the values that no escaping changes."""
        pieces.append(self._first)
        for name, slot, part in self._others:
            value = plain.get(name)
            if value is None or not (slot.kind is SlotKind.TEXT or (slot.kind is SlotKind.URL and _is_link(value))):
                value = orjson.dumps(self._slotted.escaped(slot, values[name]))[1:-1]
            pieces += (value, part)
        pieces.append(b'"')


def _is_link(value: bytes) -> bool:
    return value.startswith((b"https://", b"http://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """A provider's way to write variables."""

    place: Callable[[str], str]  # a variable's name → what stands for it
    special: re.Pattern[str]  # what must not stand in a text as it is
    quoted: Callable[[str], str]  # such a piece → what stands for it
    constants: Mapping[str, str] = field(default_factory=dict)  # variables that `quoted` needs, the same for all

    def quote(self, text: str) -> str:
        """The text, with nothing in it that the provider would fill in."""
        return self.special.sub(lambda match: self.quoted(match[0]), text)

    def join(self, slotted: Slotted, prefix: str) -> str:
        """The whole text with a variable in every slot."""
        pieces = [self.quote(slotted.parts[0])]
        for slot, part in zip(slotted.slots, slotted.parts[1:], strict=True):
            pieces += (self.place(_variable(prefix, slot)), self.quote(part))
        return "".join(pieces)

    def html(self, rendered: Rendered) -> str:
        """The HTML of all."""
        return self.join(rendered.html, "h")

    def text(self, rendered: Rendered) -> str:
        """The text of all."""
        return self.join(rendered.text, "t")

    def values(self, rendered: Rendered, recipient: Recipient) -> dict[str, str]:
        """One reader's variables, escaped for where they stand, in the order of their names."""
        found = dict(self.constants)
        for prefix, slotted in (("h", rendered.html), ("t", rendered.text)):
            for slot in slotted.slots:
                found[_variable(prefix, slot)] = slotted.escaped(slot, recipient.values[slot.name])
        return dict(sorted(found.items()))


def _variable(prefix: str, slot: Slot) -> str:
    """A name that is one word in every syntax: a dot would be read as a step into something."""
    return f"{prefix}_{re.sub(r'[^A-Za-z0-9]', '_', slot.name)}_{slot.kind.value}"


_BRACE = re.compile(r"\{(?=[{%#]|\Z)")  # also at a part's end, where a variable follows

MINIJINJA = Syntax(  # KumoMTA: https://docs.rs/minijinja; `safe` in case it escapes by itself
    place=lambda name: "{{ " + name + " | safe }}",
    special=_BRACE,
    quoted=lambda _: '{{ "{" | safe }}',
)
BREVO = Syntax(
    place=lambda name: "{{ params." + name + " }}",
    special=_BRACE,
    quoted=lambda _: "{{ params.brace }}",
    constants={"brace": "{"},
)
_HANDLEBARS = {"{": "brace", "}": "closing", "\\": "backslash"}
HANDLEBARS = Syntax(  # Amazon SES, which escapes nothing; there a backslash keeps a variable from being filled in
    place=lambda name: "{{" + name + "}}",
    special=re.compile(r"\{(?=\{|\Z)|(?<!\\)\\++(?=\{|\Z)|\A\}"),  # a brace after a variable would close it with three
    quoted=lambda piece: "".join("{{" + _HANDLEBARS[each] + "}}" for each in piece),  # all backslashes of a run
    constants={name: piece for piece, name in _HANDLEBARS.items()},
)
MAILGUN = Syntax(
    place=lambda name: f"%recipient.{name}%",
    special=re.compile(r"%(?=[A-Za-z_][\w.-]*%|\Z)"),
    quoted=lambda _: "%recipient.percent%",
    constants={"percent": "%"},
)


def tagged(nonce: str) -> Syntax:
    """SendGrid's substitutions, whose tags we choose: nothing is quoted, since no text holds this nonce."""
    return Syntax(
        place=lambda name: f"-{nonce}.{name}-",
        special=re.compile(r"(?!)"),
        quoted=lambda piece: piece,
    )
