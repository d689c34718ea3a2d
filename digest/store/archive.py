"""Issues as the public reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import IssueState, Rendered, Slot, SlotKind, Slotted
from digest.store.tables import delivery, issue, rendition
from subscribers.model import EVERYBODY, Choosers

_PUBLIC = (IssueState.SENDING, IssueState.SENT)  # nothing is shown before it goes out


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One issue in the archive."""

    number: int
    slot: str
    at: datetime  # when it went out, else was made
    subject: str
    preheader: str
    language: str


async def listed(
    connection: AsyncConnection,
    newsletter: str,
    *,
    of: Choosers = EVERYBODY,
    before: int | None = None,
    limit: int,
) -> tuple[Edition, ...]:
    """The issues that went out to these readers, newest first; with `before`, those with a lower number."""
    r = rendition.c
    columns = (issue.c.number, issue.c.slot, issue.c.date, issue.c.made_at, issue.c.due_at)
    statement = (
        select(*columns, r.subject, r.preheader, r.language)
        .join_from(issue, rendition, r.issue_id == issue.c.id)
        .where(issue.c.newsletter == newsletter, issue.c.state.in_(_PUBLIC), r.variant == "")
        .order_by(issue.c.number.desc())
        .limit(limit)
    )
    if of.only is not None:
        statement = statement.where(issue.c.cadence.in_(of.only))
    elif of.but:
        statement = statement.where(issue.c.cadence.not_in(of.but))
    if before is not None:
        statement = statement.where(issue.c.number < before)
    return tuple(
        Edition(
            number=row.number,
            slot=row.slot,
            at=row.date or row.made_at or row.due_at,
            subject=row.subject,
            preheader=row.preheader,
            language=row.language,
        )
        for row in await connection.execute(statement)
    )


async def rendered(
    connection: AsyncConnection, newsletter: str, number: int, *, is_public: bool = False, reader: int = 0
) -> Rendered | None:
    """That issue with its slots; None where there is none, or with `is_public` where it has not gone out.

    `reader`: as that subscriber got it; the whole issue for everybody else.
    """
    own = select(delivery.c.variant).where(delivery.c.issue_id == issue.c.id, delivery.c.subscriber_id == reader)
    statement = (
        select(rendition)
        .join_from(rendition, issue, rendition.c.issue_id == issue.c.id)
        .where(issue.c.newsletter == newsletter, issue.c.number == number)
        .where(rendition.c.variant == func.coalesce(own.scalar_subquery(), ""))
    )
    if is_public:
        statement = statement.where(issue.c.state.in_(_PUBLIC))
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    return Rendered(
        subject=row.subject,
        preheader=row.preheader,
        html=_slotted(row.html, is_html=True),
        text=_slotted(row.text, is_html=False),
        language=row.language,
    )


def _slotted(stored: Mapping[str, Any], *, is_html: bool) -> Slotted:
    slots = tuple(Slot(name=name, kind=SlotKind(kind)) for name, kind in stored["slots"])
    return Slotted(parts=tuple(stored["parts"]), slots=slots, is_html=is_html)
