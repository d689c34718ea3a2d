"""What the owner should know of a newsletter's feeds, quietly beside its next issue."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from canned_preview import HOSTILE, Canned

from digest import config as settings
from digest.cli import desk
from digest.model import FeedState
from digest.pipeline.kit import Kit
from digest.store import feeds
from digest.web.preview import Trouble, app
from digest.web.preview.source import Drawn

pytestmark = pytest.mark.anyio
CONFIG = """
[mail]
sender = "digest@example.org"
[newsletters.morning]
title = "Morning"
feeds = ["https://a.example/feed", "https://b.example/feed", "https://c.example/feed", "https://new.example/feed"]
[newsletters.evening]
title = "Evening"
feeds = ["https://a.example/feed"]
"""


async def page(source: Canned, path: str = "/") -> str:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(source)), base_url="http://127.0.0.1:8765") as web:
        return (await web.get(path)).text


async def test_nothing_is_said_where_all_is_well() -> None:
    assert 'id="feeds"' not in await page(Canned())


async def test_each_feed_and_what_is_the_matter_is_told() -> None:
    bad = (
        Trouble(feed="Gazette", url="https://a.example/feed", lines=("dead: since Monday", "moved: elsewhere")),
        Trouble(feed=HOSTILE, url=HOSTILE, lines=(HOSTILE,)),
    )
    shown = await page(Canned(bad=bad))
    (part,) = re.findall(r'<details class="fact" id="feeds">.*?</details>', shown, re.DOTALL)
    assert "2 to look at" in part
    assert [word in part for word in ("Gazette", "dead: since Monday", "moved: elsewhere")] == [True] * 3
    assert "<script" not in part
    assert "<img" not in part


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    (tmp_path / "digest.toml").write_text(CONFIG, encoding="utf-8")
    async with desk.kit(settings.load(tmp_path / "digest.toml", environ={})) as opened:
        yield opened


async def test_the_next_issue_says_what_status_says(kit: Kit) -> None:
    async with kit.database.write() as connection:
        made = await feeds.ensure(connection, [f"https://{letter}.example/feed" for letter in "cba"])
        known = {record.requested_url[8]: record for record in made}
        await feeds.save(
            connection,
            replace(known["a"], state=FeedState.DEAD, last_error="404", title="Gazette"),
            replace(known["c"], url="https://c.example/moved"),
        )
    source = Drawn(kit, first="morning")
    told = await source.troubles("next:morning")
    assert [(one.feed, one.url) for one in told] == [
        ("Gazette", "https://a.example/feed"),
        ("https://c.example/feed", "https://c.example/feed"),
    ]
    assert told[0].lines[0].startswith("dead")
    assert told[1].lines == ("moved: it is at https://c.example/moved now; write that address into digest.toml",)
    assert [one.feed for one in await source.troubles("next:evening")] == ["Gazette"]


@pytest.mark.parametrize("key", ["morning/1", "sample", "next:nothing", ""])
async def test_what_is_made_or_is_not_there_has_no_feeds_to_look_at(kit: Kit, key: str) -> None:
    assert list(await Drawn(kit, first="morning").troubles(key)) == []
