"""Amazon SES through SNS: signed with a certificate that the message names, of a topic the owner names.

The host of the certificate and the topic are checked before anything is fetched; only SignatureVersion 2 (SHA-256) is
taken. SNS tries again for an hour at most ("Message delivery retries"), with the time of the first: what is a day older
than that is a replay.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders
from digest.web.hooks.report import (
    Forged,
    Report,
    Unreadable,
    check_fresh,
    decoded,
    event,
    instant,
    moment,
    parsed,
    table,
    tables,
    words,
)

_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?")
# What is signed, in this order (Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages").
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_OF_SENDER = frozenset({"ContentRejected", "AttachmentRejected", "MessageTooLarge"})  # sub types of a bounce
_ITS_LISTS = frozenset({"Suppressed", "OnAccountSuppressionList", "NoEmail"})
_NEVER_LEFT = {
    "Reject": "reject",
    "Rendering Failure": "failure",
}  # what it found in the text, by the part that says so


def certificate_url(report: Report, topic: str, now: datetime) -> str:
    """Where the certificate lies that signed the request; Forged where that is not Amazon's, or it is not for us."""
    body = table(parsed(report.body))
    _check(body, topic, now)
    return _amazon(words(body.get("SigningCertURL")), ends=".pem")


def subscribe_url(report: Report) -> str | None:
    """What to fetch to confirm the subscription that the verified request asks about; None where it is about none."""
    body = table(parsed(report.body))
    if body.get("Type") != "SubscriptionConfirmation":
        return None
    return _amazon(words(body.get("SubscribeURL")))


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The reports of the request, one per recipient. `secret`: the ARN of the topic they must come from."""
    body = table(parsed(report.body))
    verify(body, report.certificate, secret, now)
    if body.get("Type") != "Notification":
        return ()
    try:
        told = table(parsed(words(body.get("Message"))))
    except Unreadable:
        return ()  # SES greets a new topic with a sentence, and owners try theirs out with others
    return _events(told, words(body.get("MessageId")), now)


def verify(body: Mapping[str, Any], certificate: bytes, topic: str, now: datetime) -> None:
    """Forged where the signature does not fit, the topic is another, or the message is too old."""
    names = _check(body, topic, now)
    signed = "".join(f"{name}\n{body[name]}\n" for name in names if isinstance(body.get(name), str))
    try:
        known = x509.load_pem_x509_certificate(certificate)
        key = known.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or not known.not_valid_before_utc <= now <= known.not_valid_after_utc:
            raise Forged("the certificate is not valid now")
        key.verify(
            decoded(words(body.get("Signature"))),
            signed.encode("utf-8", "replace"),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, ValueError) as error:
        raise Forged("the signature does not fit") from error


def _check(body: Mapping[str, Any], topic: str, now: datetime) -> tuple[str, ...]:
    """The names of what is signed; Forged where what can be seen without the certificate is wrong."""
    names = _SIGNED.get(words(body.get("Type")))
    if names is None:
        raise Forged("no message of Amazon SNS")
    if not topic or words(body.get("TopicArn")) != topic:
        raise Forged("another topic than webhook_secret names")
    if body.get("SignatureVersion") != "2":
        raise Forged("SignatureVersion is not 2: set it on the topic")
    check_fresh(instant(body.get("Timestamp")), now)
    return names


def _amazon(url: str, *, ends: str = "") -> str:
    parts = urlsplit(url)
    is_plain = parts.scheme == "https" and parts.netloc == parts.hostname  # no port, no user
    if not is_plain or not _HOST.fullmatch(parts.hostname or "") or not parts.path.endswith(ends):
        raise Forged("the address is not Amazon's")
    return url


def _events(told: Mapping[str, Any], number: str, now: datetime) -> tuple[Event, ...]:
    """One event for each recipient that the notice speaks of."""
    kind, about, people = _told(told)
    mail = table(told.get("mail"))
    is_hard = words(about.get("bounceType")) == "Permanent"
    kinds = [EventKind.REFUSED if _is_senders(kind, about, person) else kind for person in people]
    return tuple(
        event(
            "ses",
            id=f"{number}:{place}",
            kind=kinds[place],
            address=person.get("emailAddress"),
            at=moment(about.get("timestamp"), now),
            provider_id=mail.get("messageId"),
            is_permanent=is_hard and kinds[place] is EventKind.BOUNCED,
            detail=_detail(about, person),
        )
        for place, person in enumerate(people)
    )


def _detail(about: Mapping[str, Any], person: Mapping[str, Any]) -> object:
    said = (about.get(name) for name in ("bounceSubType", "complaintFeedbackType", "reason", "errorMessage"))
    return person.get("diagnosticCode") or next(filter(None, said), "")


def _is_senders(kind: EventKind, about: Mapping[str, Any], person: Mapping[str, Any]) -> bool:
    """Whether a bounce speaks of the sender: a wrong DMARC record is "Permanent" too. Its own list never does."""
    subtype = words(about.get("bounceSubType"))
    if kind is not EventKind.BOUNCED or subtype in _ITS_LISTS:
        return False
    said = is_senders(words(person.get("status")), words(person.get("diagnosticCode")))
    return said is True or (subtype in _OF_SENDER and said is None)


def _told(told: Mapping[str, Any]) -> tuple[EventKind, Mapping[str, Any], list[Mapping[str, Any]]]:
    """Kind, the part that tells of it, and its recipients: both of SES's formats (event publishing, feedback)."""
    name = words(told.get("eventType") or told.get("notificationType"))
    if name == "Bounce":
        about = table(told.get("bounce"))
        return EventKind.BOUNCED, about, list(tables(about.get("bouncedRecipients", [])))
    if name == "Complaint":
        about = table(told.get("complaint"))
        is_praise = words(about.get("complaintFeedbackType")) == "not-spam"  # RFC 5965 §7.3: wrongly taken for spam
        kind = EventKind.OTHER if is_praise else EventKind.COMPLAINED
        return kind, about, list(tables(about.get("complainedRecipients", [])))
    if name == "DeliveryDelay":
        about = table(told.get("deliveryDelay"))
        return EventKind.DEFERRED, about, list(tables(about.get("delayedRecipients", [])))
    return _of_all(told, name)


def _of_all(told: Mapping[str, Any], name: str) -> tuple[EventKind, Mapping[str, Any], list[Mapping[str, Any]]]:
    """The same of a notice that speaks of all recipients alike."""
    about = table(told.get("delivery")) if name == "Delivery" else {}
    given = about.get("recipients") if about else table(told.get("mail")).get("destination")
    people: list[Mapping[str, Any]] = [{"emailAddress": each} for each in given] if isinstance(given, list) else []
    if part := _NEVER_LEFT.get(name):
        return EventKind.REFUSED, table(told.get(part)), people
    return (EventKind.DELIVERED if about else EventKind.OTHER), about, people
