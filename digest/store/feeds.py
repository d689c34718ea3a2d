"""The feeds the program knows: their rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import FeedRecord, FeedState, Validators
from digest.store.database import insert_of
from digest.store.driver import Rows
from digest.store.tables import feed

_ROWS = Rows(feed, without={"id", "requested_url"})
_APART = {"id", "requested_url", "etag", "last_modified"}
_SAVED = tuple(column.name for column in feed.columns if column.name not in _APART)
_PAGE = 500  # bound values in one statement


async def get(connection: AsyncConnection, requested_url: str) -> FeedRecord | None:
    """The feed configured under that address, or None."""
    row = (await connection.execute(select(feed).where(feed.c.requested_url == requested_url))).mappings().first()
    return _record(row) if row else None


async def listed(connection: AsyncConnection, requested_urls: Sequence[str] | None = None) -> list[FeedRecord]:
    """Those feeds (None: all) that have a row, by their row's age."""
    if requested_urls is None:
        rows = (await connection.execute(select(feed).order_by(feed.c.id))).mappings().all()
        return [_record(row) for row in rows]
    found: list[FeedRecord] = []
    for start in range(0, len(requested_urls), _PAGE):
        page = requested_urls[start : start + _PAGE]
        rows = (await connection.execute(select(feed).where(feed.c.requested_url.in_(page)))).mappings().all()
        found += [_record(row) for row in rows]
    return sorted(found, key=lambda record: record.id)


async def ensure(
    connection: AsyncConnection, requested_urls: Sequence[str], *, since: datetime | None = None
) -> list[FeedRecord]:
    """A row for each of those addresses, made where there is none; in the order given.

    `since`: what a first poll of a new row lets into the next issue.
    """
    wanted = list(dict.fromkeys(requested_urls))
    records = {record.requested_url: record for record in await listed(connection, wanted)}
    missing = [url for url in sorted(wanted) if url not in records]
    if missing:  # another process may make the same this moment
        rows = [{"requested_url": url, "url": url, "since": since} for url in missing]
        await connection.execute(insert_of(connection, feed).on_conflict_do_nothing(), rows)
        records |= {record.requested_url: record for record in await listed(connection, missing)}
    return [records[url] for url in wanted]


async def start(connection: AsyncConnection, requested_url: str, *, since: datetime | None) -> bool:
    """Has the first poll of that feed let in what was published since then; False where it was polled already."""
    (record,) = await ensure(connection, [requested_url], since=since)
    if record.last_ok is not None:
        return False
    await save(connection, replace(record, since=since))
    return True


async def locked(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, FeedRecord]:
    """Those feeds' rows, held until the transaction ends, so that two processes never store one poll twice."""
    query = select(feed).where(feed.c.id.in_(list(ids))).order_by(feed.c.id).with_for_update()
    rows = (await connection.execute(query)).mappings().all()
    return {row["id"]: _record(row) for row in rows}


async def busy(connection: AsyncConnection, *, now: datetime) -> dict[str, datetime]:
    """The addresses that last answered that their host is busy, each with the time it is not asked before."""
    told = select(feed.c.url, feed.c.next_check).where(feed.c.last_error_kind == "busy", feed.c.next_check > now)
    return {row.url: row.next_check for row in await connection.execute(told)}


async def save(connection: AsyncConnection, *records: FeedRecord) -> None:
    """Writes what polls learnt; the ids and the configured addresses stay."""
    if records:
        ordered = sorted(records, key=lambda record: record.id)  # two processes never wait for each other's rows
        if connection.dialect.name == "sqlite":
            bound = [(*_ROWS.bound(_values(record)), record.id) for record in ordered]
            await connection.exec_driver_sql(_ROWS.update, bound)
            return
        values = [{"b_id": record.id, **_values(record)} for record in ordered]
        await connection.execute(update(feed).where(feed.c.id == bindparam("b_id")), values)


async def remove(connection: AsyncConnection, requested_url: str) -> bool:
    """Forgets a feed with its articles; False where there is none."""
    result = await connection.execute(delete(feed).where(feed.c.requested_url == requested_url))
    return bool(result.rowcount)


async def is_taken(connection: AsyncConnection, url: str, *, by_other_than: int) -> bool:
    """Whether another row is asked at, or configured as, that address."""
    other = select(feed.c.id).where((feed.c.url == url) | (feed.c.requested_url == url), feed.c.id != by_other_than)
    return (await connection.execute(other.limit(1))).first() is not None


def _record(row: RowMapping) -> FeedRecord:
    values: dict[str, Any] = dict(row)
    validators = Validators(etag=values.pop("etag"), last_modified=values.pop("last_modified"))
    return FeedRecord(**{**values, "state": FeedState(values["state"]), "validators": validators})


def _values(record: FeedRecord) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in _SAVED}
    return values | {
        "state": record.state.value,
        "etag": record.validators.etag,
        "last_modified": record.validators.last_modified,
    }
