"""The slot ledger: each slot that falls due is taken once, by whoever asks first; taken over when its maker dies."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Newsletter
from digest.model import IssueState, Step
from digest.pipeline import steps
from digest.pipeline.kit import Kit
from digest.schedule import due, slots, windows
from digest.store import issues, owner

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # renewed at each sweep, each minute
_BEHIND = timedelta(days=1)  # looked at again, lest a clock set back hides a slot


class Ledger:
    """What is due of one newsletter's cadence, for as long as one process runs."""

    def __init__(self, since: datetime) -> None:
        """`since`: from when on the process runs."""
        self._since = since
        self._swept: datetime | None = None

    async def sweep(self, kit: Kit, newsletter: Newsletter, cadence: str) -> list[Step]:
        """Takes what is due and undone; the steps that make it. A later slot waits while an earlier one is made."""
        now = kit.now()
        self._since = min(self._since, now)
        async with kit.database.write() as connection:
            started = await issues.started(connection, newsletter.name, now=now)
            await issues.unmiss(connection, newsletter.name, after=now + newsletter.approve_ahead)
        found = self._due(newsletter, cadence, started, now)
        if found and newsletter.catch_up != "all":
            await _give_up(kit, newsletter, cadence, found[-1])
        await _renew(kit, newsletter, now)
        mine = await self._being_made(kit, newsletter, cadence)
        if mine is None:
            mine = await self._take(kit, newsletter, cadence, found)
        since = await _since(kit, newsletter, cadence)
        return [steps.making(record, since=since, until=_until(newsletter, record, found)) for record in mine]

    def _due(self, newsletter: Newsletter, cadence: str, started: datetime, now: datetime) -> list[slots.Slot]:
        ahead = newsletter.approve_ahead
        since = min(self._swept or started, now) - _BEHIND
        return slots.between(
            newsletter.timetable[cadence],
            newsletter.timezone,
            after=max(started - timedelta(microseconds=1), since),
            until=now + ahead,
            skip=newsletter.skip_dates,
        )

    async def _being_made(self, kit: Kit, newsletter: Newsletter, cadence: str) -> list[issues.IssueRecord] | None:
        """Ours of the issues whose slot is taken and that are not made; None where there is none at all."""
        async with kit.database.read() as connection:
            found = await issues.being_made(connection, newsletter.name, cadence=cadence)
        return [record for record in found if record.owner == kit.owner] if found else None

    async def _take(
        self, kit: Kit, newsletter: Newsletter, cadence: str, found: list[slots.Slot]
    ) -> list[issues.IssueRecord]:
        if not found:
            return []
        async with kit.database.write() as connection:
            taken = await issues.slots(connection, newsletter.name, after=found[0][1] - _BEHIND, cadence=cadence)
            decision = due.decide(
                found,
                taken=taken,
                catch_up=newsletter.catch_up,
                running_since=self._since + newsletter.approve_ahead,
                now=kit.now() + newsletter.approve_ahead,
            )
            await _pass_over(connection, newsletter.name, cadence, decision.pass_over)
            if len(decision.make) < 2:
                self._swept = kit.now()  # nothing older is open
            if not decision.make:
                return []
            held = await _claim(connection, kit, newsletter, cadence, decision.make[0])
            record = await issues.by_id(connection, held.issue_id) if held else None
            if record and kit.follow is not None:
                await kit.follow([steps.making(record, until=_until(newsletter, record, found))], connection)
            return [record] if record else []


async def _pass_over(connection: AsyncConnection, name: str, cadence: str, missed: Sequence[slots.Slot]) -> None:
    note = "the program was not running"
    for slot, at in missed:
        if await issues.pass_over(connection, name=name, slot=slot, due_at=at, note=note, cadence=cadence):
            log.warning("slot missed", extra={"newsletter": name, "slot": slot})


async def _claim(
    connection: AsyncConnection, kit: Kit, newsletter: Newsletter, cadence: str, found: slots.Slot
) -> issues.Claim | None:
    now = kit.now()
    slot, at = found
    leaves = windows.opens(newsletter.send_between, newsletter.timezone, max(at, now))
    return await issues.claim(
        connection,
        name=newsletter.name,
        slot=slot,
        due_at=at,
        owner=kit.owner,
        lease_until=now + LEASE,
        cadence=cadence,
        begun_at=now,
        send_at=leaves if leaves > now else None,
    )


async def _renew(kit: Kit, newsletter: Newsletter, now: datetime) -> None:
    """Keeps what is ours, and takes over what nobody makes any more."""
    async with kit.database.write() as connection:
        await issues.renew(connection, owner=kit.owner, lease_until=now + LEASE)
        dead = [name for name in await issues.owners(connection) if owner.is_dead(name)]
        taken = await issues.take_over(
            connection, owner=kit.owner, lease_until=now + LEASE, now=now, dead=dead, name=newsletter.name
        )
    for record in taken:
        log.warning("issue taken over", extra={"issue": record.name, "slot": record.slot})


async def _give_up(kit: Kit, newsletter: Newsletter, cadence: str, newest: slots.Slot) -> None:
    """An issue that could not be made by the next slot is not made any more: the next one tells its news."""
    async with kit.database.write() as connection:
        for record in await issues.being_made(connection, newsletter.name, cadence=cadence):
            if record.owner is not None or record.due_at >= newest[1]:
                continue
            held = issues.Claim(issue_id=record.id, number=record.number, owner=kit.owner)
            if await issues.claim(
                connection,
                name=record.newsletter,
                slot=record.slot,
                due_at=record.due_at,
                owner=kit.owner,
                lease_until=kit.now(),
                cadence=cadence,
            ):
                await issues.close(connection, held, state=IssueState.FAILED, note=record.note or "")
                log.error("issue failed", extra={"issue": record.name, "slot": record.slot, "cause": record.note})


def _until(newsletter: Newsletter, record: issues.IssueRecord, found: list[slots.Slot]) -> datetime | None:
    """When each slot is told on its own, an earlier one tells what was seen by its time."""
    is_newest = not found or record.due_at >= found[-1][1]
    return None if newsletter.catch_up != "all" or is_newest else record.due_at


async def _since(kit: Kit, newsletter: Newsletter, cadence: str) -> datetime | None:
    """When the first issue of a cadence begins: at the slot before its first. None: it tells all there is."""
    if not cadence:
        return None
    async with kit.database.read() as connection:
        first = await issues.first_due(connection, newsletter.name, cadence=cadence)
    return slots.window(newsletter, cadence, first) if first else None


def window_closes(newsletter: Newsletter, now: datetime) -> tuple[bool, datetime | None]:
    """Whether its issues may leave now, and until when (None: without end)."""
    if not newsletter.send_between:
        return True, None
    end = windows.closes(newsletter.send_between, newsletter.timezone, now)
    return end is not None, end
