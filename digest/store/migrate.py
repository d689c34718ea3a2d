"""Bringing the tables up to date: two owners, each with its own line of migrations, in one database.

Alembic costs 0.3 s to import, so it is imported only where a migration is due.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from digest.errors import NewerDatabase
from digest.store.migrations import FOLDER, HEAD

_LOCK = 0x6469_6765  # PostgreSQL's advisory lock: one migrates, the others wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose tables: the folder of its migrations, its newest revision, and where its state is kept."""

    name: str
    folder: Path
    head: str

    @property
    def version_table(self) -> str:
        """Where Alembic keeps this owner's revision."""
        return f"{self.name}_schema"


# People first: the pipeline's statements join their tables.
OWNERS = (
    Owner(name="subscribers", folder=subscribers.MIGRATIONS, head=subscribers.HEAD),
    Owner(name="digest", folder=FOLDER, head=HEAD),
)


async def upgrade(connection: AsyncConnection) -> tuple[str, ...]:
    """Applies what is missing, in the caller's transaction; the owners that had something to apply."""
    return await connection.run_sync(_upgrade)


def current(connection: Connection, owner: Owner) -> str | None:
    """The owner's revision in this database; None in a new one."""
    try:
        with connection.begin_nested():
            return connection.execute(_version(owner)).scalar_one_or_none()
    except DBAPIError:
        return None  # no such table yet


def _version(owner: Owner) -> TextClause:
    return text(f"SELECT version_num FROM {owner.version_table}")  # noqa: S608 — ours


def check(connection: Connection) -> None:
    """NewerDatabase where another program brought the tables further since this one opened them.

    DBAPIError where it cannot be read.
    """
    for owner in OWNERS:
        if (at := connection.execute(_version(owner)).scalar_one_or_none()) != owner.head:
            raise _newer(owner, at)


def _newer(owner: Owner, at: str | None) -> NewerDatabase:
    return NewerDatabase(
        f"the database is newer ({owner.name} {at}) than this program ({owner.head}): "
        "upgrade newsdigest here too, and start it again"
    )


def _upgrade(connection: Connection) -> tuple[str, ...]:
    due = [owner for owner in OWNERS if current(connection, owner) != owner.head]
    if not due:
        return ()
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    for owner in due:
        _apply(connection, owner)
    return tuple(owner.name for owner in due)


def _apply(connection: Connection, owner: Owner) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    scripts = ScriptDirectory(str(owner.folder))
    context = MigrationContext.configure(connection, opts={"version_table": owner.version_table})
    at = context.get_current_revision()
    try:
        steps = [s for s in reversed(list(scripts.iterate_revisions("head", at or "base"))) if s.revision != at]
    except (CommandError, RevisionError) as error:
        raise _newer(owner, at) from error
    with Operations.context(context):
        context._ensure_version_table()  # noqa: SLF001 — Alembic's own runner needs an env.py; ours runs in one transaction
        for step in steps:
            step.module.upgrade()
            _stamp(connection, owner, step.revision)


def _stamp(connection: Connection, owner: Owner, revision: str) -> None:
    table = owner.version_table
    connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 — our own constant
    connection.execute(text(f"INSERT INTO {table} (version_num) VALUES (:revision)"), {"revision": revision})  # noqa: S608
