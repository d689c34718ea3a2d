"""The short form of tests/crash/daemons.py: two weeks in which both clocks change."""

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crash import daemons

pytestmark = pytest.mark.anyio
KILLS = int(os.environ.get("CRASH_KILLS", "6"))


@pytest.mark.timeout(600)
async def test_three_daemons_killed_at_random_make_and_mail_each_issue_once(database_url: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("CRASH_SEED", str(random.randrange(10**6))))
    print(f"CRASH_SEED={seed}")  # shown when the test fails
    start, end = datetime(2026, 10, 22, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC)
    told = await daemons.run(tmp_path, database_url, kills=KILLS, seed=seed, start=start, end=end)
    assert told.wrong == []
    assert (told.due, told.killed) == (26, KILLS)
