"""`digest status`: the state of everything on one page."""

from collections import Counter
from datetime import datetime
from typing import Any

from digest.cli import desk, out
from digest.collect import policy
from digest.config import Config
from digest.schedule import slots
from digest.store import Database, crew, deliveries, feeds, issues, queue

_LAST_ISSUES = 10


async def gather(config: Config) -> dict[str, Any]:
    """What `status --json` prints."""
    async with desk.database(config) as database:
        return {
            "newsletters": [_newsletter(letter) for letter in config.newsletters.values()],
            "feeds": await _feeds(config, database),
            "issues": await _issues(database),
            "deliveries": await _deliveries(database),
            "engine": await _engine(config, database),
        }


def _newsletter(letter: Any) -> dict[str, Any]:
    coming = slots.upcoming(letter.schedule, letter.timezone, after=desk.now(), count=1)
    return {
        "name": letter.name,
        "title": letter.title,
        "feeds": len(letter.feeds),
        "timezone": letter.timezone,
        "next_slot": coming[0][0] if coming else None,
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
    return [
        {"issue": r.name, "slot": r.slot, "state": r.state, "note": r.note, "deliveries": counts[r.id]} for r in found
    ]


async def _deliveries(database: Database) -> dict[str, int]:
    async with database.read() as connection:
        return {str(state): n for state, n in (await deliveries.counts(connection)).items()}


async def _engine(config: Config, database: Database) -> dict[str, Any]:
    """Who moves the steps: this program itself, or the workers of the queue."""
    name = config.digest.engine
    if name == "local" or database.is_sqlite:
        return {"name": name}
    now = desk.now()
    async with database.read() as connection:
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


def show(found: dict[str, Any]) -> None:
    """The same for people."""
    for letter in found["newsletters"]:
        coming = (letter["next_slot"] or "never").replace("T", " ")
        feeds_word = out.count(letter["feeds"], "feed")
        out.line(f"{letter['title']} ({letter['name']}): next issue {coming} {letter['timezone']}, {feeds_word}")
    states = Counter(feed["state"] for feed in found["feeds"])
    out.line("feeds: " + (", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "none"))
    for feed in found["feeds"]:
        for said in feed["concerns"] or filter(None, [feed["error"]]):
            out.line(f"  {feed['url']}: {said}")
    if found["issues"]:
        rows = [
            (i["issue"], i["slot"], i["state"], _counts(i["deliveries"]) or i["note"] or "") for i in found["issues"]
        ]
        out.table(rows, heads=("issue", "slot", "state", "deliveries"))
    _show_engine(found["engine"])
    if unknown := found["deliveries"].get("unknown"):
        out.line(f"{out.count(unknown, 'delivery', 'deliveries')} unknown: `digest issues show ISSUE` names them")


def _show_engine(engine: dict[str, Any]) -> None:
    if "workers" not in engine:
        return
    living = [worker for worker in engine["workers"] if worker["is_alive"]]
    if not living:
        out.line("workers: none, so nothing is collected, built or sent: start `digest worker`")
    for worker in engine["workers"]:
        seen = "at work" if worker["is_alive"] else f"not heard of since {worker['seen_at'][:19].replace('T', ' ')} UTC"
        out.line(f"worker {worker['name']}: {', '.join(worker['queues'])}, {worker['concurrency']} at once, {seen}")
    if engine["queues"]:
        rows = [tuple(str(row[key]) for key in ("name", "todo", "doing", "failed")) for row in engine["queues"]]
        out.table(rows, heads=("queue", "waiting", "at work", "failed"))
    if engine["stalled"]:
        out.line(f"{out.count(engine['stalled'], 'job')} of a dead worker: others take it up within a minute")


def _counts(by_state: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in by_state.items() if number)
