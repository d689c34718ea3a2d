"""One body for many readers: the shared parts once, each reader's values as small variables.

A provider that fills in variables has a syntax for them, and articles may hold it: `%recipient.name%`, `{{x}}`. Each
syntax here says how a variable is written and how a text is quoted, so that what an article says stays what it
says. Values are escaped for where they stand (HTML or text) before they become variables.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain

import orjson

from digest import model
from digest.model import Batch, Recipient, Rendered, Slot, SlotKind, Slotted
from digest.send.providers.base import Whole

_CELL = b"\0"  # no JSON holds this byte: it is written \u0000 there


@dataclass(frozen=True, slots=True)
class Column:
    """What differs from reader to reader in one place: the JSON of each, in the batch's order."""

    cells: Sequence[bytes]


def each(values: Iterable[object]) -> Column:
    """A value for each reader, in the batch's order."""
    return Column([orjson.dumps(value) for value in values])


def own_headers(batch: Batch) -> dict[str, Column]:
    """The headers that each reader has of their own, by name; ValueError where not all have the same names."""
    flat = zip(*(chain.from_iterable(person.headers) for person in batch.recipients), strict=True)
    found = {}
    for names, values in zip(flat, flat, strict=True):
        if names.count(names[0]) < len(names):
            raise ValueError(f"not all readers have the header {names[0]}")
        found[names[0]] = each(values)
    return found


def full(
    batch: Batch, message: Mapping[str, object], *, html: str, text: str, before: bytes = b"", after: bytes = b""
) -> Whole:
    """A JSON array of whole messages, for an API that merges nothing, between `before` and `after`.

    `message`: one as it stands for all, with a `Column` where readers differ; the two bodies come last, under the keys
    `html` and `text`. What all share is encoded once, and put together by columns: by messages it took twice as long.
    """
    parts, columns = _split(message)
    last = parts.pop().removesuffix(b"}")
    for key, slotted in ((html, batch.rendered.html), (text, batch.rendered.text)):
        first, *others = (orjson.dumps(part)[1:-1] for part in slotted.parts)
        parts.append(last + f',"{key}":"'.encode() + first)
        parts += others
        columns += [_cells(batch, slotted, slot) for slot in slotted.slots]
        last = parts.pop() + b'"'
    return _joined([*parts, last + b"},"], columns, len(batch.recipients), before=before + b"[", after=b"]" + after)


def _split(message: Mapping[str, object]) -> tuple[list[bytes], list[Sequence[bytes]]]:
    """The JSON around the columns, and the columns, as they stand in it."""
    columns: list[Sequence[bytes]] = []

    def place(value: object) -> orjson.Fragment:
        if not isinstance(value, Column):
            raise TypeError(f"no JSON: {value!r}")
        columns.append(value.cells)
        return orjson.Fragment(_CELL)

    return orjson.dumps(message, default=place, option=orjson.OPT_PASSTHROUGH_DATACLASS).split(_CELL), columns


def _cells(batch: Batch, slotted: Slotted, slot: Slot) -> Sequence[bytes]:
    """Each reader's value as it stands in that slot of a JSON text."""
    values = [person.values[slot.name] for person in batch.recipients]
    as_they_are = model.plain(values) if slot.kind is not SlotKind.PARAM else None
    if as_they_are is not None and (slot.kind is SlotKind.TEXT or all(map(model.is_link, values))):
        return as_they_are
    return [orjson.dumps(slotted.escaped(slot, value))[1:-1] for value in values]


def _joined(
    parts: Sequence[bytes], columns: Sequence[Sequence[bytes]], count: int, *, before: bytes, after: bytes
) -> Whole:
    """Part, cell, part, cell, … part for each reader, known by the parts and all cells (which hold no 0 byte)."""
    width = len(parts) + len(columns)
    pieces = [b""] * (width * count)
    for index, part in enumerate(parts):
        pieces[2 * index :: width] = [part] * count
    for index, cells in enumerate(columns):
        pieces[2 * index + 1 :: width] = cells
    pieces[0] = before + pieces[0]
    pieces[-1] = pieces[-1].removesuffix(b",") + after
    shared = sha256(f"{count}\n".encode())
    for part in (before, *parts, after):
        shared.update(sha256(part).digest())
    own = sha256(shared.digest() + _CELL.join(chain.from_iterable(columns)))
    return Whole(pieces, fingerprint=b"\1" + own.digest())


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
