"""Several senders, one database: one rate, one circuit, one cap; on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from send.world import RENDERED, START, Clock, config, seed

from digest.model import DeliveryState
from digest.send import pace, providers
from digest.send.compose import Envelope
from digest.send.ledger import Allowed, Handled, Job, Leaving, Ledger, Wait
from digest.send.outbox import Again, Divide, Doubt, Settle
from digest.send.providers.base import Accepted, Retry
from digest.send.sender import Heard
from digest.store import Database, batches, deliveries, paces, tables

pytestmark = pytest.mark.anyio
ENVELOPE = Envelope(
    issue="morning/1",
    newsletter="morning",
    title="Morning digest",
    sender="Morning digest <digest@example.org>",
    reply_to="",
    unsubscribe_address="",
    public_url="https://news.example.org",
    date=START,
    secret=b"0" * 32,
)


class Senders:
    """Senders of one issue, each as on a machine of its own."""

    def __init__(self, database: Database, issue_id: int, clock: Clock, allowed: Allowed, folder) -> None:
        self.database, self.issue_id, self.clock, self.allowed = database, issue_id, clock, allowed
        mail = config(folder, base_url="http://provider.test").mail
        self.provider = providers.load(mail, folder=folder, environ={})

    async def one(self) -> Ledger:
        job = Job(
            issue_id=self.issue_id, newsletter="morning", envelope=ENVELOPE, rendered={"": RENDERED}, expires_at=None
        )
        made = Ledger(job, self.provider, database=self.database, allowed=self.allowed, now=self.clock.now)
        await made.begin()
        return made

    async def known(self) -> paces.Pace:
        return await self.database.at_once(lambda connection: paces.find(connection, "resend"))

    async def counts(self) -> dict[str, int]:
        async with self.database.read() as connection:
            found = await deliveries.counts(connection, self.issue_id)
        return {state.value: count for state, count in found.items() if count}


async def senders(database: Database, folder, *, readers: int = 600, **allowed: float) -> Senders:
    issue_id = await seed(database, readers=readers)
    async with database.write() as connection:
        await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=100)
    return Senders(database, issue_id, Clock(), Allowed(**{"per_second": 4, **allowed}), folder)


def accepted(leaving: Leaving) -> Heard:
    return Heard(decision=Settle(outcomes=(Accepted(provider_id="x"),) * len(leaving.batch.recipients)))


async def test_two_senders_stand_in_one_row(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path)
    both = [await world.one(), await world.one()]
    places = []
    for ledger in (*both, *both):
        taken = await ledger.take()
        assert isinstance(taken, Leaving)
        places.append((taken.at - START).total_seconds())
    assert places == [0, 0.25, 0.5, 0.75]


async def test_a_place_too_far_off_is_not_taken(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path, per_second=0.1)
    first, second = await world.one(), await world.one()
    assert isinstance(await first.take(), Leaving)
    assert await second.take() == Wait(until=START + timedelta(seconds=10))
    assert await world.counts() == {"sending": 100, "pending": 500}
    world.clock.time += timedelta(seconds=9)
    taken = await second.take()
    assert isinstance(taken, Leaving)
    assert taken.at == START + timedelta(seconds=10)


async def test_what_one_is_told_the_other_obeys(database: Database, tmp_path) -> None:
    """429 with Retry-After: half the rate, and nothing before."""
    world = await senders(database, tmp_path)
    first, second = await world.one(), await world.one()
    leaving = await first.take()
    await first.record(leaving, Heard(decision=Again(after=timedelta(seconds=30), reason="429", is_slow_down=True)))
    assert await second.take() == Wait(until=START + timedelta(seconds=30))
    assert (await world.known()).share == 0.5
    world.clock.time += timedelta(seconds=30)
    gaps = [(await second.take()).at for _ in range(2)]
    assert gaps[1] - gaps[0] == timedelta(seconds=0.5)


async def test_a_used_up_window_holds_all(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path)
    first, second = await world.one(), await world.one()
    leaving = await first.take()
    await first.record(leaving, replace(accepted(leaving), held_until=START + timedelta(seconds=7)))
    assert await second.take() == Wait(until=START + timedelta(seconds=7))
    assert (await world.known()).share == 1


async def test_a_circuit_that_opens_is_open_to_all_and_one_message_probes(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path)
    first, second = await world.one(), await world.one()
    for _ in range(5):
        leaving = await first.take()
        assert isinstance(leaving, Leaving)
        await first.record(leaving, Heard(decision=Again(after=timedelta(0), reason="ConnectError", is_down=True)))
        world.clock.time += timedelta(seconds=1)
    assert isinstance(await second.take(), Wait)
    world.clock.time += timedelta(minutes=1)
    probe = await second.take()
    assert isinstance(probe, Leaving)
    assert (probe.is_probe, len(probe.batch.recipients)) == (True, 1)
    assert isinstance(await first.take(), Wait), "while one asks, the others wait"
    await second.record(probe, accepted(probe))
    again = await first.take()
    assert isinstance(again, Leaving)
    assert (again.is_probe, len(again.batch.recipients) > 1) == (False, True)
    assert pace.is_closed(await world.known())


async def test_a_probe_that_dies_is_followed_by_another(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path)
    ledger = await world.one()
    await database.at_once(lambda connection: paces.save(connection, "resend", paces.Pace(failures=5)))
    assert (await ledger.take()).is_probe
    assert isinstance(await ledger.take(), Wait)
    world.clock.time += timedelta(minutes=4)
    assert (await (await world.one()).take()).is_probe


async def test_the_cap_is_one_for_all_senders_and_used_to_the_last_message(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path, per_day=250)
    both = [await world.one(), await world.one()]
    sizes = []
    for ledger in (*both, *both):
        taken = await ledger.take()
        if isinstance(taken, Leaving):
            sizes.append(len(taken.batch.recipients))
            await ledger.record(taken, accepted(taken))
        world.clock.time += timedelta(seconds=1)
    assert sizes == [100, 100, 50]
    assert isinstance(taken, Wait)
    assert taken.until == pace.hour_of(START) + timedelta(hours=25)
    assert "per_day" in taken.reason
    assert await world.counts() == {"accepted": 250, "pending": 350}
    world.clock.time = taken.until
    assert isinstance(await both[0].take(), Leaving)


@pytest.mark.parametrize(
    ("decision", "left"),
    [
        (Again(after=timedelta(0), reason="429", is_slow_down=True), 0),
        (Divide(reason="422"), 0),
        (Doubt(reason="cut"), 100),
        (Settle(outcomes=(Retry(reason="later"),) * 40 + (Accepted(),) * 60), 60),
    ],
)
async def test_what_surely_did_not_leave_is_not_counted(database: Database, tmp_path, decision, left: int) -> None:
    world = await senders(database, tmp_path, per_day=1000)
    ledger = await world.one()
    await ledger.record(await ledger.take(), Heard(decision=decision))
    spent = await database.at_once(lambda connection: paces.spent(connection, "resend"))
    assert sum(count for _, count in spent) == left


async def test_a_replay_needs_no_allowance(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path, readers=200, per_day=100)
    ledger = await world.one()
    first = await ledger.take()
    await ledger.record(first, Heard(decision=Doubt(reason="cut")))
    world.clock.time += timedelta(minutes=1)
    again = await ledger.take()
    assert isinstance(again, Leaving)
    assert again.request.read() == first.request.read()
    await ledger.record(again, accepted(again))
    assert isinstance(await ledger.take(), Wait)
    spent = await database.at_once(lambda connection: paces.spent(connection, "resend"))
    assert [count for _, count in spent] == [100]


@pytest.mark.parametrize(("other", "is_repeated"), [(b"", True), (b" ", False)])
async def test_what_an_older_program_sent_is_known_by_the_hash_it_kept(
    database: Database, tmp_path, other: bytes, is_repeated: bool
) -> None:
    """It kept the SHA-256 of the whole body."""
    world = await senders(database, tmp_path)
    ledger = await world.one()
    first = await ledger.take()
    await ledger.record(first, Heard(decision=Doubt(reason="cut")))
    kept = sha256(first.request.read() + other).digest()
    async with database.write() as connection:
        where = tables.batch.c.number == first.held.number
        await connection.execute(tables.batch.update().where(where).values(body_hash=kept))
    world.clock.time += timedelta(minutes=1)
    again = await ledger.take()
    assert isinstance(again, Leaving if is_repeated else Handled)
    if is_repeated:
        assert again.request.read() == first.request.read()


async def test_all_who_left_since_the_plan_make_no_request(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path, readers=1)
    from subscribers import tables as people

    async with database.write() as connection:
        await connection.execute(people.subscription.update().values(state="unsubscribed"))
    ledger = await world.one()
    assert isinstance(await ledger.take(), Handled)
    assert await ledger.take() is None
    assert await world.counts() == {DeliveryState.SUPPRESSED.value: 1}


async def test_a_calm_success_writes_nothing_to_the_shared_row(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path)
    ledger = await world.one()
    leaving = await ledger.take()
    before = await world.known()
    await ledger.record(leaving, accepted(leaving))
    assert await world.known() == before


async def test_a_request_too_large_goes_in_halves(database: Database, tmp_path) -> None:
    world = await senders(database, tmp_path, readers=100)
    able = replace(
        world.provider.capabilities, request_bytes=len((await (await world.one()).take()).request.read()) - 1
    )
    world = await _anew(world, tmp_path, able)
    ledger = await world.one()
    assert isinstance(await ledger.take(), Handled)
    assert [len((await ledger.take()).batch.recipients) for _ in range(2)] == [50, 50]


async def _anew(world: Senders, folder, able) -> Senders:
    """Another sender, later, of a provider that takes less."""
    async with world.database.write() as connection:
        await batches.void(connection, issue_id=world.issue_id, now=START + timedelta(hours=1))
        at = START + timedelta(hours=1)
        await batches.release_unknown(connection, issue_id=world.issue_id, now=at, kept_since=at)
    made = Senders(world.database, world.issue_id, world.clock, world.allowed, folder)
    made.provider.capabilities = able
    return made
