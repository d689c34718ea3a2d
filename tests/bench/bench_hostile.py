"""Fifty good feeds beside the hostile set: what each attack costs, and that the good ones are all collected.

    PYTHONPATH=.:tests python tests/bench/bench_hostile.py

The program's own limits, not shortened ones: 10 MB and 30 s an answer, 20 s a parse. Nearly all of the time is the attacks'
own limits, waited for side by side.
"""

import asyncio
import gzip
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from collect.making import entry, prose, rss

from digest.collect.fetch import Fetcher
from digest.config import Collecting, Config, FeedSettings, Mail
from digest.pipeline import collect
from digest.pipeline.kit import Kit
from digest.store import Database
from digest.testing import FeedServer, Reply
from digest.workers import Workers

GOOD = 50
MOST_S = 60.0  # 30 s for the answer, 20 s for the parse, and waiting for a turn


def attacks(server: FeedServer, inner: FeedServer) -> dict[str, str]:
    """The hostile set by name: its addresses."""
    attributes = b" ".join(b'a%d="1"' % number for number in range(200_000))
    deep = b"<div>" * 50_000 + b"x" + b"</div>" * 50_000
    long = entry(1, title="word " * 400_000)
    whole = gzip.compress(rss([entry(n, content_html=f"<p>{prose(n)}</p>") for n in range(30)]).encode())
    return {
        "gzip bomb, 100 MB": server.bomb("/bomb.xml"),
        "plain body without end": server.route("/endless.xml", Reply(body=b"<rss>" * 13_000, repeat=1_000)),
        "a byte a second": server.route("/drip.xml", Reply(body=b"x" * 10_000, drip_s=1.0)),
        "no answer at all": server.route("/silent.xml", Reply(silent=True)),
        "redirects in a circle": server.redirect("/loop.xml", "/loop.xml"),
        "redirect into a private network": server.redirect("/inward.xml", inner.serve("/secret.xml", rss([entry(1)]))),
        "200,000 attributes on one tag": server.serve(
            "/attributes.xml", b"<rss><channel><item " + attributes + b"><title>x</title></item></channel></rss>"
        ),
        "50,000 nested elements": server.serve(
            "/deep.xml", rss([entry(1, content_html="@@")]).encode().replace(b"@@", deep)
        ),
        "a title of 2 MB": server.serve("/title.xml", rss([long])),
        "connection cut in the middle": server.route("/cut.xml", Reply(body=b"<rss>" * 999, hang_up=True)),
        "gzip cut off in the middle": server.route("/half.xml", packed(whole[: len(whole) // 2])),
        "gzip of garbage": server.route("/noise.xml", packed(whole[:200] + bytes(range(256)) * 40)),
        "nothing but NUL": server.serve("/nul.xml", b"\0" * 1_000),
    }


def packed(data: bytes) -> Reply:
    """An answer that says it is gzip."""
    return Reply(body=data, headers=(("Content-Encoding", "gzip"),), content_type="application/rss+xml")


async def run(urls: list[str], server: FeedServer) -> tuple[collect.CollectReport, float]:
    """Collects them in a fresh database; the report and the seconds."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = Config(
            path=folder / "digest.toml",
            mail=Mail(sender="Bench <bench@example.org>"),
            collect=Collecting(allow_private=(server.authority,)),
        )
        async with (
            Database(f"sqlite+aiosqlite:///{folder / 'digest.db'}") as database,
            Workers(
                count=2, preload=["digest.summarize", "digest.collect.reading", "fastfeedparser", "numpy"]
            ) as workers,
            Fetcher(public_url="https://e.org", now=lambda: now, allow_private=[server.authority]) as fetcher,
        ):
            kit = Kit(config=config, database=database, workers=workers, fetcher=fetcher, now=lambda: now)
            feeds = [FeedSettings(url=url, full_text="never") for url in urls]
            began = time.monotonic()
            report = await collect.newsletter_feeds(kit, feeds, everything=True)
            return report, time.monotonic() - began


def main() -> int:
    """Prints the table; 1 where a good feed was lost or the time ran out."""
    with FeedServer() as server, FeedServer() as inner:
        good = [server.serve(f"/good/{n}.xml", rss([entry(n, content_html=f"<p>{prose(n)}</p>")])) for n in range(GOOD)]
        hostile = attacks(server, inner)
        alone, alone_s = asyncio.run(run(good, server))
        both, both_s = asyncio.run(run([*hostile.values(), *good], server))
        leaked = len(inner.requests)
    found = {feed.url: feed for feed in both.feeds}
    for name, url in hostile.items():
        print(f"{name:34} {found[url].error or f'read, {found[url].new} entry'}"[:150].replace(url, "…"))
    fine = sum(found[url].error is None and found[url].new == 1 for url in good)
    print(
        f"{GOOD} good feeds alone: {alone.articles} articles in {alone_s:.1f} s; beside the hostile set: {fine} in {both_s:.1f} s"
    )
    print(f"requests that reached the private network: {leaked}")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")
    return 0 if fine == GOOD and not leaked and both_s < MOST_S else 1


if __name__ == "__main__":
    raise SystemExit(main())
