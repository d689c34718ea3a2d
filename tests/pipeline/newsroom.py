"""A newsletter with stored articles and readers, ready to build: no feed is asked, nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from send.world import active, reader
from sqlalchemy import insert

from digest.collect.fetch import Fetcher
from digest.config import Config, parse
from digest.model import Article
from digest.pipeline import build
from digest.pipeline.kit import Kit
from digest.store import Database, articles, tables
from digest.store.articles import Stored
from digest.store.issues import IssueRecord
from digest.workers import Workers
from subscribers import tables as people

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
WORDS = ("ferry", "tram", "bridge", "harbour", "museum", "river", "castle", "orchard")
CONFIG = """
[digest]
public_url = "https://news.example.org"
postal_address = "1 Example Street"
[mail]
sender = "Morning digest <digest@example.org>"
[newsletters.morning]
title = "Morning digest"
intro = "Good morning."
stories = {stories}
sentences = 1
approve = "4h"
approve_required = {held}
feeds = [{feeds}]
"""


def link(word: str) -> str:
    return f"https://{word}.example/1"


def sentences(word: str) -> tuple[str, ...]:
    """Four, in words that no other article has."""
    ends = ("men", "ine", "ette", "ia", "um", "or", "ist", "al", "ing", "ward", "ship", "less")
    return tuple(
        f"{word.title()}{ends[n]} {' '.join(word + end for end in ends[n:] + ends[:n])}." for n in (0, 3, 6, 9)
    )


def article(number: int, word: str) -> Article:
    return Article(
        feed_url=f"https://{word}.example/feed",
        feed_title=word.title(),
        link=link(word),
        title=f"{word.title()} {word}ville",
        published=NOW - timedelta(hours=number),
        first_seen=NOW - timedelta(hours=number),
        language="en",
        text=sentences(word),
    )


def config(
    folder: Path, *, stories: int = 4, held: bool = False, sections: Mapping[str, str] = MappingProxyType({})
) -> Config:
    """`sections`: by word."""
    feeds = ", ".join(
        f'{{ url = "https://{word}.example/feed", section = "{sections.get(word, "")}" }}' for word in WORDS
    )
    text = CONFIG.format(stories=stories, held=str(held).lower(), feeds=feeds)
    return parse(text, path=folder / "digest.toml", environ={})


def kit(settings: Config, database: Database, workers: Workers) -> Kit:
    fetcher = Fetcher(public_url="https://news.example.org", now=lambda: NOW)  # never opened
    return Kit(config=settings, database=database, workers=workers, fetcher=fetcher, now=lambda: NOW, owner="me")


async def stock(database: Database, words: Sequence[str] = WORDS, *, readers: int = 2) -> None:
    """An article a word, the first the newest, and readers."""
    async with database.write() as connection:
        for number, word in enumerate(words, 1):
            url = f"https://{word}.example/feed"
            made = insert(tables.feed).values(url=url, requested_url=url, title=word.title(), state="active")
            feed_id = (await connection.execute(made.returning(tables.feed.c.id))).scalar_one()
            row = Stored(article=article(number, word), guid=None, updated=None, content_hash=b"", fingerprint=None)
            await articles.add(connection, feed_id, [row])
        if readers:
            await connection.execute(insert(people.subscriber), [reader(n) for n in range(1, readers + 1)])
            await connection.execute(insert(people.subscription), [active(n) for n in range(1, readers + 1)])


async def built(kit: Kit) -> IssueRecord:
    letter = kit.config.newsletters["morning"]
    return await build.issue(kit, letter, build.by_hand(letter, kit.now()))


def told(record: IssueRecord) -> list[str]:
    """The words of its stories, in order."""
    return [story.lead.feed_title.lower() for story in build.document(record).stories]


def later(kit: Kit, **span: float) -> Kit:
    """The same, when time has passed."""
    at = kit.now() + timedelta(**span)
    return replace(kit, now=lambda: at)
