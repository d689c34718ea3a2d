"""Addresses: stored as given, compared without case, and no quick way differs from the thorough one."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers import addresses
from subscribers.errors import AddressError


@pytest.mark.parametrize(
    ("text", "given", "key"),
    [
        ("ann@example.org", "ann@example.org", "ann@example.org"),
        ("  Ann.Lee+news@EXAMPLE.org\t", "Ann.Lee+news@EXAMPLE.org", "ann.lee+news@example.org"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk", "o'neil@example.co.uk"),
        ("Jörg@Müller.example", "Jörg@Müller.example", "jörg@xn--mller-kva.example"),
        ("a@xn--mller-kva.example", "a@xn--mller-kva.example", "a@xn--mller-kva.example"),
        ("reader@corp.local", "reader@corp.local", "reader@corp.local"),
    ],
)
def test_an_address_and_its_key(text: str, given: str, key: str) -> None:
    assert addresses.parse(text) == addresses.Address(given, key)
    assert addresses.key_of(text.upper()) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ann",
        "@example.org",
        "ann@",
        "ann@example",
        "ann@localhost",
        "a b@example.org",
        "ann@@example.org",
        "ann@example..org",
        ".ann@example.org",
        "ann.@example.org",
        "ann@-example.org",
        "ann@192.0.2.1",
        "ann@[192.0.2.1]",
        "Ann <ann@example.org>",
        "ann@example.org, bob@example.org",
        "ann@example.org\nBcc: bob@example.org",
        "ann\r\n@example.org",
        "ann\0@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + ".".join(["b" * 60] * 5) + ".org",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressError):
        addresses.parse(text)


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"\A[A-Za-z0-9!#+._'-]{1,12}@[A-Za-z0-9.-]{1,16}\.(org|example|co\.uk|c|1a)\Z"))
def test_the_quick_way_takes_nothing_that_the_thorough_one_refuses(text: str) -> None:
    try:
        quick = addresses.parse(text)
    except AddressError:
        return
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False, test_environment=True)
    except EmailNotValidError as error:
        assert "special-use" in str(error)  # which we take: an intranet has its own
    else:
        assert quick.key == f"{found.local_part}@{found.ascii_domain}".lower()


@given(st.text(max_size=60))
def test_any_text_has_a_key_and_a_key_is_its_own(text: str) -> None:
    key = addresses.key_of(text)
    assert addresses.key_of(key) == key


def test_a_hash_needs_its_secret() -> None:
    first, second = addresses.hash_of("ann@example.org", b"1" * 32), addresses.hash_of("ann@example.org", b"2" * 32)
    assert first != second
    assert first == addresses.hash_of("ann@example.org", b"1" * 32)
    assert len(first) == 16
