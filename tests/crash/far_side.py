"""What lies beyond the soak's daemon, in a process of its own: publishers on 127.0.0.x, and a mail API that has bad days.

Arguments: a folder (its file `day` holds the simulated time, `taken.jsonl` gets each message that was accepted), and how
many feeds. Prints its addresses as JSON.
"""

import asyncio
import email.utils
import hashlib
import json
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.testing import Fault, FeedServer, MailServer
from digest.testing.feed_server import Reply, Request

SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bran cled drim fros glun".split()  # noqa: SIM905
WORDS = tuple(f"{a}{b}{c}" for c in SYLLABLES[::5] for b in SYLLABLES[::2] for a in SYLLABLES)  # 1,625
COMMON = "of the and in to with from over under by at on after before while".split()  # noqa: SIM905
FAULTS = [Fault.NONE] * 40 + [Fault.CUT_AFTER, Fault.CUT_BEFORE, Fault.ERROR_AFTER, Fault.HALF_BODY, Fault.BUSY_SECONDS]
SHOWN_DAYS = 8  # a feed shows its last entries


def sentence(chance: random.Random, topic: list[str]) -> str:
    """A sentence of that topic: some of its words, more of the language's, as seldom as they are."""
    words = []
    for _ in range(chance.randint(8, 14)):
        rare = WORDS[int(len(WORDS) * chance.random() ** 2)]
        words += [chance.choice(topic) if chance.random() < 0.3 else rare, chance.choice(COMMON)]
    return " ".join(["The", *words[:-1]]) + f" in {chance.randint(1900, 2026)}."


def entry(feed: int, day: datetime, port: int) -> str:
    """One article of that day; three in ten feeds tell the day's common event."""
    own = random.Random(f"{feed} {day:%j}")
    common = random.Random(f"{day:%j} {own.randint(0, 3)}")
    is_common = own.random() < 0.3
    topic = (common if is_common else own).sample(WORDS, 9)
    told = [sentence(common if is_common else own, topic) for _ in range(4)]
    told += [sentence(own, topic) for _ in range(14)]
    body = "".join(f"<p>{' '.join(told[n : n + 3])}</p>" for n in range(0, len(told), 3))
    title = " ".join(topic[:6]).capitalize()
    link = f"http://127.0.1.{feed % 250 + 1}:{port}/{feed}/{day:%Y%m%d}"
    at = email.utils.format_datetime(day.replace(hour=own.randint(0, 4), minute=own.randint(0, 59)))
    return (
        f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>{at}</pubDate><content:encoded><![CDATA[{body}]]></content:encoded></item>"
    )


def rss(feed: int, now: datetime, port: int) -> str:
    days = [now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=n) for n in range(SHOWN_DAYS)]
    told = [entry(feed, day, port) for day in days if random.Random(f"{feed}{day:%j}").random() < 0.6]
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Gazette {feed}</title><link>http://127.0.1.{feed % 250 + 1}:{port}/</link>{''.join(told)}</channel></rss>"
    )


class Publishers:
    """All of them; each is known by its path, and may fail on some day."""

    def __init__(self, folder: Path, server: FeedServer) -> None:
        self._folder, self._server, self._kept = folder, server, ("", {})

    def answer(self, request: Request) -> Reply:
        if request.path == "/robots.txt":
            return Reply(status=404)
        now = datetime.fromtimestamp(float((self._folder / "day").read_text()), UTC)
        feed = int(request.path.split("/")[1])
        self._server.requests.clear()
        if random.Random(f"{feed} {now:%j %H}").random() < 0.02:
            return Reply(status=500, body=b"no")
        day, kept = self._kept
        if day != f"{now:%j}":
            self._kept = (f"{now:%j}", kept := {})
        if feed not in kept:
            body = rss(feed, now, self._server.port).encode()
            kept[feed] = (f'"{hashlib.sha256(body).hexdigest()[:16]}"', body)
        etag, body = kept[feed]
        if request.headers.get("if-none-match") == etag:
            return Reply(status=304, headers=(("ETag", etag),))
        return Reply(body=body, content_type="application/rss+xml", headers=(("ETag", etag),))


async def main(folder: Path, feeds: int) -> None:
    with FeedServer(host="0.0.0.0") as web:
        publishers = Publishers(folder, web)
        web.route("/robots.txt", publishers.answer)
        for feed in range(feeds):
            web.route(f"/{feed}/feed.xml", publishers.answer)
        urls = [f"http://127.0.1.{n % 250 + 1}:{web.port}/{n}/feed.xml" for n in range(feeds)]
        async with MailServer(folder / "taken.jsonl", delay_s=0.01) as mail:
            sys.stdout.write(json.dumps({"mail": mail.url, "feeds": urls, "port": web.port}) + "\n")
            sys.stdout.flush()
            chance = random.Random(5)
            while True:  # until it is killed
                mail.then(*chance.choices(FAULTS, k=2))
                mail.seen.clear()
                await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
