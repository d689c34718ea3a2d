"""`[mail] rate` is the rate of all senders together, whichever process they are in: they meet in the database alone."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from send.world import Clock, addresses, config, kit, seed

from digest.pipeline import send
from digest.store import Database
from digest.testing import MailServer

pytestmark = pytest.mark.anyio
RATE, REQUESTS = 20, 60  # a second; two that know nothing of each other would take half the time


async def test_two_senders_keep_one_rate(database: Database, tmp_path: Path) -> None:
    issue_id = await seed(database, readers=REQUESTS * 100)
    async with MailServer(tmp_path / "log") as server, Database(database.url) as other:
        settings = config(tmp_path, base_url=server.url)
        paced = settings.model_copy(update={"mail": settings.mail.model_copy(update={"rate": f"{RATE}/second"})})
        began = time.monotonic()
        await asyncio.gather(*(send.issue(kit(paced, one, Real()), issue_id) for one in (database, other)))
        took = time.monotonic() - began
    assert took >= (REQUESTS - 1) / RATE * 0.95
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(REQUESTS * 100))


class Real(Clock):
    """The clock on the wall."""

    def now(self):
        return datetime.now(UTC)
