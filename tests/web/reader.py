"""What the tests of the public pages share: a configuration, and a reader with a browser and a mailbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from digest.config import Config, parse
from digest.model import Message
from digest.store import Database
from digest.web import public
from subscribers import roster, tokens

CONFIG = """
[digest]
public_url = "https://news.example.org"
postal_address = "1 Example Street, 10115 Berlin"
[mail]
sender = "Morning digest <digest@example.org>"
confirmation_sender = "Morning digest <confirm@example.org>"
[newsletters.morning]
title = "Morning <digest> & {more}"
feeds = [{ url = "https://example.org/a.xml", section = "World" }, { url = "https://example.org/b.xml", section = "Arts" }]
[newsletters.evening]
title = "Evening"
archive = "off"
[newsletters.quiet]
title = "Quiet"
archive = "noindex"
"""


def config(text: str = CONFIG, folder: Path = Path()) -> Config:
    return parse(text, path=folder / "digest.toml", environ={})


@dataclass
class Clock:
    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, some: timedelta) -> None:
        self.at += some


@dataclass
class Reader:
    """One reader: their browser, and the confirmation messages that came."""

    database: Database
    clock: Clock
    web: httpx.AsyncClient
    mailbox: list[Message] = field(default_factory=list)
    is_mail_down: bool = False

    async def receive(self, message: Message) -> None:
        if self.is_mail_down:
            raise OSError("the mail does not leave")
        self.mailbox.append(message)

    @property
    def link(self) -> str:
        """The path in the newest confirmation message."""
        text = self.mailbox[-1].text
        return text[text.index("/confirm/") :].split()[0]

    async def token(self, purpose: str, address: str = "ann@example.org", newsletter: str = "morning") -> str:
        async with self.database.write() as connection:
            (key, *_) = await roster.signing_keys(connection)
            person = await roster.story(connection, address)
        number = person.subscriber.id if person else None
        return tokens.sign(key.secret, purpose, number or 0, newsletter)

    async def joins(self, address: str = "ann@example.org", newsletter: str = "morning") -> None:
        async with self.database.write() as connection:
            await roster.add(
                connection, address=address, name="Ann", newsletter=newsletter, source="test", at=self.clock()
            )

    async def states(self, address: str = "ann@example.org") -> dict[str, str]:
        async with self.database.read() as connection:
            person = await roster.story(connection, address)
        return {s.newsletter: s.state.value for s in person.subscriptions} if person else {}

    async def mailed(self, newsletter: str = "morning") -> list[str]:
        async with self.database.read() as connection:
            return sorted(row.address for row in await connection.execute(roster.recipients(newsletter)))


@asynccontextmanager
async def reading(
    database: Database, now: datetime, settings: Config | None = None, host: str = "192.0.2.7"
) -> AsyncIterator[Reader]:
    """A reader of the public pages, who reached them from `host`."""
    clock = Clock(now)
    inbox: list[Reader] = []

    async def confirm(message: Message) -> None:
        await inbox[0].receive(message)

    app: ASGIApp = public.app(settings or config(), database, now=clock, confirm=confirm)
    transport = httpx.ASGITransport(app=app, client=(host, 1), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="https://news.example.org") as web:
        inbox.append(Reader(database=database, clock=clock, web=web))
        yield inbox[0]
