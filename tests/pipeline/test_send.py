"""Sending an issue through a real socket: everyone once, whatever the far side does."""

import asyncio
import re
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from send.world import START, Clock, active, addresses, config, kit, reader, seed

from digest.errors import ConfigError, NothingToDo, ProviderError, UsageError
from digest.model import IssueState
from digest.pipeline import send
from digest.send.sender import Limits
from digest.store import Database, issues, sendings
from digest.testing import Fault, MailServer
from subscribers import roster, tokens
from subscribers import tables as people

QUICK = Limits(connect_s=1, write_s=1, read_s=0.2, total_s=0.4)
pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_everyone_gets_the_issue_once(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=250)
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        report = await send.issue(world, issue_id, sleep=clock.sleep)
        again = await send.issue(world, issue_id, sleep=clock.sleep)
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(250))
    assert (report.accepted, report.is_partial, again) == (250, False, report)
    assert len(server.seen) == 3


async def test_the_issue_is_sent_and_its_date_fixed(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database)
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        began = clock.now()
        await send.issue(world, issue_id, sleep=clock.sleep)
        async with database.read() as connection:
            sending = await sendings.find(connection, issue_id)
    assert (sending.state, sending.date) == (IssueState.SENT, began)


@pytest.mark.parametrize(("base_url", "is_sent"), [("http://provider.test", False), ("", True)])
async def test_readers_learn_who_writes_to_them(
    database: Database, clock: Clock, tmp_path, base_url: str, is_sent: bool
) -> None:
    """Without a postal address an issue goes to a server on this machine alone."""
    issue_id = await seed(database)
    async with MailServer(tmp_path / "log") as server:
        settings = config(tmp_path, base_url=base_url or server.url)
        nameless = settings.model_copy(update={"digest": settings.digest.model_copy(update={"postal_address": " "})})
        if is_sent:
            assert (await send.issue(kit(nameless, database, clock), issue_id, sleep=clock.sleep)).accepted == 3
        else:
            with pytest.raises(ConfigError, match="postal address"):
                await send.issue(kit(nameless, database, clock), issue_id, sleep=clock.sleep)
        assert len(server.taken()) == (3 if is_sent else 0)


TAKEN_TWICE_WITHOUT_KEYS = [
    Fault.CUT_AFTER,
    Fault.STALL,
    Fault.DRIP,
    Fault.HALF_BODY,
    Fault.HTML_PAGE,
    Fault.EMPTY,
    Fault.ERROR_AFTER,
    Fault.BAD_GATEWAY,
]


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.UNAUTHORIZED], ids=lambda fault: fault.name)
async def test_no_fault_loses_or_doubles_where_keys_are_honoured(
    fault: Fault, database: Database, clock: Clock, tmp_path
) -> None:
    async with MailServer(tmp_path / "log", faults=[fault, fault]) as server:
        issue_id = await seed(database, readers=5)
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        report = await send.issue(world, issue_id, sleep=clock.sleep, limits=QUICK)
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(5))
    assert report.accepted == 5


@pytest.mark.parametrize("fault", TAKEN_TWICE_WITHOUT_KEYS, ids=lambda fault: fault.name)
async def test_without_keys_what_may_have_been_taken_is_held(
    fault: Fault, database: Database, clock: Clock, tmp_path
) -> None:
    async with MailServer(tmp_path / "log", faults=[fault], is_searchable=False) as server:
        issue_id = await seed(database, readers=3)
        world = kit(config(tmp_path, provider="mailpit", base_url=server.url), database, clock)
        first = await send.issue(world, issue_id, sleep=clock.sleep, limits=QUICK)
        again = await send.issue(world, issue_id, sleep=clock.sleep, limits=QUICK)
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(3))
    assert (first.accepted, first.unknown, first.is_partial) == (2, 1, True)
    assert again == first


async def test_a_reader_who_leaves_after_planning_gets_nothing(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=4)
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        assert await send.plan(world, issue_id) == 4
        async with database.write() as connection:
            await connection.execute(
                people.subscription.update()
                .where(people.subscription.c.subscriber_id == 2)
                .values(state="unsubscribed")
            )
            await connection.execute(
                people.suppression.insert().values(
                    address_hash=reader(3)["address_hash"],
                    address_key="reader-3@example.org",
                    reason="complained",
                    since=clock.now(),
                )
            )
        report = await send.issue(world, issue_id, sleep=clock.sleep)
    assert [taken.to for taken in server.taken()] == ["reader-1@example.org", "reader-4@example.org"]
    assert (report.accepted, report.suppressed, report.is_partial) == (2, 2, False)


async def test_who_subscribes_after_planning_waits_for_the_next_issue(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=2)
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        await send.plan(world, issue_id)
        async with database.write() as connection:
            await connection.execute(people.subscriber.insert().values(reader(9)))
            await connection.execute(people.subscription.insert().values(active(9)))
        assert await send.plan(world, issue_id) == 2
        await send.issue(world, issue_id, sleep=clock.sleep)
    assert [taken.to for taken in server.taken()] == addresses(2)


