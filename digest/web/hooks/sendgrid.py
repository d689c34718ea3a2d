"""SendGrid's Event Webhook: ECDSA (P-256, SHA-256) over the time and the raw body. It tries again for 24 hours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders
from digest.web.hooks.report import (
    Forged,
    Report,
    check_fresh,
    decoded,
    event,
    fingerprint,
    instant,
    moment,
    parsed,
    tables,
    words,
)

_KINDS = {
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
}
# Why it did not even try ("Event Webhook Reference", dropped). The others speak of the sender: the header, the quota,
# the text.
_DROPPED = {
    "bounced address": EventKind.BOUNCED,
    "invalid": EventKind.BOUNCED,
    "unsubscribed address": EventKind.UNSUBSCRIBED,
    "spam reporting address": EventKind.COMPLAINED,
}
_OF_SENDER = frozenset({"content", "reputation", "frequency or volume too high"})  # its `bounce_classification`
_OF_READER = frozenset({"invalid address", "mailbox unavailable"})


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The reports of the request. `secret`: the verification key as SendGrid shows it, base64."""
    verify(report, secret, now)
    return tuple(_event(each, now) for each in tables(parsed(report.body)))


def verify(report: Report, secret: str, now: datetime) -> None:
    """Forged where the signature does not fit the bytes, or is too old."""
    stamp = report.header("x-twilio-email-event-webhook-timestamp")
    signature = decoded(report.header("x-twilio-email-event-webhook-signature"))
    try:
        key = load_der_public_key(decoded(secret))
    except ValueError as error:
        raise Forged("the verification key is none") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Forged("the verification key is of another kind")
    try:
        key.verify(signature, stamp.encode() + report.body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Forged("the signature does not fit") from error
    check_fresh(instant(stamp), now)


def _event(given: Mapping[str, Any], now: datetime) -> Event:
    name, reason = words(given.get("event")), words(given.get("reason"))
    number = words(given.get("sg_event_id"))
    kind = _DROPPED.get(reason.strip().lower(), EventKind.REFUSED) if name == "dropped" else _KINDS.get(name)
    if name == "bounce" and _is_senders(given, reason):
        kind = EventKind.REFUSED
    is_permanent = kind is EventKind.BOUNCED and (name == "dropped" or words(given.get("type")) == "bounce")
    return event(
        "sendgrid",
        id=number or fingerprint(name, given.get("sg_message_id"), given.get("email"), given.get("timestamp")),
        kind=kind or EventKind.OTHER,
        address=given.get("email"),
        at=moment(given.get("timestamp"), now),
        provider_id=_message(words(given.get("sg_message_id"))),
        is_permanent=is_permanent,
        detail=reason or given.get("response") or name,
    )


def _is_senders(given: Mapping[str, Any], reason: str) -> bool:
    """By its own classification, then by what the receiving server said; what is left of its blocks is the text's."""
    classified = words(given.get("bounce_classification")).strip().lower()
    if classified in _OF_SENDER | _OF_READER:
        return classified in _OF_SENDER
    found = is_senders(words(given.get("status")), reason)
    return words(given.get("type")) == "blocked" if found is None else found


def _message(number: str) -> str:
    """The X-Message-Id that sending was answered with: what stands before `.filter…` or `.recvd…`."""
    for mark in (".filter", ".recvd"):
        number = number.partition(mark)[0]
    return number
