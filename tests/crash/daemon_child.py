"""One daemon of the crash test: the program's Daemon, engine and sender, over simulated time.

Its folder holds a file `clock` of a simulated and a real time (seconds). Its number goes into a file `ready.PID` there
once it works. It works until it is killed.
"""

import asyncio
import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path

from send.world import RENDERED

from digest.config import parse
from digest.pipeline import send
from digest.pipeline.kit import Kit
from digest.pipeline.steps import Stages
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database, issues, owner, renditions

CONFIG = """
[mail]
sender = "A <a@example.org>"
provider = "resend"
api_key = "re_key"
base_url = "{url}"
rate = "100000/second"
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


async def main(folder: Path, database_url: str, url: str) -> None:
    def now() -> datetime:
        simulated, real = map(float, (folder / "clock").read_text().split())
        return datetime.fromtimestamp(simulated + time.time() - real, UTC)

    async def collect(*_) -> None:
        await asyncio.sleep(random.uniform(0, 0.02))  # between the claim and the making: where a kill hurts

    async def make(kit, newsletter, due, held) -> None:
        await asyncio.sleep(random.uniform(0, 0.02))
        async with kit.database.write() as connection:
            made_at = kit.now()
            expires = made_at + newsletter.expires_after
            kept = await issues.freeze(
                connection, held, title="T", content={}, told=(), made_at=made_at, expires_at=expires
            )
            if kept:
                await renditions.save(connection, held.issue_id, "", RENDERED)

    async def post(kit, issue_id, stop) -> None:
        await send.issue(kit, issue_id, stop=stop)

    config = parse(CONFIG.format(url=url), path=Path("digest.toml"), environ={})
    async with Database(database_url) as database:
        parts = {name: None for name in Kit.__dataclass_fields__ if name in {"workers", "fetcher"}}
        kit = Kit(config=config, database=database, now=now, owner=owner.mine(), **parts)
        engine = Local(kit, Stages(collect=collect, make=make, send=post))
        daemon = Daemon(kit, engine)
        while True:
            await daemon.sweep()
            (folder / f"ready.{os.getpid()}").touch()
            await asyncio.sleep(SWEEP_S)


def run(folder: Path, database_url: str, url: str) -> None:
    """Its words go into `daemons.log`."""
    log = os.open(folder / "daemons.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(log, number)
    asyncio.run(main(folder, database_url, url))