async def test_one_poisoned_address_is_found_and_the_others_go(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=100)
    bad = {"reader-37@example.org", "reader-38@example.org"}
    async with MailServer(tmp_path / "log", poisoned=bad) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        report = await send.issue(world, issue_id, sleep=clock.sleep)
    assert Counter(taken.to for taken in server.taken()) == Counter(set(addresses(100)) - bad)
    assert (report.accepted, report.rejected) == (98, 2)
    assert {failure.address for failure in report.failures} == bad
    assert "is not valid" in report.failures[0].reason
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert len(set(keys)) == len(keys), "a part goes under a key of its own"
    assert len(keys) < 30


async def test_an_address_that_is_none_stops_nobody(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=3)
    async with database.write() as connection:
        await connection.execute(
            people.subscriber.update()
            .where(people.subscriber.c.id == 2)
            .values(address="a@b.example\r\nBcc: x@y.example")
        )
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        report = await send.issue(world, issue_id, sleep=clock.sleep)
    assert [taken.to for taken in server.taken()] == ["reader-1@example.org", "reader-3@example.org"]
    assert (report.accepted, report.rejected) == (2, 1)


async def test_a_refused_account_stops_the_run_and_consumes_nothing(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=250)
    async with MailServer(tmp_path / "log", faults=[Fault.UNAUTHORIZED] * 20) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        with pytest.raises(ProviderError, match="API key is invalid") as raised:
            await send.issue(world, issue_id, sleep=clock.sleep)
        told = await send.report(world, issue_id)
    assert "re_key" not in str(raised.value)
    assert (told.pending, told.rejected, told.unknown) == (250, 0, 0)
    assert len(server.seen) <= 8


async def test_an_issue_too_old_is_not_mailed(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=3, issue={"expires_at": START - timedelta(minutes=1)})
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        report = await send.issue(world, issue_id, sleep=clock.sleep)
        async with database.read() as connection:
            state = (await sendings.find(connection, issue_id)).state
    assert (report.expired, report.accepted, server.seen) == (3, 0, [])
    assert state is IssueState.EXPIRED


async def test_a_provider_that_is_away_is_not_waited_for_without_end(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=250)
    world = kit(config(tmp_path, base_url="http://127.0.0.1:9"), database, clock)
    report = await send.issue(world, issue_id, sleep=clock.sleep)
    assert (report.pending, report.accepted) == (250, 0)
    assert "ConnectError" in report.note
    assert clock.slept < 600


async def test_while_nobody_answers_one_message_is_the_probe(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=900)
    async with MailServer(tmp_path / "log", faults=[Fault.ERROR_BEFORE] * 9) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        report = await send.issue(world, issue_id, sleep=clock.sleep)
    assert report.accepted == 900
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(900))


async def test_a_long_retry_after_is_said_and_not_waited_for(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database)
    answer = httpx.Response(429, headers={"Retry-After": "7200"}, json={"message": "daily quota"})
    world = kit(config(tmp_path, base_url="http://provider.test"), database, clock)
    transport = httpx.MockTransport(lambda _: answer)
    report = await send.issue(world, issue_id, sleep=clock.sleep, transport=transport)
    assert report.pending == 3
    assert "2026-11-23 08:30 UTC" in report.note
    assert "daily quota" in report.note


async def test_stop_finishes_what_is_in_flight(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=2000)
    stop = asyncio.Event()
    async with MailServer(tmp_path / "log", delay_s=0.05) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        report = await send.issue(world, issue_id, sleep=clock.sleep, stop=stop, progress=lambda *_: stop.set())
        assert 0 < report.accepted < 2000
        assert (report.accepted + report.pending, report.unknown) == (2000, 0)
        rest = await send.issue(world, issue_id, sleep=clock.sleep)
    assert rest.accepted == 2000
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(2000))


async def test_a_cancelled_run_leaves_no_claim_behind(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=300)
    async with MailServer(tmp_path / "log", faults=[Fault.STALL] * 3) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        running = asyncio.create_task(send.issue(world, issue_id, sleep=clock.sleep))
        while len(server.seen) < 3:
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        report = await send.issue(world, issue_id, sleep=clock.sleep)
    assert report.accepted == 300
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(300))


async def test_progress_counts_to_the_end(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=250)
    said: list[tuple[int, int]] = []
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        await send.issue(world, issue_id, sleep=clock.sleep, progress=lambda done, total: said.append((done, total)))
    assert said[-1] == (250, 250)
    assert [done for done, _ in said] == sorted(done for done, _ in said)


async def test_nobody_to_mail_is_said(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=0)
    world = kit(config(tmp_path, base_url="http://127.0.0.1:9"), database, clock)
    with pytest.raises(NothingToDo):
        await send.issue(world, issue_id, sleep=clock.sleep)


