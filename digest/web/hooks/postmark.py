"""Postmark, which signs nothing: the secret stands in the address or in basic authentication."""

from datetime import datetime

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders
from digest.web.hooks.report import Report, check_secret, event, fingerprint, moment, parsed, table, words

_FOR_GOOD = frozenset({"HardBounce", "BadEmailAddress", "ManuallyDeactivated"})
_BOUNCES = {  # the types that are no bounce (Postmark's developer guide, "Bounce types")
    "SpamComplaint": EventKind.COMPLAINED,
    "Unsubscribe": EventKind.UNSUBSCRIBED,
    "Subscribe": EventKind.OTHER,
    "AutoResponder": EventKind.OTHER,
    "AddressChange": EventKind.OTHER,  # an answer that says so: the message arrived
    "ChallengeVerification": EventKind.OTHER,
    "OpenRelayTest": EventKind.OTHER,
    "InboundError": EventKind.OTHER,
    "Blocked": EventKind.REFUSED,  # these are the sender's own
    "SpamNotification": EventKind.REFUSED,
    "VirusNotification": EventKind.REFUSED,
    "DMARCPolicy": EventKind.REFUSED,
    "SMTPApiError": EventKind.REFUSED,
    "TemplateRenderingFailed": EventKind.REFUSED,
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
    bounce = words(body.get("Type"))
    record = words(body.get("RecordType")) or ("Bounce" if bounce else "")  # the older form of its bounces has none
    at = body.get("BouncedAt") or body.get("DeliveredAt") or body.get("ChangedAt")
    address = body.get("Email") or body.get("Recipient")
    kind = _kind(record, bounce, body.get("SuppressSending"), words(body.get("SuppressionReason")))
    is_for_good = kind is EventKind.BOUNCED and _is_for_good(record, bounce, body.get("Inactive"))
    if kind is EventKind.BOUNCED and not is_for_good and is_senders(words(body.get("Details"))):
        kind = EventKind.REFUSED
    return (
        event(
            "postmark",
            id=fingerprint(record, body.get("ID"), body.get("MessageID"), address, at),
            kind=kind,
            address=address,
            at=moment(at, now),
            provider_id=body.get("MessageID"),
            is_permanent=is_for_good,
            detail=body.get("Details") or body.get("Description") or body.get("SuppressionReason"),
        ),
    )


def _is_for_good(record: str, bounce: str, is_inactive: object) -> bool:
    """Whether Postmark, too, mails that address no more: it answers the next message with 406."""
    return record == "SubscriptionChange" or bounce in _FOR_GOOD or is_inactive is True


def _kind(record: str, bounce: str, is_barred: object, why: str) -> EventKind:
    if record == "Bounce":
        return _BOUNCES.get(bounce, EventKind.BOUNCED)
    if record == "SubscriptionChange":
        return _WHY.get(why, EventKind.UNSUBSCRIBED) if is_barred is True else EventKind.OTHER
    return {"Delivery": EventKind.DELIVERED, "SpamComplaint": EventKind.COMPLAINED}.get(record, EventKind.OTHER)
