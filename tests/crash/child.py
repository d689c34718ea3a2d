"""A sender in a process of its own, that can be made to die at its n-th crossing of a border.

Borders: before and after each commit, before and after each request. Nothing in the program knows of this.
"""

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from send.world import IdleWorkers, config
from sqlalchemy import event

from digest.collect.fetch import Fetcher
from digest.pipeline import send
from digest.pipeline.kit import Kit
from digest.store import Database

DIED = 137


@dataclass
class Borders:
    """Counts crossings; the process ends at the one that is fatal (0: none is)."""

    fatal: int
    crossed: int = 0

    def cross(self, *_: object) -> None:
        self.crossed += 1
        if self.crossed == self.fatal:
            os._exit(DIED)


class Watched(httpx.AsyncHTTPTransport):
    def __init__(self, borders: Borders) -> None:
        super().__init__()
        self._borders = borders

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._borders.cross()
        response = await super().handle_async_request(request)
        await response.aread()
        self._borders.cross()
        return response


def run(url: str, base_url: str, provider: str, folder: Path, issue_id: int, fatal: int) -> None:
    """Sends the issue; exits with 137 where it dies."""
    asyncio.run(_run(url, base_url, provider, folder, issue_id, Borders(fatal=fatal)))


async def _run(url: str, base_url: str, provider: str, folder: Path, issue_id: int, borders: Borders) -> None:
    async with Database(url) as database:
        pooled, *direct = database.engines
        event.listen(pooled, "commit", borders.cross)
        event.listen(pooled, "checkin", borders.cross)  # after the commit
        for engine in direct:
            event.listen(engine, "commit", borders.cross)
            event.listen(engine, "begin", borders.cross)  # after the commit before: its connection stays open
        made = Kit(
            config=config(folder, provider=provider, base_url=base_url),
            database=database,
            workers=IdleWorkers(),
            fetcher=Fetcher(public_url="https://news.example.org", now=lambda: datetime.now(UTC)),
            now=lambda: datetime.now(UTC),
        )
        await send.issue(made, issue_id, transport=Watched(borders))
