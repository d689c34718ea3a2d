"""`digest preview`: the issue as it would be now, in the browser. Sends nothing."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from digest.cli import checks, desk, out, run
from digest.config import Config, FeedSettings, Newsletter
from digest.errors import CollectError, ParseError, UsageError
from digest.model import Article
from digest.pipeline.kit import Kit

_NAME = "preview"  # of the newsletter made for an address


def show(target: str | None, config: Path | None, wishes: "Wishes") -> int:
    """Serves the preview until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):  # the way it is meant to end
        asyncio.run(_show(target, config, wishes))
    return 0


def check(target: str | None, config: Path | None, *, as_json: bool) -> int:
    """Prints what preflight finds; 1 where something blocks a send."""
    shown = run.loop(_check(target, config))
    if as_json:
        out.document(shown)
    else:
        _print_findings(shown)
    return 1 if any(finding["level"] == "error" for finding in shown["preflight"]) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How to show it."""

    port: int | None = None  # None: that of [web] listen
    browser: bool = True
    as_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is previewed."""

    kit: Kit
    letter: Newsletter
    found: Sequence[Article] | None = None  # None: what the database holds
    reload: Callable[[], Config] | None = None  # None: there is no file of it
    issue: str | None = None  # to be shown first; None: the next one


async def _show(target: str | None, config: Path | None, wishes: Wishes) -> None:
    async with subject(target, config) as shown:
        await stay(shown, wishes)


async def stay(shown: Subject, wishes: Wishes) -> None:
    """Shows it until Ctrl-C or SIGTERM. Test copies go by the configured provider, or into a mailbox of our own."""
    from digest.cli import sending

    async with sending.mailbox(shown.kit.config) as url:
        await _serve(replace(shown, kit=replace(shown.kit, mailbox_url=url)), wishes)


async def _serve(shown: Subject, wishes: Wishes) -> None:
    from digest.web.preview import app, page, sample, serve
    from digest.web.preview.live import Live
    from digest.web.preview.source import Drawn

    web = shown.kit.config.web
    with serve.listening(web.host, web.port if wishes.port is None else wishes.port) as bound:
        address = serve.address(bound)
        base = address.rstrip("/") + sample.ROOT
        dates = checks.in_words if shown.reload else lambda _: ""  # of a feed's address nothing is due
        source = Drawn(
            shown.kit, first=shown.letter.name, found=shown.found, reload=shown.reload, base=base, dates=dates
        )
        await asyncio.gather(source.warm(shown.letter), asyncio.to_thread(page.ready))
        live, boxes = Live(), _mailbox(shown)
        sampling = asyncio.create_task(_after(live.watched, source.warm_sample))
        pages = app(source, live=live, more=[sample.route(), *boxes])
        opening: list[asyncio.Task[None]] = []
        first = f"{address}?issue={shown.issue}" if shown.issue else address

        def started() -> None:
            _announce(first, f"{address}mailbox" if boxes else "", wishes)
            if wishes.browser and sys.stdout.isatty():
                opening.append(asyncio.create_task(_open(first)))

        try:
            await serve.until_stopped(pages, bound, live=live, started=started)
        finally:
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
            for name in source.unsaved():
                out.note(f"{name}: what was changed in the preview was not saved")


