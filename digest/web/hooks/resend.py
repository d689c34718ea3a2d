"""Resend, signed as Svix and Standard Webhooks do (standardwebhooks.com, "Signature scheme")."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders
from digest.web.hooks.report import Forged, Report, decoded, event, moment, parsed, table, words

_TOLERANCE_S = 300
_KINDS = {
    "email.delivered": EventKind.DELIVERED,
    "email.delivery_delayed": EventKind.DEFERRED,
    "email.bounced": EventKind.BOUNCED,
    "email.suppressed": EventKind.BOUNCED,  # not even tried: it bounced or complained before
    "email.complained": EventKind.COMPLAINED,
    "email.failed": EventKind.REFUSED,  # a quota, a domain that is not verified: it never left
}
_OF_SENDER = frozenset({"contentrejected", "attachmentrejected", "messagetoolarge"})  # as Amazon SES has them


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The reports, one per recipient. `secret`: whsec_… as Resend shows it."""
    number = verify(report, secret, now)
    body = table(parsed(report.body))
    data = table(body.get("data"))
    name, bounce = words(body.get("type")), table(data.get("bounce"))
    kind = _kind(name, bounce)
    is_hard = name == "email.suppressed" or words(bounce.get("type")).lower() == "permanent"
    to = data.get("to")
    addresses = to if isinstance(to, list) else [to]
    return tuple(
        event(
            "resend",
            id=number if len(addresses) == 1 else f"{number}:{place}",
            kind=kind,
            address=address,
            at=moment(body.get("created_at"), now),
            provider_id=data.get("email_id"),
            is_permanent=kind is EventKind.BOUNCED and is_hard,
            detail=_detail(data, bounce) or name,
        )
        for place, address in enumerate(addresses)
    )


def _kind(name: str, bounce: Mapping[str, Any]) -> EventKind:
    """What happened. Its own sentence on a bounce speaks of reputation whatever was the cause: it tells nothing."""
    kind = _KINDS.get(name, EventKind.OTHER)
    if name != "email.bounced" or words(bounce.get("subType")).lower() in {"suppressed", "onaccountsuppressionlist"}:
        return kind
    said = bounce.get("diagnosticCode")  # of the receiving server; a list of them since 2025
    server = " ".join(map(words, said)) if isinstance(said, list) else words(said)
    is_ours = words(bounce.get("subType")).lower() in _OF_SENDER or is_senders(server)
    return EventKind.REFUSED if is_ours else kind


def _detail(data: Mapping[str, Any], bounce: Mapping[str, Any]) -> object:
    failed, suppressed = table(data.get("failed")), table(data.get("suppressed"))
    return bounce.get("message") or suppressed.get("message") or failed.get("reason")


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
