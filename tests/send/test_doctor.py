"""What the doctor says of a domain, a provider, a message that arrived."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import dkim
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest.send import compose, doctor
from digest.send.doctor import Verdict
from digest.send.providers.base import Account, Capabilities, Codec
from digest.send.providers.brevo import Brevo
from digest.send.providers.kumomta import Kumo
from digest.send.providers.mailgun import Mailgun
from digest.send.providers.mailpit import Mailpit
from digest.send.providers.mailtrap import Mailtrap
from digest.send.providers.postmark import Postmark
from digest.send.providers.resend import Resend
from digest.send.providers.sendgrid import SendGrid
from digest.send.providers.ses import Ses
from digest.testing.contract import ENVELOPE, RENDERED, people

pytestmark = pytest.mark.anyio
RECORDS = {
    "example.org": ["google-site-verification=x", "v=spf1 include:_spf.example.net -all"],
    "_dmarc.example.org": ["v=DMARC1; p=reject"],
    "s1._domainkey.example.org": ["v=DKIM1; k=rsa; p=MIGf"],
    "old._domainkey.example.org": ["v=DKIM1; p="],
    "two.example": ["v=spf1 -all", "v=spf1 ~all"],
}


async def known(name: str) -> list[str]:
    if name not in RECORDS:
        raise LookupError(name)
    return RECORDS[name]


async def offline(name: str) -> list[str]:
    raise OSError("no network")


def verdicts(checks) -> dict[str, Verdict]:
    return {check.name: check.verdict for check in checks}


async def test_a_domain_in_order_is_good() -> None:
    found = await doctor.domain("example.org", known, selectors=["s1"])
    assert set(verdicts(found).values()) == {Verdict.GOOD}


async def test_what_is_missing_is_named_with_its_place() -> None:
    found = await doctor.domain("other.example", known, selectors=["s1"])
    assert verdicts(found) == {"SPF": Verdict.WARNING, "DMARC": Verdict.FAULT, "DKIM": Verdict.FAULT}
    assert any("_dmarc.other.example" in check.said for check in found)


async def test_two_spf_records_and_a_revoked_key_are_faults() -> None:
    assert verdicts(await doctor.domain("two.example", known))["SPF"] is Verdict.FAULT
    assert verdicts(await doctor.domain("example.org", known, selectors=["old"]))["DKIM"] is Verdict.FAULT


async def test_offline_it_says_that_it_could_not_ask() -> None:
    found = await doctor.domain("example.org", offline, selectors=["s1"])
    assert set(verdicts(found).values()) == {Verdict.UNKNOWN}
    assert all("could not be asked" in check.said for check in found)


NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ON_TIME = {"date": "Mon, 23 Nov 2026 06:30:10 GMT"}
ACCOUNT = Account(
    base_url="https://api.example.org", sender="M <a@b.example>", api_key="id:secret-key", region="eu-west-1"
)


async def examined(provider, answer, *, readers: int = 100) -> dict[str, doctor.Check]:
    """What the doctor finds where the provider answers so; an exception: does not answer."""

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.method == "GET"
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = await doctor.account(
        provider,
        "https://api.example.org",
        readers=readers,
        now=lambda: NOW,
        transport=httpx.MockTransport(respond),
    )
    assert not any("secret-key" in check.said for check in found)
    return {check.name: check for check in found}


GOOD = [
    (Ses, {"SendQuota": {"Max24HourSend": 50000, "SentLast24Hours": 100, "MaxSendRate": 14}}),
    (Resend, {"data": [{"name": "b.example", "status": "verified"}]}),
    (Resend, {"name": "restricted_api_key"}),
    (Postmark, {"Name": "mine"}),
    (Mailgun, {"domain": {"name": "b.example", "state": "active"}}),
    (SendGrid, {"scopes": ["mail.send"]}),
    (Brevo, {"plan": [{"type": "free", "credits": 300, "creditsType": "sendLimit"}]}),
    (Mailpit, {"Version": "v1.20"}),
    (Kumo, {}),
    (Mailtrap, [{"id": 26730, "name": "Mine", "access_levels": [100]}]),
]
BAD = [
    (Ses, {"SendQuota": {}, "SendingEnabled": False}, "paused"),
    (Ses, {"SendQuota": {"Max24HourSend": 200}, "ProductionAccessEnabled": False}, "sandbox"),
    (Resend, {"data": [{"name": "b.example", "status": "pending"}]}, "b.example is pending"),
    (Resend, {"data": []}, "not one of the account's domains"),
    (Mailgun, {"domain": {"state": "unverified"}}, "b.example is unverified"),
    (SendGrid, {"scopes": ["user.read"]}, "may not send"),
]


@pytest.mark.parametrize(("kind", "answer"), GOOD, ids=lambda case: getattr(case, "name", ""))
async def test_a_key_that_is_accepted_is_good(kind, answer: object) -> None:
    found = await examined(kind(ACCOUNT), httpx.Response(200, json=answer, headers=ON_TIME))
    assert found["provider"].verdict is Verdict.GOOD
    assert found["key"].verdict is Verdict.GOOD
    assert found["clock"].verdict is Verdict.GOOD


@pytest.mark.parametrize(("kind", "answer", "words"), BAD)
async def test_an_account_that_cannot_send_is_a_fault_in_its_own_words(kind, answer: dict, words: str) -> None:
    key = (await examined(kind(ACCOUNT), httpx.Response(200, json=answer)))["key"]
    assert key.verdict is Verdict.FAULT
    assert words in key.said


@pytest.mark.parametrize("kind", [Ses, Resend, Postmark, Mailgun, SendGrid, Brevo, Mailpit, Kumo])
@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_is_a_fault(kind, status: int) -> None:
    answer = httpx.Response(status, json={"message": "API key is invalid"})
    found = await examined(kind(ACCOUNT), answer)
    assert found["key"].verdict is Verdict.FAULT
    assert str(status) in found["key"].said
    assert found["provider"].verdict is Verdict.GOOD


@pytest.mark.parametrize("kind", [Ses, Resend, Postmark, Mailgun, SendGrid, Brevo, Mailpit, Kumo, Mailtrap])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b'{"plan": 3, "data": 1, "SendQuota": 2}'])
async def test_any_answer_is_read_without_complaint(kind, body: bytes) -> None:
    assert "key" in await examined(kind(ACCOUNT), httpx.Response(200, content=body))


class Taciturn(Codec):
    """A plug-in's, which has no question."""

    name = "taciturn"
    capabilities = Capabilities(batch_max=1)


