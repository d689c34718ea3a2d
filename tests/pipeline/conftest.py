"""A kit with a loopback server beside it, its clock in the test's hand."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest.collect.fetch import Fetcher, Limits
from digest.config import Collecting, Config, FeedSettings, Mail
from digest.pipeline.kit import Kit
from digest.store import Database
from digest.testing import FeedServer
from digest.workers import Workers


@dataclass
class Clock:
    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


@pytest.fixture(scope="session")
async def workers() -> AsyncIterator[Workers]:
    async with Workers(count=2, preload=["digest.collect.reading", "digest.collect.pages"]) as pool:
        yield pool


@pytest.fixture
async def collect_kit(
    server: FeedServer, clock: Clock, workers: Workers, database: Database, tmp_path: Path
) -> AsyncIterator[Kit]:
    """Feeds and pages of `server` may be read; nothing else that is private. Once on each kind of database."""
    config = Config(
        path=tmp_path / "digest.toml",
        mail=Mail(sender="Example <digest@example.org>"),
        collect=Collecting(allow_private=(server.authority,)),
    )
    limits = Limits(total_s=3.0, read_s=2.0, connect_s=1.0, max_bytes=3_000_000)
    async with Fetcher(
        public_url="https://news.example.org", now=clock, allow_private=config.collect.allow_private, limits=limits
    ) as fetcher:
        yield Kit(config=config, database=database, workers=workers, fetcher=fetcher, now=clock)


def settings(url: str, **given: object) -> FeedSettings:
    return FeedSettings.model_validate({"url": url, **given})
