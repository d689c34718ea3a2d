"""What every step works with; made once by the command or the daemon, and handed down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from digest.collect.fetch import Fetcher
from digest.config import Config
from digest.store import Database
from digest.workers import Workers

Clock = Callable[[], datetime]  # aware, UTC


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
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set: finish what is in flight, begin nothing
