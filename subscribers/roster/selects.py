"""Who is to be mailed: statements for others to join, so that a million recipients never leave the database."""

import json

from sqlalchemy import ColumnElement, Select, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.model import EVERYBODY, Choice, Choosers, SubscriptionState
from subscribers.tables import subscriber, subscription, suppression


def wanted(newsletter: str) -> Select[tuple[int]]:
    """subscriber_id of everyone active on that newsletter whose address is not suppressed."""
    return _on(newsletter, select(subscription.c.subscriber_id))


def is_wanted(newsletter: str, subscriber_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether `wanted` has the one of that column: each is looked up by key.

    LIMIT keeps it from being made a join: of a list that grew since its statistics were taken, PostgreSQL then read
    every row for a hundred readers (1.6 ms each of 10,000).
    """
    theirs = wanted(newsletter).where(subscription.c.subscriber_id == subscriber_id)
    return theirs.correlate_except(subscription, subscriber, suppression).limit(1).scalar_subquery().is_not(None)


def recipients(newsletter: str, of: Choosers = EVERYBODY) -> Select[tuple[int, str, str, str | None]]:
    """subscriber_id, address, name, language of the same (of those with that cadence), in no promised order."""
    s = subscriber.c
    return _of(of, _on(newsletter, select(subscription.c.subscriber_id, s.address, s.name, s.language)))


def choosers(newsletter: str, of: Choosers = EVERYBODY) -> Select[tuple[int, str, str, str | None, str]]:
    """The same with `choice`, a text that `read_choice` reads: equal for all who want an issue in the same way."""
    return recipients(newsletter, of).add_columns(_choice().label("choice"))


async def choices(connection: AsyncConnection, newsletter: str, of: Choosers = EVERYBODY) -> dict[str, int]:
    """Every such text among them, and how many want it so."""
    chosen = choosers(newsletter, of).subquery().c.choice
    return {row[0]: row[1] for row in await connection.execute(select(chosen, func.count()).group_by(chosen))}


def read_choice(text: str) -> Choice:
    """What a `choice` of these statements says."""
    language, _, sections = text.partition("\n")
    return Choice(language=language, sections=tuple(json.loads(sections)) if sections else None)


def _choice() -> ColumnElement[str]:
    """Language, a line break, the sections as JSON; each empty where nothing was chosen (SQL's null and JSON's)."""
    language = func.lower(func.coalesce(subscriber.c.language, ""))
    sections = func.coalesce(func.nullif(cast(subscription.c.sections, Text), "null"), "")
    return language.concat("\n").concat(sections)


def _of(of: Choosers, statement: Select) -> Select:  # type: ignore[type-arg]  # the columns pass through untouched
    if of.only is not None:
        return statement.where(subscription.c.cadence.in_(of.only))
    return statement.where(subscription.c.cadence.not_in(of.but)) if of.but else statement


def _on(newsletter: str, statement: Select) -> Select:  # type: ignore[type-arg]  # the columns pass through untouched
    joined = subscription.join(subscriber, subscriber.c.id == subscription.c.subscriber_id).outerjoin(
        suppression, suppression.c.address_hash == subscriber.c.address_hash
    )
    return statement.select_from(joined).where(
        subscription.c.newsletter == newsletter,
        subscription.c.state == SubscriptionState.ACTIVE,
        suppression.c.address_hash.is_(None),
    )