@pytest.mark.parametrize("state", [IssueState.BUILDING, IssueState.SKIPPED, IssueState.MISSED, IssueState.FAILED])
async def test_only_a_built_issue_is_sent(database: Database, clock: Clock, tmp_path, state: IssueState) -> None:
    issue_id = await seed(database, issue={"state": state})
    world = kit(config(tmp_path, base_url="http://127.0.0.1:9"), database, clock)
    with pytest.raises(UsageError, match=r"morning/1 is .*built"):
        await send.issue(world, issue_id, sleep=clock.sleep)


async def test_a_test_copy_is_recorded_nowhere_and_names_nobody(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database)
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        refused = await send.test_copy(world, issue_id, ["boss@example.org", "owner@example.org"])
        told = await send.report(world, issue_id)
    assert refused == {}
    assert [taken.to for taken in server.taken()] == ["boss@example.org", "owner@example.org"]
    assert told == send.SendReport(
        issue="morning/1", accepted=0, rejected=0, unknown=0, suppressed=0, pending=0, expired=0
    )
    async with database.read() as connection:
        keys = [key.secret for key in await roster.signing_keys(connection)]
    (token,) = {re.search(r"/unsubscribe/([^>]+)>", taken.headers["List-Unsubscribe"])[1] for taken in server.taken()}
    assert tokens.read(keys, "unsubscribe", token) == (0, "morning")


async def test_a_test_copy_that_is_refused_is_named(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database)
    async with MailServer(tmp_path / "log", poisoned=["boss@example.org"]) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        refused = await send.test_copy(world, issue_id, ["boss@example.org"])
    assert "is not valid" in refused["boss@example.org"]


async def test_a_dry_run_counts_and_sends_nothing(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=7)
    async with MailServer(tmp_path / "log") as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        assert (await send.dry_run(world, issue_id)).pending == 7
        assert (await send.report(world, issue_id)).pending == 0
        await send.issue(world, issue_id, sleep=clock.sleep)
        assert (await send.dry_run(world, issue_id)).accepted == 7
    assert len(server.seen) == 1


async def test_a_replay_whose_bytes_would_differ_is_held(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database)
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER]) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)
        stop = asyncio.Event()

        async def interrupted(seconds: float) -> None:
            stop.set()
            await clock.sleep(seconds)

        first = await send.issue(world, issue_id, sleep=interrupted, stop=stop)
        other = config(tmp_path, base_url=server.url, more='reply_to = "else@example.org"')
        second = await send.issue(kit(other, database, clock), issue_id, sleep=clock.sleep)
        assert (first.unknown, second.unknown, second.accepted) == (3, 3, 0)
        third = await send.issue(kit(other, database, clock), issue_id, sleep=clock.sleep, resend_unknown=True)
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(3))
    assert third.unknown == 3, "the key still lives: other bytes under it are never sent"
    assert len(server.seen) == 1, "nor is the provider asked to find out"


async def test_stopped_before_a_replay_the_issue_is_not_sent_yet(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database)
    stop = asyncio.Event()
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER]) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)

        async def interrupted(seconds: float) -> None:
            stop.set()
            await clock.sleep(seconds)

        await send.issue(world, issue_id, sleep=interrupted, stop=stop)
        async with database.read() as connection:
            assert [record.id for record in await issues.unsent(connection)] == [issue_id]  # a daemon goes on with it
        assert (await send.issue(world, issue_id, sleep=clock.sleep)).accepted == 3
        async with database.read() as connection:
            assert await issues.unsent(connection) == []
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(3))


async def test_after_the_keys_lifetime_it_is_held_until_the_owner_says(database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database)
    stop = asyncio.Event()
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_BEFORE]) as server:
        world = kit(config(tmp_path, base_url=server.url), database, clock)

        async def interrupted(seconds: float) -> None:
            stop.set()
            await clock.sleep(seconds)

        await send.issue(world, issue_id, sleep=interrupted, stop=stop)
        clock.time += timedelta(hours=24)
        assert (await send.issue(world, issue_id, sleep=clock.sleep)).unknown == 3
        assert server.taken() == ()
        assert (await send.issue(world, issue_id, sleep=clock.sleep, resend_unknown=True)).accepted == 3
    assert Counter(taken.to for taken in server.taken()) == Counter(addresses(3))


async def test_the_file_provider_writes_one_whole_file_a_message(database: Database, clock: Clock, tmp_path) -> None:
    issue_id = await seed(database, readers=3)
    world = kit(config(tmp_path, provider="file"), database, clock)
    report = await send.issue(world, issue_id, sleep=clock.sleep)
    files = sorted((tmp_path / "outbox").iterdir())
    assert report.accepted == 3
    assert [path.suffix for path in files] == [".eml"] * 3
    assert sorted(
        re.search(rb"^To: .*<(.*)>\r$", path.read_bytes(), re.MULTILINE)[1].decode() for path in files
    ) == addresses(3)
