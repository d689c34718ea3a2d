"""`digest subscribers export --person`: all that is kept of one person, as one document (GDPR, articles 15 and 20)."""

from typing import Any

from digest.cli import desk
from digest.config import Config
from digest.store import deliveries, events
from subscribers import roster
from subscribers.model import Person


async def of(config: Config, address: str) -> dict[str, Any] | None:
    """The person, their subscriptions and record of consent, what they were sent, what was reported; None: nobody."""
    async with desk.database(config) as database, database.read() as connection:
        person = await roster.story(connection, address)
        if person is None:
            return None
        number = person.subscriber.id
        sent = await deliveries.to(connection, number) if number is not None else ()
        reports = await events.about(connection, address)
    return {
        **_who(person),
        "deliveries": [{"issue": one.issue, "state": one.state, "reported": one.event} for one in sent],
        "reports": [
            {"at": one.at, "provider": one.provider, "kind": one.kind, "detail": one.detail} for one in reports
        ],
    }


def _who(person: Person) -> dict[str, Any]:
    who, barred = person.subscriber, person.suppression
    return {
        "address": who.address,
        "name": who.name,
        "language": who.language,
        "fields": dict(who.fields),
        "since": who.created_at,
        "subscriptions": [
            {
                "newsletter": on.newsletter,
                "state": on.state,
                "since": on.since,
                "cadence": on.cadence,
                "sections": on.sections,
            }
            for on in person.subscriptions
        ],
        "suppressed": {"reason": barred.reason, "since": barred.since, "detail": barred.detail} if barred else None,
        "consent": [
            {
                "at": entry.at,
                "what": entry.what,
                "newsletter": entry.newsletter,
                "source": entry.source,
                "network_address": entry.remote,
                "words": entry.text_version,
            }
            for entry in person.log
        ],
    }
