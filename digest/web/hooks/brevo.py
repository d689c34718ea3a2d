"""Brevo, which signs nothing: the secret stands in the address or in basic authentication.

Its `id` is the webhook's, the same in every request: an event is known by what it says. Its `ts` and `ts_event` follow
the account's time zone; `ts_epoch` alone, in milliseconds, is always UTC.
"""

from datetime import datetime

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders
from digest.web.hooks.report import Report, check_secret, event, fingerprint, moment, parsed, tables, words

_KINDS = {
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "soft_bounce": EventKind.BOUNCED,
    "hard_bounce": EventKind.BOUNCED,
    "invalid_email": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "complaint": EventKind.COMPLAINED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
    "unsubscribe": EventKind.UNSUBSCRIBED,  # as it was called for years
    "blocked": EventKind.BOUNCED,  # it mails that address no more, and counts with the soft ones
}
_FOR_GOOD = frozenset({"hard_bounce", "invalid_email"})
_ANSWERED = frozenset({"hard_bounce", "soft_bounce"})  # by a receiving server, whose words are in `reason`


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The reports of the request."""
    check_secret(report, secret)
    found = []
    for given in tables(parsed(report.body)):
        name = words(given.get("event"))
        kind = _KINDS.get(name, EventKind.OTHER)
        if name in _ANSWERED and is_senders(words(given.get("reason"))):
            kind = EventKind.REFUSED
        at = given.get("ts_epoch") or given.get("ts_event") or given.get("ts")
        found.append(
            event(
                "brevo",
                id=fingerprint(name, given.get("message-id"), given.get("email"), at),
                kind=kind,
                address=given.get("email"),
                at=moment(at, now),
                provider_id=given.get("message-id"),
                is_permanent=kind is EventKind.BOUNCED and name in _FOR_GOOD,
                detail=given.get("reason") or name,
            )
        )
    return tuple(found)
