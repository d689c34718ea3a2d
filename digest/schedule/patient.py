"""Procrastinate's connections, waiting for a server that went away instead of failing.

As it ships, a worker ends when its heartbeat, its listening or its asking for a job meets a restart of PostgreSQL.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import psycopg
from procrastinate import PsycopgConnector, exceptions, sql

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_POOL_S = 5.0  # for a free connection; the pool gives up a lost one at once, so that the next try makes another
_AWAY = ("08", "57P", "53300")  # SQLSTATE: connection exceptions, shutdown and start, too many connections
# A job that was fetched by a connection that broke before it said which is ours and unknown to us.
_FORGOTTEN = """
UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL
WHERE worker_id = %(worker_id)s AND status = 'doing' AND NOT id = ANY(%(running)s)
"""


class Patient(PsycopgConnector):
    """A pool whose statements are tried again until the server answers."""

    def __init__(
        self, conninfo: str, *, running: Callable[[], Iterable[int]], max_size: int = 8, pause_s: float = _PAUSE_S
    ) -> None:
        """`running`: the ids of the jobs at work in this process; `pause_s`: between tries."""
        super().__init__(
            conninfo=conninfo,
            min_size=1,
            max_size=max_size,
            timeout=_POOL_S,
            reconnect_timeout=_PAUSE_S,
            kwargs={"connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3},
        )
        self._running = running
        self._pause_s = pause_s

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        """Without an answer."""
        await self._tried(super().execute_query_async, query, arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> Any:
        """One row."""
        return await self._tried(super().execute_query_one_async, query, arguments)

    async def execute_query_all_async(self, query: str, **arguments: Any) -> Any:
        """All rows."""
        return await self._tried(super().execute_query_all_async, query, arguments)

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        """Listens for ever; what is missed meanwhile is found by asking each second."""
        while True:
            try:
                await super().listen_notify(on_notification, channels)
            except exceptions.ConnectorException as error:
                if not is_away(error):
                    raise
                await asyncio.sleep(self._pause_s)

    async def _tried(self, execute: Callable[..., Awaitable[Any]], query: str, arguments: dict[str, Any]) -> Any:
        is_lost = False
        while True:
            try:
                if is_lost and query == sql.queries["fetch_job"]:
                    await self._give_back(arguments["worker_id"])
                answer = await execute(query, **arguments)
            except exceptions.ConnectorException as error:
                if query == sql.queries["finish_job"] and isinstance(error.__cause__, psycopg.errors.RaiseException):
                    log.warning("job ended elsewhere meanwhile", extra={"job": arguments.get("job_id")})
                    return None
                if not is_away(error):
                    raise
                if not is_lost:
                    log.warning("the queue's database does not answer", extra={"cause": cause(error)})
                is_lost = True
                await asyncio.sleep(self._pause_s)
            else:
                if is_lost:
                    log.warning("the queue's database is back")
                return answer

    async def _give_back(self, worker_id: int) -> None:
        await super().execute_query_async(_FORGOTTEN, worker_id=worker_id, running=list(self._running()))


def is_away(error: exceptions.ConnectorException) -> bool:
    """Whether the server is not there, or hung up, rather than refusing the statement."""
    said = error.__cause__
    if not isinstance(said, (psycopg.OperationalError, psycopg.InterfaceError)):
        return False
    return said.sqlstate is None or said.sqlstate.startswith(_AWAY)


def cause(error: exceptions.ConnectorException) -> str:
    """What the server or the driver said, on one line."""
    return " ".join(str(error.__cause__ or error).split())
