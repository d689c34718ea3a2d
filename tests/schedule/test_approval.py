"""Approval from end to end, with the program's own stages: made ahead, mailed as a draft, edited, and what is edited leaves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline import newsroom
from pipeline.newsroom import NOW, link, stock
from schedule.world import Clock

from digest.model import Edit
from digest.pipeline import amend, stages
from digest.pipeline.kit import Kit
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import Database, issues
from digest.testing import Fault, MailServer
from digest.workers import Workers

pytestmark = pytest.mark.anyio
SLOT = NOW + timedelta(hours=5)  # 12:30 in Berlin
HOUR = timedelta(hours=1)


async def no_collecting(*_) -> None:
    """What there is is stored already."""


class Desk:
    """One daemon, its mail API, and a clock."""

    def __init__(self, kit: Kit, clock: Clock, server: MailServer) -> None:
        self.kit, self.clock, self.server = kit, clock, server
        self.restart()

    def restart(self) -> None:
        self.engine = Local(self.kit, replace(stages.OURS, collect=no_collecting))
        self.daemon = Daemon(self.kit, self.engine)

    async def at(self, time) -> None:
        self.clock.at = time
        for _ in range(2):
            await self.daemon.sweep()
            await self.engine.drain(60)

    async def record(self) -> issues.IssueRecord:
        async with self.kit.database.read() as connection:
            (record,) = await issues.listed(connection)
        return record

    @property
    def mails(self) -> list[dict]:
        """Every message of every request, in order."""
        return [message for seen in self.server.seen for message in json.loads(seen.body)]


@asynccontextmanager
async def desk(folder: Path, *faults: Fault, held: bool = False, more: str = "") -> AsyncIterator[Desk]:
    async with MailServer(folder / "log", faults=faults) as server, Workers(count=1) as workers:
        mail = f'[mail]\nprovider = "resend"\napi_key = "k"\nbase_url = "{server.url}"\nrate = "9999/second"'
        with_mail = newsroom.CONFIG.replace("[mail]", mail).replace("approve =", f"{more}\napprove =")
        text = with_mail.replace('title = "', 'schedule = "30 12 * * *"\ntimezone = "Europe/Berlin"\ntitle = "')
        settings = _settings(folder, text, held=held)
        async with Database(f"sqlite+aiosqlite:///{folder / 'digest.db'}") as database:
            await stock(database)
            clock = Clock(NOW)
            yield Desk(replace(newsroom.kit(settings, database, workers), now=clock), clock, server)


def _settings(folder: Path, text: str, *, held: bool):
    from digest.config import parse

    feeds = ", ".join(f'"https://{word}.example/feed"' for word in newsroom.WORDS)
    made = text.format(stories=4, held=str(held).lower(), feeds=feeds)
    return parse(made, path=folder / "digest.toml", environ={})


async def test_what_the_editor_changed_is_what_leaves_at_its_time(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        await here.at(NOW)
        await here.at(SLOT - 4 * HOUR)
        (draft,) = here.mails
        assert draft["to"] == ["digest@example.org"]
        assert draft["subject"].startswith("[Draft] ")
        assert "Ferry" in draft["html"]
        found = await amend.opened(here.kit, await here.record())
        await amend.save(here.kit, found, Edit(drops=(link("ferry"),), intro="Edited by hand."))
        for hours in (3, 2, 1):
            await here.at(SLOT - hours * HOUR)
        assert len(here.mails) == 1
        await here.at(SLOT)
        _, *sent = here.mails
        assert sorted(message["to"][0].partition("<")[2].rstrip(">") or message["to"][0] for message in sent) == [
            "reader-1@example.org",
            "reader-2@example.org",
        ]
        assert all("Edited by hand." in message["html"] and "Ferry" not in message["html"] for message in sent)
        assert (await here.record()).state == "sent"


async def test_only_if_approved(tmp_path: Path) -> None:
    async with desk(tmp_path, held=True) as here:
        for time in (NOW, SLOT - 4 * HOUR, SLOT, SLOT + HOUR):
            await here.at(time)
        assert len(here.mails) == 1  # the draft
        async with here.kit.database.write() as connection:
            assert await issues.approve(connection, 1)
        await here.at(SLOT + HOUR)
        assert len(here.mails) == 3


async def test_a_draft_whose_answer_was_cut_off_is_there_once_after_a_restart(tmp_path: Path) -> None:
    async with desk(tmp_path, Fault.CUT_AFTER) as here:
        await here.at(NOW)
        await here.at(SLOT - 4 * HOUR)
        here.restart()
        for minutes in (2, 4, 10):
            await here.at(SLOT - 4 * HOUR + timedelta(minutes=minutes))
        assert len(here.server.seen) == 2  # repeated under its key
        assert len(here.server.taken()) == 1


async def test_where_the_filter_leaves_nothing_the_slot_is_skipped_and_nobody_is_told(tmp_path: Path) -> None:
    every = ", ".join(f'"{word}"' for word in newsroom.WORDS)
    async with desk(tmp_path, more=f"exclude = [{every}]") as here:
        for time in (NOW, SLOT - 4 * HOUR, SLOT):
            await here.at(time)
        record = await here.record()
        assert (record.state, record.slot) == ("skipped", "2026-11-23T12:30")
        assert "no new story" in record.note
        assert here.mails == []
