"""KumoMTA's log hook: the owner's own server posts its log records, with the secret in the address or basic auth."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from digest.model import Event, EventKind
from digest.web.hooks.blame import is_senders, is_senders_category
from digest.web.hooks.report import Report, check_secret, event, fingerprint, moment, parsed, table, tables, words

_KINDS = {
    "Delivery": EventKind.DELIVERED,
    "TransientFailure": EventKind.DEFERRED,
    "Bounce": EventKind.BOUNCED,
    "OOB": EventKind.BOUNCED,
    "Expiration": EventKind.BOUNCED,
}
_FEEDBACK = {"not-spam": EventKind.OTHER, "opt-out": EventKind.UNSUBSCRIBED}
_FOR_GOOD = frozenset({"InvalidRecipient", "BadDomain", "InactiveMailbox"})  # of its bounce classifier


def events(report: Report, secret: str, now: datetime) -> tuple[Event, ...]:
    """The records of the request: one, or a list."""
    check_secret(report, secret)
    records = tables(parsed(report.body))
    return tuple(_event(each, to, now) for each in records for to in _recipients(each))


def _recipients(given: Mapping[str, Any]) -> Sequence[object]:
    """Whom a record is about: one, or since 2025 a list of those of one transaction; of a complaint, who complained."""
    to = _complainer(given) if given.get("type") == "Feedback" else given.get("recipient")
    return to if isinstance(to, list) and to else [to]


def _event(given: Mapping[str, Any], to: object, now: datetime) -> Event:
    name, response = words(given.get("type")), table(given.get("response"))
    kind = _kind(name, table(given.get("feedback_report")))
    if kind is EventKind.BOUNCED and _is_senders(given, response):
        kind = EventKind.REFUSED
    at = given.get("event_time") or given.get("timestamp")
    return event(
        "kumomta",
        id=fingerprint(name, given.get("id"), to, at),
        kind=kind,
        address=to,
        at=moment(at, now),
        provider_id=given.get("id"),
        is_permanent=kind is EventKind.BOUNCED and name != "Expiration" and _is_no_such_person(given, response),
        detail=response.get("content"),
    )


def _is_senders(given: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    if classified := _classified(given):
        return is_senders_category(classified)
    code = table(response.get("enhanced_code"))
    status = ".".join(str(code.get(part)) for part in ("class", "subject", "detail"))
    return is_senders(status, words(response.get("content"))) is True


def _is_no_such_person(given: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    if classified := _classified(given):
        return classified in _FOR_GOOD
    enhanced = table(response.get("enhanced_code"))
    return enhanced.get("class") == 5 and enhanced.get("subject") == 1  # RFC 3463 §3.2: addressing


def _classified(given: Mapping[str, Any]) -> str:
    """What its bounce classifier says; empty where it was not asked, or does not know."""
    said = words(given.get("bounce_classification"))
    return "" if said == "Uncategorized" else said


def _kind(name: str, feedback: Mapping[str, Any]) -> EventKind:
    if name == "Feedback":  # RFC 5965 §7.3, and the opt-out of some loops
        return _FEEDBACK.get(words(feedback.get("feedback_type")).lower(), EventKind.COMPLAINED)
    return _KINDS.get(name, EventKind.OTHER)


def _complainer(given: Mapping[str, Any]) -> object:
    """Who complained: the original recipient that the report names, else the one in the server's own trace header.

    The record's own recipient is the mailbox that takes the reports, and is nobody's. The server spells the field's
    name so ("Log Record", "Feedback Report").
    """
    feedback = table(given.get("feedback_report"))
    named = feedback.get("original_rcpto_to") or feedback.get("original_rcpt_to")
    if isinstance(named, list) and named:
        return words(named[0]).removeprefix("rfc822;").strip("<> ")
    return table(feedback.get("supplemental_trace")).get("recipient")
