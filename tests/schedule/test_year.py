"""APScheduler itself, travelling through a year: one alarm a day for each zone and time of day.

The suite takes every seventh zone; `SCHEDULE_ZONES=all pytest -n0 tests/schedule/test_year.py` takes all 53, with
three lags between an alarm and the next look at the clock.
"""

import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from schedule.test_slots import TIMES, YEAR, ZONES, cron

from digest.schedule.slots import WallClock

CHOSEN = ZONES if os.environ.get("SCHEDULE_ZONES") == "all" else ZONES[1::7]


class Noting(BaseExecutor):
    """Runs nothing: notes which alarm rang, and for which instant."""

    def __init__(self) -> None:
        super().__init__()
        self.rang: list[tuple[str, datetime]] = []

    def _do_submit_job(self, job, run_times) -> None:
        self.rang += [(job.id, at.astimezone(UTC)) for at in run_times]
        self._run_job_success(job.id, [])


class Travelling(BlockingScheduler):
    """Asked for its next wake-up instead of waiting for it."""

    def start(self) -> None:
        """Begins without a loop."""
        super(BlockingScheduler, self).start(paused=True)
        self.state = 1  # running: jobs are processed when we say so

    def wakeup(self) -> None:
        """Nobody sleeps."""

    def shutdown(self, wait: bool = True) -> None:  # noqa: FBT002 — as it is there
        super(BlockingScheduler, self).shutdown(wait)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lag_s", [0.0, 2.0, 5400.0] if os.environ.get("SCHEDULE_ZONES") == "all" else [2.0])
def test_a_year_of_alarms(lag_s: float) -> None:
    start, end = datetime(2025, 12, 31, 6, tzinfo=UTC), datetime(2027, 1, 1, 18, tzinfo=UTC)
    executor = Noting()
    with time_machine.travel(start, tick=False) as traveller:
        scheduler = Travelling(timezone=UTC, executors={"default": executor}, job_defaults={"misfire_grace_time": None})
        for zone in CHOSEN:
            for clock in TIMES:
                scheduler.add_job(print, WallClock(cron(clock), zone), id=f"{zone} {clock}")
        scheduler.start()
        while datetime.now(UTC) < end:
            wait = scheduler._process_jobs()
            traveller.shift(timedelta(seconds=wait + lag_s))
        scheduler.shutdown()
    days = Counter[tuple[str, date]]()
    for job, at in executor.rang:
        zone, _, clock = job.partition(" ")
        days[job, _day(at, zone, clock)] += 1
    wanted = {(f"{zone} {clock}", day) for zone in CHOSEN for clock in TIMES for day in YEAR}
    assert wanted - set(days) == set()
    assert {key: count for key, count in days.items() if count > 1} == {}


def _day(at: datetime, zone: str, clock: str) -> date:
    """Which day's slot that is: one that a change carries over midnight belongs to the day before."""
    wall = at.astimezone(ZoneInfo(zone))
    return (wall - timedelta(hours=3)).date() if clock == "23:30" and wall.hour < 3 else wall.date()