async def test_a_provider_with_no_question_for_the_key_is_asked_for_its_address() -> None:
    found = await examined(Taciturn(ACCOUNT), httpx.Response(404))
    assert (found["provider"].verdict, found["key"].verdict) == (Verdict.GOOD, Verdict.UNKNOWN)


@pytest.mark.parametrize("status", [401, 403])
async def test_mailtrap_refuses_accounts_to_a_key_that_only_sends(status: int) -> None:
    key = (await examined(Mailtrap(ACCOUNT), httpx.Response(status, json={"error": "Incorrect API token"})))["key"]
    assert key.verdict is Verdict.UNKNOWN
    assert str(status) in key.said


async def test_mailtrap_opening_no_account_is_a_fault() -> None:
    assert (await examined(Mailtrap(ACCOUNT), httpx.Response(200, json=[])))["key"].verdict is Verdict.FAULT


def test_mailtrap_is_asked_where_its_accounts_are_and_nowhere_else() -> None:
    assert str(Mailtrap(replace(ACCOUNT, base_url=Mailtrap.home)).examine().url) == "https://mailtrap.io/api/accounts"
    assert str(Mailtrap(ACCOUNT).examine().url) == "https://api.example.org/api/accounts"


async def test_offline_it_says_that_the_provider_could_not_be_asked() -> None:
    found = await examined(Ses(ACCOUNT), httpx.ConnectError("no route"))
    assert {check.verdict for check in found.values()} == {Verdict.UNKNOWN}
    assert all("could not be asked" in check.said for check in found.values())


