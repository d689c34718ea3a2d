"""Floors of grouping; a floor may only rise. `pytest tests/quality/test_stories.py -s` prints the figures."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from digest.model import Article
from digest.summarize import stories

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
GOLD = Path(__file__).parents[1] / "data" / "gold_stories.jsonl"
Row = Mapping[str, Any]

FLOOR_ALL = 0.955  # B-cubed F1, 300 articles of 100 events, no dates
FLOOR_DATED = 0.975  # the same, with dates: the window counts
FLOOR_SMALL = 0.983  # mean over 60 small digests of 6 to 36 articles
FLOOR_SMALL_PRECISION = 0.985
FLOOR_GOLD = 1.0  # 24 invented articles of 8 events


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def as_article(row: Row, *, dated: bool = False) -> Article:
    at = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC) if dated else NOW
    return Article(
        feed_url=row["source"], link=f"https://{row['source']}.example/{row['id']}", title=row["title"], published=at,
        first_seen=NOW, text=tuple(row["paragraphs"]), language=row.get("language", "en"),
    )  # fmt: skip


def bcubed(groups: Iterable[Iterable[str]], gold: Mapping[str, str]) -> tuple[float, float, float]:
    """Precision, recall and F1 (Bagga and Baldwin 1998), per article."""
    home = {link: frozenset(members) for members in map(frozenset, groups) for link in members}
    told: dict[str, set[str]] = {}
    for link, story in gold.items():
        told.setdefault(story, set()).add(link)
    shared = [(len(home[link] & told[story]), len(home[link]), len(told[story])) for link, story in gold.items()]
    precision = sum(common / found for common, found, _ in shared) / len(shared)
    recall = sum(common / wanted for common, _, wanted in shared) / len(shared)
    return precision, recall, 2 * precision * recall / (precision + recall)


def figures(rows: Sequence[Row], *, dated: bool = False) -> tuple[float, float, float]:
    articles = [as_article(row, dated=dated) for row in rows]
    gold = {article.link: row["story"] for article, row in zip(articles, rows, strict=True)}
    return bcubed(([article.link for article in story] for story in stories.partition(articles)), gold)


def show(name: str, found: Sequence[float]) -> None:
    print(f"\n{name}: B-cubed P {found[0]:.3f} R {found[1]:.3f} F1 {found[2]:.3f}")


def small(rows: Sequence[Row], seed: int) -> list[Row]:
    """A small digest: all articles on 2 to 8 events, one each on up to 12 more."""
    chance = random.Random(seed)
    events = sorted({row["story"] for row in rows})
    chance.shuffle(events)
    whole = set(events[: chance.randint(2, 8)])
    single = set(events[8 : 8 + chance.randint(0, 12)])
    found = [row for row in rows if row["story"] in whole]
    return found + [chance.choice([row for row in rows if row["story"] == event]) for event in sorted(single)]


def test_bcubed_knows_a_perfect_and_a_useless_grouping() -> None:
    gold = {"a": "1", "b": "1", "c": "2"}
    assert bcubed([["a", "b"], ["c"]], gold) == (1.0, 1.0, 1.0)
    assert bcubed([["a", "b", "c"]], gold)[0] == pytest.approx(5 / 9)


def test_the_gold_set() -> None:
    found = figures(read(GOLD))
    show("gold set", found)
    assert found[2] >= FLOOR_GOLD


@pytest.mark.data
def test_three_hundred_articles_of_a_hundred_events(shared: Path) -> None:
    rows = read(shared / "stories" / "news.jsonl")
    plain, dated = figures(rows), figures(rows, dated=True)
    show("300 articles, no dates", plain)
    show("300 articles, dated", dated)
    assert plain[2] >= FLOOR_ALL
    assert dated[2] >= FLOOR_DATED


@pytest.mark.data
def test_small_digests(shared: Path) -> None:
    rows = read(shared / "stories" / "news.jsonl")
    found = [figures(small(rows, seed)) for seed in range(60)]
    precision, recall, f1 = (sum(one[i] for one in found) / len(found) for i in range(3))
    show("60 small digests", (precision, recall, f1))
    assert precision >= FLOOR_SMALL_PRECISION
    assert f1 >= FLOOR_SMALL
