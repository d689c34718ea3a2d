"""Opening what a command works with: configuration, database, processes, clock."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from digest import config as settings
from digest.cli import preloads
from digest.config import Config, Newsletter, Web
from digest.errors import ConfigError, DatabaseAway, Fault, StoreError, UsageError
from digest.pipeline.kit import Kit
from digest.store import Database, owner
from digest.workers import Workers

log = logging.getLogger(__name__)

_PAUSE_S = 2.0
_READY_S = 5.0  # a database that answers later is not ready


def load(path: Path | None) -> Config:
    """The configuration of the command; ConfigError with every fault."""
    from digest.send import providers

    return settings.load(settings.find(path, os.environ), environ=os.environ, providers=providers.known())


def spare(path: Path | None) -> tuple[Config, dict[str, tuple[Fault, ...]]]:
    """The configuration less the newsletters that are faulty, and their faults; ConfigError where nothing is left."""
    from digest.send import providers

    file = settings.find(path, os.environ)
    text = settings.read(file)
    found, faulty = settings.spare(text, path=file, environ=os.environ, providers=providers.known())
    if faulty and not found.newsletters:
        raise ConfigError([fault for faults in faulty.values() for fault in faults])
    return found, faulty


@contextlib.asynccontextmanager
async def database(config: Config) -> AsyncIterator[Database]:
    """The database alone, for commands that fetch and build nothing."""
    async with Database(config.database_url) as opened:
        yield opened


@contextlib.asynccontextmanager
async def kit(
    config: Config,
    *,
    stopping: asyncio.Event | None = None,
    mailbox_url: str = "",
    trusted: tuple[str, ...] = (),
    preload: tuple[str, ...] = preloads.READING,
) -> AsyncIterator[Kit]:
    """All of it. `trusted`: addresses named on the command line, fetched wherever they lie; `preload`: for workers."""
    from digest.collect.fetch import Fetcher

    named = {feed.url for letter in config.newsletters.values() for feed in letter.feeds} | set(trusted)
    fetcher = Fetcher(
        public_url=config.digest.public_url, allow_private=config.collect.allow_private, trusted=named, now=now
    )
    async with Database(config.database_url) as opened, Workers(preload=preload) as workers, fetcher:
        yield Kit(
            config=config,
            database=opened,
            workers=workers,
            fetcher=fetcher,
            now=now,
            owner=owner.mine(),
            mailbox_url=mailbox_url,
            stopping=stopping or asyncio.Event(),
        )


async def opened(
    stack: contextlib.AsyncExitStack, config: Config, *, stopping: asyncio.Event, mailbox_url: str = ""
) -> Kit:
    """The same for a program that runs for years: a database that is away at its start is waited for."""
    while True:
        try:
            made = kit(config, stopping=stopping, mailbox_url=mailbox_url, preload=preloads.FOR_YEARS)
            return await stack.enter_async_context(made)
        except DatabaseAway as away:
            if stopping.is_set():
                raise
            log.warning("waiting for the database", extra={"cause": str(away)})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _PAUSE_S)


async def unanswered(database: Database) -> str:
    """What is wrong with an open database, in words that anybody may read; empty where it answers in time."""
    try:
        async with asyncio.timeout(_READY_S):
            await database.check()
    except (StoreError, TimeoutError):
        return "the database does not answer"
    return ""


def listen(text: str) -> Web:
    """An address to listen on, as --listen gives it; UsageError where it is none."""
    try:
        return Web(listen=text)
    except ValueError as error:
        raise UsageError(f"--listen {text!r} is no address to listen on: write it as 127.0.0.1:8766") from error


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def newsletter(config: Config, name: str | None) -> Newsletter:
    """That newsletter; the only one where none is named; UsageError naming those there are."""
    if name is None and len(config.newsletters) == 1:
        return next(iter(config.newsletters.values()))
    if name is None:
        raise UsageError(f"name the newsletter: {_names(config)}")
    if name not in config.newsletters:
        raise UsageError(f"there is no newsletter {name!r} in {config.path.name}; there are: {_names(config)}")
    return config.newsletters[name]


def chosen(config: Config, name: str | None) -> tuple[Newsletter, ...]:
    """That newsletter, or all of them where none is named."""
    return (newsletter(config, name),) if name is not None else tuple(config.newsletters.values())


def issue_name(text: str) -> tuple[str, int] | None:
    """The parts of NEWSLETTER/NUMBER, or None where the text is no issue's name; no number has ten digits.

    >>> issue_name("morning/12"), issue_name("morning"), issue_name("morning/9999999999")
    (('morning', 12), None, None)
    """
    name, slash, number = text.partition("/")
    return (name, int(number)) if slash and number.isascii() and number.isdigit() and len(number) < 10 else None


def _names(config: Config) -> str:
    return ", ".join(config.newsletters) or f"none yet: add [newsletters.NAME] to {config.path.name}"
