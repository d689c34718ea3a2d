"""A copy of a SQLite database while others write to it: SQLite's online backup, checked before it gets its name."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from digest.errors import StoreError, UsageError

_PAGES = 256  # a step: writers go in between
_BUSY_S = 30.0


def to(url: str, target: Path) -> int:
    """Its size in bytes. `url`: as SQLAlchemy takes it.

    UsageError for PostgreSQL, a file that is there already and a folder that is not; StoreError where the copy fails,
    or is not sound: no file is left then.
    """
    address = make_url(url)
    if not address.drivername.startswith("sqlite"):
        raise UsageError("the database is PostgreSQL: back it up with pg_dump")
    source = Path(address.database or "")
    if not source.is_file():
        raise StoreError(f"{source}: there is no such database")
    if target.exists():
        raise UsageError(f"{target} is there already: name a new file")
    if not target.parent.is_dir():
        raise UsageError(f"{target}: there is no folder {target.parent}: make it first")
    part = target.with_name(f".{target.name}.part")
    try:
        _copy(source, part)
        part.rename(target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{target}: the backup failed ({error})") from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, part: Path) -> None:
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds addresses
    read_only = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True, timeout=_BUSY_S)) as old, closing(sqlite3.connect(part)) as new:
        old.backup(new, pages=_PAGES)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, no -wal beside it
        (said,) = new.execute("PRAGMA quick_check").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(f"the copy is not sound: {said}")
    with part.open("rb") as file:
        os.fsync(file.fileno())
