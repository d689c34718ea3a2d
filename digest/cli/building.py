"""`digest build`: which slot, and the issue made of it."""

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


async def freeze(config: Config, letter: Newsletter, at: str | None) -> dict[str, Any]:
    """Makes the issue for good; what `build --json` prints."""
    async with desk.kit(config) as kit:
        made = await build.issue(kit, letter, await due(kit, letter, at))
    assert made.content is not None, "a made issue tells something"
    return {key: value for key, value in made.content.items() if key != "document"}


async def draft(config: Config, letter: Newsletter, at: str | None) -> dict[str, Any]:
    """The issue as it would be; freezes nothing."""
    async with desk.kit(config) as kit:
        slot = await due(kit, letter, at)
        async with kit.database.read() as connection:
            number = await issues.next_number(connection, letter.name)
        return build.shown(await build.draft(kit, letter, slot, number=number))


async def due(kit: Kit, letter: Newsletter, at: str | None = None) -> Due:
    """The slot to make by hand: the one named, else the latest that is due and not made, else this minute."""
    now = kit.now()
    if at is not None:
        instant = slots.instant(at, letter.timezone)
        if instant > now:
            raise UsageError(f"{at} is still to come: --at takes a past slot")
        return Due(slot=at, at=instant)
    found = slots.latest(letter.schedule, letter.timezone, until=now, skip=letter.skip_dates)
    async with kit.database.read() as connection:
        started = await issues.first_start(connection, letter.name)
        is_taken = found is not None and await issues.is_taken(connection, letter.name, found[0])
    if found and started and found[1] >= started and not is_taken:
        return Due(slot=found[0], at=found[1])
    return await _by_hand(kit, letter, now)


async def _by_hand(kit: Kit, letter: Newsletter, now: datetime) -> Due:
    """This minute; where its issue is made already, the nearest one before it.

    Not where it is still being made: two that build at once must not both tell the same stories.
    """
    async with kit.database.read() as connection:
        for back in range(_MOST_BACK):
            made = build.by_hand(letter, now - timedelta(minutes=back))
            if not await issues.is_made(connection, letter.name, made.slot):
                return made
    return build.by_hand(letter, now)
