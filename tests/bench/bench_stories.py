"""How long grouping takes, and how much memory: PYTHONPATH=. python tests/bench/bench_stories.py [1000 10000]

The articles are invented: words of a Zipf distribution over 60,000, three articles an event on average, each sharing a
third of its words with its event. "spread" puts them on 30 days, "at once" on one moment, where no window helps. "flood"
is an attack: one source, and each article of the same 200 words, so that all are one story.
The rival only notes who first wrote each triple of words, the cheapest thing that finds copies: the ratio is to it.
Each row runs in a process of its own, so that its peak is its own; the articles themselves are part of it.
"""

import multiprocessing
import random
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta

from digest.model import Article
from digest.summarize import stories

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
VOCABULARY = 60_000


def invented(count: int, *, days: float) -> list[Article]:
    chance = random.Random(count)
    ranks = range(1, VOCABULARY + 1)
    words = [f"{'bcdfghjklmnprstvz'[i % 17]}{i:x}q" for i in ranks]
    weights = [1 / (rank + 2.7) for rank in ranks]
    found = []
    for event in range(count // 3 + 1):
        core = chance.choices(words, weights, k=90)
        at = NOW - timedelta(days=chance.uniform(0, days))
        for teller in range(3):
            text = chance.sample(core, 80) + chance.choices(words, weights, k=70)
            chance.shuffle(text)
            title = " ".join(chance.sample(core, 5) + chance.choices(words, weights, k=4))
            feed = f"https://feed{teller}.example"
            link = f"{feed}/{event}"
            found.append(Article(feed_url=feed, link=link, title=title, first_seen=at, text=(" ".join(text),)))
    return found[:count]


def flood(count: int) -> list[Article]:
    chance = random.Random(count)
    words = [f"{'bcdfghjklmnprstvz'[i % 17]}{i:x}q" for i in range(200)]
    feed = "https://feed.example"
    return [
        Article(
            feed_url=feed, link=f"{feed}/{number}", title=" ".join(chance.choices(words, k=8)),
            first_seen=NOW, text=(" ".join(chance.choices(words, k=150)),),
        )
        for number in range(count)
    ]  # fmt: skip


def triples(articles: list[Article]) -> int:
    seen: dict[tuple[str, ...], int] = {}
    for number, article in enumerate(articles):
        words = article.text[0].casefold().split()[:300]
        for triple in zip(words, words[1:], words[2:], strict=False):
            seen.setdefault(triple, number)
    return len(seen)


def measured(count: int, days: float) -> tuple[float, float, int, int]:
    """Seconds of processor time, its ratio to the rival's, stories, and the peak of this process in MB.

    `days` below 0: the flood.
    """
    articles = invented(count, days=days) if days >= 0 else flood(count)
    start = time.process_time()
    groups = stories.group(articles)
    took = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    start = time.process_time()
    triples(articles)
    return took, took / (time.process_time() - start), len(groups), peak


def main(counts: list[int]) -> None:
    print(f"{'articles':>9} {'dates':>8} {'seconds':>8} {'x triples':>9} {'stories':>8} {'peak MB':>8}")
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=fresh, max_tasks_per_child=1) as pool:
        for count in counts:
            for name, days in (("spread", 30.0), ("at once", 0.0), ("flood", -1.0)):
                took, ratio, found, peak = pool.submit(measured, count, days).result()
                print(f"{count:>9} {name:>8} {took:>8.2f} {ratio:>9.1f} {found:>8} {peak:>8}")


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [1000, 10_000])
