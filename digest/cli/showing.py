"""`digest issues show`: one issue, as data or as one of its parts."""

from typing import Any

from digest.cli import desk, out
from digest.config import Config
from digest.errors import NothingToDo, UsageError
from digest.model import DeliveryState, EventKind
from digest.pipeline import send
from digest.store import Database, deliveries, events, issues, refusals, renditions
from digest.store.issues import IssueRecord

_FAILED = (DeliveryState.REJECTED, DeliveryState.UNKNOWN, DeliveryState.EXPIRED)


async def show(config: Config, named: tuple[str, int], part: str, to: str | None) -> dict[str, Any] | bytes:
    """The issue as `--json` prints it, or the bytes of one part: html, text, eml."""
    async with desk.database(config) as database:
        record = await _found(database, named)
        if not part:
            return await _data(database, record)
        if record.content is None:
            raise NothingToDo(f"{record.name} tells nothing: it is {record.state}")
        if part == "eml":
            return await send.eml(config, database, record.id, to, now=desk.now())
        html, text = await neutral(database, config, record.id)
        return (html if part == "html" else text).encode()


async def neutral(database: Database, config: Config, issue_id: int) -> tuple[str, str]:
    """HTML and text of the issue for nobody in particular: its links lead to the front door."""
    async with database.read() as connection:
        rendered = await renditions.load(connection, issue_id)
    values = send.neutral_values(config)
    return rendered.html.fill(values), rendered.text.fill(values)


async def _found(database: Database, named: tuple[str, int]) -> IssueRecord:
    async with database.read() as connection:
        record = await issues.found(connection, *named)
    if record is None:
        raise NothingToDo(f"there is no issue {named[0]}/{named[1]}; see `digest issues list`")
    return record


async def _data(database: Database, record: IssueRecord) -> dict[str, Any]:
    async with database.read() as connection:
        counts = await deliveries.counts(connection, record.id)
        failures = await deliveries.failures(connection, record.id, *_FAILED)
        reported = await events.tally(connection, record.id)
        refused = await refusals.reasons(connection, record.id) if EventKind.REFUSED in reported else ()
    told = {key: value for key, value in (record.content or {}).items() if key != "document"}
    return {
        **told,
        "issue": record.name,
        "newsletter": record.newsletter,
        "slot": record.slot,
        "cadence": record.cadence,
        "state": record.state,
        "note": record.note,
        "made_at": record.made_at.isoformat() if record.made_at else None,
        "expires_at": record.expires_at.isoformat() if record.expires_at else None,
        "deliveries": dict(counts),
        "reported": {kind.value: count for kind, count in reported.items()},
        "refusals": [{"reason": reason, "count": count} for reason, count in refused],
        "failures": [{"address": f.address, "state": f.state, "reason": f.reason} for f in failures],
    }


def print_issue(found: dict[str, Any]) -> None:
    """For people."""
    out.line(
        f"{found['issue']} · {found['slot']} · {found['state']}" + (f" · {found['note']}" if found["note"] else "")
    )
    if "subject" in found:
        out.line(f"“{found['subject']}”")
    for number, story in enumerate(found.get("stories", ()), 1):
        out.line(f"{number:3}. {story['title']} · {story['source']}")
    counts = ", ".join(f"{number:,} {state}" for state, number in found["deliveries"].items() if number)
    out.line(f"deliveries: {counts or 'none'}")
    if reported := ", ".join(f"{number:,} {kind}" for kind, number in found["reported"].items()):
        out.line(f"reported: {reported}")
    for refusal in found["refusals"]:
        out.line(f"  refused: sender: {refusal['reason'] or 'without a word'} ({refusal['count']:,})")
    for failure in found["failures"]:
        out.line(f"  {failure['address']}: {failure['state']}: {failure['reason']}")


async def decide(config: Config, named: tuple[str, int], word: str) -> IssueRecord:
    """Holds or approves an issue; UsageError where it is past that."""
    async with desk.database(config) as database:
        record = await _found(database, named)
        async with database.write() as connection:
            act = issues.hold if word == "hold" else issues.approve
            changed = await act(connection, record.id)
        if not changed:
            raise UsageError(f"{record.name} is {record.state}: there is nothing to {word}")
        return await _found(database, named)
