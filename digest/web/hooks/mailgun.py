"""Mailgun: HMAC-SHA256 over its time and a token. The signature does not cover the event, so a token counts once."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders
from digest.web.hooks.report import Forged, Report, check_fresh, event, instant, moment, parsed, table, words

_KINDS = {
    "delivered": EventKind.DELIVERED,
    "failed": EventKind.BOUNCED,
    "complained": EventKind.COMPLAINED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
}
_SUPPRESSED = {  # why a message was not even tried, beside suppress-bounce
    "suppress-complaint": EventKind.COMPLAINED,
    "suppress-unsubscribe": EventKind.UNSUBSCRIBED,
}


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The one report of the request. `secret`: the HTTP webhook signing key."""
    body = table(parsed(report.body))  # the signature stands inside the JSON: it must be read to be checked
    token = verify(table(body.get("signature")), secret, now)
    data = table(body.get("event-data"))
    status = table(data.get("delivery-status"))
    headers = table(table(data.get("message")).get("headers"))
    kind, is_permanent = _read(data, status)
    return (
        event(
            "mailgun",
            id=token,
            kind=kind,
            address=data.get("recipient"),
            at=moment(data.get("timestamp"), now),
            provider_id=headers.get("message-id"),
            is_permanent=is_permanent,
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
    check_fresh(instant(stamp), now)  # it tries again for eight hours
    return token


def _read(data: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[EventKind, bool]:
    """What happened, and whether it is for good."""
    kind = _KINDS.get(words(data.get("event")), EventKind.OTHER)
    if kind is not EventKind.BOUNCED:
        return kind, False
    if words(data.get("severity")) == "temporary":
        return EventKind.DEFERRED, False
    reason = words(data.get("reason"))
    if reason == "espblock" or (not reason.startswith("suppress-") and _is_senders(status)):
        return EventKind.REFUSED, False
    kind = _SUPPRESSED.get(reason, kind)
    is_gone = reason == "suppress-bounce" or _is_no_such_person(status)
    return kind, kind is EventKind.BOUNCED and words(data.get("severity")) == "permanent" and is_gone


def _is_senders(status: Mapping[str, Any]) -> bool:
    said = (status.get("enhanced-code"), status.get("message"), status.get("description"))
    return is_senders(*map(words, said)) is True


def _is_no_such_person(status: object) -> bool:
    """Whether the receiving server spoke of the address; a refusal of the sender or the content is none of it."""
    given = table(status)
    enhanced, code = words(given.get("enhanced-code")), given.get("code")
    return enhanced.startswith("5.1.") if enhanced else code in {550, 551, 553, 605}
