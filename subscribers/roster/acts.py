"""What people do, and what is done with them: each act asks `consent`, writes what follows, and logs it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers import addresses
from subscribers.consent import Act, decide
from subscribers.model import SubscriptionState
from subscribers.roster.keys import address_secret
from subscribers.roster.rows import (
    Cause,
    clean_fields,
    clean_name,
    insert,
    lock,
    lock_id,
    log,
    newsletters_of,
    state_of,
    suppression_of,
)
from subscribers.tables import subscriber, subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an act. `subscriber_id` is None where nobody of that address is known (and none was made)."""

    subscriber_id: int | None
    state: SubscriptionState | None
    changed: bool = False
    refusal: str = ""  # empty: not refused


async def add(
    connection: AsyncConnection,
    *,
    address: str,
    name: str = "",
    newsletter: str,
    state: SubscriptionState = SubscriptionState.ACTIVE,
    source: str,
    at: datetime,
    language: str | None = None,
    fields: Mapping[str, str] | None = None,
    remote: str | None = None,
    text_version: str | None = None,
) -> Outcome:
    """The owner puts a person on a newsletter: ACTIVE vouches for their consent, PENDING asks them first.

    A name already known is kept. Refused, and nobody made, where the address is suppressed or has unsubscribed.
    AddressError where `address` is none.
    """
    doing = Act.VOUCHED if state is SubscriptionState.ACTIVE else Act.INVITED
    cause = Cause(at=at, source=source, remote=remote, text_version=text_version)
    newcomer = _Newcomer(address=addresses.parse(address), name=name, language=language, fields=fields)
    return await _arrive(connection, newcomer, newsletter, doing, cause)


async def subscribe(
    connection: AsyncConnection,
    *,
    address: str,
    name: str = "",
    newsletter: str,
    at: datetime,
    cadence: str | None = None,
    sections: Collection[str] | None = None,
    source: str = "page",
    remote: str | None = None,
    text_version: str | None = None,
) -> Outcome:
    """The reader asks for a newsletter: pending until confirmed. Who left may ask again. AddressError.

    `cadence` and `sections` (None: none chosen) are kept for whom it leaves pending: anybody may type an address, and
    an active reader's choices are their own.
    """
    cause = Cause(at=at, source=source, remote=remote, text_version=text_version)
    newcomer = _Newcomer(address=addresses.parse(address), name=name)
    outcome = await _arrive(connection, newcomer, newsletter, Act.ASKED, cause)
    if outcome.subscriber_id is not None and outcome.state is SubscriptionState.PENDING:
        who = outcome.subscriber_id
        await narrow(connection, who, newsletter, at, sections=sections, cadence=cadence, source=source, remote=remote)
    return outcome


async def confirm(
    connection: AsyncConnection,
    subscriber_id: int,
    newsletter: str,
    at: datetime,
    *,
    source: str = "page",
    remote: str | None = None,
    text_version: str | None = None,
) -> Outcome:
    """The reader confirms by the link in the message. Confirming twice changes nothing."""
    cause = Cause(at=at, source=source, remote=remote, text_version=text_version)
    return await _known(connection, subscriber_id, newsletter, Act.CONFIRMED, cause)


async def choose(
    connection: AsyncConnection,
    subscriber_id: int,
    newsletter: str,
    at: datetime,
    *,
    source: str = "preferences",
    remote: str | None = None,
) -> Outcome:
    """The reader takes a newsletter on their own preferences page: active at once, the signed link proves who asks."""
    return await _known(connection, subscriber_id, newsletter, Act.CHOSE, Cause(at=at, source=source, remote=remote))


async def unsubscribe(  # noqa: PLR0917 — its callers pass these in a row
    connection: AsyncConnection,
    subscriber_id: int,
    newsletter: str | None,
    at: datetime,
    source: str = "page",
    remote: str | None = None,
) -> bool:
    """The reader leaves that newsletter (None: every one); whether anything changed. Leaving twice is no error."""
    if await lock_id(connection, subscriber_id) is None:
        return False
    left = [newsletter] if newsletter is not None else await newsletters_of(connection, subscriber_id)
    cause = Cause(at=at, source=source, remote=remote)
    outcomes = [await _apply(connection, subscriber_id, each, Act.LEFT, cause) for each in left]
    return any(outcome.changed for outcome in outcomes)


async def narrow(
    connection: AsyncConnection,
    subscriber_id: int,
    newsletter: str,
    at: datetime,
    *,
    sections: Collection[str] | None,
    cadence: str | None = None,
    source: str = "preferences",
    remote: str | None = None,
) -> None:
    """The reader's choice of sections (None: all) and cadence (None: as it was) of one newsletter; logged if new."""
    on = (subscription.c.subscriber_id == subscriber_id) & (subscription.c.newsletter == newsletter)
    columns = select(subscription.c.sections, subscription.c.cadence).where(on).with_for_update()
    if (before := (await connection.execute(columns)).one_or_none()) is None:
        return
    after = (None if sections is None else sorted(sections), before.cadence if cadence is None else cadence)
    if (before.sections, before.cadence) == after:
        return
    await connection.execute(update(subscription).where(on).values(sections=after[0], cadence=after[1]))
    said = f"{source}: {', '.join(filter(None, (after[1], *(after[0] or ['all sections']))))}"
    await log(connection, subscriber_id, "narrowed", Cause(at=at, source=said, remote=remote), newsletter)


