"""A message beside the issues: a test copy, a confirmation, a word to the owner. It overtakes, and it counts.

It waits for no place, since somebody waits for it; but those behind it leave later for it, and it is one of the day's
messages.
"""

from datetime import datetime

from sqlalchemy import Connection

from digest.model import Batch
from digest.send import pace
from digest.send.ledger import Allowed, unsent
from digest.send.outbox import Decision
from digest.send.sender import Sender
from digest.store import Database, paces


async def post(sender: Sender, batch: Batch, *, database: Database, allowed: Allowed, now: datetime) -> Decision:
    """Sends it, once; what its answer means."""
    name = sender.provider.name
    request = sender.provider.encode(batch)
    await database.at_once(lambda connection: count(connection, name, allowed, now))
    decision = await sender.post(request, batch)
    if allowed.per_day:
        await database.at_once(lambda connection: uncount(connection, name, allowed, decision, now))
    return decision


def count(connection: Connection, provider: str, allowed: Allowed, now: datetime) -> None:
    """Takes its place and its part of the day, before it leaves; in the caller's transaction."""
    paces.ensure(connection, provider)
    if allowed.per_day:
        paces.spend(connection, provider, pace.hour_of(now), 1)
    known = paces.find(connection, provider, is_locked=True)
    paces.save(connection, provider, pace.overtaken(known, now, per_second=allowed.per_second))


def uncount(connection: Connection, provider: str, allowed: Allowed, decision: Decision, now: datetime) -> None:
    """Gives its part of the day back where it surely did not leave; `now`: as when it was counted."""
    if allowed.per_day and unsent(decision, 1):
        paces.spend(connection, provider, pace.hour_of(now), -1)
