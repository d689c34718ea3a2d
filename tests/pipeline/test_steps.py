"""A step does its work under its claim, says on the row what became of it, and comes twice without harm."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from schedule.world import DAILY, MINUTE, START, Clock, Work, config, freeze, kit_of
from send.world import seed

from digest.config import Config, Newsletter
from digest.errors import FetchError, NothingToDo, PreflightError, StoreError, TemplateError, WorkerError
from digest.model import Due, Step
from digest.pipeline import steps
from digest.pipeline.kit import Kit
from digest.store import issues, tables

pytestmark = pytest.mark.anyio
SLOT = START + 30 * MINUTE
HOUR = timedelta(hours=1)


async def claimed(database, *, name="morning", begun=SLOT, send_at=None) -> issues.IssueRecord:
    async with database.write() as connection:
        held = await issues.claim(
            connection,
            name=name,
            slot="2026-11-23T07:30",
            due_at=SLOT,
            owner="a",
            lease_until=SLOT + HOUR,
            begun_at=begun,
            send_at=send_at,
        )
        return await issues.by_id(connection, held.issue_id)


async def now_is(database, record) -> issues.IssueRecord:
    async with database.read() as connection:
        return await issues.by_id(connection, record.id)


def test_keys_are_the_identity_of_the_work() -> None:
    record = issues.IssueRecord(
        id=7, newsletter="morning", number=3, slot="2026-11-23T07:30", due_at=SLOT, state="building", owner="a",
        made_at=None, expires_at=None, title="", content=None, note=None,
    )  # fmt: skip
    assert steps.making(record).key == steps.making(record, until=SLOT).key == "make:morning@2026-11-23T07:30"
    assert steps.sending(7).key == steps.sending(7, until=SLOT).key == "send:7"
    assert steps.collecting("morning").key == "collect:morning"


async def test_collecting(database) -> None:
    work = Work()
    kit = kit_of(database, Clock())
    assert await steps.run(kit, steps.collecting("morning"), work.stages) == ()
    assert await steps.run(kit, steps.collecting("removed"), work.stages) == ()
    assert work.collected == ["morning"]


async def test_made_it_is_sent(database) -> None:
    work, record = Work(), await claimed(database)
    kit = kit_of(database, Clock(SLOT))
    following = await steps.run(kit, steps.making(record, until=SLOT), work.stages)
    assert [step.key for step in following] == [f"send:{record.id}"]
    assert work.until == [SLOT]
    assert work.collected == ["morning"]
    assert await steps.run(kit, following[0], work.stages) == ()
    assert work.sent == [record.id]


async def test_a_step_that_comes_twice_works_once(database) -> None:
    work, record = Work(), await claimed(database)
    kit = kit_of(database, Clock(SLOT))
    for _ in range(2):
        await steps.run(kit, steps.making(record), work.stages)
    assert len(work.made) == 1


async def test_a_step_whose_claim_another_holds_does_nothing(database) -> None:
    work, record = Work(), await claimed(database)
    async with database.write() as connection:
        await issues.take_over(connection, owner="b", lease_until=SLOT + HOUR, now=SLOT, dead=["a"])
    await steps.run(kit_of(database, Clock(SLOT)), steps.making(record), work.stages)
    assert (work.collected, work.made) == ([], [])


@pytest.mark.parametrize("wait", ["send_at", "window", "held"])
async def test_made_ahead_it_is_not_sent_yet(database, wait: str) -> None:
    more = {"window": 'send_between = "08:00-09:00"', "held": 'approve = "4h"\napprove_required = true'}.get(wait, "")
    record = await claimed(database, send_at=SLOT + HOUR if wait == "send_at" else None)
    kit = kit_of(database, Clock(SLOT), settings=config(morning=f"{DAILY}\n{more}"))
    assert await steps.run(kit, steps.making(record), Work().stages) == ()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NothingToDo("no new story"), "skipped"),
        (PreflightError("too large"), "failed"),
        (TemplateError("issue.html:3"), "failed"),
        (WorkerError("killed"), "building"),
        (StoreError("busy"), "building"),
        (FetchError("no answer"), "building"),
        (TimeoutError(), "building"),
        (ZeroDivisionError("a bug"), "building"),
    ],
)
async def test_what_became_of_it_stands_on_the_row(database, error, state: str) -> None:
    record = await claimed(database)
    kit = kit_of(database, Clock(SLOT))
    assert await steps.run(kit, steps.making(record), Work(make_error=error).stages) == ()
    found = await now_is(database, record)
    assert (found.state, found.owner) == (state, None)
    assert found.note == (str(error) or type(error).__name__)
    assert found.lease_until == (SLOT + MINUTE if state == "building" else None)


async def test_tries_come_ever_more_seldom_until_it_is_too_late(database) -> None:
    record = await claimed(database)
    waits = {}
    for hours in (0, 0.5, 19, 20, 30):
        kit = kit_of(database, Clock(SLOT + hours * HOUR))
        at = steps.retry_at(WorkerError("killed"), record, kit)
        waits[hours] = at and (at - kit.now()) / MINUTE
    assert waits == {0: 1, 0.5: 7.5, 19: 15, 20: None, 30: None}


async def test_an_old_slot_caught_up_is_tried_as_long(database) -> None:
    record = await claimed(database, begun=SLOT + 100 * HOUR)
    kit = kit_of(database, Clock(SLOT + 101 * HOUR))
    assert steps.retry_at(WorkerError("killed"), record, kit) == kit.now() + 15 * MINUTE


async def test_cancelled_it_is_given_back_at_once(database) -> None:
    work, record = Work(hang=asyncio.Event()), await claimed(database)
    task = asyncio.create_task(steps.run(kit_of(database, Clock(SLOT)), steps.making(record), work.stages))
    async with asyncio.timeout(5):
        while not work.collected:
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    found = await now_is(database, record)
    assert (found.state, found.owner, found.lease_until) == ("building", None, SLOT)


async def test_an_issue_of_no_newsletter_fails_by_name(database) -> None:
    record = await claimed(database, name="removed")
    await steps.run(kit_of(database, Clock(SLOT)), steps.making(record), Work().stages)
    found = await now_is(database, record)
    assert found.state == "failed"
    assert "removed" in found.note


async def test_sending_stops_with_the_program_and_with_the_window(database) -> None:
    kit, made = kit_of(database, Clock(SLOT)), await seed(database)
    seen = []

    async def send(_kit, _issue_id, stop: asyncio.Event) -> None:
        seen.append(stop.is_set())
        async with asyncio.timeout(5):
            await stop.wait()

    stages = steps.Stages(collect=send, make=send, send=send)
    await steps.run(kit, steps.sending(made, until=SLOT), stages)  # the window closes this moment
    kit.stopping.set()
    await steps.run(kit, steps.sending(made, until=SLOT + HOUR), stages)
    await steps.run(kit, steps.sending(made), stages)
    assert seen == [False, False, True]


@pytest.mark.parametrize("state", ["sent", "held", "building"])
async def test_an_issue_that_is_not_to_leave_is_not_sent(database, state: str) -> None:
    work, made = Work(), await seed(database, issue={"state": state})
    await steps.run(kit_of(database, Clock(SLOT)), steps.sending(made), work.stages)
    assert not work.sent


# ------------------------------------------------------------------ work that several share


class Queue:
    """What an engine of many machines takes, in the caller's transaction."""

    def __init__(self, database) -> None:
        self.kit = replace(kit_of(database, Clock(SLOT)), follow=self.follow)
        self.steps: list[Step] = []

    async def follow(self, todo, connection) -> None:
        assert connection.in_transaction()
        self.steps += todo


