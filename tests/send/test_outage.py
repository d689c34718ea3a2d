"""The database hangs up at any one transaction, before or after it was taken: each message leaves once all the same."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from send.world import START, Clock, addresses, config, kit, seed
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.errors import DatabaseAway
from digest.pipeline import send
from digest.pipeline.send import SendReport
from digest.store import Database, batches, owner
from digest.store.database import is_away
from digest.testing import MailServer

pytestmark = pytest.mark.anyio
READERS = 250  # three requests


class HangsUp(Database):
    """Is away for some transactions from the n-th on; the first of them was taken, or not."""

    def __init__(self, url: str, *, at: int, is_taken: bool, times: int = 3) -> None:
        super().__init__(url)
        self.count, self.away, self.is_taken = 0, range(at, at + times), is_taken

    @contextmanager
    def _hanging_up(self) -> Iterator[None]:
        self.count += 1
        number = self.count
        if number in self.away and not (self.is_taken and number == self.away[0]):
            raise DatabaseAway("gone")
        yield
        if number in self.away:
            raise DatabaseAway("gone with the answer")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        with self._hanging_up():
            async with super().write() as connection:
                yield connection

    async def at_once(self, work: Callable[[Connection], Any]) -> Any:
        if not self.is_sqlite:  # one `write` more
            return await super().at_once(work)
        with self._hanging_up():
            return await super().at_once(work)


async def sent(database: Database, server: MailServer, folder: Path, issue_id: int) -> SendReport:
    clock = Clock()
    return await send.issue(kit(config(folder, base_url=server.url), database, clock), issue_id, sleep=clock.sleep)


async def tried(database: Database, server: MailServer, folder: Path, issue_id: int) -> SendReport:
    """The run itself bears it; what comes after the run is its caller's to try again."""
    for _ in range(3):
        try:
            return await sent(database, server, folder, issue_id)
        except DatabaseAway:
            assert len(server.seen) == 3
    return await sent(database, server, folder, issue_id)


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
async def test_at_every_transaction_of_a_run(
    anew: Callable[[], Awaitable[str]], tmp_path: Path, is_taken: bool
) -> None:
    began = 5  # opening, planning, looking over, beginning, loading: before the run, whose caller tries again
    for at in range(began + 1, 100):
        folder = tmp_path / str(at)
        folder.mkdir()
        url = await anew()
        async with Database(url) as database:
            issue_id = await seed(database, readers=READERS)
        async with HangsUp(url, at=at, is_taken=is_taken) as database, MailServer(folder / "log") as server:
            report = await tried(database, server, folder, issue_id)
            got = Counter(taken.to for taken in server.taken())
            assert got == Counter(addresses(READERS)), f"hung up at {at}"
            assert (report.accepted, report.unknown, report.pending) == (READERS, 0, 0)
            if database.count < at:
                break
    assert began + 6 < at < 99


async def test_a_run_gives_up_on_a_database_that_stays_away(database_url: str, tmp_path: Path) -> None:
    url = database_url
    async with Database(url) as database:
        issue_id = await seed(database)
    async with HangsUp(url, at=6, is_taken=False, times=10**6) as database, MailServer(tmp_path / "log") as server:
        with pytest.raises(DatabaseAway):
            await sent(database, server, tmp_path, issue_id)
    assert 100 < database.count < 1000  # it tried for a while


class GoneOnceTaken(HangsUp):
    """Is away for good as soon as the provider has taken something."""

    def __init__(self, url: str, server: MailServer) -> None:
        super().__init__(url, at=10**9, is_taken=False)
        self.server = server

    @contextmanager
    def _hanging_up(self) -> Iterator[None]:
        if self.server.taken():
            raise DatabaseAway("gone")
        yield


async def test_what_a_run_held_when_it_broke_off_is_free_at_once(database_url: str, tmp_path: Path) -> None:
    """The process lives, so nobody else can know that its run is over; a lease is five minutes."""
    async with Database(database_url) as database:
        issue_id = await seed(database, readers=READERS)
    async with MailServer(tmp_path / "log") as server:
        async with GoneOnceTaken(database_url, server) as database:
            with pytest.raises(DatabaseAway):
                await sent(database, server, tmp_path, issue_id)
        async with Database(database_url) as database:
            async with database.read() as connection:
                held = await batches.owners(connection, issue_id=issue_id)
            assert held
            assert all(map(owner.is_dead, held))
            assert owner.broken() >= set(held)
            clock = Clock()
            report = await send.issue(
                kit(config(tmp_path, base_url=server.url), database, clock), issue_id, sleep=clock.sleep
            )
    assert (report.accepted, report.unknown, report.pending) == (READERS, 0, 0)
    assert clock.now() < START + timedelta(minutes=1)
    assert sorted(taken.to for taken in server.taken()) == sorted(addresses(READERS))


def error(kind: type[DBAPIError], module: str, name: str, sqlstate: str | None) -> DBAPIError:
    original = type(name, (Exception,), {"sqlstate": sqlstate, "__module__": module})()
    return kind("SELECT 1", {}, original)


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [(None, True), ("57P01", True), ("57P03", True), ("08006", True), ("53300", True), ("57014", False)],
)
def test_what_a_server_says_when_it_goes(sqlstate: str | None, expected: bool) -> None:
    assert is_away(error(OperationalError, "psycopg", "OperationalError", sqlstate)) is expected


def test_what_is_no_absence() -> None:
    assert not is_away(error(IntegrityError, "psycopg.errors", "UniqueViolation", "23505"))
    assert not is_away(error(OperationalError, "sqlite3", "OperationalError", None))  # locked, full
