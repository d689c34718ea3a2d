"""Headers and bodies at their edges: folding, quoting, IDN, line ends, what makes an id another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Rendered, Slot, SlotKind, Slotted
from digest.send import compose
from digest.send.compose import Person
from digest.testing.contract import ENVELOPE, RENDERED, people
from subscribers import tokens

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def head(raw: bytes) -> list[bytes]:
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


def plain(raw: bytes) -> str:
    found: str = message_from_bytes(raw, policy=policy.default).get_body(("plain",)).get_content()
    return found


def made(subject: str = "s", person: Person | None = None, **changes: object) -> bytes:
    whom = person or Person(subscriber_id=7, address="jane@example.com", name="Jane")
    rendered = Rendered(
        subject=subject, preheader="", html=Slotted(parts=("h",), is_html=True), text=Slotted(parts=("t",))
    )
    (message,) = compose.batch(replace(ENVELOPE, **changes), rendered, [whom]).messages()  # type: ignore[arg-type]
    return compose.eml(message)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=200))
def test_a_subject_of_any_length_and_script_comes_back(subject: str) -> None:
    subject = " ".join(subject.split()) or "x"
    raw = made(subject)
    assert all(line.isascii() for line in head(raw))
    found = message_from_bytes(raw)["Subject"]
    assert str(make_header(decode_header(found.replace("\r\n", "")))) == subject


@pytest.mark.parametrize("subject", ["Überschrift " * 30, "漢字" * 100, "🎉" * 80, "é" * 400])
def test_an_encoded_header_is_folded_within_76(subject: str) -> None:
    lines = head(made(subject.strip()))
    start = next(i for i, line in enumerate(lines) if line.startswith(b"Subject:"))
    folded = [lines[start], *(line for line in lines[start + 1 :] if line[:1] == b" ")]
    assert len(folded) > 1
    assert all(len(line) <= 76 for line in folded)
    for word in b" ".join(folded).split(b" ")[1:]:
        assert not word or (word.startswith(b"=?utf-8?") and word.endswith(b"?=") and len(word) <= 75)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=40)


@settings(max_examples=80, deadline=None)
@given(NAMES.filter(lambda text: text.isascii() and text.split()))
def test_a_quoted_name_is_read_as_that_name(name: str) -> None:
    name = " ".join(name.split())
    (address,) = message_from_bytes(
        made(person=Person(subscriber_id=1, address="j@b.example", name=name)), policy=policy.default
    )["to"].addresses
    assert (address.addr_spec, address.display_name) == ("j@b.example", name)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("", "jane@example.com"),
        ("Jane Doe", "Jane Doe <jane@example.com>"),
        ("Doe, Jane", '"Doe, Jane" <jane@example.com>'),
        ('J "J" D', '"J \\"J\\" D" <jane@example.com>'),
        ("C:\\Jane", '"C:\\\\Jane" <jane@example.com>'),
        ("jane@work", '"jane@work" <jane@example.com>'),
        ("Dr. Jane", '"Dr. Jane" <jane@example.com>'),
        ("(Jane)", '"(Jane)" <jane@example.com>'),
        ("Zoë", "Zoë <jane@example.com>"),
    ],
)
def test_a_name_is_quoted_where_it_must_be(name: str, line: str) -> None:
    assert compose.name_addr(name, "jane@example.com") == line


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@faß.example", "a@xn--fa-hia.example"),
        ("a@例え.example", "a@xn--r8jz45g.example"),
        ("ä@example.org", "ä@example.org"),
        ("a@b@bücher.example", "a@b@xn--bcher-kva.example"),
        ("a@ü..example", "a@ü..example"),
        ("a@" + "ü" * 70 + ".example", "a@" + "ü" * 70 + ".example"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_a_domain_is_written_in_ascii(address: str, expected: str) -> None:
    assert compose.ascii_domain(address) == expected
    assert compose.ascii_domain(expected) == expected


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"reply_to": "Desk <desk@bücher.example>"}, "Reply-To", "Desk <desk@xn--bcher-kva.example>"),
        ({"reply_to": "", "sender": "n@example.org"}, "Reply-To", "n@example.org"),
        ({"title": 'A "B" \\ C'}, "List-Id", "\"A 'B' C\" <morning.example.org>"),
        ({"title": "Zürich"}, "List-Id", "=?utf-8?q?Z=C3=BCrich?= <morning.example.org>"),
        ({"sender": "A <a@bücher.example>"}, "List-Id", "<morning.xn--bcher-kva.example>"),
        ({"unsubscribe_address": "Out <out@example.org>"}, "List-Unsubscribe", "<mailto:out@example.org?subject="),
        ({"public_url": "https://n.example/base/"}, "List-Unsubscribe", "<https://n.example/base/unsubscribe/"),
    ],
)
def test_a_header_of_the_envelope(changes: dict, name: str, value: str) -> None:
    line = next(line for line in head(made(**changes)) if line.startswith(f"{name}: ".encode())).decode()
    assert value in line
    assert "//unsubscribe" not in line


def test_each_link_is_signed_for_its_own_purpose() -> None:
    names = ("unsubscribe_url", "preferences_url", "view_url")
    slots = tuple(Slot(name=name, kind=SlotKind.URL) for name in names)
    rendered = replace(RENDERED, subject="s", text=Slotted(parts=("", "\n", "\n", ""), slots=slots))
    (message,) = compose.batch(ENVELOPE, rendered, people(1)).messages()
    for link, (purpose, of) in zip(
        message.text.split("\n"),
        [("unsubscribe", "morning"), ("preferences", "morning"), ("view", "morning/12")],
        strict=True,
    ):
        base, _, token = link.rpartition("/")
        assert base == f"https://news.example.org/{purpose}"
        assert tokens.read([ENVELOPE.secret], purpose, token) == (1, of)


def test_a_message_id_is_of_issue_reader_address_and_installation() -> None:
    jane = people(1)[0]
    others = [
        (replace(ENVELOPE, issue="morning/13"), jane),
        (replace(ENVELOPE, secret=b"1" * 32), jane),
        (replace(ENVELOPE, date=NOW + SECOND), jane),
        (ENVELOPE, replace(jane, subscriber_id=2)),
        (ENVELOPE, replace(jane, address="other@example.com")),
        (ENVELOPE, jane),
    ]
    found = [
        compose.batch(envelope, replace(RENDERED, subject="s"), [who]).recipients[0].message_id
        for envelope, who in others
    ]
    assert len(set(found)) == len(found)
    renamed = compose.batch(ENVELOPE, replace(RENDERED, subject="s"), [replace(jane, name="Anybody")])
    assert renamed.recipients[0].message_id == found[-1]
    assert jane.address.partition("@")[0] not in found[-1]


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb", "a\n\n", "a"])
def test_a_body_has_crlf_lines_and_one_at_its_end(text: str) -> None:
    rendered = Rendered(
        subject="s", preheader="", html=Slotted(parts=(text,), is_html=True), text=Slotted(parts=(text,))
    )
    (message,) = compose.batch(ENVELOPE, rendered, people(1)).messages()
    raw = compose.eml(message)
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert plain(raw).splitlines() == text.strip().splitlines()
    assert not plain(raw).endswith("\n")


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 3000, "= " * 2000, "tab\t \nend ", ".\n.\nFrom me\n"])
def test_no_line_of_a_body_is_longer_than_76(text: str) -> None:
    rendered = Rendered(
        subject="s", preheader="", html=Slotted(parts=(text,), is_html=True), text=Slotted(parts=(text,))
    )
    raw = compose.eml(compose.batch(ENVELOPE, rendered, people(1)).messages()[0])
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert plain(raw).split("\r\n") == text.rstrip("\n").split("\n")


@pytest.mark.parametrize("name", ["Zoë " * 12, "Zoë", "漢" * 12, "é" * 19, "é" * 300])
def test_a_line_with_an_encoded_name_has_76_characters_at_most(name: str) -> None:
    name = name.strip()
    raw = made(person=Person(subscriber_id=1, address="jane.doe-with-a-long-name@mail.example.com", name=name))
    lines = head(raw)
    start = next(i for i, line in enumerate(lines) if line.startswith(b"To:"))
    folded = [lines[start], *(line for line in lines[start + 1 : start + 20] if line[:1] == b" ")]
    assert all(len(line) <= 76 for line in folded)
    (address,) = message_from_bytes(raw, policy=policy.default)["to"].addresses
    assert address.addr_spec == "jane.doe-with-a-long-name@mail.example.com"
