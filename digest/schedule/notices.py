"""What the owner hears of, once: an issue that failed, is held, expired or waits as a draft; a provider that is silent.

So also an issue that readers' servers refused because of its sender.

The sweep notes it, in the transaction that marks it as noted, and gives the steps that send what is written down.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import IssueState, Step
from digest.pipeline import notices, steps, wording
from digest.pipeline.kit import Kit
from digest.store import issues, owner, refusals
from digest.store import notices as rows
from digest.store.notices import Words

_REFUSED_FOR = timedelta(days=7)  # reports come within days, and old ones are no news
_DRAFTS = frozenset({IssueState.READY, IssueState.HELD})


async def sweep(kit: Kit) -> list[Step]:
    """Notes what is new; the steps that send what waits."""
    async with kit.database.read() as connection:
        found = [r for r in await issues.untold(connection, now=kit.now()) if _is_worth(kit, r)]
        shut = await rows.open_circuits(connection, now=kit.now())
        told = await rows.told_circuits(connection)
        refused = await refusals.untold(connection, since=kit.now() - _REFUSED_FOR)
    for record in found:
        await _note_issue(kit, record)
    for each in refused:
        await _note_refusals(kit, each)
    if set(shut) != told:
        async with kit.database.write() as connection:
            for name in sorted(set(shut) - told):
                await notices.say(kit, connection, wording.circuit(name, shut[name]))
            for name in told - set(shut):
                await rows.over(connection, name, now=kit.now())
    return await _due(kit)


def _is_worth(kit: Kit, record: issues.IssueRecord) -> bool:
    """Not what merely waits for its window; not a draft of a newsletter that is gone."""
    newsletter = kit.config.newsletters.get(record.newsletter)
    return record.state is not IssueState.READY or (newsletter is not None and bool(newsletter.approve))


async def _note_issue(kit: Kit, record: issues.IssueRecord) -> None:
    async with kit.database.write() as connection:
        if not await issues.notified(connection, record):
            return  # another daemon was faster, or it has moved on
        await notices.say(kit, connection, await _words(kit, connection, record))


async def _note_refusals(kit: Kit, found: refusals.Refusals) -> None:
    async with kit.database.write() as connection:
        record = await issues.by_id(connection, found.issue_id)
        said = await refusals.reasons(connection, found.issue_id)
        if record is not None:
            await notices.say(kit, connection, wording.turned_away(record, found, said))


async def _words(kit: Kit, connection: AsyncConnection, record: issues.IssueRecord) -> Words:
    newsletter = kit.config.newsletters.get(record.newsletter)
    if newsletter is not None and newsletter.approve and record.state in _DRAFTS:
        return await notices.draft(kit, connection, record)
    return wording.issue(record, newsletter)


async def _due(kit: Kit) -> list[Step]:
    async with kit.database.read() as connection:
        dead = [name for name in await rows.owners(connection) if owner.is_dead(name)]
        return [steps.telling(number) for number in await rows.due(connection, now=kit.now(), dead=dead)]
