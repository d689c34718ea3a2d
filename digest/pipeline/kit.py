"""What every step works with; made once by the command or the daemon, and handed down."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.collect.fetch import Fetcher
from digest.config import Config
from digest.model import Step
from digest.store import Database
from digest.workers import Workers

Clock = Callable[[], datetime]  # aware, UTC
Follow = Callable[[Sequence[Step], AsyncConnection], Awaitable[None]]


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
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set: finish what is in flight, begin nothing
