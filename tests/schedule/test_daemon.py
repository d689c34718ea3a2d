"""The daemon at any time, on both databases: one issue a slot, whatever the clock and the processes do."""

import asyncio
from datetime import timedelta

import pytest
from schedule.world import DAILY, DAY, MINUTE, START, Clock, Work, config, kit_of, world

from digest.errors import NewerDatabase, NothingToDo, PreflightError, WorkerError
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Local
from digest.store import issues, owner

pytestmark = pytest.mark.anyio
SLOT = START + 30 * MINUTE
LATER = {"2026-11-23T07:30": "ready"}


async def test_before_its_first_start_nothing_is_due(database) -> None:
    here = world(database)
    await here.sweep(to=SLOT + MINUTE)
    assert await here.states() == {}
    await here.sweep(to=SLOT + DAY - MINUTE)
    assert await here.states() == {}


async def test_a_slot_is_made_when_it_comes_and_sent(database) -> None:
    here = world(database)
    await here.sweep()
    await here.sweep(to=SLOT)
    assert await here.states() == LATER
    assert len(here.work.sent) == 1


async def test_sweeping_on_makes_nothing_twice(database) -> None:
    here = world(database)
    await here.sweep()
    for minutes in range(30, 40):
        await here.sweep(to=START + minutes * MINUTE)
    assert here.work.made == ["2026-11-23T07:30"]


async def test_a_restart_makes_nothing_twice(database) -> None:
    for minutes in (0, 30, 30, 31, 90):
        here = world(database, clock=Clock(START + minutes * MINUTE), owner=f"run {minutes}")
        await here.sweep()
    assert await here.states() == LATER


@pytest.mark.parametrize(
    ("catch_up", "states"),
    [
        ("latest", ["missed", "missed", "ready"]),
        ("all", ["ready", "ready", "ready"]),
        ("none", ["missed", "missed", "missed"]),
    ],
)
async def test_after_downtime(database, catch_up: str, states: list[str]) -> None:
    settings = config(morning=f'{DAILY}\ncatch_up = "{catch_up}"')
    await world(database, settings=settings).sweep()
    here = world(database, settings=settings, clock=Clock(SLOT + 2 * DAY + 10 * MINUTE))
    for _ in range(4):
        await here.sweep()
    assert list((await here.states()).values()) == states


async def test_all_makes_them_in_turn_each_of_its_own_time(database) -> None:
    settings = config(morning=f'{DAILY}\ncatch_up = "all"')
    await world(database, settings=settings).sweep()
    here = world(database, settings=settings, clock=Clock(SLOT + 2 * DAY + 10 * MINUTE))
    for _ in range(3):
        await here.sweep()
    assert here.work.made == ["2026-11-23T07:30", "2026-11-24T07:30", "2026-11-25T07:30"]
    assert here.work.until == [SLOT, SLOT + DAY, None]