async def speak(connection: AsyncConnection, subscriber_id: int, language: str | None) -> None:
    """Gives a person a language (BCP 47); None: whatever each newsletter has."""
    await connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(language=language))


async def rename(connection: AsyncConnection, subscriber_id: int, name: str) -> None:
    """Gives a person another name, on one line."""
    await connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(name=clean_name(name)))


async def remove(
    connection: AsyncConnection, address: str, newsletter: str | None = None, *, at: datetime, source: str = "owner"
) -> bool:
    """The owner takes a person off that newsletter (None: every one); False where they were not on it.

    The person goes when nothing is left of them. What they themselves left stays known as unsubscribed, so that no
    import brings them back.
    """
    row = await lock(connection, addresses.key_of(address))
    if row is None:
        return False
    on = (subscription.c.subscriber_id == row.id) & (subscription.c.state != SubscriptionState.UNSUBSCRIBED)
    if newsletter is not None:
        on &= subscription.c.newsletter == newsletter
    gone = (await connection.execute(delete(subscription).where(on).returning(subscription.c.newsletter))).scalars()
    removed = list(gone)
    for each in removed:
        await log(connection, row.id, "removed", Cause(at=at, source=source), each)
    if await newsletters_of(connection, row.id):
        return bool(removed)
    await connection.execute(delete(subscriber).where(subscriber.c.id == row.id))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newcomer:
    """Who is to be made where unknown."""

    address: addresses.Address
    name: str = ""
    language: str | None = None
    fields: Mapping[str, str] | None = None


async def _arrive(
    connection: AsyncConnection, newcomer: _Newcomer, newsletter: str, doing: Act, cause: Cause
) -> Outcome:
    """What follows from `doing` for the person of that address, who is made where unknown and not suppressed."""
    key = newcomer.address.key
    address_hash = addresses.hash_of(key, await address_secret(connection))
    if await suppression_of(connection, address_hash) is not None:
        return await _suppressed(connection, key, newsletter, doing)
    await _make(connection, newcomer, address_hash, cause.at)
    row = await lock(connection, key)
    assert row is not None, "just made"
    name = clean_name(newcomer.name)
    if name and not row.name:
        await rename(connection, row.id, name)
    return await _apply(connection, row.id, newsletter, doing, cause)


async def _suppressed(connection: AsyncConnection, key: str, newsletter: str, doing: Act) -> Outcome:
    row = await lock(connection, key)
    state = await state_of(connection, row.id, newsletter) if row else None
    refusal = decide(state, doing, is_suppressed=True).refusal
    return Outcome(subscriber_id=row.id if row else None, state=state, refusal=refusal)


async def _make(connection: AsyncConnection, newcomer: _Newcomer, address_hash: bytes, at: datetime) -> None:
    made = insert(connection, subscriber).values(
        address=newcomer.address.given,
        address_key=newcomer.address.key,
        address_hash=address_hash,
        name=clean_name(newcomer.name),
        language=newcomer.language,
        fields=clean_fields(newcomer.fields),
        created_at=at,
    )
    await connection.execute(made.on_conflict_do_nothing(index_elements=["address_key"]))


async def _known(connection: AsyncConnection, subscriber_id: int, newsletter: str, doing: Act, cause: Cause) -> Outcome:
    """What follows from `doing` by the person of that number."""
    row = await lock_id(connection, subscriber_id)
    if row is None:
        return Outcome(subscriber_id=None, state=None, refusal="is not known any more")
    suppressed = await suppression_of(connection, row.address_hash) is not None
    return await _apply(connection, subscriber_id, newsletter, doing, cause, is_suppressed=suppressed)


async def _apply(
    connection: AsyncConnection,
    subscriber_id: int,
    newsletter: str,
    doing: Act,
    cause: Cause,
    *,
    is_suppressed: bool = False,
) -> Outcome:
    before = await state_of(connection, subscriber_id, newsletter)
    decision = decide(before, doing, is_suppressed=is_suppressed)
    if decision.log is not None:
        if decision.state is not before:
            await _stand(connection, subscriber_id, newsletter, decision.state, cause.at)
        await log(connection, subscriber_id, decision.log, cause, newsletter)
    return Outcome(
        subscriber_id=subscriber_id, state=decision.state, changed=decision.is_change, refusal=decision.refusal
    )


async def _stand(
    connection: AsyncConnection, subscriber_id: int, newsletter: str, state: SubscriptionState | None, at: datetime
) -> None:
    """Writes how a person stands from now on; a new round of asking is due a new message."""
    values = {"state": state, "since": at, "asked_at": None}
    made = insert(connection, subscription).values(subscriber_id=subscriber_id, newsletter=newsletter, **values)
    await connection.execute(made.on_conflict_do_update(index_elements=["subscriber_id", "newsletter"], set_=values))