async def _after(first: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    """Does that once the first page is there: it is to come before all else."""
    await first.wait()
    await work()


def _mailbox(shown: Subject) -> Sequence[Any]:
    """The messages of the configured mailbox, where there is one."""
    if shown.reload is None or shown.kit.config.mail.provider != "mailbox":
        return ()
    from digest.web import mailbox

    return mailbox.routes(shown.kit.config.mailbox)


def _announce(address: str, mailbox: str, wishes: Wishes) -> None:
    if wishes.as_json:
        out.document({"address": address, "mailbox": mailbox or None})
    else:
        box = f"\nthe mailbox   {mailbox}" if mailbox else ""
        out.line(f"the preview   {address}{box}\n\nCtrl-C ends it. Nothing is sent.")
    sys.stdout.flush()


async def _open(address: str) -> None:
    import webbrowser

    await asyncio.to_thread(webbrowser.open, address)


# ------------------------------------------------------------------ what is shown


@contextlib.asynccontextmanager
async def subject(target: str | None, config: Path | None) -> AsyncIterator[Subject]:
    """A newsletter of the configuration, collected if it never was; or an address, in a folder that goes again."""
    if target is not None and target.startswith(("http://", "https://")):
        async with _of_address(target, config) as shown:
            yield shown
        return
    if target is not None and "." in target:  # no newsletter's name has one
        raise UsageError(f"{target!r} is no newsletter; write an address in full, as in https://{target.strip('/.')}")
    settings = desk.load(config)
    named = desk.issue_name(target) if target else None
    letter = _letter_of(settings, named[0] if named else target)
    async with desk.kit(settings) as kit:
        await _collected(kit, letter)
        yield Subject(kit=kit, letter=letter, reload=lambda: desk.load(config), issue=target if named else None)


def _letter_of(settings: Config, name: str | None) -> Newsletter:
    """That newsletter; where none is named, the first: the others are one click away."""
    if name is None and settings.newsletters:
        return next(iter(settings.newsletters.values()))
    return desk.newsletter(settings, name)


async def _collected(kit: Kit, letter: Newsletter) -> None:
    """Collects where nothing ever was: a newcomer's first command may be this one."""
    from digest.store import articles

    urls = [feed.url for feed in letter.feeds]
    async with kit.database.read() as connection:
        known = await articles.listed(connection, urls, 1)
    if not known and letter.feeds:
        await _collect(kit, letter)


async def _collect(kit: Kit, letter: Newsletter) -> None:
    """Asks its feeds, and names those that fail."""
    from digest.pipeline import collect

    out.note(f"collecting {out.count(len(letter.feeds), 'feed')} …")
    report = await collect.newsletter_feeds(kit, letter.feeds, everything=True)
    for feed in report.feeds:
        if feed.error:
            out.note(f"{feed.url}: {feed.error}")


@contextlib.asynccontextmanager
async def _of_address(url: str, config: Path | None) -> AsyncIterator[Subject]:
    from digest.cli import bare
    from digest.pipeline import collect

    async with bare.kit(config, trusted=(url,)) as kit:
        out.note(f"reading {url} …")
        try:
            feed = await collect.find_feed(kit, url)
        except ParseError:
            article = await collect.page(kit, url)
            yield _shown(kit, _letter(kit, article.feed_title or urlsplit(url).hostname or url), found=[article])
            return
        yield _shown(kit, await _fed(kit, feed))


async def _fed(kit: Kit, url: str) -> Newsletter:
    """A newsletter of that feed alone, collected; the cause where it cannot be had."""
    from digest.pipeline import collect
    from digest.store import feeds

    report = await collect.newsletter_feeds(kit, [FeedSettings(url=url)], everything=True)
    if failure := report.feeds[0].error:
        raise CollectError(failure)
    async with kit.database.read() as connection:
        titles = [record.title for record in await feeds.listed(connection)]
    return _letter(kit, next(filter(None, titles), "") or urlsplit(url).hostname or url, url)


def _letter(kit: Kit, title: str, feed: str = "") -> Newsletter:
    return Newsletter(name=_NAME, title=title, feeds=(FeedSettings(url=feed),) if feed else ())


def _shown(kit: Kit, letter: Newsletter, *, found: Sequence[Article] | None = None) -> Subject:
    config = kit.config.model_copy(update={"newsletters": {letter.name: letter}})
    return Subject(kit=replace(kit, config=config), letter=letter, found=found)


# ------------------------------------------------------------------ --check


async def _check(target: str | None, config: Path | None) -> dict[str, Any]:
    from digest.pipeline import build
    from digest.web.preview.source import Drawn

    async with subject(target, config) as shown:
        source = Drawn(shown.kit, found=shown.found)
        return await source.frozen(shown.issue) if shown.issue else build.shown(await source.drafted(shown.letter))


def _print_findings(shown: dict[str, Any]) -> None:
    for finding in shown["preflight"]:
        place = f" ({finding['place']})" if finding["place"] else ""
        out.line(f"{finding['level']:8} {finding['message']}{place} {finding['remedy']}".rstrip())
    faults = sum(1 for finding in shown["preflight"] if finding["level"] == "error")
    verdict = f"{out.count(faults, 'error')}: it must not leave as it is" if faults else "ready to send"
    out.line(f"{shown['issue']} ({shown['html_bytes'] / 1000:.0f} kB): {verdict}")