@pytest.mark.parametrize(("readers", "verdict"), [(300, Verdict.GOOD), (301, Verdict.WARNING)])
async def test_the_quota_is_held_against_the_list(readers: int, verdict: Verdict) -> None:
    answer = httpx.Response(200, json={"plan": [{"credits": 300, "creditsType": "sendLimit"}]})
    quota = (await examined(Brevo(ACCOUNT), answer, readers=readers))["quota"]
    assert quota.verdict is verdict
    assert "300 more messages today" in quota.said


async def test_ses_counts_what_left_already_and_knows_no_limit_by_minus_one() -> None:
    answer = httpx.Response(200, json={"SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 150.0}})
    assert (await examined(Ses(ACCOUNT), answer, readers=51))["quota"].verdict is Verdict.WARNING
    unlimited = httpx.Response(200, json={"SendQuota": {"Max24HourSend": -1.0}})
    assert "quota" not in await examined(Ses(ACCOUNT), unlimited)


@pytest.mark.parametrize(
    ("date", "verdict"),
    [
        ("Mon, 23 Nov 2026 06:31:30 GMT", Verdict.WARNING),
        ("Mon, 23 Nov 2026 07:30:00 GMT", Verdict.FAULT),
        ("soon", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
    ],
)
async def test_the_clock_is_held_against_the_providers(date: str, verdict: Verdict) -> None:
    found = await examined(Resend(ACCOUNT), httpx.Response(200, json={"data": []}, headers={"date": date}))
    assert found["clock"].verdict is verdict


async def test_amazons_question_is_signed() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    await doctor.account(
        Ses(ACCOUNT), "https://api.example.org", readers=1, now=lambda: NOW, transport=httpx.MockTransport(answer)
    )
    assert seen[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=id/")
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date" in seen[0].headers["authorization"]


@pytest.fixture(scope="module")
def keys() -> tuple[bytes, bytes]:
    """A private key, and the record that publishes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def signed(private: bytes, *covered: bytes) -> bytes:
    (message,) = compose.batch(ENVELOPE, RENDERED, people(1)).messages()
    raw = compose.eml(message)
    return dkim.sign(raw, b"s1", b"example.org", private, include_headers=[b"from", b"subject", *covered]) + raw


BOTH = (b"list-unsubscribe", b"list-unsubscribe-post")


def test_our_own_message_signed_over_both_headers_is_good(keys) -> None:
    private, record = keys
    (check,) = doctor.eml(signed(private, *BOTH), lambda _: record)
    assert check.verdict is Verdict.GOOD
    assert "example.org" in check.said


def test_a_signature_that_leaves_one_out_is_a_fault(keys) -> None:
    private, record = keys
    (check,) = doctor.eml(signed(private, b"list-unsubscribe"), lambda _: record)
    assert check.verdict is Verdict.FAULT
    assert "list-unsubscribe-post" in check.said


def test_a_message_changed_on_its_way_is_a_fault(keys) -> None:
    private, record = keys
    raw = signed(private, *BOTH).replace(b"unsubscribe-", b"unsubscribe_", 1)
    (check,) = doctor.eml(raw, lambda _: record)
    assert check.verdict is Verdict.FAULT


def test_no_signature_and_no_headers_are_faults() -> None:
    checks = doctor.eml(b"From: a@b.example\r\nSubject: x\r\n\r\nbody\r\n", lambda _: b"")
    assert [check.verdict for check in checks] == [Verdict.FAULT] * 3


def test_a_key_that_cannot_be_asked_for_is_no_fault(keys) -> None:
    def away(name: bytes) -> bytes:
        raise OSError("no network")

    (check,) = doctor.eml(signed(keys[0], *BOTH), away)
    assert check.verdict is Verdict.UNKNOWN
