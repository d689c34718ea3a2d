"""`digest build`: which slot, and the issue made of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from digest.cli import desk
from digest.config import Config, Newsletter
from digest.errors import UsageError
from digest.model import Due
from digest.pipeline import build
from digest.pipeline.kit import Kit
from digest.schedule import slots
from digest.store import issues

_MOST_BACK = 60  # issues made by hand within an hour


async def freeze(config: Config, letter: Newsletter, at: str | None, cadence: str | None = None) -> dict[str, Any]:
    """Makes the issue for good; what `build --json` prints."""
    async with desk.kit(config) as kit:
        made = await build.issue(kit, letter, await due(kit, letter, at, cadence))
    assert made.content is not None, "a made issue tells something"
    return {key: value for key, value in made.content.items() if key != "document"}


async def draft(config: Config, letter: Newsletter, at: str | None, cadence: str | None = None) -> dict[str, Any]:
    """The issue as it would be; freezes nothing."""
    async with desk.kit(config) as kit:
        slot = await due(kit, letter, at, cadence)
        async with kit.database.read() as connection:
            number = await issues.next_number(connection, letter.name)
        return build.shown(await build.draft(kit, letter, slot, number=number))


async def due(kit: Kit, letter: Newsletter, at: str | None = None, cadence: str | None = None) -> Due:
    """The slot to make by hand: the one named, else the latest that is due and not made, else this minute.

    Of a newsletter with cadences: of that cadence; where none is named, of the one that has been due the longest, else
    of the usual one. Each then tells what is new in its own window.
    """
    _check(letter, cadence)
    if at is not None:
        return _at(letter, at, cadence, kit.now())
    found = [await _open(kit, letter, each) for each in letter.timetable if cadence in {None, each}]
    made = min((slot for slot in found if slot), key=lambda slot: slot.at, default=None)
    made = made or await _by_hand(kit, letter, cadence or letter.usual_cadence)
    if not made.cadence:
        return made
    begin = slots.window(letter, made.cadence, made.at)
    return await build.since_last(kit, letter, replace(made, since=begin))


def _check(letter: Newsletter, cadence: str | None) -> None:
    if cadence is not None and cadence not in letter.cadences:
        there = ", ".join(letter.cadences)
        raise UsageError(
            f"{letter.name} has no cadence {cadence!r}; "
            + (f"there are: {there}" if there else "it has but one schedule")
        )


async def _open(kit: Kit, letter: Newsletter, cadence: str) -> Due | None:
    """The latest slot of that cadence, where it is due and not made."""
    found = slots.latest(letter.timetable[cadence], letter.timezone, until=kit.now(), skip=letter.skip_dates)
    async with kit.database.read() as connection:
        started = await issues.first_start(connection, letter.name)
        is_taken = found is not None and await issues.is_taken(connection, letter.name, found[0], cadence=cadence)
    if found and started and found[1] >= started and not is_taken:
        return Due(slot=found[0], at=found[1], cadence=cadence)
    return None


def _at(letter: Newsletter, at: str, cadence: str | None, now: datetime) -> Due:
    """The slot of that name. With cadences: what was new in its window, not before it and not since."""
    instant = slots.instant(at, letter.timezone)
    if instant > now:
        raise UsageError(f"{at} is still to come: --at takes a past slot")
    if not letter.cadences:
        return Due(slot=at, at=instant)
    name = cadence or _having(letter, at, instant)
    begin = slots.window(letter, name, instant)
    return Due(slot=at, at=instant, since=begin, until=instant, cadence=name, is_past=True)


def _having(letter: Newsletter, at: str, instant: datetime) -> str:
    """The one cadence that has that slot."""
    edge = instant - timedelta(microseconds=1)
    found = [
        name
        for name, cron in letter.cadences.items()
        if slots.between(cron, letter.timezone, after=edge, until=instant)
    ]
    if len(found) != 1:
        said = f"the slot of {' and '.join(found)}" if found else "the slot of no cadence"
        raise UsageError(f"{at} is {said} of {letter.name}: name one with --cadence, of {', '.join(letter.cadences)}")
    return found[0]


async def _by_hand(kit: Kit, letter: Newsletter, cadence: str) -> Due:
    """This minute; where its issue is made already, the nearest one before it.

    Not where it is still being made: two that build at once must not both tell the same stories.
    """
    now = kit.now()
    async with kit.database.read() as connection:
        for back in range(_MOST_BACK):
            made = build.by_hand(letter, now - timedelta(minutes=back), cadence=cadence)
            if not await issues.is_made(connection, letter.name, made.slot, cadence=cadence):
                return made
    return build.by_hand(letter, now, cadence=cadence)
