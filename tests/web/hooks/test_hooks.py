"""Each provider's reports: verified on raw bytes, read into the one taxonomy, refused where anything is off."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from conftest import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from web import signing

from digest.model import Event, EventKind
from digest.web.hooks import HOOKS, Forged, Report, Unreadable
from digest.web.hooks.report import fingerprint, moment, parsed


def open_hook(payload: object, secret: str = "secret") -> Report:
    return Report(headers={}, body=json.dumps(payload).encode(), given=secret)


RESEND = {
    "type": "email.bounced",
    "created_at": "2026-11-23T06:00:00.000Z",
    "data": {
        "email_id": "e-1",
        "to": ["Ann@Example.org"],
        "bounce": {"type": "Permanent", "subType": "General", "message": "550 5.1.1 no such user"},
    },
}
SES = {
    "eventType": "Bounce",
    "mail": {"messageId": "s-1", "destination": ["ann@example.org"]},
    "bounce": {
        "bounceType": "Permanent",
        "timestamp": "2026-11-23T06:00:00.000Z",
        "bouncedRecipients": [{"emailAddress": "ann@example.org", "diagnosticCode": "smtp; 550 5.1.1"}],
    },
}
MAILGUN = {
    "event": "failed",
    "severity": "permanent",
    "timestamp": 1795413600.0,
    "recipient": "ann@example.org",
    "message": {"headers": {"message-id": "<m-1@example.org>"}},
    "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": "no such user"},
}
SENDGRID = {
    "event": "bounce",
    "type": "bounce",
    "email": "ann@example.org",
    "timestamp": 1795413600,
    "sg_event_id": "g-1",
    "sg_message_id": "abc.filter0001.16648.5515E0B88.0",
    "reason": "550 5.1.1 no such user",
}
POSTMARK = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "ID": 42,
    "MessageID": "p-1",
    "Email": "ann@example.org",
    "BouncedAt": "2026-11-23T06:00:00Z",
    "Details": "no such user",
}
BREVO = {
    "event": "hard_bounce",
    "email": "ann@example.org",
    "id": 7,
    "message-id": "<b-1@relay>",
    "ts_event": 1795413600,
    "reason": "no such user",
}
MAILTRAP = {"events": [{"event": "bounce", "email": "ann@example.org", "message_id": "t-1", "event_id": "te-1", "timestamp": 1795413600}]}  # fmt: skip
KUMOMTA = {
    "type": "Bounce",
    "id": "k-1",
    "recipient": "ann@example.org",
    "timestamp": 1795413600,
    "response": {"code": 550, "enhanced_code": {"class": 5, "subject": 1, "detail": 1}, "content": "no such user"},
}
HARD: dict[str, tuple[Report, str]] = {
    "resend": (signing.resend(RESEND, NOW), signing.SVIX),
    "ses": (signing.ses(SES, NOW), signing.TOPIC),
    "mailgun": (signing.mailgun(MAILGUN, NOW), "key"),
    "sendgrid": (signing.sendgrid([SENDGRID], NOW), signing.sendgrid_key()),
    "postmark": (open_hook(POSTMARK), "secret"),
    "brevo": (open_hook(BREVO), "secret"),
    "mailtrap": (open_hook(MAILTRAP), "secret"),
    "kumomta": (open_hook(KUMOMTA), "secret"),
}
every = pytest.mark.parametrize("provider", sorted(HARD))


def test_every_hook_is_tested() -> None:
    assert set(HARD) == set(HOOKS)


@every
def test_a_hard_bounce_is_one(provider: str) -> None:
    report, secret = HARD[provider]
    (event,) = HOOKS[provider](report, secret, NOW)
    assert (event.kind, event.is_permanent, event.provider) == (EventKind.BOUNCED, True, provider)
    assert event.address.lower() == "ann@example.org"
    assert event.provider_id in {"e-1", "s-1", "m-1@example.org", "abc", "p-1", "b-1@relay", "t-1", "k-1"}
    assert event.id
    assert abs(event.at - NOW) < timedelta(days=1)


@every
def test_the_same_request_is_the_same_event(provider: str) -> None:
    report, secret = HARD[provider]
    assert HOOKS[provider](report, secret, NOW) == HOOKS[provider](report, secret, NOW)


@every
def test_another_secret_is_refused(provider: str) -> None:
    report, _ = HARD[provider]
    other = {"resend": "whsec_b3RoZXI=", "sendgrid": "b3RoZXI="}.get(provider, "other")
    with pytest.raises(Forged):
        HOOKS[provider](report, other, NOW)


@every
def test_no_secret_verifies_nothing(provider: str) -> None:
    report, _ = HARD[provider]
    with pytest.raises(Forged):
        HOOKS[provider](replace(report, given=""), "", NOW)


@pytest.mark.parametrize("provider", ["resend", "ses", "sendgrid"])
def test_an_altered_body_is_refused(provider: str) -> None:
    report, secret = HARD[provider]
    altered = replace(report, body=report.body.replace(b"ann@", b"bob@").replace(b"Ann@", b"bob@"))
    assert altered.body != report.body
    with pytest.raises(Forged):
        HOOKS[provider](altered, secret, NOW)


@pytest.mark.parametrize("provider", ["resend", "sendgrid"])
def test_a_request_without_its_headers_is_refused(provider: str) -> None:
    report, secret = HARD[provider]
    for name in report.headers:
        less = {key: value for key, value in report.headers.items() if key != name}
        with pytest.raises(Forged, match=name):
            HOOKS[provider](replace(report, headers=less), secret, NOW)


@pytest.mark.parametrize("away", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_a_stale_svix_request_is_refused(away: timedelta) -> None:
    with pytest.raises(Forged, match="too old"):
        HOOKS["resend"](signing.resend(RESEND, NOW), signing.SVIX, NOW + away)


def test_standard_webhooks_names_serve_too() -> None:
    report = signing.resend(RESEND, NOW)
    renamed = {name.replace("svix-", "webhook-"): value for name, value in report.headers.items()}
    assert len(HOOKS["resend"](replace(report, headers=renamed), signing.SVIX, NOW)) == 1


def test_one_good_signature_of_several_is_enough() -> None:
    report = signing.resend(RESEND, NOW)
    headers = {**report.headers, "svix-signature": f"v1,AAAA v2,x {report.headers['svix-signature']}"}
    assert len(HOOKS["resend"](replace(report, headers=headers), signing.SVIX, NOW)) == 1


def test_several_recipients_are_several_events() -> None:
    payload = {**RESEND, "data": {**RESEND["data"], "to": ["a@example.org", "b@example.org"]}}
    found = HOOKS["resend"](signing.resend(payload, NOW), signing.SVIX, NOW)
    assert len({event.id for event in found}) == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("email.delivered", EventKind.DELIVERED),
        ("email.complained", EventKind.COMPLAINED),
        ("email.delivery_delayed", EventKind.DEFERRED),
        ("email.opened", EventKind.OTHER),
        ("of.the.future", EventKind.OTHER),
    ],
)
def test_resend_kinds(name: str, kind: EventKind) -> None:
    (event,) = HOOKS["resend"](signing.resend({**RESEND, "type": name}, NOW), signing.SVIX, NOW)
    assert event.kind is kind


# ------------------------------------------------------------------ Amazon


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/x.pem",
        "https://s3.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/x.pem",
        "https://user@sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com/x.txt",
        "",
    ],
)
def test_a_certificate_from_elsewhere_is_never_asked_for(url: str) -> None:
    from digest.web.hooks import ses

    with pytest.raises(Forged):
        ses.certificate_url(signing.ses(SES, NOW, SigningCertURL=url), signing.TOPIC, NOW)


def test_a_certificate_of_amazon_is() -> None:
    from digest.web.hooks import ses

    assert ses.certificate_url(signing.ses(SES, NOW), signing.TOPIC, NOW) == signing.CERTIFICATE_URL


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": "arn:aws:sns:eu-central-1:1:other"},
        {"SignatureVersion": "1"},
        {"Type": "Other"},
    ],
)
def test_a_message_of_sns_that_is_not_ours_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Forged):
        HOOKS["ses"](signing.ses(SES, NOW, **changes), signing.TOPIC, NOW)


def test_a_certificate_out_of_its_time_is_refused() -> None:
    with pytest.raises(Forged, match="not valid now"):
        HOOKS["ses"](
            replace(signing.ses(SES, NOW + timedelta(days=60)), certificate=signing.certificate(NOW)),
            signing.TOPIC,
            NOW + timedelta(days=60),
        )


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(Forged):
        HOOKS["ses"](replace(signing.ses(SES, NOW), certificate=b"x"), signing.TOPIC, NOW)


def test_a_subscription_is_confirmed_at_amazon_only() -> None:
    from digest.web.hooks import ses

    good = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    asked = signing.ses({}, NOW, Type="SubscriptionConfirmation", SubscribeURL=good, Token="t")
    assert HOOKS["ses"](asked, signing.TOPIC, NOW) == ()
    assert ses.subscribe_url(asked) == good
    evil = signing.ses({}, NOW, Type="SubscriptionConfirmation", SubscribeURL="https://evil.example/", Token="t")
    with pytest.raises(Forged):
        ses.subscribe_url(evil)
    assert ses.subscribe_url(signing.ses(SES, NOW)) is None


@pytest.mark.parametrize(
    ("message", "kind", "addresses"),
    [
        (
            {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "a@b.org"}]}},
            EventKind.COMPLAINED,
            ["a@b.org"],
        ),
        (
            {"notificationType": "Delivery", "delivery": {"recipients": ["a@b.org", "c@d.org"]}},
            EventKind.DELIVERED,
            ["a@b.org", "c@d.org"],
        ),
        (
            {"eventType": "DeliveryDelay", "deliveryDelay": {"delayedRecipients": [{"emailAddress": "a@b.org"}]}},
            EventKind.DEFERRED,
            ["a@b.org"],
        ),
        ({"eventType": "Open", "mail": {"destination": ["a@b.org"]}}, EventKind.OTHER, ["a@b.org"]),
        ({"eventType": "Bounce", "bounce": {}}, EventKind.BOUNCED, []),
        ({}, EventKind.OTHER, []),
    ],
)
def test_ses_kinds(message: object, kind: EventKind, addresses: list[str]) -> None:
    found = HOOKS["ses"](signing.ses(message, NOW), signing.TOPIC, NOW)
    assert [event.address for event in found] == addresses
    assert {event.kind for event in found} <= {kind}


# ------------------------------------------------------------------ the others


def one(provider: str, payload: object) -> Event:
    if provider == "mailgun":
        report, secret = signing.mailgun(payload, NOW), "key"
    elif provider == "sendgrid":
        report, secret = signing.sendgrid([payload], NOW), signing.sendgrid_key()
    else:
        report, secret = open_hook(payload), "secret"
    (event,) = HOOKS[provider](report, secret, NOW)
    return event


@pytest.mark.parametrize(
    ("provider", "payload", "kind", "is_permanent"),
    [
        ("mailgun", {**MAILGUN, "severity": "temporary"}, EventKind.DEFERRED, False),
        ("mailgun", {**MAILGUN, "delivery-status": {"code": 550, "enhanced-code": "5.7.1"}}, EventKind.REFUSED, False),
        ("mailgun", {**MAILGUN, "delivery-status": {"code": 550}}, EventKind.BOUNCED, True),
        ("mailgun", {**MAILGUN, "reason": "suppress-bounce", "delivery-status": {}}, EventKind.BOUNCED, True),
        ("mailgun", {"event": "complained"}, EventKind.COMPLAINED, False),
        ("mailgun", {"event": "unsubscribed"}, EventKind.UNSUBSCRIBED, False),
        ("mailgun", {"event": "delivered"}, EventKind.DELIVERED, False),
        ("mailgun", {"event": "clicked"}, EventKind.OTHER, False),
        ("sendgrid", {**SENDGRID, "type": "blocked"}, EventKind.BOUNCED, False),
        ("sendgrid", {**SENDGRID, "event": "dropped", "reason": "Bounced Address"}, EventKind.BOUNCED, True),
        ("sendgrid", {**SENDGRID, "event": "dropped", "reason": "Spam Content"}, EventKind.REFUSED, False),
        ("sendgrid", {**SENDGRID, "event": "spamreport"}, EventKind.COMPLAINED, False),
        ("sendgrid", {**SENDGRID, "event": "group_unsubscribe"}, EventKind.UNSUBSCRIBED, False),
        ("sendgrid", {**SENDGRID, "event": "delivered"}, EventKind.DELIVERED, False),
        ("sendgrid", {**SENDGRID, "event": "processed"}, EventKind.OTHER, False),
        ("postmark", {**POSTMARK, "Type": "SoftBounce"}, EventKind.BOUNCED, False),
        ("postmark", {**POSTMARK, "Type": "AutoResponder"}, EventKind.OTHER, False),
        ("postmark", {**POSTMARK, "Type": "Transient"}, EventKind.DEFERRED, False),
        ("postmark", {"RecordType": "SpamComplaint", "Email": "a@b.org"}, EventKind.COMPLAINED, False),
        ("postmark", {"RecordType": "Delivery", "Recipient": "a@b.org"}, EventKind.DELIVERED, False),
        ("postmark", {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "ManualSuppression"}, EventKind.UNSUBSCRIBED, False),
        ("postmark", {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "HardBounce"}, EventKind.BOUNCED, True),
        ("postmark", {"RecordType": "SubscriptionChange", "SuppressSending": False}, EventKind.OTHER, False),
        ("postmark", {"RecordType": "Open"}, EventKind.OTHER, False),
        ("brevo", {**BREVO, "event": "soft_bounce"}, EventKind.BOUNCED, False),
        ("brevo", {**BREVO, "event": "spam"}, EventKind.COMPLAINED, False),
        ("brevo", {**BREVO, "event": "unsubscribed"}, EventKind.UNSUBSCRIBED, False),
        ("brevo", {**BREVO, "event": "request"}, EventKind.OTHER, False),
        ("mailtrap", {"event": "soft_bounce", "email": "a@b.org"}, EventKind.BOUNCED, False),
        ("mailtrap", {"event": "spam", "email": "a@b.org"}, EventKind.COMPLAINED, False),
        ("mailtrap", {"event": "unsubscribe", "email": "a@b.org"}, EventKind.UNSUBSCRIBED, False),
        ("mailtrap", {"event": "open", "email": "a@b.org"}, EventKind.OTHER, False),
        ("kumomta", {**KUMOMTA, "bounce_classification": "SpamBlock"}, EventKind.REFUSED, False),
        ("kumomta", {**KUMOMTA, "bounce_classification": "InvalidRecipient", "response": {}}, EventKind.BOUNCED, True),
        ("kumomta", {**KUMOMTA, "type": "TransientFailure"}, EventKind.DEFERRED, False),
        ("kumomta", {**KUMOMTA, "type": "Feedback"}, EventKind.COMPLAINED, False),
        ("kumomta", {**KUMOMTA, "type": "Reception"}, EventKind.OTHER, False),
    ],
)  # fmt: skip
def test_kinds(provider: str, payload: object, kind: EventKind, is_permanent) -> None:
    event = one(provider, payload)
    assert (event.kind, event.is_permanent) == (kind, is_permanent)


def test_a_complaint_names_whom_the_report_names() -> None:
    payload = {**KUMOMTA, "type": "Feedback", "feedback_report": {"original_rcpto_to": ["<bob@example.org>"]}}
    assert one("kumomta", payload).address == "bob@example.org"


def test_kumomta_with_a_list_of_recipients() -> None:
    assert one("kumomta", {**KUMOMTA, "recipient": ["a@b.org"]}).address == "a@b.org"


def test_brevo_events_are_told_apart_though_they_share_an_id() -> None:
    first, second = one("brevo", BREVO), one("brevo", {**BREVO, "ts_event": 1795413601})
    assert first.id != second.id


def test_mailgun_counts_a_token_once_whatever_it_carries() -> None:
    (first,) = HOOKS["mailgun"](signing.mailgun(MAILGUN, NOW), "key", NOW)
    (second,) = HOOKS["mailgun"](signing.mailgun({**MAILGUN, "recipient": "bob@example.org"}, NOW), "key", NOW)
    assert first.id == second.id


def test_mailgun_is_refused_when_it_is_days_old() -> None:
    with pytest.raises(Forged, match="too old"):
        HOOKS["mailgun"](signing.mailgun(MAILGUN, NOW), "key", NOW + timedelta(days=2))


def test_mailtrap_signs_where_it_can() -> None:
    body = json.dumps(MAILTRAP).encode()
    mark = hmac.digest(b"secret", body, hashlib.sha256).hex()
    good = Report(headers={"mailtrap-signature": mark}, body=body)
    assert len(HOOKS["mailtrap"](good, "secret", NOW)) == 1
    with pytest.raises(Forged):
        HOOKS["mailtrap"](replace(good, body=body + b" "), "secret", NOW)
    with pytest.raises(Forged):  # a bad signature is not made good by a secret beside it
        HOOKS["mailtrap"](replace(good, headers={"mailtrap-signature": "0"}, given="secret"), "secret", NOW)


def test_mailtrap_in_lines() -> None:
    lines = b"\n".join(json.dumps(each).encode() for each in MAILTRAP["events"] * 2)
    assert len(HOOKS["mailtrap"](Report(headers={}, body=lines, given="secret"), "secret", NOW)) == 2


@pytest.mark.parametrize("provider", ["postmark", "brevo", "mailtrap", "kumomta"])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"text"', b"7", b"[" * 5000])
def test_what_is_no_json_cannot_be_read(provider: str, body: bytes) -> None:
    report = Report(headers={}, body=body, given="secret")
    try:
        found = HOOKS[provider](report, "secret", NOW)
    except Unreadable:
        return
    assert all(event.kind is EventKind.OTHER for event in found)


TEXT = st.text(st.characters(), max_size=20)  # with lone surrogates, which JSON may hold
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.datetimes().map(str) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@every
@settings(max_examples=60, deadline=None)
@given(noise=st.data())
def test_no_verified_report_breaks_the_reading(provider: str, noise: st.DataObject) -> None:
    """What a provider says is untrusted even when it is signed: any value in any place is read, or is unreadable."""
    payload = json.loads(json.dumps({"resend": RESEND, "ses": SES, "mailgun": MAILGUN, "sendgrid": SENDGRID, "postmark": POSTMARK, "brevo": BREVO, "mailtrap": MAILTRAP, "kumomta": KUMOMTA}[provider]))  # fmt: skip
    payload[noise.draw(st.sampled_from(sorted(payload)))] = noise.draw(JSON)
    made = {"resend": signing.resend, "ses": signing.ses, "mailgun": signing.mailgun}.get(provider)
    if made:
        report = made(payload, NOW)
    else:
        report = signing.sendgrid([payload], NOW) if provider == "sendgrid" else open_hook(payload)
    try:
        found = HOOKS[provider](report, HARD[provider][1], NOW)
    except (Forged, Unreadable):
        return
    for event in found:
        assert event.at.tzinfo is not None
        assert "\0" not in (said := event.id + event.address + event.detail + (event.provider_id or ""))
        assert said.encode()  # no half of a pair: a database refuses it
        assert NOW - timedelta(days=36_500) < event.at <= NOW  # a window of bounces can be counted back from it
        assert len(event.detail) <= 500


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1795413600, datetime.fromisoformat("2026-11-23T06:00:00+00:00")),
        ("1795413600", datetime.fromisoformat("2026-11-23T06:00:00+00:00")),
        (1795413600000, datetime.fromisoformat("2026-11-23T06:00:00+00:00")),
        ("2026-11-23T06:00:00Z", datetime.fromisoformat("2026-11-23T06:00:00+00:00")),
        ("2026-11-23T06:00:00", datetime.fromisoformat("2026-11-23T06:00:00+00:00")),
        ("soon", NOW),
        (None, NOW),
        (1e300, NOW),
    ],
)
def test_moments_as_providers_write_them(value: object, expected: datetime) -> None:
    assert moment(value, NOW) == expected


def test_a_fingerprint_tells_parts_apart() -> None:
    assert fingerprint("a", "b") != fingerprint("ab")
    assert fingerprint("a", None) == fingerprint("a", None)


def test_json_too_deep_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        parsed("[" * 100_000)
