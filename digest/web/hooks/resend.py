"""Resend, signed as Svix and Standard Webhooks do (standardwebhooks.com, "Signature scheme")."""

import base64
import hashlib
import hmac
from datetime import datetime

from digest.model import Event, EventKind
from digest.web.hooks.report import Forged, Report, decoded, event, moment, parsed, table, words

_TOLERANCE_S = 300
_KINDS = {
    "email.delivered": EventKind.DELIVERED,
    "email.delivery_delayed": EventKind.DEFERRED,
    "email.bounced": EventKind.BOUNCED,
    "email.suppressed": EventKind.BOUNCED,  # not even tried: it bounced or complained before
    "email.complained": EventKind.COMPLAINED,
}


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The reports, one per recipient. `secret`: whsec_… as Resend shows it."""
    number = verify(report, secret, now)
    body = table(parsed(report.body))
    data = table(body.get("data"))
    name, bounce = words(body.get("type")), table(data.get("bounce"))
    to = data.get("to")
    addresses = to if isinstance(to, list) else [to]
    return tuple(
        event(
            "resend",
            id=number if len(addresses) == 1 else f"{number}:{place}",
            kind=_KINDS.get(name, EventKind.OTHER),
            address=address,
            at=moment(body.get("created_at"), now),
            provider_id=data.get("email_id"),
            is_permanent=name == "email.suppressed" or words(bounce.get("type")).lower() == "permanent",
            detail=bounce.get("message") or table(data.get("suppressed")).get("message") or name,
        )
        for place, address in enumerate(addresses)
    )


def verify(report: Report, secret: str, now: datetime) -> str:
    """The message's number; Forged where no signature fits the bytes, or it is older (or newer) than five minutes."""
    number = report.header("svix-id", "webhook-id")
    stamp = report.header("svix-timestamp", "webhook-timestamp")
    if not stamp.isascii() or not stamp.isdigit() or abs(now.timestamp() - int(stamp[:12])) > _TOLERANCE_S:
        raise Forged("the request is too old")
    key = decoded(secret.removeprefix("whsec_"))
    if not key:
        raise Forged("there is no secret to verify with")
    signed = f"{number}.{stamp}.".encode() + report.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = report.header("svix-signature", "webhook-signature").split()
    signatures = [each.removeprefix("v1,") for each in given if each.startswith("v1,")]
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in signatures):
        raise Forged("the signature does not fit")
    return number
