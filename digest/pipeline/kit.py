"""What every step works with; made once by the command or the daemon, and handed down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from digest.config import Config
from digest.store import Database
from digest.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """The edge of the world, in one value: configuration, database, processes, clock."""

    config: Config
    database: Database
    workers: Workers
    now: Callable[[], datetime]  # aware, UTC
