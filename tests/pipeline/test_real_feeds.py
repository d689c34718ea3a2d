"""Seventy real feeds over loopback: no crash, nothing lost, nothing twice."""

from pathlib import Path

import pytest
from pipeline.conftest import Clock, settings

from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.store import articles
from digest.testing import FeedServer

pytestmark = pytest.mark.data


@pytest.fixture
def kind() -> str:
    """What is read is the same wherever it is stored: once is enough."""
    return "sqlite"


async def test_all_real_feeds_are_collected(collect_kit: Kit, server: FeedServer, clock: Clock, shared: Path) -> None:
    files = sorted((shared / "feeds").iterdir())
    urls = [server.serve(f"/{file.name}", file.read_bytes()) for file in files]
    wanted = [settings(url, full_text="never") for url in urls]
    first = await collect.newsletter_feeds(collect_kit, wanted, everything=True)
    assert [(f.url, f.error) for f in first.feeds if f.error] == []
    assert first.articles > 1_000
    async with collect_kit.database.read() as connection:
        stored = await articles.listed(connection)
    assert len(stored) == first.articles
    assert all(a.title and a.link.startswith("http") and a.sort_at <= a.first_seen for a in stored)
    clock.forward(days=8)  # asked whole again
    assert (await collect.newsletter_feeds(collect_kit, wanted, everything=True)).articles == 0
    for url, file in zip(urls, files, strict=True):
        server.serve(url.removeprefix(server.url("")), file.read_bytes() + b"\n<!-- made anew -->")
    again = await collect.newsletter_feeds(collect_kit, wanted, everything=True)
    assert [(f.url, f.error) for f in again.feeds if f.error] == []
    assert [(f.url, f.new) for f in again.feeds if f.new] == []
