"""KumoMTA's log hook: the owner's own server posts its log records, with the secret in the address or basic auth."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from digest.model import Event, EventKind
from digest.web.hooks.report import Report, check_secret, event, fingerprint, moment, parsed, table, tables, words

_KINDS = {
    "Delivery": EventKind.DELIVERED,
    "TransientFailure": EventKind.DEFERRED,
    "Bounce": EventKind.BOUNCED,
    "OOB": EventKind.BOUNCED,
    "Expiration": EventKind.BOUNCED,
    "Feedback": EventKind.COMPLAINED,
}
_FOR_GOOD = frozenset({"InvalidRecipient", "BadDomain", "InactiveMailbox"})  # of its bounce classifier


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The records of the request: one, or a list."""
    check_secret(report, secret)
    return tuple(_event(each, now) for each in tables(parsed(report.body)))


def _event(given: Mapping[str, Any], now: datetime) -> Event:
    name, response = words(given.get("type")), table(given.get("response"))
    to = given.get("recipient")
    at = given.get("event_time") or given.get("timestamp")
    return event(
        "kumomta",
        id=fingerprint(name, given.get("id"), to, at),
        kind=_KINDS.get(name, EventKind.OTHER),
        address=_complainer(given) if name == "Feedback" else to[0] if isinstance(to, list) and to else to,
        at=moment(at, now),
        provider_id=given.get("id"),
        is_permanent=name in {"Bounce", "OOB"} and _is_no_such_person(given, response),
        detail=response.get("content"),
    )


def _is_no_such_person(given: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    classified = words(given.get("bounce_classification"))
    if classified and classified != "Uncategorized":
        return classified in _FOR_GOOD
    enhanced = table(response.get("enhanced_code"))
    return enhanced.get("class") == 5 and enhanced.get("subject") == 1  # RFC 3463 §3.2: addressing


def _complainer(given: Mapping[str, Any]) -> object:
    """Whom the complaint is of: the original recipient that the report names (RFC 5965 §3.2), else the record's."""
    named = table(given.get("feedback_report")).get("original_rcpt_to")
    if isinstance(named, list) and named:
        return words(named[0]).removeprefix("rfc822;").strip("<> ")
    return given.get("recipient")
