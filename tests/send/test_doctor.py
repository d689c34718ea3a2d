"""What the doctor says of a domain, a provider, a message that arrived."""

import base64

import dkim
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest.send import compose, doctor
from digest.send.doctor import Verdict
from digest.send.providers.base import Account
from digest.send.providers.resend import Resend
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


@pytest.mark.parametrize(("status", "verdict"), [(200, Verdict.GOOD), (404, Verdict.GOOD), (None, Verdict.FAULT)])
async def test_a_provider_answers_or_does_not(status: int | None, verdict: Verdict) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        if status is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(status)

    provider = Resend(Account(base_url="https://api.example.org", sender="a@b.example", api_key="secret"))
    check = await doctor.reachable(provider, "https://api.example.org", httpx.MockTransport(answer))
    assert check.verdict is verdict
    assert "secret" not in check.said


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