async def planned(database, batches: int) -> int:
    made = await seed(database, readers=0)
    rows = [{"issue_id": made, "number": n, "state": "pending"} for n in range(batches)]
    async with database.write() as connection:
        await connection.execute(tables.batch.insert(), rows)
    return made


@pytest.mark.parametrize(("batches", "expected"), [(1, 0), (99, 0), (100, 1), (250, 4), (10_000, 15)])
async def test_a_large_issue_calls_for_help(database, batches: int, expected: int) -> None:
    work, queue, made = Work(), Queue(database), await planned(database, batches)
    await steps.run(queue.kit, steps.sending(made, until=SLOT), work.stages)
    assert [step.key for step in queue.steps] == [f"send:{made}:{share}" for share in range(1, expected + 1)]
    for step in queue.steps[:1]:  # who helps calls nobody
        assert step.args["until"] == SLOT.isoformat()
        await steps.run(queue.kit, step, work.stages)
    assert len(queue.steps) == expected
    assert set(work.sent) == {made}


async def test_one_process_sends_alone(database) -> None:
    made = await planned(database, 10_000)
    work = Work()
    await steps.run(kit_of(database, Clock(SLOT)), steps.sending(made), work.stages)
    assert work.sent == [made]


def many_feeds(count: int) -> Config:
    feeds = ", ".join(f'"https://{n % 97}.example.org/{n}.xml"' for n in range(count))
    return config(morning=f"{DAILY}\nfeeds = [{feeds}]")


