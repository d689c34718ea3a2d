"""What Prometheus reads: the meters of the process and the counts of the database."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from schedule.world import DAY, MINUTE, START, world

from digest.errors import PreflightError
from digest.model import Step
from digest.schedule.metrics import Metrics
from digest.store import figures, issues, tables

pytestmark = pytest.mark.anyio
SLOT = START + 30 * MINUTE


def samples(text: str) -> dict[tuple[str, ...], float]:
    """(name, label values …): value."""
    families = text_string_to_metric_families(text)
    return {(s.name, *map(str, s.labels.values())): s.value for family in families for s in family.samples}


async def test_what_stands_and_what_was_done(database) -> None:
    here, meters = world(database), Metrics()
    await here.sweep()
    await here.sweep(to=SLOT)
    here.work.make_error = PreflightError("too large")
    await here.sweep(to=SLOT + DAY)
    async with database.write() as connection:
        at = SLOT + 2 * DAY
        await issues.claim(connection, name="morning", slot="later", due_at=at, owner="b", lease_until=at)
    meters.ended(Step(name="make", key="k"), "done", 3.0)
    meters.ended(Step(name="make", key="k"), "failed", 0.2)
    meters.swept(SLOT, 4)
    meters.answered("resend", 0.3)
    meters.settled("accepted", 100)
    meters.settled("accepted", 7)
    meters.finished("morning", 45.0)
    async with database.write() as connection:
        until = SLOT + MINUTE
        await connection.execute(tables.circuit.insert().values(provider="resend", open_until=until, failures=9))
    async with database.read() as connection:
        found = samples(
            meters.text(await figures.counted(connection, now=SLOT), SLOT + 2 * DAY + timedelta(seconds=90))
        )
    assert found["digest_issues", "morning", "ready"] == 1
    assert found["digest_issues", "morning", "failed"] == 1
    assert found["digest_slot_lag_seconds", "morning"] == 90
    assert found["digest_steps_total", "done", "make"] == 1
    assert found["digest_steps_total", "failed", "make"] == 1
    assert found["digest_step_seconds_sum", "make"] == pytest.approx(3.2)
    assert found["digest_last_sweep_timestamp_seconds",] == SLOT.timestamp()
    assert found["digest_sweep_failures",] == 4
    assert found["digest_articles",] == found["digest_feed_errors",] == 0
    assert found["digest_sent_total", "accepted"] == 107
    assert found["digest_provider_seconds_sum", "resend"] == pytest.approx(0.3)
    assert found["digest_slot_to_last_accept_seconds_bucket", "60.0", "morning"] == 1
    assert found["digest_slot_to_last_accept_seconds_bucket", "30.0", "morning"] == 0
    assert found["digest_circuit_open", "resend"] == 1
    assert found["digest_notices_unsent",] == 0


async def test_an_empty_database_has_its_text_too(database) -> None:
    async with database.read() as connection:
        found = samples(Metrics().text(await figures.counted(connection, now=SLOT), SLOT))
    assert found["digest_articles",] == 0


async def test_two_in_one_process_do_not_meet(database) -> None:
    first, second = Metrics(), Metrics()
    first.ended(Step(name="send", key="k"), "done", 1.0)
    async with database.read() as connection:
        found = await figures.counted(connection, now=SLOT)
    assert ("digest_steps_total", "done", "send") not in samples(second.text(found, SLOT))
