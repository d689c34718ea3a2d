"""An issue as rendered, kept with it: written once by the build, read by every batch."""

from typing import Any, TypedDict

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.errors import StoreError
from digest.model import Rendered, Slot, SlotKind, Slotted
from digest.store.tables import rendition


class Stored(TypedDict):
    """A `Slotted` as JSON."""

    parts: list[str]
    slots: list[list[str]]  # [name, kind]


async def save(connection: AsyncConnection, issue_id: int, variant: str, rendered: Rendered) -> None:
    """Keeps it; IntegrityError where the issue has that variant already: what is frozen is not written twice."""
    await connection.execute(
        insert(rendition).values(
            issue_id=issue_id,
            variant=variant,
            subject=rendered.subject,
            preheader=rendered.preheader,
            language=rendered.language,
            html=encode(rendered.html),
            text=encode(rendered.text),
        )
    )


async def load(connection: AsyncConnection, issue_id: int, variant: str = "") -> Rendered:
    """The issue as rendered in that variant; StoreError where it was never built."""
    where = (rendition.c.issue_id == issue_id, rendition.c.variant == variant)
    row = (await connection.execute(select(rendition).where(*where))).one_or_none()
    if row is None:
        raise StoreError(f"issue {issue_id} has no rendition {variant!r}: build it again")
    return _rendered(row)


async def every(connection: AsyncConnection, issue_id: int) -> dict[str, Rendered]:
    """The issue as rendered in each of its variants; StoreError where it was never built."""
    rows = await connection.execute(select(rendition).where(rendition.c.issue_id == issue_id))
    found = {row.variant: _rendered(row) for row in rows}
    if "" not in found:
        raise StoreError(f"issue {issue_id} has no rendition: build it again")
    return found


async def known(connection: AsyncConnection, issue_id: int) -> frozenset[str]:
    """The variants in which the issue is rendered."""
    found = await connection.execute(select(rendition.c.variant).where(rendition.c.issue_id == issue_id))
    return frozenset(found.scalars())


def _rendered(row: Row[Any]) -> Rendered:
    return Rendered(
        subject=row.subject,
        preheader=row.preheader,
        language=row.language,
        html=decode(row.html, is_html=True),
        text=decode(row.text, is_html=False),
    )


def encode(slotted: Slotted) -> Stored:
    """What the column holds."""
    return {"parts": list(slotted.parts), "slots": [[slot.name, slot.kind.value] for slot in slotted.slots]}


def decode(stored: Stored, *, is_html: bool) -> Slotted:
    """The inverse of `encode`."""
    slots = tuple(Slot(name=name, kind=SlotKind(kind)) for name, kind in stored["slots"])
    return Slotted(parts=tuple(stored["parts"]), slots=slots, is_html=is_html)
