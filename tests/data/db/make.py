"""Makes a database file by the program as it stands: PYTHONPATH=tests python tests/data/db/make.py tests/data/db/0001.db

Run once for each schema that is released, and never again: the file then stays as that program left it. Three feeds of
the sample, 460 readers (one left, one suppressed), an issue of which a batch is sent, some may be and some are not, and a slot missed.
"""

import asyncio
import contextlib
import sqlite3
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.conftest import Desk, Site
from send.world import IdleWorkers

from digest import config as settings
from digest.collect.fetch import Fetcher
from digest.pipeline import send
from digest.pipeline.kit import Kit
from digest.store import Database, issues
from digest.testing import Fault, MailServer

MAIL = 'provider = "resend"\napi_key = "re_key"\nrate = "1/second"\n'
READERS = 460


def now() -> datetime:
    return datetime.now(UTC)


async def half_sent(config: Path, log: Path) -> None:
    """One batch leaves, one has no answer, one stays; the slot of yesterday was missed."""
    stop = asyncio.Event()
    async with MailServer(log, faults=[Fault.CUT_AFTER, *[Fault.NONE] * 9], honours_keys=False) as server:
        found = settings.load(config, environ={"DIGEST_MAIL__BASE_URL": server.url})
        fetcher = Fetcher(public_url="https://news.example.org", now=now)
        async with Database(found.database_url) as database:
            kit = Kit(config=found, database=database, workers=IdleWorkers(), fetcher=fetcher, now=now)

            def seen(done: int, _: int) -> None:
                if done >= 100:
                    stop.set()

            await send.issue(kit, 1, progress=seen, stop=stop)
            async with database.write() as connection:
                at = now() - timedelta(days=1)
                note = "the program was not running"
                slot = at.strftime("%Y-%m-%dT07:30")
                await issues.pass_over(connection, name="morning", slot=slot, due_at=at, note=note)


def small(database: Path, target: Path) -> None:
    """One file without a journal beside it, in small pages."""
    with contextlib.closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA journal_mode=DELETE")
        opened.execute("PRAGMA page_size=1024")
        opened.execute("VACUUM")
    target.write_bytes(database.read_bytes())


def main(target: Path) -> None:
    site = Site()
    threading.Thread(target=site.server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk = Desk(folder, site)
        desk.configure()
        desk.config.write_text(desk.config.read_text().replace("[mail]\n", f"[mail]\n{MAIL}"))
        rows = [f"reader-{n}@example.org,Reader {n}" for n in range(1, READERS + 1)]
        (folder / "readers.csv").write_text("\n".join(["address,name", *rows]))
        for words in (
            ("collect", "--all"),
            ("subscribers", "import", str(folder / "readers.csv"), "--newsletter", "morning", "--consent", "on paper"),
            ("subscribers", "remove", "reader-7@example.org"),
            ("subscribers", "suppress", "reader-8@example.org"),
            ("build", "morning"),
        ):
            done = desk.digest(*words)
            assert done.code == 0, (words, done.out, done.err)
        asyncio.run(half_sent(desk.config, folder / "log"))
        small(folder / "digest.db", target)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
