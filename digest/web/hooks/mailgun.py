"""Mailgun: HMAC-SHA256 over its time and a token. The signature does not cover the event, so a token counts once."""

import hashlib
import hmac
from datetime import datetime

from digest.model import Event, EventKind
from digest.web.hooks.report import Forged, Report, event, moment, parsed, table, words

_TOLERANCE_S = 24 * 3600  # it tries again for eight hours
_KINDS = {
    "delivered": EventKind.DELIVERED,
    "failed": EventKind.BOUNCED,
    "complained": EventKind.COMPLAINED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
}


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The one report of the request. `secret`: the HTTP webhook signing key."""
    body = table(parsed(report.body))  # the signature stands inside the JSON: it must be read to be checked
    token = verify(table(body.get("signature")), secret, now)
    data = table(body.get("event-data"))
    status = table(data.get("delivery-status"))
    headers = table(table(data.get("message")).get("headers"))
    severity = words(data.get("severity"))
    kind = _KINDS.get(words(data.get("event")), EventKind.OTHER)
    is_suppressed = words(data.get("reason")).startswith("suppress-")
    return (
        event(
            "mailgun",
            id=token,
            kind=EventKind.DEFERRED if kind is EventKind.BOUNCED and severity == "temporary" else kind,
            address=data.get("recipient"),
            at=moment(data.get("timestamp"), now),
            provider_id=headers.get("message-id"),
            is_permanent=severity == "permanent" and (is_suppressed or _is_no_such_person(status)),
            detail=status.get("message") or status.get("description") or data.get("reason"),
        ),
    )


def verify(signature: object, secret: str, now: datetime) -> str:
    """The token, which counts once; Forged where the signature does not fit."""
    given = table(signature)
    stamp, token, mark = (words(given.get(name)) for name in ("timestamp", "token", "signature"))
    if not secret or not token:
        raise Forged("there is no token, or no key to verify it with")
    expected = hmac.digest(secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hex()
    if not hmac.compare_digest(expected.encode(), mark.encode()):
        raise Forged("the signature does not fit")
    if not stamp.isascii() or not stamp.isdigit() or abs(now.timestamp() - int(stamp[:12])) > _TOLERANCE_S:
        raise Forged("the request is too old")
    return token


def _is_no_such_person(status: object) -> bool:
    """Whether the receiving server spoke of the address; a refusal of the sender or the content is none of it."""
    given = table(status)
    enhanced, code = words(given.get("enhanced-code")), given.get("code")
    return enhanced.startswith("5.1.") if enhanced else code in {550, 551, 553, 605}
