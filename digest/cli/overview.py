"""`digest status`: the state of everything on one page."""

from datetime import datetime
from typing import Any

from digest.cli import checks, desk
from digest.collect import policy
from digest.config import Config, Newsletter
from digest.store import Database, batches, crew, deliveries, feeds, issues, notices, queue, refusals

_LAST_ISSUES = 10


async def gather(config: Config) -> dict[str, Any]:
    """What `status --json` prints."""
    async with desk.database(config) as database:
        return {
            "newsletters": [await _newsletter(database, letter) for letter in config.newsletters.values()],
            "feeds": await _feeds(config, database),
            "issues": await _issues(database),
            "deliveries": await _deliveries(database),
            "circuits": await _circuits(database),
            "notices": await _notices(database),
            "engine": await _engine(config, database),
        }


async def _newsletter(database: Database, letter: Newsletter) -> dict[str, Any]:
    coming = checks.dates(letter, 2)
    slots = sorted(slot for dates in coming.values() for slot in dates)
    async with database.read() as connection:
        readers = await batches.recipients(connection, letter.name)
    return {
        "name": letter.name,
        "title": letter.title,
        "feeds": len(letter.feeds),
        "readers": readers,
        "timezone": letter.timezone,
        "next_slot": slots[0] if slots else None,
        "next_slots": coming,
    }


async def _feeds(config: Config, database: Database) -> list[dict[str, Any]]:
    async with database.read() as connection:
        known = {record.requested_url: record for record in await feeds.listed(connection)}
    urls = dict.fromkeys(feed.url for letter in config.newsletters.values() for feed in letter.feeds)
    return [_feed(url, known.get(url)) for url in urls]


def _feed(url: str, record: Any) -> dict[str, Any]:
    return {
        "url": url,
        "title": record.title if record else "",
        "state": record.state if record else "new",
        "last_ok": record.last_ok.isoformat() if record and record.last_ok else None,
        "next_check": record.next_check.isoformat() if record and record.next_check else None,
        "error": record.last_error if record else None,
        "concerns": list(policy.concerns(record, desk.now())) if record else [],
    }


async def _issues(database: Database) -> list[dict[str, Any]]:
    async with database.read() as connection:
        found = await issues.listed(connection, limit=_LAST_ISSUES)
        counts = {record.id: await deliveries.counts(connection, record.id) for record in found}
        refused = await refusals.counted(connection, list(counts))
    return [
        {
            "issue": r.name,
            "slot": r.slot,
            "cadence": r.cadence,
            "state": r.state,
            "note": r.note,
            "send_at": r.send_at.isoformat() if r.send_at else None,
            "deliveries": {str(state): number for state, number in counts[r.id].items()},
            "refused": refused.get(r.id, 0),
        }
        for r in found
    ]


async def _deliveries(database: Database) -> dict[str, int]:
    async with database.read() as connection:
        return {str(state): n for state, n in (await deliveries.counts(connection)).items()}


async def _circuits(database: Database) -> list[dict[str, str]]:
    async with database.read() as connection:
        found = await notices.open_circuits(connection, now=desk.now())
    return [{"provider": name, "open_until": at.isoformat()} for name, at in found.items()]


async def _notices(database: Database) -> list[dict[str, str]]:
    async with database.read() as connection:
        return [
            {"about": one.about, "way": one.way, "subject": one.subject, "state": one.state, "note": one.note}
            for one in await notices.standing(connection)
        ]


async def _engine(config: Config, database: Database) -> dict[str, Any]:
    """Who moves the steps: this program itself, or the workers of the queue."""
    name = config.digest.engine
    if name == "local" or database.is_sqlite:
        return {"name": name}
    async with database.read() as connection:
        now = await crew.clock(connection)
        standing = await queue.standing(connection)
        workers = [_worker(found, now) for found in await crew.listed(connection)]
    queues = [{"name": name, **counts} for name, counts in sorted(standing.queues.items())]
    return {"name": name, "queues": queues, "workers": workers, "stalled": standing.stalled}


def _worker(found: crew.Sighting, now: datetime) -> dict[str, Any]:
    here = found.worker
    return {
        "name": here.name,
        "queues": list(here.queues),
        "concurrency": here.concurrency,
        "started_at": here.started_at.isoformat(),
        "seen_at": found.seen_at.isoformat(),
        "is_alive": now - found.seen_at < queue.STALLED,
    }
