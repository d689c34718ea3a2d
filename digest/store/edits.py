"""What the editor changed: in the next issue, until it is made; and in a frozen one, as long as nothing of it has left.

The second is the one way to change what is frozen (DESIGN rule 1). It is refused by the database itself from the moment
sending begins: `rewrite` changes the issue's row only where nothing of it was ever claimed, in one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import BatchState, Edit, IssueState, Rendered
from digest.store import renditions
from digest.store.tables import batch, edit, issue, issue_article, rendition, revision

_EDIT = TypeAdapter(Edit)
_WAITING = (IssueState.READY, IssueState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """An edit as it was saved. What is changed from it is saved with its number: who was overtaken is told."""

    edit: Edit
    number: int  # how often it was saved; 0: never
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """A frozen issue's edits."""

    document: dict[str, Any]  # the issue before the first of them, with all that was left out since
    last: Saved


# ------------------------------------------------------------------ the next issue


async def saved(connection: AsyncConnection, newsletter: str, *, cadence: str = "") -> Saved:
    """What is wanted of the next issue; an edit that changes nothing where none was saved."""
    where = (edit.c.newsletter == newsletter, edit.c.cadence == cadence)
    row = (await connection.execute(select(edit).where(*where))).one_or_none()
    if row is None:
        return Saved(edit=Edit(), number=0)
    return Saved(edit=_EDIT.validate_python(row.content), number=row.number, owner=row.owner)


async def save(
    connection: AsyncConnection,
    newsletter: str,
    wanted: Edit,
    *,
    after: int,
    at: datetime,
    owner: str,
    cadence: str = "",
) -> bool:
    """Keeps it for the next issue; False where what was saved meanwhile is not number `after`."""
    if (await saved(connection, newsletter, cadence=cadence)).number != after:
        return False
    await use(connection, newsletter, after, cadence=cadence)
    values = {"newsletter": newsletter, "cadence": cadence, "number": after + 1, "content": _dump(wanted)}
    await connection.execute(insert(edit).values(**values, saved_at=at, owner=owner))
    return True


async def use(connection: AsyncConnection, newsletter: str, number: int, *, cadence: str = "") -> None:
    """Forgets it: it has been used. One that was saved since stays."""
    where = (edit.c.newsletter == newsletter, edit.c.cadence == cadence, edit.c.number == number)
    await connection.execute(delete(edit).where(*where))


# ------------------------------------------------------------------ a frozen issue


async def waits(connection: AsyncConnection, issue_id: int) -> bool:
    """Whether that issue is frozen and nothing of it was ever claimed: it may still be edited."""
    found = await connection.scalar(select(issue.c.id).where(_unclaimed(issue_id)))
    return found is not None


async def told(connection: AsyncConnection, issue_id: int) -> list[tuple[int, int]]:
    """What the issue tells: (article id, story from 0; -1: left out)."""
    columns = (issue_article.c.article_id, issue_article.c.story)
    rows = await connection.execute(select(*columns).where(issue_article.c.issue_id == issue_id))
    return sorted((row.article_id, row.story) for row in rows)


async def variants(connection: AsyncConnection, issue_id: int) -> list[str]:
    """In which variants the issue is rendered."""
    found = select(rendition.c.variant).where(rendition.c.issue_id == issue_id)
    return list((await connection.execute(found.order_by(rendition.c.variant))).scalars())


async def revised(connection: AsyncConnection, issue_id: int) -> Revised | None:
    """How it was edited; None where it is as it was made."""
    rows = (
        await connection.execute(select(revision).where(revision.c.issue_id == issue_id).order_by(revision.c.number))
    ).all()
    if not rows:
        return None
    last = Saved(edit=_EDIT.validate_python(rows[-1].edit), number=rows[-1].number, owner=rows[-1].owner)
    return Revised(document=rows[0].document, last=last)


async def begin(
    connection: AsyncConnection, issue_id: int, document: Mapping[str, Any], *, at: datetime, owner: str
) -> None:
    """Keeps what the issue is before its first edit."""
    values = {"issue_id": issue_id, "number": 0, "at": at, "owner": owner, "edit": _dump(Edit())}
    await connection.execute(insert(revision).values(**values, document=dict(document)))


async def append(
    connection: AsyncConnection, issue_id: int, made: Edit, *, after: int, at: datetime, owner: str
) -> bool:
    """Notes an edit behind number `after`; False where another came first."""
    newest = await connection.scalar(select(func.max(revision.c.number)).where(revision.c.issue_id == issue_id))
    if newest != after:
        return False
    values = {"issue_id": issue_id, "number": after + 1, "at": at, "owner": owner, "edit": _dump(made)}
    await connection.execute(insert(revision).values(**values))
    return True


async def rewrite(
    connection: AsyncConnection,
    issue_id: int,
    *,
    content: Mapping[str, Any],
    made: Mapping[str, Rendered],
    told: Sequence[tuple[int, int]],
) -> bool:
    """Replaces what a waiting issue says, never who gets it; False where it has begun to leave: nothing is changed.

    `made`: its renditions by variant, all of them; `told`: (article id, story from 0; -1: left out).
    """
    changed = await connection.execute(update(issue).where(_unclaimed(issue_id)).values(content=dict(content)))
    if changed.rowcount != 1:
        return False
    await connection.execute(delete(rendition).where(rendition.c.issue_id == issue_id))
    for variant, rendered in made.items():
        await renditions.save(connection, issue_id, variant, rendered)
    await connection.execute(delete(issue_article).where(issue_article.c.issue_id == issue_id))
    if told:
        of = (await connection.execute(select(issue.c.newsletter, issue.c.cadence).where(issue.c.id == issue_id))).one()
        rows = [{"issue_id": issue_id, **of._asdict(), "article_id": a, "story": s} for a, s in told]
        await connection.execute(insert(issue_article), rows)
    return True


def _unclaimed(issue_id: int) -> ColumnElement[bool]:
    """Frozen, its date not fixed (sending never began), and every batch as it was planned."""
    touched = or_(batch.c.state != BatchState.PENDING, batch.c.attempts > 0, batch.c.key.is_not(None))
    claimed = exists().where(batch.c.issue_id == issue.c.id, touched)
    return and_(issue.c.id == issue_id, issue.c.state.in_(_WAITING), issue.c.date.is_(None), ~claimed)


def _dump(made: Edit) -> Any:
    return _EDIT.dump_python(made, mode="json")
