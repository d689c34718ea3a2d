"""`digest db copy`: from one database to another."""

from typing import Any

from digest.cli import desk, out
from digest.config import Config
from digest.errors import UsageError
from digest.store import Database, copying


async def copy(config: Config, url: str, *, quiet: bool) -> dict[str, Any]:
    """The rows of each table, as copied; UsageError where that address names no database we know."""
    target = _of(config, url)
    if target.database_url == config.database_url:
        raise UsageError("that is the database in use: name another one")
    async with Database(config.database_url) as old, Database(target.database_url) as new:
        say = None if quiet else lambda name, rows: out.note(f"{name}: {out.count(rows, 'row')}") if rows else None
        rows = await copying.to(old, new, now=desk.now(), progress=say)
        return {"from": old.shown, "to": new.shown, "rows": rows}


def show(found: dict[str, Any], url: str) -> None:
    """What was copied, and what to do now."""
    total = sum(found["rows"].values())
    out.line(f"{found['from']} → {found['to']}: {out.count(total, 'row')}, counted on both sides")
    shown = url if "@" not in url or ":" not in url.partition("@")[0].partition("://")[2] else found["to"]
    out.line(f'Now write database = "{shown.replace("+psycopg", "")}" in digest.toml, and start the program again.')
    if url.startswith("postgresql"):
        out.line('engine = "procrastinate" there lets many machines work: `digest worker` on each.')
    out.line("Start nothing on the old database any more: what it has not sent, the new one sends.")


def _of(config: Config, url: str) -> Config:
    if not url.startswith(("postgresql://", "sqlite:///")):
        raise UsageError(f"{url.partition(':')[0]}: a database is postgresql://… or sqlite:///FILE")
    return config.model_copy(update={"digest": config.digest.model_copy(update={"database": url})})
