"""What tests of sending share: a configuration, an issue that is ready, and readers."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import insert

from digest.collect.fetch import Fetcher
from digest.config import Config, parse
from digest.model import IssueState, Rendered, Slot, SlotKind, Slotted
from digest.pipeline.kit import Kit
from digest.store import Database, renditions, tables
from digest.workers import Workers
from subscribers import tables as people

START = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
RENDERED = Rendered(
    subject="Züge fahren wieder – 3 stories",
    preheader="and more",
    html=Slotted(
        parts=("<p>Hello ", '</p><p>100 % {{x}} %recipient.name% -name-</p><a href="', '">leave</a>'),
        slots=(Slot(name="recipient.name"), Slot(name="unsubscribe_url", kind=SlotKind.URL)),
        is_html=True,
    ),
    text=Slotted(
        parts=("Hello ", "\n\nLeave: ", "\n"), slots=(Slot(name="recipient.name"), Slot(name="unsubscribe_url"))
    ),
    language="en",
)


class Clock:
    """Time that passes when someone sleeps, and only then."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start
        self.slept = 0.0

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.slept += seconds
        await asyncio.sleep(0)


def config(folder: Path, *, provider: str = "resend", base_url: str = "", more: str = "") -> Config:
    return parse(
        f"""
        [digest]
        public_url = "https://news.example.org"
        postal_address = "1 Example Street"
        [mail]
        provider = "{provider}"
        sender = "Morning digest <digest@example.org>"
        api_key = "re_key"
        base_url = "{base_url}"
        rate = "100000/second"
        {more}
        [newsletters.morning]
        title = "Morning digest"
        """,
        path=folder / "digest.toml",
        environ={},
    )


class IdleWorkers(Workers):
    """Sending uses no worker process."""

    def __init__(self) -> None:
        pass


def kit(config: Config, database: Database, clock: Clock) -> Kit:
    fetcher = Fetcher(public_url="https://news.example.org", now=clock.now)  # never opened
    return Kit(config=config, database=database, workers=IdleWorkers(), fetcher=fetcher, now=clock.now)


async def seed(
    database: Database,
    *,
    readers: int = 3,
    rendered: Rendered = RENDERED,
    number: int = 1,
    issue: Mapping[str, object] = {},
) -> int:
    """A ready issue of `morning` and its readers reader-1@example.org, …; the issue's id."""
    async with database.write() as connection:
        values = {
            "newsletter": "morning",
            "number": number,
            "slot": f"2026-11-23T07:{number:02}",
            "due_at": START,
            "state": IssueState.READY,
            "title": "Morning digest",
            **issue,
        }
        made = await connection.execute(insert(tables.issue).values(values).returning(tables.issue.c.id))
        issue_id = made.scalar_one()
        await renditions.save(connection, issue_id, "", rendered)
        if readers:
            await connection.execute(insert(people.subscriber), [reader(n) for n in range(1, readers + 1)])
            await connection.execute(insert(people.subscription), [active(n) for n in range(1, readers + 1)])
    return issue_id


def reader(n: int) -> dict[str, object]:
    address = f"reader-{n}@example.org"
    return {
        "id": n,
        "address": address,
        "address_key": address,
        "address_hash": sha256(address.encode()).digest(),
        "name": f"Reader {n}",
        "fields": {},
        "created_at": START,
    }


def active(n: int) -> dict[str, object]:
    return {"subscriber_id": n, "newsletter": "morning", "state": "active", "since": START}


def addresses(count: int) -> list[str]:
    return [f"reader-{n}@example.org" for n in range(1, count + 1)]
