"""One daemon of whichever program PYTHONPATH names first, an old one or this: its own Daemon, engine and stages, over
simulated time.

Arguments: the folder (with digest.toml and `clock`: a simulated and a real time, in seconds). It works until SIGTERM; its own words of an error end it with that error's code.
"""

import asyncio
import logging
import signal
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import structlog

from digest.collect.fetch import Fetcher
from digest.config import load
from digest.errors import DigestError
from digest.pipeline import stages
from digest.pipeline.kit import Kit
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database, owner
from digest.workers import Workers

SWEEP_S = 0.1


async def main(folder: Path) -> None:
    def now() -> datetime:
        simulated, real = map(float, (folder / "clock").read_text().split())
        return datetime.fromtimestamp(simulated + time.time() - real, UTC)

    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    config = load(folder / "digest.toml", environ={})
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(config.database_url))
        workers = await stack.enter_async_context(Workers(count=1, preload=("digest.collect.reading",)))
        private = config.collect.allow_private
        fetcher = await stack.enter_async_context(
            Fetcher(public_url=config.digest.public_url, allow_private=private, now=now)
        )
        kit = Kit(
            config=config,
            database=database,
            workers=workers,
            fetcher=fetcher,
            now=now,
            owner=owner.mine(),
            stopping=stopping,
        )
        engine = Local(kit, stages.OURS)
        daemon = Daemon(kit, engine)
        while not stopping.is_set():
            await daemon.sweep()
            await asyncio.sleep(SWEEP_S)
        await engine.drain(30)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except DigestError as error:
        sys.stderr.write(f"digest: {error}\n")
        raise SystemExit(error.exit_code) from None
