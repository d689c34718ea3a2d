"""E-mail addresses: stored as given, compared by their key.

>>> parse("  Ann.Lee@Example.org ")
Address(given='Ann.Lee@Example.org', key='ann.lee@example.org')
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from subscribers.errors import AddressError

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# What is plainly an address: 1 µs instead of email-validator's 25 µs, which a million rows feel.
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])")
_MAX = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_MAX_LOCAL = 64  # RFC 5321 §4.5.3.1.1


@dataclass(frozen=True, slots=True)
class Address:
    """An address as given (trimmed), and the key it is compared by."""

    given: str
    key: str


def parse(text: str) -> Address:
    """The address of that text; AddressError where it is none. The domain need not exist, but must have a dot."""
    given = text.strip()
    if (match := _PLAIN.fullmatch(given)) and len(given) <= _MAX and len(match[1]) <= _MAX_LOCAL and "--" not in given:
        return Address(given, given.lower())
    return _checked(given)


def key_of(text: str) -> str:
    """What an address is compared by; for a text that is none, the text trimmed and without case."""
    try:
        return parse(text).key
    except AddressError:
        return unicodedata.normalize("NFC", text.strip()).casefold()


def hash_of(key: str, secret: bytes) -> bytes:
    """The keyed hash of an address key, 16 bytes: it knows an erased address again and cannot be read back."""
    return hashlib.blake2b(key.encode(), key=secret, digest_size=16).digest()


def _checked(given: str) -> Address:
    from email_validator import EmailNotValidError, validate_email

    if not given:
        raise AddressError(given, "it is empty")
    try:
        found = validate_email(
            given, check_deliverability=False, globally_deliverable=False, test_environment=True, strict=True
        )
    except (EmailNotValidError, UnicodeError) as error:
        raise AddressError(given[:100], " ".join(str(error).rstrip(".").split())) from None
    domain = found.ascii_domain.lower()
    if "." not in domain or not domain.rpartition(".")[2][:1].isalpha():
        raise AddressError(given[:100], "its domain is not complete, as in example.org")
    return Address(given, f"{found.local_part.casefold()}@{domain}")
