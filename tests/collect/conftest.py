from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest

from digest.collect.fetch import Fetcher, Limits
from digest.testing import FeedServer


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


@pytest.fixture
async def fetcher(server: FeedServer, now: datetime) -> AsyncIterator[Fetcher]:
    limits = Limits(total_s=2.0, read_s=1.0, connect_s=1.0, max_bytes=100_000)
    async with Fetcher(
        public_url="https://news.example.org", now=lambda: now, allow_private=[server.authority], limits=limits
    ) as opened:
        yield opened
