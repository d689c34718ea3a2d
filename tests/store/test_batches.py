"""The ledger: claims, fences, leases, suppression, splits; on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from send.world import START, active, reader, seed
from sqlalchemy import Connection

from digest.model import DeliveryState
from digest.store import Database, batches, claims, deliveries
from digest.store.claims import Claim, Fate
from subscribers import tables as people

pytestmark = pytest.mark.anyio
LEASE = timedelta(minutes=5)


async def planned(database: Database, *, readers: int = 5, size: int = 2) -> int:
    issue_id = await seed(database, readers=readers)
    async with database.write() as connection:
        assert await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=size) == readers
    return issue_id


async def claim(database: Database, issue_id: int, *, owner: str = "one", now=START, key: str = "key") -> Claim | None:
    """A claim that is committed, as before a request."""

    def take(connection: Connection) -> Claim | None:
        held = claims.claim(connection, issue_id=issue_id, newsletter="morning", owner=owner, now=now, lease=LEASE)
        if held and held.members:
            claims.commit(connection, held, key=key, body_hash=b"hash", provider="resend", now=now)
        return held

    return await database.at_once(take)


async def counts(database: Database, issue_id: int) -> dict[str, int]:
    async with database.read() as connection:
        return {state.value: n for state, n in (await deliveries.counts(connection, issue_id)).items() if n}


def ids(held: Claim | None) -> list[int]:
    assert held is not None
    return [member.subscriber_id for member in held.members]


async def test_a_plan_is_made_once(database: Database) -> None:
    issue_id = await planned(database)
    async with database.write() as connection:
        await connection.execute(people.subscriber.insert().values(reader(9)))
        await connection.execute(people.subscription.insert().values(active(9)))
        assert await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=2) == 0
    assert await counts(database, issue_id) == {"pending": 5}


async def test_batches_are_claimed_in_order_and_each_once(database: Database) -> None:
    issue_id = await planned(database)
    held = [await claim(database, issue_id) for _ in range(4)]
    assert [ids(one) for one in held[:3]] == [[1, 2], [3, 4], [5]]
    assert held[3] is None
    assert await counts(database, issue_id) == {"sending": 5}


async def test_outcomes_are_recorded_each(database: Database) -> None:
    issue_id = await planned(database, size=4)
    held = await claim(database, issue_id)
    fates = [
        Fate(subscriber_id=1, state=DeliveryState.ACCEPTED, provider_id="a"),
        Fate(subscriber_id=2, state=DeliveryState.REJECTED, error="no such user"),
        Fate(subscriber_id=3, state=DeliveryState.UNKNOWN, error="no id"),
        Fate(subscriber_id=4, state=DeliveryState.PENDING, error="slow down"),
    ]
    async with database.write() as connection:
        assert await connection.run_sync(claims.settle, held, fates, retry_at=START + timedelta(seconds=9))
        failed = await deliveries.failures(connection, issue_id)
    assert await counts(database, issue_id) == {"accepted": 1, "rejected": 1, "unknown": 1, "pending": 2}
    assert [(failure.address, failure.reason) for failure in failed] == [("reader-2@example.org", "no such user")]
    assert ids(await claim(database, issue_id)) == [5]
    assert await claim(database, issue_id) is None, "what is to be tried again waits"
    assert ids(await claim(database, issue_id, now=START + timedelta(seconds=9))) == [4]


async def test_who_lost_the_claim_changes_nothing(database: Database) -> None:
    issue_id = await planned(database, readers=1)
    slow = await claim(database, issue_id)
    later = START + LEASE + timedelta(seconds=1)
    async with database.write() as connection:
        assert await batches.void(connection, issue_id=issue_id, now=later) == 1
    quick = await claim(database, issue_id, now=later)
    assert quick.fence != slow.fence
    accepted = [Fate(subscriber_id=1, state=DeliveryState.ACCEPTED, provider_id="slow")]
    async with database.write() as connection:
        assert not await connection.run_sync(claims.settle, slow, accepted, retry_at=later)
        assert not await connection.run_sync(claims.postpone, slow, next_at=later, note="")
        assert not await connection.run_sync(claims.doubt, slow, next_at=None, note="")
        assert not await connection.run_sync(claims.divide, slow, first=1)
    assert await counts(database, issue_id) == {"sending": 1}


async def test_a_living_lease_is_not_voided(database: Database) -> None:
    issue_id = await planned(database, readers=1)
    await claim(database, issue_id)
    async with database.write() as connection:
        assert await batches.void(connection, issue_id=issue_id, now=START + LEASE) == 0
        assert await batches.owners(connection, issue_id=issue_id) == ("one",)


async def test_a_dead_owners_claim_is_void_at_once_and_keeps_its_key(database: Database) -> None:
    issue_id = await planned(database, readers=1)
    await claim(database, issue_id, owner="dead")
    async with database.write() as connection:
        assert await batches.void(connection, issue_id=issue_id, now=START, dead=["dead"]) == 1
    assert await counts(database, issue_id) == {"unknown": 1}
    again = await claim(database, issue_id)
    assert (again.key, again.body_hash, again.is_replay) == ("key", b"hash", True)


async def test_however_often_its_sender_dies_a_claim_counts_no_unclear_answer(database: Database) -> None:
    issue_id = await planned(database, readers=1)
    for number in range(9):
        await claim(database, issue_id, owner=f"dead-{number}")
        async with database.write() as connection:
            assert await batches.void(connection, issue_id=issue_id, now=START, dead=[f"dead-{number}"]) == 1
    again = await claim(database, issue_id)
    assert (again.replays, again.is_replay) == (0, True)


async def unsubscribe(database: Database, subscriber_id: int) -> None:
    async with database.write() as connection:
        where = people.subscription.c.subscriber_id == subscriber_id
        await connection.execute(people.subscription.update().where(where).values(state="unsubscribed"))


async def test_who_left_is_not_claimed_but_a_replay_keeps_its_members(database: Database) -> None:
    issue_id = await planned(database, readers=2)
    await unsubscribe(database, 2)
    held = await claim(database, issue_id)
    assert ids(held) == [1]
    async with database.write() as connection:
        await connection.run_sync(claims.doubt, held, next_at=START, note="cut")
    await unsubscribe(database, 1)
    assert ids(await claim(database, issue_id)) == [1], "the same bytes, or none"
    assert await counts(database, issue_id) == {"sending": 1, "suppressed": 1}


async def test_what_was_not_taken_is_claimed_afresh(database: Database) -> None:
    issue_id = await planned(database, readers=2)
    held = await claim(database, issue_id)
    async with database.write() as connection:
        await connection.run_sync(claims.postpone, held, next_at=START + timedelta(seconds=5), note="429")
    assert await claim(database, issue_id) is None
    await unsubscribe(database, 2)
    again = await claim(database, issue_id, now=START + timedelta(seconds=5))
    assert (ids(again), again.is_replay) == ([1], False)


async def test_not_taken_now_may_have_been_taken_before(database: Database) -> None:
    issue_id = await planned(database, readers=2)
    held = await claim(database, issue_id)
    async with database.write() as connection:
        await connection.run_sync(claims.doubt, held, next_at=START, note="cut")
    replay = await claim(database, issue_id)
    async with database.write() as connection:
        await connection.run_sync(claims.postpone, replay, next_at=START, note="429")
    assert await counts(database, issue_id) == {"unknown": 2}
    assert (await claim(database, issue_id)).key == "key"


async def test_a_divided_batch_goes_on_in_two(database: Database) -> None:
    issue_id = await planned(database, readers=5, size=5)
    held = await claim(database, issue_id)
    async with database.write() as connection:
        assert await connection.run_sync(claims.divide, held, first=2)
    parts = [await claim(database, issue_id) for _ in range(3)]
    assert [ids(part) for part in parts[:2]] == [[1, 2], [3, 4, 5]]
    assert parts[2] is None
    assert not any(part.is_replay for part in parts[:2])


async def test_held_batches_wait_for_the_owner(database: Database) -> None:
    issue_id = await planned(database, readers=1)
    held = await claim(database, issue_id)
    async with database.write() as connection:
        await connection.run_sync(claims.doubt, held, next_at=None, note="cut")
    assert await claim(database, issue_id, now=START + timedelta(days=9)) is None
    async with database.read() as connection:
        assert await batches.next_due(connection, issue_id=issue_id, beginning=START) is None
    async with database.write() as connection:
        now = START + timedelta(days=9)
        assert await batches.release_unknown(connection, issue_id=issue_id, now=now, kept_since=START) == 1
    again = await claim(database, issue_id, now=now)
    assert (ids(again), again.is_replay) == ([1], False)


async def test_an_unknown_among_the_known_gets_a_batch_of_its_own(database: Database) -> None:
    issue_id = await planned(database, readers=2)
    held = await claim(database, issue_id)
    fates = [
        Fate(subscriber_id=1, state=DeliveryState.ACCEPTED, provider_id="a"),
        Fate(subscriber_id=2, state=DeliveryState.UNKNOWN, error="no id"),
    ]
    async with database.write() as connection:
        await connection.run_sync(claims.settle, held, fates, retry_at=START)
        assert await batches.release_unknown(connection, issue_id=issue_id, now=START, kept_since=START) == 1
    assert ids(await claim(database, issue_id)) == [2]


async def test_expiry_gives_up_what_was_not_sent_and_leaves_what_may_have_been_to_be_asked_about(
    database: Database,
) -> None:
    issue_id = await planned(database, readers=4)
    held = await claim(database, issue_id)
    async with database.write() as connection:
        await connection.run_sync(claims.doubt, held, next_at=START, note="cut")
        assert await batches.expire(connection, issue_id=issue_id) == 2
    assert await counts(database, issue_id) == {"unknown": 2, "expired": 2}
    assert ids(await claim(database, issue_id)) == [1, 2]
    assert await claim(database, issue_id) is None


async def test_the_next_due_time_is_the_earliest(database: Database) -> None:
    issue_id = await planned(database, readers=4)
    held = await claim(database, issue_id)
    async with database.read() as connection:
        beginning = START - timedelta(days=1)
        assert await batches.next_due(connection, issue_id=issue_id, beginning=beginning) == beginning
    other = await claim(database, issue_id)
    async with database.write() as connection:
        await connection.run_sync(claims.postpone, held, next_at=START + timedelta(seconds=7), note="")
        assert await batches.next_due(connection, issue_id=issue_id, beginning=beginning) == START + timedelta(
            seconds=7
        )
        await connection.run_sync(claims.settle, other, (), retry_at=START)


async def test_two_issues_do_not_meet(database: Database) -> None:
    first = await planned(database, readers=2)
    second = await seed(database, readers=0, number=2)
    async with database.write() as connection:
        assert await batches.plan(connection, issue_id=second, newsletter="morning", size=2) == 2
    assert ids(await claim(database, first)) == [1, 2]
    assert await counts(database, second) == {"pending": 2}
