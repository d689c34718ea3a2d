"""Real feeds: where two independent parsers agree on a title, link or date, ours says the same."""

import calendar
import html
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from digest.collect import feeds

pytestmark = pytest.mark.data
URL = "https://example.org/feed.xml"
FLOOR = 0.99


def flat(text: object) -> str:
    """Letters and digits of a title, whatever its markup and escaping."""
    plain = html.unescape(html.unescape(re.sub(r"<[^>]+>", "", str(text or ""))))
    return "".join(re.findall(r"\w+", plain)).casefold()


def stated(raw: Any) -> list[tuple[str, str, datetime | None]]:
    base = raw["feed"].get("link") or URL
    rows = []
    for entry in raw["entries"]:
        parsed, text = entry.get("published_parsed") or entry.get("updated_parsed"), entry.get("published")
        date = datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
        if date is None and text and "T" in text:
            date = datetime.fromisoformat(text)
        rows.append((flat(entry.get("title")), urljoin(base, "".join(str(entry.get("link") or "").split())), date))
    return rows


def test_ours_says_what_both_parsers_say(shared: Path) -> None:
    import fastfeedparser
    import feedparser

    agreed, right = Counter[str](), Counter[str]()
    for file in sorted((shared / "feeds").iterdir()):
        body = file.read_bytes()
        one = stated(fastfeedparser.parse(body))
        other = stated(feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False))
        ours = {entry.link: entry for entry in feeds.parse(body, URL).entries}
        for first, second in zip(one, other, strict=False):
            if first[1] != second[1]:
                continue
            mine = ours.get(first[1])
            agreed["link"] += 1
            right["link"] += mine is not None
            if first[0] and first[0] == second[0]:
                agreed["title"] += 1
                right["title"] += mine is not None and flat(mine.title) == first[0]
            if first[2] and first[2] == second[2] and first[2].year > 1990:  # 0001-01-01 says: no date
                agreed["date"] += 1
                right["date"] += mine is not None and mine.published == first[2]
    print({name: f"{right[name]}/{agreed[name]}" for name in agreed})
    assert all(agreed[name] > 1_000 for name in ("link", "title", "date"))
    for name, count in agreed.items():
        assert right[name] / count >= FLOOR, name
