"""The demo: the shipped sample, served on loopback, goes the whole way: feeds, articles, stories, issue, messages."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest import config as settings
from digest import sample
from digest.cli import desk, out, sending
from digest.config import Config
from digest.errors import UsageError
from digest.pipeline import build, collect
from digest.pipeline.kit import Kit
from digest.web import server
from subscribers import roster
from subscribers.model import SubscriptionState

_MARK = "# Written by `digest demo`."
_READERS = (("ada@example.com", "Ada Berg"), ("noor@example.com", "Noor Haddad"), ("zoe@example.com", "Zoë Lind"))
_OURS = ("digest.toml", "digest.db", "digest.db-wal", "digest.db-shm", "issue.html", "issue.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the demo did."""

    feeds: int
    articles: int
    built: dict[str, Any]
    sent: sending.Report
    issue_html: Path
    messages: tuple[Path, ...]


async def run(folder: Path, *, serve: bool, port: int, browser: bool, quiet: bool) -> dict[str, Any]:
    """Works in `folder`; what `demo --json` prints. With `serve` it stays until it is stopped."""
    _prepare(folder)
    async with server.serve(_site(desk.now()), host="127.0.0.1", port=0) as base:
        config = _configure(folder, base)
        async with desk.kit(config) as kit:
            outcome = await _whole_job(kit, folder, base, quiet=quiet)
        if not quiet:
            _print(outcome, folder)
        if serve:
            await _stay(config, port, browser=browser)
    return _shown(outcome)


def _site(now: datetime) -> Starlette:
    """The sample's feeds and pages, their dates counted from `now`."""

    def page(request: Request) -> Response:
        found = sample.page(request.url.path, base=f"http://{request.url.netloc}", now=now)
        if found is None:
            return PlainTextResponse("not found", status_code=404)
        return Response(found[1], media_type=None, headers={"Content-Type": found[0]})

    return Starlette(routes=[Route("/{path:path}", page)])


def _prepare(folder: Path) -> None:
    """An empty folder, or that of an earlier demo, which is begun afresh; nobody else's is touched."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder, as in `digest demo elsewhere`")
    written = folder / "digest.toml"
    if folder.is_dir() and any(folder.iterdir()) and not (written.is_file() and _MARK in _head(written)):
        raise UsageError(f"{folder} is not empty and no earlier demo's: name another, as in `digest demo elsewhere`")
    for name in _OURS:
        (folder / name).unlink(missing_ok=True)
    for name in ("mailbox", "site"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _head(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")[:200]


def _configure(folder: Path, base: str) -> Config:
    """The demo's own digest.toml."""
    feeds = ",\n".join(f'    "{base}{path}"' for path in sample.FEEDS)
    text = f"""{_MARK} Its feeds are the shipped sample, served on loopback while the demo runs.
[digest]
database = "sqlite:///digest.db"
public_url = "http://127.0.0.1:8765"
postal_address = "The Coast Digest, 4 Harbour Steps, 24101 Port Ellin"

[mail]
provider = "mailbox"
sender = "The Coast Digest <digest@example.org>"

[collect]
allow_private = ["127.0.0.1"]

[newsletters.coast]
title = "The Coast Digest"
schedule = "30 7 * * *"
timezone = "Europe/Berlin"
feeds = [
{feeds}
]
stories = 12
sentences = 3
"""
    path = (folder / "digest.toml").absolute()
    path.write_text(text, encoding="utf-8")
    return settings.load(path, environ={})


async def _whole_job(kit: Kit, folder: Path, base: str, *, quiet: bool) -> Outcome:
    letter = kit.config.newsletters["coast"]
    collected = await collect.newsletter_feeds(kit, letter.feeds, everything=True)
    await _subscribe(kit)
    made = await build.issue(kit, letter, build.by_hand(letter, kit.now()))
    assert made.content is not None, "just made"
    sent = await sending.deliver(kit, made, quiet=quiet)
    html = await _keep(kit, made.id, folder, base)
    return Outcome(
        feeds=len(collected.feeds),
        articles=collected.articles,
        built={key: value for key, value in made.content.items() if key != "document"},
        sent=sent,
        issue_html=html,
        messages=tuple(sorted((folder / "mailbox").glob("*.eml"))),
    )


async def _subscribe(kit: Kit) -> None:
    async with kit.database.write() as connection:
        for address, name in _READERS:
            await roster.add(
                connection,
                address=address,
                name=name,
                newsletter="coast",
                state=SubscriptionState.ACTIVE,
                source="the demo's own readers",
                at=kit.now(),
            )


async def _keep(kit: Kit, issue_id: int, folder: Path, base: str) -> Path:
    """A neutral copy of the issue, to open in a browser; its pictures and articles beside it outlive the server."""
    from digest.cli import showing

    html, text = await showing.neutral(kit.database, kit.config, issue_id)
    sample.copy(folder / "site", now=kit.now())
    html = html.replace(f"{base}/", "site/")
    (folder / "issue.txt").write_text(text, encoding="utf-8")
    (folder / "issue.html").write_text(html, encoding="utf-8")
    return (folder / "issue.html").absolute()


def _print(outcome: Outcome, folder: Path) -> None:
    built = outcome.built
    told = len(built["stories"])
    shared = sum(1 for story in built["stories"] if story["also"])
    out.line(f"collected  {out.count(outcome.articles, 'article')} from {out.count(outcome.feeds, 'feed')} over HTTP")
    out.line(
        f"built      {built['issue']}: {told} stories, {shared} of them in more than one feed: “{built['subject']}”"
    )
    out.line(f"sent       {out.count(outcome.sent.accepted, 'message')} through the mailbox's HTTP API")
    out.line()
    out.line(f"the issue     file://{outcome.issue_html}")
    out.line(f"the messages  {folder / 'mailbox'}/*.eml")
    out.line(f"the preview   digest demo {folder} --serve".replace(" newsdigest-demo", ""))


def _shown(outcome: Outcome) -> dict[str, Any]:
    return {
        "feeds": outcome.feeds,
        "articles": outcome.articles,
        **outcome.built,
        "sent": outcome.sent.shown(),
        "html": str(outcome.issue_html),
        "messages": [str(path) for path in outcome.messages],
    }


async def _stay(config: Config, port: int, *, browser: bool) -> None:
    """Shows preview and mailbox until Ctrl-C."""
    from digest.cli import previewing

    async with desk.kit(config) as kit:
        letter = config.newsletters["coast"]
        shown = previewing.Subject(kit=kit, letter=letter, reload=lambda: desk.load(config.path), issue="coast/1")
        await previewing.stay(shown, previewing.Wishes(port=port, browser=browser))
