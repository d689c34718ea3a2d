"""A step does its work under its claim, says on the row what became of it, and comes twice without harm."""

import asyncio
from datetime import timedelta

import pytest
import structlog
from schedule.world import DAILY, MINUTE, START, Clock, Work, config, kit_of

from digest.errors import FetchError, NothingToDo, PreflightError, StoreError, TemplateError, WorkerError
from digest.model import Step
from digest.pipeline import steps
from digest.store import issues

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
    kit = kit_of(database, Clock(SLOT))
    seen = []

    async def send(_kit, _issue_id, stop: asyncio.Event) -> None:
        seen.append(stop.is_set())
        async with asyncio.timeout(5):
            await stop.wait()

    stages = steps.Stages(collect=send, make=send, send=send)
    await steps.run(kit, steps.sending(1, until=SLOT), stages)  # the window closes this moment
    kit.stopping.set()
    await steps.run(kit, steps.sending(1, until=SLOT + HOUR), stages)
    await steps.run(kit, steps.sending(1), stages)
    assert seen == [False, False, True]


async def test_a_step_of_no_such_name_is_a_bug() -> None:
    with pytest.raises(KeyError):
        await steps.run(kit_of(None, Clock()), Step(name="juggle", key="?"), Work().stages)


async def test_every_line_of_the_log_names_what_is_worked_on(database) -> None:
    seen: list[dict[str, object]] = []

    async def stage(*_) -> None:
        seen.append({k: v for k, v in structlog.contextvars.get_contextvars().items() if v is not None})

    stages = steps.Stages(collect=stage, make=stage, send=stage, tell=stage)
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
