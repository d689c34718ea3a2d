"""A daemon without a network: a clock one may set, stages that note what they were asked, an engine one may watch."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.config import Config, Newsletter, parse
from digest.model import DeliveryState, Due, Rendered, Slot, SlotKind, Slotted, Step
from digest.pipeline.kit import Kit
from digest.pipeline.steps import Stages
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database, issues, notices, renditions

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # a Monday, 07:00 in Berlin
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
DAILY = 'title = "Morning"\nschedule = "30 7 * * *"\ntimezone = "Europe/Berlin"'
RENDERED = Rendered(
    subject="Züge fahren wieder",
    preheader="",
    html=Slotted(
        parts=('<html><body class="x"><h1>Züge</h1><a href="', '">leave</a></body></html>'),
        slots=(Slot(name="unsubscribe_url", kind=SlotKind.URL),),
        is_html=True,
    ),
    text=Slotted(parts=("Züge\n\nLeave: ", "\n"), slots=(Slot(name="unsubscribe_url"),)),
)
FINDING = {
    "level": "warning",
    "rule": "alt",
    "message": "<b>an image</b> says nothing",
    "place": "",
    "remedy": "Add alt.",
}


def config(*, owner: str = "Ada <ada@example.org>", **newsletters: str) -> Config:
    """The configuration of those tables; one daily newsletter where none is given."""
    tables = newsletters or {"morning": DAILY}
    text = f'[digest]\nowner = "{owner}"\n[mail]\nsender = "A <a@example.org>"\n' + "".join(
        f"[newsletters.{n}]\n{t}\n" for n, t in tables.items()
    )
    return parse(text, path=Path("digest.toml"), environ={})


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


def kit_of(
    database: Database, clock: Callable[[], datetime], *, settings: Config | None = None, owner: str = "a"
) -> Kit:
    """A kit without processes and fetcher: no stage of these tests uses them."""
    parts = {name: None for name in Kit.__dataclass_fields__ if name in {"workers", "fetcher"}}
    return Kit(config=settings or config(), database=database, now=clock, owner=owner, **parts)


@dataclass
class Work:
    """Stages that collect nothing and make issues of one story; `make_error`, `collect_error` make them fail."""

    collected: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    until: list[datetime | None] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    told: list[notices.Notice] = field(default_factory=list)
    tell_error: Exception | None = None
    make_error: BaseException | None = None
    make_error_on: str = ""  # the day
    collect_error: BaseException | None = None
    hang: asyncio.Event | None = None  # making waits for it

    @property
    def stages(self) -> Stages:
        return Stages(collect=self.collect, make=self.make, send=self.send, tell=self.tell)

    async def collect(self, _kit: Kit, newsletter: Newsletter) -> None:
        self.collected.append(newsletter.name)
        if self.collect_error is not None:
            raise self.collect_error

    async def make(self, kit: Kit, newsletter: Newsletter, due: Due, held: issues.Claim) -> None:
        if self.hang is not None:
            await self.hang.wait()
        if self.make_error is not None and due.slot.startswith(self.make_error_on):
            raise self.make_error
        self.until.append(due.until)
        if await freeze(kit, newsletter, held):
            self.made.append(due.slot)

    async def send(self, _kit: Kit, issue_id: int, _stop: asyncio.Event) -> None:
        self.sent.append(issue_id)

    async def tell(self, kit: Kit, notice_id: int) -> None:
        """Takes the word to the owner, or fails."""
        if self.tell_error is not None:
            raise self.tell_error
        async with kit.database.write() as connection:
            held = await notices.claim(connection, notice_id, owner=kit.owner, now=kit.now(), lease=MINUTE)
            if held is not None and await notices.settle(connection, held, DeliveryState.ACCEPTED):
                self.told.append(held)


async def freeze(kit: Kit, newsletter: Newsletter, held: issues.Claim, *, bulk: str = "") -> bool:
    """The issue as `build` freezes it, of one line, and more where there is `bulk`."""
    state = "held" if newsletter.approve_required else "ready"
    now = kit.now()
    async with kit.database.write() as connection:
        kept = await issues.freeze(
            connection,
            held,
            title="T",
            content={"preflight": [FINDING], "bulk": bulk},
            told=(),
            made_at=now,
            expires_at=now + newsletter.expires_after,
            state=state,
        )
        if kept:
            await renditions.save(connection, held.issue_id, "", RENDERED)
    return kept


class Watched(Local):
    """The engine of the program, and the keys of the steps it was given."""

    def __init__(self, *args, **named) -> None:
        super().__init__(*args, **named)
        self.keys: list[str] = []

    async def submit(self, todo: Iterable[Step]) -> None:
        todo = list(todo)
        self.keys += [step.key for step in todo]
        await super().submit(todo)


@dataclass
class World:
    """One daemon and all around it."""

    daemon: Daemon
    engine: Watched
    work: Work
    clock: Clock

    @property
    def told(self) -> list[str]:
        """What the owner heard of, in order: issue:1:failed, …"""
        return [notice.about for notice in self.work.told]

    @property
    def kit(self) -> Kit:
        return self.daemon.kit

    async def sweep(self, *, to: datetime | None = None) -> None:
        """One sweep, at that time, and all the work that follows from it."""
        if to is not None:
            self.clock.at = to
        await self.daemon.sweep()
        await self.engine.drain(10)

    async def states(self, name: str = "morning") -> dict[str, str]:
        """Each slot's state."""
        async with self.kit.database.read() as connection:
            return {record.slot: str(record.state) for record in reversed(await issues.listed(connection, name))}


def world(database: Database, *, settings: Config | None = None, clock: Clock | None = None, owner: str = "a") -> World:
    """A daemon that has not swept yet."""
    clock, work = clock or Clock(), Work()
    kit = kit_of(database, clock, settings=settings, owner=owner)
    engine = Watched(kit, work.stages)
    return World(Daemon(kit, engine), engine, work, clock)
