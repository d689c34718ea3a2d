"""What each provider's own words mean: per-recipient errors, accounts, speed, keys seen before."""

from datetime import UTC, datetime

import httpx
import pytest

from digest.send import compose
from digest.send.providers.base import Accepted, Account, Cause, Refusal, Rejected, Retry, Unknown
from digest.send.providers.brevo import Brevo
from digest.send.providers.kumomta import Kumo
from digest.send.providers.mailgun import Mailgun
from digest.send.providers.mailtrap import Mailtrap
from digest.send.providers.postmark import Postmark
from digest.send.providers.resend import Resend
from digest.send.providers.ses import Ses, SigV4
from digest.testing.contract import ENVELOPE, RENDERED, people

ACCOUNT = Account(base_url="https://api.example.org", sender="a@example.org", api_key="id:secret", region="eu-west-1")
BATCH = compose.batch(ENVELOPE, RENDERED, people(3))


def kinds(outcomes) -> list[type]:
    return [type(outcome) for outcome in outcomes]


def test_postmarks_200_is_read_item_by_item() -> None:
    items = [
        {"ErrorCode": 0, "MessageID": "1", "Message": "OK"},
        {"ErrorCode": 406, "Message": "inactive"},
        {"ErrorCode": 429, "Message": "slow"},
    ]
    outcomes = Postmark(ACCOUNT).decode(BATCH, httpx.Response(200, json=items))
    assert outcomes == (
        Accepted(provider_id="1"),
        Rejected(code="406", reason="inactive"),
        Retry(reason="429 slow"),
    )


def test_postmarks_unconfirmed_sender_is_the_account() -> None:
    items = [{"ErrorCode": 400, "Message": "sender signature not found"}] * 3
    read = Postmark(ACCOUNT).decode(BATCH, httpx.Response(200, json=items))
    assert read == Refusal(cause=Cause.ACCOUNT, reason="sender signature not found")
    answer = httpx.Response(422, json={"ErrorCode": 412, "Message": "pending approval"})
    assert Postmark(ACCOUNT).refusal(answer).cause is Cause.ACCOUNT


def test_ses_is_read_entry_by_entry() -> None:
    results = [
        {"Status": "SUCCESS", "MessageId": "1"},
        {"Status": "MESSAGE_REJECTED", "Error": "virus"},
        {"Status": "ACCOUNT_THROTTLED"},
    ]
    outcomes = Ses(ACCOUNT).decode(BATCH, httpx.Response(200, json={"BulkEmailEntryResults": results}))
    assert kinds(outcomes) == [Accepted, Rejected, Retry]


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (429, "TooManyRequestsException", Cause.BUSY),
        (400, "LimitExceededException:http://internal.amazon.com/", Cause.BUSY),
        (400, "SendingPausedException", Cause.ACCOUNT),
        (400, "MailFromDomainNotVerifiedException", Cause.ACCOUNT),
    ],
)
def test_ses_says_its_errors_by_type(status: int, kind: str, cause: Cause) -> None:
    by_header = httpx.Response(status, headers={"x-amzn-errortype": kind}, json={"message": "m"})
    by_body = httpx.Response(status, json={"__type": f"com.amazonaws#{kind}", "message": "m"})
    assert Ses(ACCOUNT).refusal(by_header).cause is cause
    assert Ses(ACCOUNT).refusal(by_body).cause is cause


def test_a_bad_sender_at_ses_stops_the_run() -> None:
    results = [{"Status": "MAIL_FROM_DOMAIN_NOT_VERIFIED"}] * 3
    read = Ses(ACCOUNT).decode(BATCH, httpx.Response(200, json={"BulkEmailEntryResults": results}))
    assert isinstance(read, Refusal)


@pytest.mark.parametrize(
    ("token", "signature"),  # computed by botocore for the same request and second
    [
        ("", "04df8aecc9162a811b028fd624e120294db47b67db204a5aaa52e8c220e285e5"),
        (":TOKEN", "31eea8e7675df31fa5ae199b6c007778dd951d1925145f0f8d12833df20d05f0"),
    ],
)
def test_the_signature_is_botocores(token: str, signature: str) -> None:
    key = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" + token
    auth = SigV4(key, region="us-east-1", now=lambda: WHEN)
    request = httpx.Request(
        "POST",
        "https://email.us-east-1.amazonaws.com/v2/email/outbound-bulk-emails",
        content='{"a":"ü"}'.encode(),
        headers={"Content-Type": "application/json"},
    )
    (signed,) = auth.auth_flow(request)
    assert signed.headers["authorization"].rpartition("Signature=")[2] == signature
    assert "wJalr" not in str(signed.headers)


WHEN = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def test_resends_409_has_two_senses() -> None:
    provider = Resend(ACCOUNT)
    soon = httpx.Response(409, json={"name": "concurrent_idempotent_requests", "message": "m"})
    never = httpx.Response(409, json={"name": "invalid_idempotent_request", "message": "m"})
    assert provider.refusal(soon).cause is Cause.PENDING
    assert provider.refusal(never).cause is Cause.UNCLEAR
    bad = httpx.Response(422, json={"name": "invalid_from_address", "message": "m"})
    assert provider.refusal(bad).cause is Cause.ACCOUNT
    assert provider.refusal(httpx.Response(422, json={"name": "validation_error", "message": "m"})) is None


def test_brevos_key_seen_before_was_taken_before() -> None:
    answer = httpx.Response(400, json={"code": "duplicate_request", "message": "Same idempotencyKey"})
    assert Brevo(ACCOUNT).refusal(answer).cause is Cause.TAKEN


def test_mailguns_magnificent_page_is_no_success() -> None:
    outcomes = Mailgun(ACCOUNT).decode(BATCH, httpx.Response(200, text="Mailgun Magnificent API"))
    assert kinds(outcomes) == [Unknown] * 3


def test_mailtrap_names_who_failed() -> None:
    answers = [
        {"success": True, "message_ids": ["1"]},
        {"success": False, "errors": ["'to' is invalid"]},
        {"success": True},
    ]
    outcomes = Mailtrap(ACCOUNT).decode(BATCH, httpx.Response(200, json={"responses": answers}))
    assert kinds(outcomes) == [Accepted, Rejected, Unknown]


def test_kumo_lists_who_failed() -> None:
    failed = BATCH.recipients[1].address
    body = {"success_count": 2, "fail_count": 1, "failed_recipients": [failed], "errors": ["550 no"]}
    outcomes = Kumo(ACCOUNT).decode(BATCH, httpx.Response(200, json=body))
    assert outcomes == (Accepted(), Rejected(reason="550 no"), Accepted())
    body["success_count"] = 3
    assert kinds(Kumo(ACCOUNT).decode(BATCH, httpx.Response(200, json=body))) == [Unknown] * 3
