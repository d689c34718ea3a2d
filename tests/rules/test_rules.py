"""Rules that no single module's tests show by themselves: what the database refuses, and what is on disk when."""

import tracemalloc
import zlib
from datetime import timedelta
from email import message_from_bytes, policy

import httpx
import pytest
from render import samples
from send.world import START, Clock, config, kit, reader, seed
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from digest.collect import clean
from digest.collect.inflate import Inflater
from digest.errors import FetchError
from digest.pipeline import send
from digest.send import compose
from digest.store import Database, batches, claims, deliveries, tables
from digest.testing.contract import ENVELOPE
from subscribers import roster
from subscribers import tables as people
from subscribers.model import SuppressionReason

pytestmark = pytest.mark.anyio
LEASE = timedelta(minutes=5)


async def test_the_database_refuses_a_second_issue_of_a_slot(database: Database) -> None:
    slot = {"newsletter": "morning", "slot": "2026-11-23T07:30", "due_at": START, "state": "building"}
    async with database.write() as connection:
        await connection.execute(insert(tables.issue).values(**slot, number=1))
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(insert(tables.issue).values(**slot, number=2))


async def test_the_database_refuses_a_second_delivery_to_a_reader(database: Database) -> None:
    issue_id = await seed(database, readers=1)
    row = {"issue_id": issue_id, "subscriber_id": 1, "address": "a@example.org", "state": "pending"}
    async with database.write() as connection:
        await connection.execute(insert(tables.delivery).values(**row, batch=0))
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(insert(tables.delivery).values(**row, batch=1))


async def test_when_the_request_leaves_all_of_it_is_on_disk(database: Database, tmp_path) -> None:
    """Another connection sees members, key and body hash while the provider is being asked, and no outcome."""
    issue_id, clock = await seed(database, readers=2), Clock()
    seen: list[object] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        async with database.read() as connection:
            found = (await connection.execute(select(tables.batch).where(tables.batch.c.issue_id == issue_id))).one()
            states = await deliveries.counts(connection, issue_id)
            members = (await connection.scalars(select(tables.delivery.c.batch))).all()
        told = {state.value: count for state, count in states.items() if count}
        seen.append(
            (found.state, found.key, bool(found.body_hash), found.provider, told, members == [found.number] * 2)
        )
        assert found.key == request.headers["idempotency-key"]
        return httpx.Response(200, json={"data": [{"id": "1"}, {"id": "2"}]})

    world = kit(config(tmp_path, base_url="http://127.0.0.1:9"), database, clock)
    told = await send.issue(world, issue_id, sleep=clock.sleep, transport=httpx.MockTransport(answer))
    assert told.accepted == 2
    ((state, key, has_hash, provider, states, are_members),) = seen
    assert (state, has_hash, provider, states, are_members) == ("sending", True, "resend", {"sending": 2}, True)
    assert key


async def test_an_address_suppressed_after_planning_is_not_claimed(database: Database) -> None:
    """The subscription itself stays active: the address alone decides."""
    issue_id = await seed(database, readers=2)
    async with database.write() as connection:
        await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=2)
        address = str(reader(2)["address"])
        await roster.suppress(connection, address, SuppressionReason.COMPLAINED, START)
        await connection.execute(people.subscription.update().values(state="active"))
        hashed = (await connection.execute(select(people.suppression.c.address_hash))).scalar_one()
        where = people.subscriber.c.address == address
        await connection.execute(people.subscriber.update().where(where).values(address_hash=hashed))
    async with database.write() as connection:
        held = await connection.run_sync(
            claims.claim, issue_id=issue_id, newsletter="morning", owner="one", now=START, lease=LEASE
        )
    assert held is not None
    assert [member.subscriber_id for member in held.members] == [1]


def test_a_bomb_is_never_inflated_whole() -> None:
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="size is over the limit"):
            Inflater("deflate", max_bytes=100_000).feed(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("layout", ["digest", "brief", "letter"])
def test_a_message_has_both_parts_the_reason_and_the_postal_address(layout: str) -> None:
    rendered = samples.rendered(layout=layout, postal_address="1 Example Street, 10115 Berlin")
    person = compose.Person(subscriber_id=7, address="jane@example.com")
    (message,) = compose.batch(ENVELOPE, rendered, [person]).messages()
    parsed = message_from_bytes(compose.eml(message), policy=policy.default)
    parts = {part.get_content_type(): " ".join(part.get_content().split()) for part in parsed.iter_parts()}
    assert set(parts) == {"text/plain", "text/html"}
    for kind, text in parts.items():
        assert "You receive this because you subscribed to" in text, kind
        assert "1 Example Street, 10115 Berlin" in text, kind


def test_a_byline_that_ends_as_a_sentence_does_goes() -> None:
    text = "The bridge is open again, the city said on Monday."
    assert clean.article(["By Jane Doe.", text]) == (text,)


def test_a_cookie_notice_that_speaks_to_nobody_goes() -> None:
    text = "The bridge is open again, the city said on Monday."
    assert clean.article([text, "This website uses cookies."]) == (text,)
