"""The local engine: so many at once, each key once, a fault stops nobody, a stop is final."""

import asyncio
from collections import Counter

import pytest
from schedule.world import Clock, config, kit_of

from digest.errors import FetchError, NothingToDo
from digest.model import Step
from digest.pipeline import steps
from digest.schedule.engine import Local

pytestmark = pytest.mark.anyio


class Stage:
    """Collecting that waits to be let go, and counts who is inside."""

    def __init__(self) -> None:
        self.inside, self.most, self.seen = 0, 0, Counter()
        self.go = asyncio.Event()
        self.errors: dict[str, Exception] = {}

    @property
    def stages(self) -> steps.Stages:
        return steps.Stages(collect=self.collect, make=self.never, send=self.never)

    async def collect(self, _kit, newsletter) -> None:
        self.seen[newsletter.name] += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.go.wait()
            if error := self.errors.get(newsletter.name):
                raise error
        finally:
            self.inside -= 1

    async def never(self, *_) -> None:
        raise AssertionError("not asked for")


NAMES = [f"n{number}" for number in range(7)]
LETTERS = config(**dict.fromkeys(NAMES, 'title = "T"'))


def engine(stage: Stage, *, ended=None) -> Local:
    return Local(kit_of(None, Clock(), settings=LETTERS), stage.stages, limits={"collect": 3}, ended=ended)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_so_many_at_once_and_all_in_the_end() -> None:
    stage = Stage()
    local = engine(stage)
    await local.submit(map(steps.collecting, NAMES))
    await settle()
    assert stage.inside == 3
    stage.go.set()
    assert await local.drain(5)
    assert stage.seen == Counter(NAMES)
    assert stage.most == 3


async def test_a_key_under_way_is_not_begun_again_and_later_it_may() -> None:
    stage = Stage()
    local = engine(stage)
    await local.submit([steps.collecting("n1"), steps.collecting("n1")])
    await local.submit([steps.collecting("n1")])
    stage.go.set()
    await local.drain(5)
    assert stage.seen["n1"] == 1
    await local.submit([steps.collecting("n1")])
    await local.drain(5)
    assert stage.seen["n1"] == 2


async def test_a_fault_stops_nobody_and_how_each_ended_is_said(caplog) -> None:
    stage, ended = Stage(), {}
    stage.errors = {"n1": FetchError("no answer"), "n2": KeyError("a bug"), "n3": NothingToDo("nothing")}
    stage.go.set()
    local = engine(stage, ended=lambda step, outcome, seconds: ended.update({step.key: (outcome, seconds >= 0)}))
    await local.submit([*map(steps.collecting, NAMES[:4]), Step(name="juggle", key="?")])
    await local.drain(5)
    assert ended == {
        "collect:n0": ("done", True),
        "collect:n1": ("failed", True),
        "collect:n2": ("broke", True),
        "collect:n3": ("nothing", True),
        "?": ("broke", True),
    }
    assert [r.levelname for r in caplog.records if r.getMessage() == "step failed"] == ["ERROR"]
    assert not any(r.exc_info for r in caplog.records if r.getMessage() == "step failed")


async def test_when_the_program_stops_nothing_is_begun_and_what_runs_ends() -> None:
    stage = Stage()
    local = engine(stage)
    await local.submit(map(steps.collecting, NAMES))
    await settle()
    local._kit.stopping.set()
    await local.submit([steps.collecting("n6")])
    stage.go.set()
    assert await local.drain(5)
    assert sum(stage.seen.values()) == 3


async def test_what_does_not_end_is_cancelled() -> None:
    stage = Stage()
    local = engine(stage)
    await local.submit([steps.collecting("n1")])
    await settle()
    assert not await local.drain(0.01)
    assert stage.inside == 0
    assert await local.drain(0.01)


async def test_a_new_kit_is_worked_with() -> None:
    stage = Stage()
    stage.go.set()
    local = engine(stage)
    local.use(kit_of(None, Clock(), settings=config(new='title = "T"')))
    await local.submit([steps.collecting("new"), steps.collecting("n1")])
    await local.drain(5)
    assert stage.seen == Counter(["new"])