async def test_none_makes_what_falls_due_while_it_runs(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\ncatch_up = "none"'))
    await here.sweep()
    await here.sweep(to=SLOT + 20 * MINUTE)  # the machine was suspended, the program was not
    assert await here.states() == LATER


async def test_none_leaves_a_slot_of_this_minute_to_the_daemon_that_was_there(database) -> None:
    settings = config(morning=f'{DAILY}\ncatch_up = "none"')
    first = world(database, settings=settings)
    await first.sweep()
    second = world(database, settings=settings, clock=Clock(SLOT + MINUTE / 60), owner="b")
    await second.sweep()
    assert await second.states() == {}
    await first.sweep(to=SLOT + 2 * MINUTE / 60)
    assert await second.states() == LATER


@pytest.mark.parametrize("step", [timedelta(seconds=5), timedelta(hours=1), DAY])
@pytest.mark.parametrize("back", [True, False])
async def test_a_clock_that_is_set_makes_each_slot_once(database, step: timedelta, back) -> None:
    here = world(database)
    await here.sweep()
    await here.sweep(to=SLOT)
    now = SLOT - step if back else SLOT + step
    while now < SLOT + 4 * DAY:
        await here.sweep(to=now)
        now += timedelta(hours=6)
    first = 22 if back and step == DAY else 23  # by that clock it ran a day earlier
    assert list((await here.states()).items()) == [(f"2026-11-{day}T07:30", "ready") for day in range(first, 27)]
    assert sorted(here.work.made) == list(await here.states())


async def test_a_clock_that_ran_ahead_costs_no_slot_when_it_is_mended(database) -> None:
    here = world(database)
    await here.sweep()
    await here.sweep(to=SLOT + 10 * DAY)
    assert (await here.states())["2026-11-24T07:30"] == "missed"
    await here.sweep(to=SLOT + MINUTE)
    await here.sweep(to=SLOT + DAY + MINUTE)
    assert (await here.states())["2026-11-24T07:30"] == "ready"


async def test_a_first_start_that_seems_to_come_is_moved_back(database) -> None:
    await world(database, clock=Clock(START + 365 * DAY)).sweep()
    here = world(database)
    await here.sweep()
    await here.sweep(to=SLOT)
    assert await here.states() == LATER


@pytest.mark.parametrize("error", [PreflightError("too large"), NothingToDo("no new story")])
async def test_what_is_refused_or_empty_is_recorded_and_not_tried_again(database, error) -> None:
    here = world(database)
    here.work.make_error = error
    await here.sweep()
    await here.sweep(to=SLOT)
    here.work.make_error = None
    await here.sweep(to=SLOT + 20 * MINUTE)
    assert here.work.made == []
    await here.sweep(to=SLOT + 21 * MINUTE)
    assert list((await here.states()).values()) == ["failed" if isinstance(error, PreflightError) else "skipped"]
    assert here.told == (["issue:1:failed"] if isinstance(error, PreflightError) else [])


@pytest.mark.parametrize("error", [WorkerError("killed"), OSError("disk full"), KeyError("a bug")])
async def test_what_may_pass_is_tried_again(database, error) -> None:
    here = world(database)
    here.work.make_error = error
    await here.sweep()
    await here.sweep(to=SLOT)
    assert await here.states() == {"2026-11-23T07:30": "building"}
    here.work.make_error = None
    await here.sweep(to=SLOT + 2 * MINUTE)
    assert await here.states() == LATER


async def test_it_is_given_up_when_it_is_too_late_and_told_once(database) -> None:
    here = world(database, settings=config(morning=f"{DAILY}\nexpires_after_hours = 2"))
    here.work.make_error = WorkerError("killed")
    await here.sweep()
    for minutes in range(0, 180, 5):
        await here.sweep(to=SLOT + minutes * MINUTE)
    assert await here.states() == {"2026-11-23T07:30": "failed"}
    assert here.told == ["issue:1:failed"]


async def test_it_is_given_up_when_the_next_slot_comes(database) -> None:
    here = world(database, settings=config(morning=f"{DAILY}\nexpires_after_hours = 200"))
    here.work.make_error = WorkerError("killed")
    here.work.make_error_on = "2026-11-23"
    await here.sweep()
    for minutes in range(0, 1_500, 20):
        await here.sweep(to=SLOT + minutes * MINUTE)
    assert await here.states() == {"2026-11-23T07:30": "failed", "2026-11-24T07:30": "ready"}


async def test_feeds_that_fail_do_not_stop_an_issue(database) -> None:
    here = world(database)
    here.work.collect_error = WorkerError("killed")
    await here.sweep()
    await here.sweep(to=SLOT)
    assert await here.states() == LATER


async def test_a_newsletter_that_breaks_stops_no_other(database) -> None:
    settings = config(bad=DAILY, good=DAILY)
    letters = settings.newsletters
    broken = letters["bad"].model_copy(update={"timezone": "Nowhere/Land"})  # the zone's file is gone since the start
    here = world(
        database, settings=settings.model_copy(update={"newsletters": {"bad": broken, "good": letters["good"]}})
    )
    await here.sweep()
    await here.sweep(to=SLOT)
    assert await here.states("good") == LATER
    assert here.daemon.failures == 2
    assert here.daemon.is_well()


async def test_a_dead_makers_issue_is_taken_up_at_once(database) -> None:
    ghost = f"{owner.mine().split(':')[0]}:4194304:1"
    first = world(database, owner=ghost)
    first.work.hang = asyncio.Event()
    await first.sweep()
    first.clock.at = SLOT
    await first.daemon.sweep()
    assert await first.states() == {"2026-11-23T07:30": "building"}
    second = world(database, clock=Clock(SLOT + MINUTE / 60), owner="b")
    await second.sweep()
    assert second.work.made == ["2026-11-23T07:30"]
    first.work.hang.set()  # it was not dead after all: its claim is void
    await first.engine.drain(10)
    assert first.work.made == []
    assert await second.states() == LATER


async def test_elsewhere_the_lease_decides(database) -> None:
    first = world(database, owner="elsewhere:1:1")
    first.work.hang = asyncio.Event()
    await first.sweep()
    first.clock.at = SLOT
    await first.daemon.sweep()
    second = world(database, clock=Clock(SLOT + 4 * MINUTE), owner="b")
    await second.sweep()
    assert second.work.made == []
    first.clock.at = SLOT + 4 * MINUTE
    await first.daemon.sweep()  # renews
    await second.sweep(to=SLOT + 8 * MINUTE)
    assert second.work.made == []
    await second.sweep(to=SLOT + 10 * MINUTE)
    assert second.work.made == ["2026-11-23T07:30"]
    first.work.hang.set()
    await first.engine.drain(10)


async def test_stopping_in_mid_work_gives_the_issue_back(database) -> None:
    here = world(database)
    here.work.hang = asyncio.Event()
    await here.sweep()
    here.clock.at = SLOT
    await here.daemon.sweep()
    here.kit.stopping.set()
    assert not await here.engine.drain(0.2)
    again = world(database, clock=Clock(SLOT + MINUTE), owner="b")
    await again.sweep()
    assert again.work.made == ["2026-11-23T07:30"]


async def test_made_ahead_it_waits_for_its_time_and_the_owner_sees_it(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\napprove = "4h"'))
    await here.sweep(to=SLOT - 5 * timedelta(hours=1))
    await here.sweep(to=SLOT - 4 * timedelta(hours=1))
    assert await here.states() == LATER
    await here.sweep(to=SLOT - 3 * timedelta(hours=1))
    assert here.told == ["issue:1:draft"]
    await here.sweep(to=SLOT - MINUTE)
    assert here.work.sent == []
    await here.sweep(to=SLOT)
    assert len(here.work.sent) == 1
    assert here.told == ["issue:1:draft"]


async def test_held_it_waits_for_approval(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\napprove = "4h"\napprove_required = true'))
    await here.sweep(to=SLOT - 5 * timedelta(hours=1))
    await here.sweep(to=SLOT - 4 * timedelta(hours=1))
    await here.sweep(to=SLOT + MINUTE)
    assert await here.states() == {"2026-11-23T07:30": "held"}
    assert here.told == ["issue:1:draft"]
    assert here.work.sent == []
    async with database.write() as connection:
        (record,) = await issues.listed(connection)
        assert await issues.approve(connection, record.id)
    await here.sweep(to=SLOT + 2 * MINUTE)
    assert here.work.sent == [record.id]


async def test_held_too_long_it_expires(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\napprove = "4h"\napprove_required = true'))
    await here.sweep(to=SLOT - 5 * timedelta(hours=1))
    await here.sweep(to=SLOT - 4 * timedelta(hours=1))
    await here.sweep(to=SLOT + 21 * timedelta(hours=1) - MINUTE)
    assert (await here.states())["2026-11-23T07:30"] == "expired"


async def test_an_owner_who_cannot_be_told_is_told_later(database) -> None:
    here = world(database)
    here.work.make_error, here.work.tell_error = PreflightError("too large"), OSError("no route")
    await here.sweep()
    await here.sweep(to=SLOT)
    await here.sweep(to=SLOT + MINUTE)
    assert here.told == []
    here.work.tell_error = None
    for minutes in (2, 3, 4):
        await here.sweep(to=SLOT + minutes * MINUTE)
    assert here.told == ["issue:1:failed"]


async def test_it_leaves_within_its_window_only(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\nsend_between = "08:00-09:00"'))
    await here.sweep()
    await here.sweep(to=SLOT)
    assert here.work.sent == []
    await here.sweep(to=SLOT + 30 * MINUTE)
    assert len(here.work.sent) == 1
    await here.sweep(to=SLOT + 91 * MINUTE)
    assert len(here.work.sent) == 1  # closed: the rest waits


async def test_cadences_have_their_own_slots(database) -> None:
    table = 'title = "M"\ntimezone = "Europe/Berlin"\ncadences = { daily = "30 7 * * *", weekly = "30 7 * * mon" }'
    here = world(database, settings=config(morning=table))
    await here.sweep()
    for day in range(8):
        await here.sweep(to=SLOT + day * DAY)
    async with database.read() as connection:
        found = [(r.cadence, r.slot) for r in await issues.listed(connection)]
    assert sum(cadence == "daily" for cadence, _ in found) == 8
    assert sorted(slot for cadence, slot in found if cadence == "weekly") == ["2026-11-23T07:30", "2026-11-30T07:30"]


async def test_days_off_are_not_due(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\nskip_dates = ["2026-11-23"]'))
    await here.sweep()
    await here.sweep(to=SLOT + MINUTE)
    await here.sweep(to=SLOT + DAY)
    assert list(await here.states()) == ["2026-11-24T07:30"]


async def test_collecting_is_spread_and_bears_a_clock_set_back(database) -> None:
    here = world(database, settings=config(**{f"n{number}": DAILY for number in range(10)}))
    rounds: dict[int, int] = {}
    for minute in range(25):
        before = len(here.work.collected)
        await here.sweep(to=START + minute * MINUTE)
        rounds[minute] = len(here.work.collected) - before
    assert rounds[0] == 10
    assert 10 <= sum(rounds[m] for m in range(1, 14)) <= 20
    assert max(rounds[m] for m in range(1, 25)) < 10
    before = len(here.work.collected)
    await here.sweep(to=START - DAY)
    assert len(here.work.collected) == before + 10


async def test_a_new_configuration_is_worked_with_at_once(database) -> None:
    here = world(database)
    await here.sweep()
    here.daemon.reload(config(evening=DAILY))
    await here.sweep(to=SLOT - MINUTE)
    await here.sweep(to=SLOT)
    assert await here.states("evening") == LATER
    assert await here.states("morning") == {}


async def test_an_issue_whose_newsletter_was_removed_harms_nobody(database) -> None:
    first = world(database, owner="gone")
    first.work.hang = asyncio.Event()
    await first.sweep()
    first.clock.at = SLOT
    await first.daemon.sweep()
    here = world(database, settings=config(evening=DAILY), clock=Clock(SLOT - MINUTE), owner="b")
    await here.sweep()
    await here.sweep(to=SLOT + 10 * MINUTE)
    assert await here.states("evening") == LATER
    first.work.hang.set()
    await first.engine.drain(10)


async def test_run_works_until_it_is_stopped(database) -> None:
    clock, work, beats = Clock(SLOT - MINUTE), Work(), []
    kit = kit_of(database, clock)
    engine = Local(kit, work.stages)
    daemon = Daemon(kit, engine, beat=lambda: beats.append(clock.at))
    running = asyncio.create_task(daemon.run())
    async with asyncio.timeout(10):
        while not beats:
            await asyncio.sleep(0)
        clock.at = SLOT
        daemon.wake()
        while not work.sent:
            await asyncio.sleep(0)
        kit.stopping.set()
        await running
    assert work.made == ["2026-11-23T07:30"]
    assert len(beats) == 2


async def test_a_database_that_fails_for_a_while_is_borne(database, caplog) -> None:
    here = world(database)
    await here.sweep()
    async with database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE issue RENAME TO gone")
    await here.sweep(to=SLOT)
    assert here.daemon.failures
    async with database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE gone RENAME TO issue")
    await here.sweep(to=SLOT + MINUTE)
    assert await here.states() == LATER


async def test_where_a_newer_program_upgraded_it_ends_and_makes_nothing(database) -> None:
    here = world(database)
    await here.sweep()
    here.clock.at = SLOT
    async with database.write() as connection:
        await connection.exec_driver_sql("UPDATE digest_schema SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match="digest 9999"):
        await here.daemon.run()
    assert here.kit.stopping.is_set()  # what is in flight ends, nothing more is begun
    assert await here.states() == {}


async def test_an_issue_left_building_by_ourselves_is_made(database) -> None:
    here = world(database)
    await here.sweep()
    async with database.write() as connection:
        await issues.claim(
            connection,
            name="morning",
            slot="2026-11-23T07:30",
            due_at=SLOT,
            owner="a",
            lease_until=SLOT + DAY,
            begun_at=SLOT,
        )
    await here.sweep(to=SLOT + MINUTE)
    assert await here.states() == LATER


async def test_it_is_well_while_it_sweeps_whatever_the_clock_says(database) -> None:
    here = world(database)
    assert here.daemon.is_well()  # it has just begun
    await here.sweep(to=START + 400 * DAY)
    here.clock.at = START - 400 * DAY
    assert here.daemon.is_well()
    assert not Daemon(here.kit, here.engine, late_s=0.0).is_well()  # one that began, and never swept
