"""Postmark, which signs nothing: the secret stands in the address or in basic authentication."""

from datetime import datetime

from digest.model import Event, EventKind
from digest.web.hooks.report import Report, check_secret, event, fingerprint, moment, parsed, table, words

_FOR_GOOD = frozenset({"HardBounce", "BadEmailAddress", "ManuallyDeactivated", "AddressChange"})
_BOUNCES = {  # the types that are no bounce (Postmark's developer guide, "Bounce types")
    "SpamComplaint": EventKind.COMPLAINED,
    "Unsubscribe": EventKind.UNSUBSCRIBED,
    "Subscribe": EventKind.OTHER,
    "AutoResponder": EventKind.OTHER,
    "OpenRelayTest": EventKind.OTHER,
    "Transient": EventKind.DEFERRED,
}
_WHY = {
    "HardBounce": EventKind.BOUNCED,
    "SpamComplaint": EventKind.COMPLAINED,
    "ManualSuppression": EventKind.UNSUBSCRIBED,
}


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The one report of the request."""
    check_secret(report, secret)
    body = table(parsed(report.body))
    record, bounce = words(body.get("RecordType")), words(body.get("Type"))
    at = body.get("BouncedAt") or body.get("DeliveredAt") or body.get("ChangedAt")
    address = body.get("Email") or body.get("Recipient")
    kind = _kind(record, bounce, body.get("SuppressSending"), words(body.get("SuppressionReason")))
    return (
        event(
            "postmark",
            id=fingerprint(record, body.get("ID"), body.get("MessageID"), address, at),
            kind=kind,
            address=address,
            at=moment(at, now),
            provider_id=body.get("MessageID"),
            is_permanent=bounce in _FOR_GOOD or (record == "SubscriptionChange" and kind is EventKind.BOUNCED),
            detail=body.get("Details") or body.get("Description") or body.get("SuppressionReason"),
        ),
    )


def _kind(record: str, bounce: str, is_barred: object, why: str) -> EventKind:
    if record == "Bounce":
        return _BOUNCES.get(bounce, EventKind.BOUNCED)
    if record == "SubscriptionChange":
        return _WHY.get(why, EventKind.UNSUBSCRIBED) if is_barred is True else EventKind.OTHER
    return {"Delivery": EventKind.DELIVERED, "SpamComplaint": EventKind.COMPLAINED}.get(record, EventKind.OTHER)
