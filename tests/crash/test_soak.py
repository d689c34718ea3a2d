"""The short form of tests/crash/soak.py: the run is judged, and its judge can say no."""

import sqlite3
from contextlib import closing

import pytest
from crash import soak

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(300)
async def test_two_days_of_everything(tmp_path) -> None:
    told = await soak.run(tmp_path, days=2, feeds=8, readers=40)
    assert told.wrong == []
    assert (told.counts["issues"], told.counts["messages"]) == (2, 80)
    assert told.counts["told"] > 4
    assert len(told.memory_mb) == 2
    with closing(sqlite3.connect(tmp_path / "digest.db")) as connection, connection:
        connection.execute("UPDATE issue SET state = 'ready' WHERE number = 2")
    log = tmp_path / "taken.jsonl"
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines[1:], lines[1]]) + "\n")
    soak._judge(tmp_path, told)
    assert [fault.split(":")[0] for fault in told.wrong] == ["issues not sent", "messages lost", "messages twice"]


def test_growth_is_that_of_the_last_third() -> None:
    flat = soak.Told(days=9, memory_mb=[10, 50, 100, 100, 101, 100, 100, 101, 100])
    assert flat.growth == pytest.approx(1.0)
    assert soak.Told(days=9, memory_mb=[*range(100, 190, 10)]).growth > 1.1
