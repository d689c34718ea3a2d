"""Requests in the shape that each provider documents, their values made up: what is read from each.

The shapes: Resend "Webhooks, Event Types"; Amazon SES "Contents of event data that Amazon SES publishes to Amazon SNS";
Mailgun "Webhooks" and "Event structure"; Twilio SendGrid "Event Webhook Reference"; Postmark "Bounce webhook", "Spam
complaint webhook", "Subscription change webhook"; Brevo "Transactional webhooks"; Mailtrap "Webhooks"; KumoMTA "Log
Record".
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import NOW
from web import signing

from digest.model import Event, EventKind
from digest.web.hooks import HOOKS, Forged, Report
from digest.web.hooks.report import OLDEST, instant, moment

ANN = "ann@example.org"
HAPPENED = datetime(2026, 11, 23, 6, 12, 41, tzinfo=UTC)
SECONDS = int(HAPPENED.timestamp())
ISO = "2026-11-23T06:12:41.000Z"


def told(provider: str, payload: Any) -> Event:
    """The one event of that payload, sent as the provider sends it."""
    if provider == "resend":
        report, secret = signing.resend(payload, NOW), signing.SVIX
    elif provider == "ses":
        report, secret = signing.ses(payload, NOW), signing.TOPIC
    elif provider == "mailgun":
        report, secret = signing.mailgun(payload, NOW), "key"
    elif provider == "sendgrid":
        report, secret = signing.sendgrid([payload], NOW), signing.sendgrid_key()
    else:
        report, secret = Report(headers={}, body=json.dumps(payload).encode(), given="word"), "word"
    (event,) = HOOKS[provider](report, secret, NOW)
    return event


def resend(kind: str, **more: Any) -> dict[str, Any]:
    data = {
        "broadcast_id": None,
        "created_at": "2026-11-23T06:10:02.318Z",
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "from": "Morning <digest@news.example.com>",
        "to": ["Ann Lee <ann@example.org>"],
        "subject": "Monday",
        "tags": {"newsletter": "morning"},
        **more,
    }
    return {"type": kind, "created_at": ISO, "data": data}


def ses(kind: str, part: str = "", about: dict[str, Any] | None = None) -> dict[str, Any]:
    mail = {
        "timestamp": "2026-11-23T06:10:02.318Z",
        "source": "Morning <digest@news.example.com>",
        "sourceArn": "arn:aws:ses:eu-central-1:123456789012:identity/news.example.com",
        "sendingAccountId": "123456789012",
        "messageId": "0107018f-1c2d-4e5f-8a9b-000000000001-000000",
        "destination": [ANN],
        "headersTruncated": False,
        "headers": [{"name": "Subject", "value": "Monday"}],
        "tags": {"ses:configuration-set": ["news"]},
    }
    return {"eventType": kind, "mail": mail, **({part: about} if part else {})}


def mailgun(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": float(SECONDS),
        "log-level": "info",
        "envelope": {"sender": "bounce@news.example.com", "targets": ANN, "transport": "smtp"},
        "flags": {"is-routed": False, "is-authenticated": True, "is-system-test": False, "is-test-mode": False},
        "message": {"headers": {"to": ANN, "message-id": "20261123.1@news.example.com", "subject": "Monday"}},
        "recipient": ANN,
        "recipient-domain": "example.org",
        "tags": [],
        "user-variables": {},
        **more,
    }


def status(code: int, enhanced: str | None, message: str = "", **more: Any) -> dict[str, Any]:
    return {
        "attempt-no": 1,
        "code": code,
        "enhanced-code": enhanced,
        "message": message,
        "session-seconds": 0.4,
        **more,
    }


def sendgrid(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "email": ANN,
        "timestamp": SECONDS,
        "smtp-id": "<20261123.1@news.example.com>",
        "event": kind,
        "category": ["morning"],
        "sg_event_id": "Ym91bmNlLTAtMTIzNDU2Nzg",
        "sg_message_id": "14c5d75ce93.dfd.64b469.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0",
        **more,
    }


def postmark(record: str, **more: Any) -> dict[str, Any]:
    return {
        "RecordType": record,
        "ServerID": 23,
        "MessageStream": "broadcast",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Tag": "morning",
        "Metadata": {},
        **more,
    }


def bounce(kind: str, code: int, **more: Any) -> dict[str, Any]:
    return (
        postmark(
            "Bounce",
            ID=692560173,
            Type=kind,
            TypeCode=code,
            Name=kind,
            Description="made up",
            Details="smtp;550 5.1.1 no such user",
            Email=ANN,
            From="digest@news.example.com",
            BouncedAt="2026-11-23T07:12:41.9070259+01:00",
            DumpAvailable=True,
            CanActivate=True,
            Subject="Monday",
            Inactive=False,
        )
        | more
    )


def brevo(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "email": ANN,
        "id": 26224,
        "date": "2026-11-23 08:12:41",
        "ts": SECONDS + 3600,  # of the account's time zone
        "message-id": "<202611230612.1@smtp-relay.example.com>",
        "ts_event": SECONDS + 3600,
        "ts_epoch": SECONDS * 1000,
        "subject": "Monday",
        "sending_ip": "192.0.2.9",
        "tags": ["morning"],
        **more,
    }


def mailtrap(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "events": [
            {
                "event": kind,
                "message_id": "1df37d17-0286-4d8b-8edf-bc4ec5be86e6",
                "sending_stream": "bulk",
                "email": ANN,
                "timestamp": SECONDS,
                "event_id": "bede7236-2284-43d6-a953-1fdcafd0fdbc",
                "category": "morning",
                **more,
            }
        ]
    }


def kumomta(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "id": "1d98076abbbc11ed940250ebf67f93bd",
        "sender": "bounce@news.example.com",
        "recipient": ANN,
        "queue": "morning:news@example.org",
        "site": "source1->(mx1|mx2).example.org",
        "size": 10472,
        "response": {"code": 0, "enhanced_code": None, "content": "", "command": None},
        "peer_address": {"name": "mx1.example.org.", "addr": "192.0.2.25"},
        "timestamp": SECONDS,
        "created": SECONDS - 30,
        "num_attempts": 1,
        "bounce_classification": "Uncategorized",
        "egress_pool": "pool0",
        "feedback_report": None,
        "meta": {},
        "headers": {},
        **more,
    }


def response(code: int, enhanced: tuple[int, int, int], content: str) -> dict[str, Any]:
    parts = dict(zip(("class", "subject", "detail"), enhanced, strict=True))
    return {"code": code, "enhanced_code": parts, "content": content, "command": "RCPT TO"}


def feedback(kind: str, **more: Any) -> dict[str, Any]:
    report = {
        "feedback_type": kind,
        "user_agent": "Feedback/1.0",
        "version": "1",
        "original_mail_from": "<bounce@news.example.com>",
        "reporting_mta": {"mta_type": "dns", "name": "mx1.example.org"},
        "original_rcpto_to": ["<ann@example.org>"],
        "extensions": {},
        "original_message": "Subject: Monday\r\n\r\n",
        "supplemental_trace": None,
        **more,
    }
    return kumomta("Feedback", recipient="fbl@news.example.com", feedback_report=report)


DELIVERED, DEFERRED, BOUNCED = EventKind.DELIVERED, EventKind.DEFERRED, EventKind.BOUNCED
COMPLAINED, UNSUBSCRIBED, OTHER = EventKind.COMPLAINED, EventKind.UNSUBSCRIBED, EventKind.OTHER
REFUSED = EventKind.REFUSED

CASES: list[tuple[str, dict[str, Any], EventKind, bool]] = [
    ("resend", resend("email.sent"), OTHER, False),
    ("resend", resend("email.scheduled"), OTHER, False),
    ("resend", resend("email.delivered"), DELIVERED, False),
    ("resend", resend("email.delivery_delayed"), DEFERRED, False),
    ("resend", resend("email.bounced", bounce={"message": "550 5.1.1 no such user", "subType": "General", "type": "Permanent"}), BOUNCED, True),
    ("resend", resend("email.bounced", bounce={"message": "mailbox full", "subType": "MailboxFull", "type": "Transient"}), BOUNCED, False),
    ("resend", resend("email.bounced", bounce={"message": "refused", "subType": "ContentRejected", "type": "Transient"}), REFUSED, False),
    ("resend", resend("email.bounced", bounce={"message": "a negative impact on your reputation as a sender", "subType": "General", "type": "Permanent"}), BOUNCED, True),
    ("resend", resend("email.bounced", bounce={"message": "?", "subType": "General", "type": "Permanent", "diagnosticCode": ["smtp; 550 5.7.26 unauthenticated"]}), REFUSED, False),
    ("resend", resend("email.bounced", bounce={"message": "?", "subType": "Suppressed", "type": "Permanent", "diagnosticCode": "smtp; 550 5.7.26 unauthenticated"}), BOUNCED, True),
    ("resend", resend("email.bounced", bounce={"message": "?", "subType": "Undetermined", "type": "Undetermined"}), BOUNCED, False),
    ("resend", resend("email.complained"), COMPLAINED, False),
    ("resend", resend("email.suppressed", suppressed={"message": "suppressed", "type": "OnAccountSuppressionList"}), BOUNCED, True),
    ("resend", resend("email.failed", failed={"reason": "reached_daily_quota"}), REFUSED, False),
    ("resend", resend("email.clicked", click={"ipAddress": "192.0.2.1", "link": "https://example.org/", "timestamp": ISO, "userAgent": "x"}), OTHER, False),
    ("ses", ses("Send", "send", {}), OTHER, False),
    ("ses", ses("Delivery", "delivery", {"timestamp": ISO, "processingTimeMillis": 546, "recipients": [ANN], "smtpResponse": "250 ok", "reportingMTA": "mta.example.org"}), DELIVERED, False),
    ("ses", ses("DeliveryDelay", "deliveryDelay", {"timestamp": ISO, "delayType": "TransientCommunicationFailure", "expirationTime": ISO, "delayedRecipients": [{"emailAddress": ANN, "status": "4.4.1", "diagnosticCode": "smtp; 421 later"}]}), DEFERRED, False),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": ANN, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"}], "timestamp": ISO, "feedbackId": "f-1"}), BOUNCED, True),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList", "bouncedRecipients": [{"emailAddress": ANN}], "timestamp": ISO, "feedbackId": "f-1"}), BOUNCED, True),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": [{"emailAddress": ANN}], "timestamp": ISO, "feedbackId": "f-1"}), BOUNCED, False),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Transient", "bounceSubType": "ContentRejected", "bouncedRecipients": [{"emailAddress": ANN}], "timestamp": ISO, "feedbackId": "f-1"}), REFUSED, False),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": ANN, "status": "5.7.26", "diagnosticCode": "smtp; 550-5.7.26 unauthenticated"}], "timestamp": ISO}), REFUSED, False),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Transient", "bounceSubType": "MessageTooLarge", "bouncedRecipients": [{"emailAddress": ANN, "diagnosticCode": "smtp; 552 5.2.2 over quota"}], "timestamp": ISO}), BOUNCED, False),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Permanent", "bounceSubType": "Suppressed", "bouncedRecipients": [{"emailAddress": ANN, "status": "5.1.1", "diagnosticCode": "Amazon SES has suppressed sending; see the reputation page"}], "timestamp": ISO}), BOUNCED, True),
    ("ses", ses("Bounce", "bounce", {"bounceType": "Undetermined", "bounceSubType": "Undetermined", "bouncedRecipients": [{"emailAddress": ANN}], "timestamp": ISO}), BOUNCED, False),
    ("ses", ses("Complaint", "complaint", {"complainedRecipients": [{"emailAddress": ANN}], "timestamp": ISO, "feedbackId": "f-1", "complaintFeedbackType": "abuse", "complaintSubType": None}), COMPLAINED, False),
    ("ses", ses("Complaint", "complaint", {"complainedRecipients": [{"emailAddress": ANN}], "timestamp": ISO, "complaintSubType": "OnAccountSuppressionList"}), COMPLAINED, False),
    ("ses", ses("Complaint", "complaint", {"complainedRecipients": [{"emailAddress": ANN}], "timestamp": ISO, "complaintFeedbackType": "not-spam"}), OTHER, False),
    ("ses", ses("Reject", "reject", {"reason": "Bad content"}), REFUSED, False),
    ("ses", ses("Rendering Failure", "failure", {"errorMessage": "x", "templateName": "t"}), REFUSED, False),
    ("mailgun", mailgun("accepted"), OTHER, False),
    ("mailgun", mailgun("delivered", **{"delivery-status": status(250, None, "OK")}), DELIVERED, False),
    ("mailgun", mailgun("failed", severity="temporary", reason="greylisted", **{"delivery-status": status(450, "4.7.1")}), DEFERRED, False),
    ("mailgun", mailgun("failed", severity="permanent", reason="bounce", **{"delivery-status": status(550, "5.1.1", "no such user", **{"bounce-type": "hard"})}), BOUNCED, True),
    ("mailgun", mailgun("failed", severity="permanent", reason="bounce", **{"delivery-status": status(550, "5.7.26", "unauthenticated")}), REFUSED, False),
    ("mailgun", mailgun("failed", severity="permanent", reason="espblock", **{"delivery-status": status(550, None, "blocked")}), REFUSED, False),
    ("mailgun", mailgun("failed", severity="permanent", reason="generic", **{"delivery-status": status(550, None, "High probability of spam")}), REFUSED, False),
    ("mailgun", mailgun("failed", severity="permanent", reason="bounce", **{"delivery-status": status(552, "5.2.2", "mailbox full")}), BOUNCED, False),
    ("mailgun", mailgun("failed", severity="permanent", reason="old", **{"delivery-status": status(602, None, "too old")}), BOUNCED, False),
    ("mailgun", mailgun("failed", severity="permanent", reason="suppress-bounce", **{"delivery-status": status(605, "", "Not delivering to previously bounced address")}), BOUNCED, True),
    ("mailgun", mailgun("failed", severity="permanent", reason="suppress-complaint", **{"delivery-status": status(607, "")}), COMPLAINED, False),
    ("mailgun", mailgun("failed", severity="permanent", reason="suppress-unsubscribe", **{"delivery-status": status(606, "")}), UNSUBSCRIBED, False),
    ("mailgun", mailgun("complained"), COMPLAINED, False),
    ("mailgun", mailgun("unsubscribed", ip="192.0.2.1"), UNSUBSCRIBED, False),
    ("mailgun", mailgun("opened", ip="192.0.2.1"), OTHER, False),
    ("sendgrid", sendgrid("processed"), OTHER, False),
    ("sendgrid", sendgrid("delivered", response="250 OK", tls=1), DELIVERED, False),
    ("sendgrid", sendgrid("deferred", response="400 try again later", attempt="5"), DEFERRED, False),
    ("sendgrid", sendgrid("bounce", type="bounce", reason="550 5.1.1 unknown", status="5.1.1", bounce_classification="Invalid Address"), BOUNCED, True),
    ("sendgrid", sendgrid("bounce", type="blocked", reason="550 5.7.1 spam", status="5.7.1", bounce_classification="Reputation"), REFUSED, False),
    ("sendgrid", sendgrid("bounce", type="blocked", reason="no", status="", bounce_classification="Unclassified"), REFUSED, False),
    ("sendgrid", sendgrid("bounce", type="blocked", reason="452 4.2.2 full", status="4.2.2", bounce_classification="Mailbox Unavailable"), BOUNCED, False),
    ("sendgrid", sendgrid("bounce", type="blocked", reason="552 5.2.2 over quota", status="5.2.2"), BOUNCED, False),
    ("sendgrid", sendgrid("bounce", type="bounce", reason="550 5.7.1 policy", status="5.7.1", bounce_classification="Content"), REFUSED, False),
    ("sendgrid", sendgrid("dropped", reason="Bounced Address", status="5.0.0"), BOUNCED, True),
    ("sendgrid", sendgrid("dropped", reason="Invalid"), BOUNCED, True),
    ("sendgrid", sendgrid("dropped", reason="Invalid SMTPAPI header"), REFUSED, False),
    ("sendgrid", sendgrid("dropped", reason="Recipient List over Package Quota"), REFUSED, False),
    ("sendgrid", sendgrid("dropped", reason="Unsubscribed Address"), UNSUBSCRIBED, False),
    ("sendgrid", sendgrid("dropped", reason="Spam Reporting Address"), COMPLAINED, False),
    ("sendgrid", sendgrid("spamreport"), COMPLAINED, False),
    ("sendgrid", sendgrid("unsubscribe"), UNSUBSCRIBED, False),
    ("sendgrid", sendgrid("group_unsubscribe", asm_group_id=10, ip="192.0.2.1"), UNSUBSCRIBED, False),
    ("sendgrid", sendgrid("group_resubscribe", asm_group_id=10), OTHER, False),
    ("postmark", bounce("HardBounce", 1, Inactive=True), BOUNCED, True),
    ("postmark", bounce("BadEmailAddress", 100000), BOUNCED, True),
    ("postmark", bounce("ManuallyDeactivated", 100006, Inactive=True), BOUNCED, True),
    ("postmark", bounce("SoftBounce", 4096), BOUNCED, False),
    ("postmark", bounce("Unknown", 2048, Inactive=True), BOUNCED, True),
    ("postmark", bounce("DnsError", 256), BOUNCED, False),
    ("postmark", bounce("SpamNotification", 512), REFUSED, False),
    ("postmark", bounce("Blocked", 100006), REFUSED, False),
    ("postmark", bounce("DMARCPolicy", 100009), REFUSED, False),
    ("postmark", bounce("VirusNotification", 8192), REFUSED, False),
    ("postmark", bounce("SoftBounce", 4096, Details="smtp;550 5.7.1 blocked using zen.spamhaus.org"), REFUSED, False),
    ("postmark", bounce("Transient", 2), DEFERRED, False),
    ("postmark", bounce("AutoResponder", 64), OTHER, False),
    ("postmark", bounce("AddressChange", 128), OTHER, False),
    ("postmark", bounce("ChallengeVerification", 16384), OTHER, False),
    ("postmark", bounce("SMTPApiError", 100003), REFUSED, False),
    ("postmark", bounce("TemplateRenderingFailed", 100010), REFUSED, False),
    ("postmark", bounce("SpamComplaint", 100001, Inactive=True), COMPLAINED, False),
    ("postmark", {**bounce("SpamComplaint", 100001, Inactive=True), "RecordType": "SpamComplaint"}, COMPLAINED, False),
    ("postmark", {k: v for k, v in bounce("HardBounce", 1).items() if k != "RecordType"}, BOUNCED, True),
    ("postmark", postmark("Delivery", Recipient=ANN, DeliveredAt=ISO, Details="250 ok"), DELIVERED, False),
    ("postmark", postmark("SubscriptionChange", Recipient=ANN, ChangedAt=ISO, Origin="Recipient", SuppressSending=True, SuppressionReason="ManualSuppression"), UNSUBSCRIBED, False),
    ("postmark", postmark("SubscriptionChange", Recipient=ANN, ChangedAt=ISO, Origin="Recipient", SuppressSending=True, SuppressionReason="SpamComplaint"), COMPLAINED, False),
    ("postmark", postmark("SubscriptionChange", Recipient=ANN, ChangedAt=ISO, Origin="Recipient", SuppressSending=True, SuppressionReason="HardBounce"), BOUNCED, True),
    ("postmark", postmark("SubscriptionChange", Recipient=ANN, ChangedAt=ISO, Origin="Customer", SuppressSending=False, SuppressionReason=None), OTHER, False),
    ("postmark", postmark("Open", Recipient=ANN, ReceivedAt=ISO, FirstOpen=True), OTHER, False),
    ("brevo", brevo("request"), OTHER, False),
    ("brevo", brevo("delivered"), DELIVERED, False),
    ("brevo", brevo("deferred", reason="450 later"), DEFERRED, False),
    ("brevo", brevo("soft_bounce", reason="mailbox full"), BOUNCED, False),
    ("brevo", brevo("hard_bounce", reason="550 5.1.1"), BOUNCED, True),
    ("brevo", brevo("hard_bounce", reason="550 5.7.26 unauthenticated"), REFUSED, False),
    ("brevo", brevo("soft_bounce", reason="554 IP on a blocklist"), REFUSED, False),
    ("brevo", brevo("invalid_email"), BOUNCED, True),
    ("brevo", brevo("blocked", reason="blocked : due to blacklist user"), BOUNCED, False),
    ("brevo", brevo("spam"), COMPLAINED, False),
    ("brevo", brevo("complaint"), COMPLAINED, False),
    ("brevo", brevo("unsubscribed"), UNSUBSCRIBED, False),
    ("brevo", brevo("unsubscribe"), UNSUBSCRIBED, False),
    ("brevo", brevo("error"), OTHER, False),
    ("brevo", brevo("unique_proxy_open"), OTHER, False),
    ("mailtrap", mailtrap("delivery"), DELIVERED, False),
    ("mailtrap", mailtrap("bounce", response="550 5.1.1", response_code=550, bounce_category="badmailbox"), BOUNCED, True),
    ("mailtrap", mailtrap("soft bounce", response="452 full", response_code=452, bounce_category="quota"), BOUNCED, False),
    ("mailtrap", mailtrap("bounce", response="550 no", response_code=550, bounce_category="spam-related"), REFUSED, False),
    ("mailtrap", mailtrap("soft bounce", response="450 4.7.1 rate limited", response_code=450), REFUSED, False),
    ("mailtrap", mailtrap("spam"), COMPLAINED, False),
    ("mailtrap", mailtrap("unsubscribe", ip="192.0.2.1"), UNSUBSCRIBED, False),
    ("mailtrap", mailtrap("suspension", reason="account suspended"), REFUSED, False),
    ("mailtrap", mailtrap("reject", reason="not verified"), OTHER, False),
    ("kumomta", kumomta("Reception"), OTHER, False),
    ("kumomta", kumomta("Delivery", response=response(250, (2, 0, 0), "OK")), DELIVERED, False),
    ("kumomta", kumomta("TransientFailure", response=response(451, (4, 7, 1), "later")), DEFERRED, False),
    ("kumomta", kumomta("Bounce", response=response(550, (5, 1, 1), "no such user")), BOUNCED, True),
    ("kumomta", kumomta("Bounce", response=response(550, (5, 7, 1), "spam"), bounce_classification="SpamBlock"), REFUSED, False),
    ("kumomta", kumomta("Bounce", response=response(550, (5, 7, 26), "unauthenticated")), REFUSED, False),
    ("kumomta", kumomta("Bounce", response=response(552, (5, 2, 2), "full"), bounce_classification="QuotaIssues"), BOUNCED, False),
    ("kumomta", kumomta("OOB", response=response(550, (5, 1, 1), "no such user"), sender=""), BOUNCED, True),
    ("kumomta", kumomta("Expiration"), BOUNCED, False),
    ("kumomta", kumomta("AdminBounce"), OTHER, False),
    ("kumomta", feedback("abuse"), COMPLAINED, False),
    ("kumomta", feedback("ABUSE", original_rcpto_to=[], supplemental_trace={"recipient": ANN}), COMPLAINED, False),
    ("kumomta", feedback("not-spam"), OTHER, False),
    ("kumomta", feedback("opt-out"), UNSUBSCRIBED, False),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "payload", "kind", "is_permanent"), CASES)
def test_what_a_provider_documents_is_read(provider: str, payload: Any, kind: EventKind, is_permanent: bool) -> None:
    event = told(provider, payload)
    assert (event.kind, event.is_permanent) == (kind, is_permanent)
    assert (event.provider, event.address) == (provider, ANN)
    assert event.id
    assert event.provider_id


def test_every_provider_has_its_cases() -> None:
    grave = {kind for kind in EventKind if kind not in {OTHER, DEFERRED}}
    for provider in HOOKS:
        read = {kind for name, _, kind, _ in CASES if name == provider}
        missing = {"resend": {UNSUBSCRIBED}, "ses": {UNSUBSCRIBED}}.get(provider, set())  # they have no such report
        assert grave - read == missing, provider


@pytest.mark.parametrize(
    ("provider", "payload"),
    [
        ("resend", resend("email.delivered")),
        ("ses", ses("Delivery", "delivery", {"timestamp": ISO, "recipients": [ANN]})),
        ("mailgun", mailgun("delivered")),
        ("sendgrid", sendgrid("delivered")),
        ("postmark", bounce("HardBounce", 1)),
        ("brevo", brevo("delivered")),
        ("mailtrap", mailtrap("delivery")),
        ("kumomta", kumomta("Delivery")),
    ],
)
def test_when_it_happened_is_read(provider: str, payload: Any) -> None:
    assert abs(told(provider, payload).at - HAPPENED) < timedelta(seconds=1)


def test_a_complaint_that_names_nobody_bars_nobody() -> None:
    assert told("kumomta", feedback("abuse", original_rcpto_to=[])).address == ""


def test_a_record_of_several_recipients_is_an_event_of_each() -> None:
    body = json.dumps(kumomta("Bounce", recipient=[ANN, "bob@example.org"])).encode()
    found = HOOKS["kumomta"](Report(headers={}, body=body, given="word"), "word", NOW)
    assert [event.address for event in found] == [ANN, "bob@example.org"]
    assert len({event.id for event in found}) == 2


@pytest.mark.parametrize("message", ["Successfully validated SNS topic for Amazon SES event publishing.", "hello", ""])
def test_a_sentence_through_the_topic_is_no_event_and_no_error(message: str) -> None:
    assert HOOKS["ses"](signing.ses({}, NOW, Message=message), signing.TOPIC, NOW) == ()


# ------------------------------------------------------------------ replays


def signed_then(provider: str) -> tuple[Report, str]:
    """A report that was signed at NOW."""
    if provider == "ses":
        return signing.ses(ses("Complaint", "complaint", {"complainedRecipients": [{"emailAddress": ANN}]}), NOW), signing.TOPIC  # fmt: skip
    if provider == "mailgun":
        return signing.mailgun(mailgun("complained"), NOW), "key"
    if provider == "sendgrid":
        return signing.sendgrid([sendgrid("spamreport")], NOW), signing.sendgrid_key()
    body = json.dumps(mailtrap("spam")).encode()
    mark = hmac.digest(b"secret", body, hashlib.sha256).hex()
    return Report(headers={"mailtrap-signature": mark}, body=body), "secret"


TIMED = pytest.mark.parametrize("provider", ["ses", "mailgun", "sendgrid", "mailtrap"])


@TIMED
def test_what_was_signed_long_ago_is_refused_though_its_number_is_forgotten(provider: str) -> None:
    report, secret = signed_then(provider)
    with pytest.raises(Forged, match="too old"):
        HOOKS[provider](report, secret, NOW + OLDEST + timedelta(seconds=1))


@TIMED
def test_what_is_tried_again_for_a_day_is_taken(provider: str) -> None:
    report, secret = signed_then(provider)
    assert len(HOOKS[provider](report, secret, NOW + timedelta(hours=24))) == 1


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "²", "9" * 30, "1970-01-01T00:00:00Z"])
def test_a_message_of_sns_without_a_time_is_refused(stamp: str) -> None:
    with pytest.raises(Forged, match="too old"):
        HOOKS["ses"](signing.ses(ses("Send"), NOW, Timestamp=stamp), signing.TOPIC, NOW)


def test_numbers_are_kept_for_longer_than_a_signature_counts() -> None:
    from digest.config.settings import _SHORTEST_DAYS

    assert timedelta(days=_SHORTEST_DAYS) > 2 * OLDEST


# ------------------------------------------------------------------ odd values


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 0, -5, 1e18, float("nan"), "²"])  # fmt: skip
def test_an_absurd_time_is_none(value: object) -> None:
    assert instant(value) is None
    assert moment(value, NOW) == NOW


def test_what_has_not_come_yet_is_now() -> None:
    assert moment((NOW + timedelta(days=400)).isoformat(), NOW) == NOW


def test_half_a_surrogate_pair_can_be_stored() -> None:
    event = told("postmark", bounce("HardBounce", 1, Details="\ud800 no", Email="\udfffann@example.org"))
    assert (event.detail + event.address).encode()


def test_half_a_surrogate_pair_in_a_signature_is_refused() -> None:
    body = b'{"signature": {"timestamp": "\\ud800", "token": "\\ud800", "signature": "\\ud800"}}'
    with pytest.raises(Forged):
        HOOKS["mailgun"](Report(headers={}, body=body), "key", NOW)
