"""How providers sign, for tests that play the provider."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from digest.web.hooks import Report

SVIX = "whsec_" + base64.b64encode(b"a secret of the tests").decode()
TOPIC = "arn:aws:sns:eu-central-1:123456789012:mail"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-abc.pem"


def resend(payload: object, at: datetime, number: str = "msg_1", secret: str = SVIX) -> Report:
    body = json.dumps(payload).encode()
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mark = base64.b64encode(hmac.digest(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256)).decode()
    return Report(headers={"svix-id": number, "svix-timestamp": stamp, "svix-signature": f"v1,{mark}"}, body=body)


def mailgun(data: object, at: datetime, token: str = "t1", secret: str = "key") -> Report:
    stamp = str(int(at.timestamp()))
    mark = hmac.digest(secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hex()
    payload = {"signature": {"timestamp": stamp, "token": token, "signature": mark}, "event-data": data}
    return Report(headers={}, body=json.dumps(payload).encode())


@cache
def _ec() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def sendgrid_key() -> str:
    public = _ec().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


def sendgrid(payload: object, at: datetime) -> Report:
    body, stamp = json.dumps(payload).encode(), str(int(at.timestamp()))
    mark = base64.b64encode(_ec().sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    names = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
    return Report(headers=dict(zip(names, (mark, stamp), strict=True)), body=body)


@cache
def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate(at: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_rsa().public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=30))
        .sign(_rsa(), hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def ses(message: object, at: datetime, **more: str) -> Report:
    body = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": json.dumps(message),
        "Timestamp": at.isoformat(),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
        **more,
    }
    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    if body["Type"] == "Notification":
        names = tuple(name for name in names if name not in {"SubscribeURL", "Token"})
    signed = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
    mark = _rsa().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    body["Signature"] = base64.b64encode(mark).decode()
    return Report(headers={}, body=json.dumps(body).encode(), certificate=certificate(at))
