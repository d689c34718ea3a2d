"""What every step works with; made once by the command or the daemon, and handed down."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.collect.fetch import Fetcher
from digest.config import Config
from digest.model import Step
from digest.store import Database
from digest.workers import Workers

Clock = Callable[[], datetime]  # aware, UTC
Follow = Callable[[Sequence[Step], AsyncConnection], Awaitable[None]]


class Meter(Protocol):
    """Who counts what sending does."""

    def answered(self, provider: str, seconds: float) -> None:
        """A request to the provider took so long, whatever came of it."""

    def settled(self, outcome: str, count: int) -> None:
        """So many deliveries came to be accepted, rejected, …"""

    def finished(self, newsletter: str, seconds: float) -> None:
        """An issue left so long after its slot, to the last of its readers."""


class Uncounted:
    """Nobody counts."""

    def answered(self, provider: str, seconds: float) -> None:
        """Nothing."""

    def settled(self, outcome: str, count: int) -> None:
        """Nothing."""

    def finished(self, newsletter: str, seconds: float) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """The edge of the world, in one value: configuration, database, processes, clock."""

    config: Config
    database: Database
    workers: Workers
    fetcher: Fetcher
    now: Clock
    owner: str = "test"  # who claims: host:pid:start
    mailbox_url: str = ""  # of the mailbox this process serves; empty: none
    follow: Follow | None = None  # steps that exist exactly when that transaction commits; None: steps move in memory
    meter: Meter = field(default_factory=Uncounted)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set: finish what is in flight, begin nothing
