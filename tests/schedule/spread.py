"""How a daemon spreads its polls over the hour: its own rounds, each feed's own policy, simulated minutes.

PYTHONPATH=.:tests python tests/schedule/spread.py [--feeds 1000] [--hours 30]
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
from collections import Counter
from datetime import timedelta

from schedule.world import MINUTE, START, Clock, Work, config, kit_of

from digest.collect import policy
from digest.config import Config
from digest.model import FeedRecord
from digest.pipeline.kit import Kit
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database

HOUR = 60 * MINUTE


class Poller(Work):
    """Collecting without a network: every feed answers, with entries as far apart as its own gap."""

    def __init__(self, gaps: list[timedelta], seed: int) -> None:
        super().__init__()
        self.gaps, self.chance = gaps, random.Random(seed)
        self.records = [FeedRecord(id=n, url=f"https://{n}.example/", requested_url="") for n in range(len(gaps))]
        self.asked: Counter[int] = Counter()  # by the minute since the start

    async def collect(self, kit: Kit, *_: object) -> None:
        now = kit.now()
        for n, (record, gap) in enumerate(zip(self.records, self.gaps, strict=True)):
            if policy.is_due(record, now):
                self.asked[(now - START) // MINUTE] += 1
                polled = policy.Polled(published=tuple(now - gap * k for k in range(5)), body_hash=b"x")
                self.records[n] = policy.after(record, polled, now=now, jitter=self.chance.random())


async def run(gaps: list[timedelta], *, hours: int, seed: int = 1, asleep: range = range(0)) -> list[int]:
    """Polls in each minute; in those of `asleep` no daemon runs."""
    feeds = [f"https://{n}.example/" for n in range(len(gaps))]
    yearly = 'title = "Morning"\nschedule = "30 7 1 1 *"'  # nothing but collecting
    settings = config(morning=f"{yearly}\nfeeds = {json.dumps(feeds)}")
    clock, work = Clock(), Poller(gaps, seed)
    with tempfile.TemporaryDirectory() as folder:
        async with Database(f"sqlite+aiosqlite:///{folder}/digest.db") as database:
            await _sweep(database, settings, clock, work, hours=hours, asleep=asleep)
    return [work.asked[minute] for minute in range(hours * 60)]


async def _sweep(
    database: Database, settings: Config, clock: Clock, work: Poller, *, hours: int, asleep: range
) -> None:
    kit = kit_of(database, clock, settings=settings)
    engine = Local(kit, work.stages)
    daemon = Daemon(kit, engine, chance=random.Random(1))
    for minute in range(hours * 60):
        clock.at = START + minute * MINUTE
        if minute not in asleep:
            await daemon.sweep()
            await engine.drain(10)


def gaps(kind: str, count: int, seed: int = 1) -> list[timedelta]:
    """Between two entries of each feed. alike: 2 hours, the worst case; mixed: half an hour to 32 hours."""
    chance = random.Random(seed)
    return [2 * HOUR if kind == "alike" else HOUR * 2 ** chance.uniform(-1, 5) for _ in range(count)]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=30)
    given = parser.parse_args()
    for kind in ("alike", "mixed"):
        asked = asyncio.run(run(gaps(kind, given.feeds), hours=given.hours))
        for first, last in ((0, 1), (1, 2), (2, 4), (4, 8), (24, 30)):
            if found := asked[first * 60 : last * 60]:
                line = (
                    f"{min(found)} to {max(found)}, mean {statistics.mean(found):.1f}, σ {statistics.pstdev(found):.1f}"
                )
                print(f"{kind:6} hours {first:2} to {last:2}, polls a minute: {line}")


if __name__ == "__main__":
    _main()
