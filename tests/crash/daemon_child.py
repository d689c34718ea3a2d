"""One daemon of the crash test: the program's Daemon and engine over simulated time, and stages that freeze an issue.

Arguments: the database's file, a file that holds the time (seconds), the file to which each issue that is frozen is
written after the commit, and when the time ends. Its number goes into a file `ready.PID` once it works.
"""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from digest.config import parse
from digest.pipeline.kit import Kit
from digest.pipeline.steps import Stages
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database, issues, owner

CONFIG = """
[mail]
sender = "A <a@example.org>"
[newsletters.berlin]
title = "Berlin"
schedule = "30 2 * * *"
timezone = "Europe/Berlin"
catch_up = "all"
expires_after_hours = 700
[newsletters.new-york]
title = "New York"
schedule = "30 1 * * *"
timezone = "America/New_York"
catch_up = "all"
expires_after_hours = 700
"""
SWEEP_S = 0.05


async def main(database_file: Path, clock_file: Path, log_file: Path, end: float) -> None:
    def now() -> datetime:
        return datetime.fromtimestamp(float(clock_file.read_text()), UTC)

    async def collect(*_) -> None:
        await asyncio.sleep(random.uniform(0, 0.02))  # between the claim and the making: where a kill hurts

    async def make(kit, _newsletter, due, held, _cadence) -> None:
        await asyncio.sleep(random.uniform(0, 0.02))
        async with kit.database.write() as connection:
            kept = await issues.freeze(
                connection, held, title="T", content={}, told=(), made_at=kit.now(), expires_at=None
            )
        if kept:
            with log_file.open("a") as log:
                log.write(f"{held.issue_id} {due.slot} {os.getpid()}\n")

    async def send(*_) -> None:
        return

    config = parse(CONFIG, path=Path("digest.toml"), environ={})
    async with Database(f"sqlite+aiosqlite:///{database_file}") as database:
        parts = {name: None for name in Kit.__dataclass_fields__ if name in {"workers", "fetcher"}}
        kit = Kit(config=config, database=database, now=now, owner=owner.mine(), **parts)
        engine = Local(kit, Stages(collect=collect, make=make, send=send))
        daemon = Daemon(kit, engine)
        while now().timestamp() < end:
            await daemon.sweep()
            log_file.with_name(f"ready.{os.getpid()}").touch()
            await asyncio.sleep(SWEEP_S)
        stood, still = -1, 0
        while still < 3:  # what is left: slots in turn, claims of the killed
            await daemon.sweep()
            await engine.drain(20)
            async with database.read() as connection:
                found = await issues.listed(connection)
            is_done = len(found) == stood and not any(record.state == "building" for record in found)
            stood, still = len(found), still + 1 if is_done else 0
        await engine.drain(20)


if __name__ == "__main__":
    asyncio.run(main(*map(Path, sys.argv[1:4]), float(sys.argv[4])))
