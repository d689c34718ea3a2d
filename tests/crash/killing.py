"""Starting senders, killing them, and judging by the log of the far side what was lost or doubled.

python tests/crash/killing.py --kills 500 [--seed 7]
"""

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from send.world import Clock, addresses, config, kit, seed  # noqa: E402 — found by the line above

from digest.model import DeliveryState  # noqa: E402
from digest.pipeline import send  # noqa: E402
from digest.pipeline.send import SendReport  # noqa: E402
from digest.store import Database, deliveries  # noqa: E402
from digest.testing import Fault, MailServer  # noqa: E402

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["digest.pipeline.send", "digest.store.migrate", "aiosqlite", "sqlalchemy.dialects.sqlite.aiosqlite"]
)
HARMLESS = [Fault.NONE] * 12 + [
    Fault.CUT_AFTER,
    Fault.CUT_BEFORE,
    Fault.ERROR_AFTER,
    Fault.HALF_BODY,
    Fault.UNAVAILABLE,
]


@dataclass
class Scene:
    """One issue, one far side, and senders that die."""

    url: str
    server: MailServer
    folder: Path
    issue_id: int
    readers: int
    provider: str = "resend"

    @classmethod
    async def make(
        cls, url: str, server: MailServer, folder: Path, *, readers: int, provider: str = "resend"
    ) -> "Scene":
        async with Database(url) as database:
            issue_id = await seed(database, readers=readers)
        return cls(url=url, server=server, folder=folder, issue_id=issue_id, readers=readers, provider=provider)

    def start(self, *, fatal: int = 0) -> BaseProcess:
        from crash import child

        args = (self.url, self.server.url, self.provider, self.folder, self.issue_id, fatal)
        process = _CONTEXT.Process(target=child.run, args=args)
        process.start()
        return process

    async def finish(self, *, resend_unknown: bool = False) -> SendReport:
        """Sends the rest from this very process, right after the last death."""
        clock = Clock()
        clock.time = clock.time.now(clock.time.tzinfo)
        async with Database(self.url) as database:
            world = kit(config(self.folder, provider=self.provider, base_url=self.server.url), database, clock)
            return await send.issue(world, self.issue_id, sleep=clock.sleep, resend_unknown=resend_unknown)

    async def unknown(self) -> set[str]:
        async with Database(self.url) as database, database.read() as connection:
            found = await deliveries.failures(connection, self.issue_id, DeliveryState.UNKNOWN)
        return {failure.address for failure in found}

    @property
    def got(self) -> Counter[str]:
        return Counter(taken.to for taken in self.server.taken())

    @property
    def expected(self) -> Counter[str]:
        return Counter(addresses(self.readers))


async def ended(process: BaseProcess, within_s: float | None = None) -> bool:
    """Whether it ended by then."""
    await asyncio.to_thread(process.join, within_s)
    return process.exitcode is not None


async def kill_at_random(scene: Scene, *, kills: int, chance: random.Random, senders: int = 1) -> int:
    """Starts and kills senders; how many were killed at work. Those that end by themselves are started again."""
    killed = 0
    for _ in range(kills * 3):
        scene.server.then(*chance.choices(HARMLESS, k=2))
        running = [scene.start() for _ in range(senders)]
        for process in running:
            if not await ended(process, chance.uniform(0.05, 0.6)):
                process.kill()
                killed += 1
        for process in running:
            await ended(process)
        if killed >= kills:
            break
    return killed


async def _main(kills: int, seed_number: int, say: Callable[[str], object]) -> int:
    chance = random.Random(seed_number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with MailServer(folder / "log", delay_s=0.03) as server:
            url = f"sqlite+aiosqlite:///{folder / 'd.db'}"
            scene = await Scene.make(url, server, folder, readers=kills * 400)
            killed = await kill_at_random(scene, kills=kills, chance=chance)
            report = await scene.finish()
            lost, doubled = scene.expected - scene.got, scene.got - scene.expected
    say(
        f"seed {seed_number}: {killed} killed, {report.accepted} accepted, {lost.total()} lost, {doubled.total()} doubled\n"
    )
    return 1 if lost or doubled else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    raise SystemExit(asyncio.run(_main(given.kills, given.seed, sys.stdout.write)))
