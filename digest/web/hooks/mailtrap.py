"""Mailtrap: HMAC-SHA256 over the raw body where it signs, else the secret in the address or in basic authentication."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders, is_senders_category
from digest.web.hooks.report import (
    Forged,
    Report,
    Unreadable,
    check_fresh,
    check_secret,
    event,
    fingerprint,
    instant,
    moment,
    parsed,
    table,
    tables,
    words,
)

_KINDS = {
    "delivery": EventKind.DELIVERED,
    "soft bounce": EventKind.BOUNCED,
    "bounce": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "spam complaint": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "suspension": EventKind.REFUSED,  # the account's
}


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The reports of the request: an object with a list, or one JSON text a line."""
    verify(report, secret)
    found = []
    for given in _fresh(report, now):
        name = words(given.get("event")).replace("_", " ")
        number = words(given.get("event_id"))
        kind = _KINDS.get(name, EventKind.OTHER)
        if kind is EventKind.BOUNCED and _is_senders(given):
            kind = EventKind.REFUSED
        found.append(
            event(
                "mailtrap",
                id=number or fingerprint(name, given.get("message_id"), given.get("email"), given.get("timestamp")),
                kind=kind,
                address=given.get("email"),
                at=moment(given.get("timestamp"), now),
                provider_id=given.get("message_id"),
                is_permanent=kind is EventKind.BOUNCED and name == "bounce",
                detail=given.get("response") or given.get("reason") or name,
            )
        )
    return tuple(found)


def _is_senders(given: Mapping[str, Any]) -> bool:
    category = words(given.get("bounce_category"))
    return is_senders_category(category) or is_senders(words(given.get("response"))) is True


def verify(report: Report, secret: str) -> None:
    """Forged where neither the signature nor the secret fits."""
    signature = report.headers.get("mailtrap-signature")
    if not signature:
        check_secret(report, secret)
        return
    expected = hmac.digest(secret.encode(), report.body, hashlib.sha256).hex()
    if not secret or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Forged("the signature does not fit")


def _fresh(report: Report, now: datetime) -> Sequence[Mapping[str, Any]]:
    """The reports; Forged where they are signed, and the newest is too old: the signature itself has no time."""
    listed = _listed(report.body)
    times = [told for given in listed if (told := instant(given.get("timestamp"))) is not None]
    if times and "mailtrap-signature" in report.headers:
        check_fresh(max(times), now)
    return listed


def _listed(body: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        whole = parsed(body)
    except Unreadable:
        return tables([parsed(line) for line in body.splitlines() if line.strip()])
    return tables(table(whole).get("events", whole))
