"""What may have been taken is looked up at the provider: accepted where it shows, sent again where it surely is not."""

from collections import Counter
from datetime import timedelta

import pytest
from send.world import START, Clock, addresses, config, kit, seed

from digest.errors import ProviderError
from digest.model import IssueState
from digest.pipeline import send
from digest.send.sender import Limits
from digest.store import Database, sendings
from digest.testing import Fault, MailServer
from subscribers import tables as people

QUICK = Limits(connect_s=1, write_s=1, read_s=0.2, total_s=0.4)
SEARCHED = ["mailgun", "mailpit", "postmark"]
pytestmark = pytest.mark.anyio


class World:
    """An issue of three readers, a provider at fault, and time."""

    def __init__(self, database: Database, server: MailServer, folder, provider: str) -> None:
        self.database, self.server, self.clock = database, server, Clock()
        self.kit = kit(config(folder, provider=provider, base_url=server.url), database, self.clock)
        self.issue_id = 0

    async def send(self, *, later: timedelta = timedelta(0), **issue: object) -> send.SendReport:
        self.issue_id = self.issue_id or await seed(self.database, readers=3, issue=issue)
        self.clock.time += later
        return await send.issue(self.kit, self.issue_id, sleep=self.clock.sleep, limits=QUICK)

    async def state(self) -> IssueState:
        async with self.database.read() as connection:
            return (await sendings.find(connection, self.issue_id)).state

    @property
    def got(self) -> Counter[str]:
        return Counter(taken.to for taken in self.server.taken())


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.STALL, Fault.HALF_BODY, Fault.ERROR_AFTER], ids=str)
@pytest.mark.parametrize("provider", SEARCHED)
async def test_what_was_taken_is_found_and_not_sent_again(provider: str, fault: Fault, database, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[fault]) as server:
        world = World(database, server, tmp_path, provider)
        report = await world.send()
        assert (report.accepted, report.unknown, report.is_partial) == (3, 0, False)
        assert world.got == Counter(addresses(3))
        assert await world.state() is IssueState.SENT


@pytest.mark.parametrize("provider", ["mailpit", "postmark"])
async def test_what_does_not_show_is_held_where_that_proves_nothing(provider: str, database, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_BEFORE]) as server:
        world = World(database, server, tmp_path, provider)
        for _ in range(12):
            report = await world.send(later=timedelta(minutes=5))
        assert report.unknown > 0
        assert report.accepted + report.unknown == 3
        assert world.got.total() == report.accepted, "nothing was sent twice"
        assert await world.state() is IssueState.SENT


async def test_what_surely_was_not_taken_goes_again_once_that_is_sure(database, tmp_path) -> None:
    """Mailgun's manual: the events of half an hour ago are all there."""
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_BEFORE]) as server:
        world = World(database, server, tmp_path, "mailgun")
        early = await world.send()
        assert (early.unknown, len(server.seen)) == (3, 1)
        assert "shows no such message" in early.note or "nothing" in early.note
        assert await world.state() is IssueState.SENDING, "it is to be asked about again"
        late = await world.send(later=timedelta(minutes=30))
        assert (late.unknown, len(server.seen)) == (3, 1), "not yet sure"
        sure = await world.send(later=timedelta(minutes=20))
        assert (sure.accepted, sure.unknown) == (3, 0)
        assert world.got == Counter(addresses(3))
        assert await world.state() is IssueState.SENT


async def test_who_leaves_while_it_is_not_known_gets_nothing_when_it_goes_again(database, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_BEFORE]) as server:
        world = World(database, server, tmp_path, "mailgun")
        await world.send()
        async with database.write() as connection:
            where = people.subscription.c.subscriber_id == 2
            await connection.execute(people.subscription.update().where(where).values(state="unsubscribed"))
        report = await world.send(later=timedelta(hours=1))
        assert (report.accepted, report.suppressed) == (2, 1)


async def test_a_provider_that_cannot_be_asked_now_proves_nothing(database, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER], is_searchable=False) as server:
        world = World(database, server, tmp_path, "mailgun")
        for _ in range(4):
            report = await world.send(later=timedelta(minutes=30))
        assert (report.accepted, report.unknown) == (0, 3)
        assert world.got == Counter(addresses(3))


async def test_after_its_key_has_lapsed_brevo_is_asked(database, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER] * 8) as server:
        world = World(database, server, tmp_path, "brevo")
        early = await world.send()
        assert early.unknown == 3
        asked = len(server.seen)
        report = await world.send(later=timedelta(minutes=40))
        assert (report.accepted, report.unknown) == (3, 0)
        assert len(server.seen) == asked, "no message went again"
        assert world.got == Counter(addresses(3))


async def test_a_key_seen_before_says_that_it_was_taken(database, tmp_path) -> None:
    """Brevo's own answer to a replay."""
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER]) as server:
        world = World(database, server, tmp_path, "brevo")
        report = await world.send()
        assert (report.accepted, len(server.seen)) == (3, 2)
        assert world.got == Counter(addresses(3))


EXPIRY = START + timedelta(seconds=1)  # after the request, before what became of it can be asked


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.CUT_BEFORE], ids=["taken", "not taken"])
async def test_what_became_of_a_message_is_asked_after_its_issue_expired(fault: Fault, database, tmp_path) -> None:
    """Nothing is sent any more: what surely was not taken expires."""
    async with MailServer(tmp_path / "log", faults=[fault]) as server:
        world = World(database, server, tmp_path, "mailgun")
        await world.send(expires_at=EXPIRY)
        late = await world.send(later=timedelta(hours=1))
        assert (late.accepted, late.unknown, late.expired) == ((3, 0, 0) if fault is Fault.CUT_AFTER else (0, 0, 3))
        assert await world.state() is (IssueState.SENT if fault is Fault.CUT_AFTER else IssueState.EXPIRED)
        assert world.got.total() == late.accepted


async def test_an_expired_batch_is_not_repeated_even_where_its_key_lives(database, tmp_path) -> None:
    """Were it not taken the first time, yesterday's issue would arrive today."""
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_BEFORE, *[Fault.UNAUTHORIZED] * 8]) as server:
        world = World(database, server, tmp_path, "resend")
        with pytest.raises(ProviderError):
            await world.send(expires_at=EXPIRY)
        asked = len(server.seen)
        late = await world.send(later=timedelta(hours=1))
    assert (late.unknown, late.expired, len(server.seen)) == (3, 0, asked)
