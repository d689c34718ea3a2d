"""Who is to be mailed: statements for others to join, so that a million recipients never leave the database."""

from sqlalchemy import Select, select

from subscribers.model import SubscriptionState
from subscribers.tables import subscriber, subscription, suppression


def wanted(newsletter: str) -> Select[tuple[int]]:
    """subscriber_id of everyone active on that newsletter whose address is not suppressed."""
    return _on(newsletter, select(subscription.c.subscriber_id))


def recipients(newsletter: str) -> Select[tuple[int, str, str, str | None]]:
    """subscriber_id, address, name, language of the same, in no promised order."""
    s = subscriber.c
    return _on(newsletter, select(subscription.c.subscriber_id, s.address, s.name, s.language))


def _on(newsletter: str, statement: Select) -> Select:  # type: ignore[type-arg]  # the columns pass through untouched
    joined = subscription.join(subscriber, subscriber.c.id == subscription.c.subscriber_id).outerjoin(
        suppression, suppression.c.address_hash == subscriber.c.address_hash
    )
    return statement.select_from(joined).where(
        subscription.c.newsletter == newsletter,
        subscription.c.state == SubscriptionState.ACTIVE,
        suppression.c.address_hash.is_(None),
    )
