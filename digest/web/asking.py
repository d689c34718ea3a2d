"""Asking people to confirm: one at a time from the page, or all who are still to be asked, after an import.

asker = Asker(config=config, database=database, now=clock, confirm=send)
sent, failed = await asker.ask_all("morning")
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.config import Config, Newsletter
from digest.model import Message
from digest.store import Database
from digest.web import confirmation, words
from digest.web.pages import Pages
from subscribers import roster

Confirm = Callable[[Message], Awaitable[None]]

AGAIN_AFTER = timedelta(minutes=10)  # between two confirmation messages to one address
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """What asking needs. `confirm` sends one message, and raises where it could not."""

    config: Config
    database: Database
    now: Callable[[], datetime]  # aware, UTC
    confirm: Confirm
    pages: Pages

    async def ask(self, newsletter: Newsletter, subscriber_id: int, *, language: str = "") -> bool:
        """Sends that pending person the confirmation message, unless one left just now; whether it left.

        `language`: what their browser accepts, where neither they nor the newsletter have a language.
        """
        async with self.database.write() as connection:
            person = await roster.claim_asking(
                connection, subscriber_id, newsletter.name, self.now(), again_after=AGAIN_AFTER
            )
            (key, *_) = await roster.signing_keys(connection)
        if person is None:
            return False
        made = confirmation.message(
            self.pages,
            self.config,
            newsletter,
            subscriber_id=subscriber_id,
            address=person.address,
            name=person.name,
            url=confirmation.link(self.config, key.secret, subscriber_id, newsletter.name),
            language=words.chosen(person.language or newsletter.language, language),
            at=self.now(),
        )
        try:
            await self.confirm(made)
        except Exception as error:  # noqa: BLE001 — a stranger's function: whatever it raises, the person is asked again
            _log.error("confirmation_failed newsletter=%s error=%s", newsletter.name, type(error).__name__)
            async with self.database.write() as connection:
                await roster.asked(connection, subscriber_id, newsletter.name, None)
            return False
        return True

    async def ask_all(self, newsletter: str | None = None, *, page: int = 100) -> tuple[int, int]:
        """Asks everyone not asked yet (of that newsletter): how many messages left, and how many could not.

        Stops where none of a page left, as the provider then takes nothing; those are asked at the next call.
        """
        sent = failed = 0
        for name in [newsletter] if newsletter is not None else list(self.config.newsletters):
            left = [True]
            stuck = 0  # of this newsletter: they stay at the head of those to be asked
            while any(left):
                async with self.database.read() as connection:
                    waiting = await roster.unasked(connection, name, limit=page, skip=stuck)
                left = [await self.ask(self.config.newsletters[name], one.subscriber_id) for one in waiting]
                sent, stuck = sent + left.count(True), stuck + left.count(False)
            failed += stuck
        return sent, failed
