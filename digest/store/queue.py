"""What stands in the job queue, for those who watch. The queue's tables are Procrastinate's, in the same database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

HOLDER = "queue"  # whose claims are kept alive by a job: no process, so none that may die
STALLED = timedelta(seconds=30)  # without a heartbeat: the worker is dead, its jobs go to others

_STATUSES = ("todo", "doing", "failed")
_COUNTS = text("SELECT queue_name, status::text, count(*) FROM procrastinate_jobs GROUP BY queue_name, status")
# As Procrastinate's own select_stalled_jobs_by_heartbeat.
_STALLED = text("""
SELECT count(*) FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :seconds))
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The queue at one moment."""

    queues: Mapping[str, Mapping[str, int]]  # name: {todo, doing, failed}
    stalled: int  # jobs whose worker is dead and that nobody has taken up yet


async def standing(connection: AsyncConnection) -> Standing:
    """How the jobs stand; nothing where no worker was ever started."""
    if await connection.scalar(text("SELECT to_regclass('procrastinate_jobs') IS NULL")):
        return Standing(queues={}, stalled=0)
    queues: dict[str, dict[str, int]] = {}
    for name, status, count in await connection.execute(_COUNTS):
        if status in _STATUSES:
            queues.setdefault(name, dict.fromkeys(_STATUSES, 0))[status] = count
    stalled = await connection.scalar(_STALLED, {"seconds": STALLED.total_seconds()})
    return Standing(queues=queues, stalled=stalled or 0)