async def test_the_feeds_of_a_large_newsletter_are_shared_by_host(database) -> None:
    settings, asked = many_feeds(1000), []

    async def collect(_kit, newsletter) -> None:
        asked.append([feed.url for feed in newsletter.feeds])

    stages = steps.Stages(collect=collect, make=collect, send=collect)
    kit = replace(Queue(database).kit, config=settings)
    shares = await steps.run(kit, steps.collecting("morning"), stages)
    assert [step.key for step in shares] == [f"collect:morning:{n}/4" for n in range(4)]
    assert not asked
    for step in shares:
        assert await steps.run(kit, step, stages) == ()
    assert sorted(url for urls in asked for url in urls) == sorted(f.url for f in settings.newsletters["morning"].feeds)
    hosts = [{url.split("/")[2] for url in urls} for urls in asked]
    assert sum(map(len, hosts)) == len(set().union(*hosts)) == 97
    assert min(map(len, asked)) > 100


@pytest.mark.parametrize(("feeds", "is_shared"), [(250, False), (251, True)])
async def test_a_newsletter_of_few_feeds_is_not_cut_up(database, feeds: int, is_shared: bool) -> None:
    kit = replace(Queue(database).kit, config=many_feeds(feeds))
    assert bool(await steps.run(kit, steps.collecting("morning"), Work().stages)) is is_shared
    alone = replace(kit, follow=None)
    assert await steps.run(alone, steps.collecting("morning"), Work().stages) == ()


async def test_a_step_of_no_such_name_is_a_bug() -> None:
    with pytest.raises(KeyError):
        await steps.run(kit_of(None, Clock()), Step(name="juggle", key="?"), Work().stages)


async def test_every_line_of_the_log_names_what_is_worked_on(database) -> None:
    seen: list[dict[str, object]] = []

    async def stage(*_: object) -> None:
        seen.append({k: v for k, v in structlog.contextvars.get_contextvars().items() if v is not None})

    async def make(kit: Kit, newsletter: Newsletter, _: Due, held: issues.Claim) -> None:
        await freeze(kit, newsletter, held)
        await stage()

    stages = steps.Stages(collect=stage, make=make, send=stage, tell=stage)
    record = await claimed(database)
    kit = kit_of(database, Clock(SLOT))
    for step in (steps.making(record), steps.sending(record.id), steps.collecting("morning"), steps.telling(1)):
        await steps.run(kit, step, stages)
    of_issue = {"newsletter": "morning", "issue": "morning/1", "slot": "2026-11-23T07:30"}
    assert seen == [
        {"step": "make", "newsletter": "morning", "issue": "morning/1", "slot": "2026-11-23T07:30"},
        {"step": "make", **of_issue},
        {"step": "send", **of_issue},
        {"step": "collect", "newsletter": "morning"},
        {"step": "tell"},
    ]
    assert structlog.contextvars.get_contextvars() == {}
