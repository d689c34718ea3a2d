"""Messages are right: RFC 5322, 2047, 8058, and the same to the byte each time."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import HeaderError, SendError
from digest.model import Rendered, Slot, Slotted
from digest.send import compose
from digest.send.compose import Person
from digest.testing.contract import ENVELOPE, RENDERED, people
from subscribers import tokens

JANE = Person(subscriber_id=7, address="jane@example.com", name="Jane Doe")


def one(person: Person = JANE, **changes):
    (message,) = compose.batch(replace(ENVELOPE, **changes), replace(RENDERED, subject="Grüße"), [person]).messages()
    return message


def parsed(message):
    return message_from_bytes(compose.eml(message), policy=policy.default)


def test_every_header_of_rule_8_is_there_once() -> None:
    found = parsed(one())
    names = [
        "From",
        "Reply-To",
        "To",
        "Date",
        "Subject",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Auto-Submitted",
        "Precedence",
        "MIME-Version",
    ]
    assert [len(found.get_all(name, [])) for name in names] == [1] * len(names)
    assert not found.defects
    assert found["auto-submitted"] == "auto-generated"
    assert found["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


def test_list_unsubscribe_is_one_line_with_https_and_mailto() -> None:
    (line,) = [raw for raw in compose.eml(one()).split(b"\r\n") if raw.startswith(b"List-Unsubscribe:")]
    match = re.fullmatch(
        r"List-Unsubscribe: <https://news\.example\.org/unsubscribe/([\w.-]+)>, "
        r"<mailto:digest@example\.org\?subject=unsubscribe-([\w.-]+)>",
        line.decode(),
    )
    assert match
    assert match[1] == match[2]
    assert tokens.read([ENVELOPE.secret], "unsubscribe", match[1]) == (7, "morning")


def test_the_same_batch_gives_the_same_bytes_and_key() -> None:
    made = [compose.batch(ENVELOPE, RENDERED, people(3)) for _ in range(2)]
    assert made[0] == made[1]
    assert [compose.eml(m) for m in made[0].messages()] == [compose.eml(m) for m in made[1].messages()]


def test_other_members_have_another_key() -> None:
    keys = {compose.batch(ENVELOPE, RENDERED, people(count)).key for count in (1, 2, 3)}
    keys.add(compose.batch(replace(ENVELOPE, secret=b"another installation"), RENDERED, people(3)).key)
    keys.add(compose.batch(replace(ENVELOPE, issue="morning/13"), RENDERED, people(3)).key)
    assert len(keys) == 5


def test_names_that_are_not_ascii_are_encoded_and_come_back() -> None:
    message = one(Person(subscriber_id=1, address="zoe@bücher.example", name="Zoë Straße, " + "ü" * 90))
    raw = compose.eml(message)
    assert raw.partition(b"\r\n\r\n")[0].isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    found = parsed(message)
    to = message_from_bytes(raw)["To"]  # the modern parser puts blanks between adjacent encoded words
    assert str(make_header(decode_header(to))) == "Zoë Straße, " + "ü" * 90 + " <zoe@xn--bcher-kva.example>"
    assert found["subject"] == "Grüße"
    assert found["from"].addresses[0].display_name == "Müller, Redaktion"


@given(st.text(max_size=60), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(deadline=None, max_examples=80)
def test_no_name_or_subject_adds_a_header_or_an_address(name: str, subject: str) -> None:
    name = name.encode("utf-8", "ignore").decode()
    person = Person(subscriber_id=1, address="jane@example.com", name=name)
    rendered = replace(RENDERED, subject=" ".join(subject.split()).replace("\0", ""))
    try:
        (message,) = compose.batch(ENVELOPE, rendered, [person]).messages()
        raw = compose.eml(message)
    except HeaderError:
        assert "\0" in name
        return
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert names == [
        line.partition(b":")[0]
        for line in compose.eml(one()).partition(b"\r\n\r\n")[0].split(b"\r\n")
        if line[:1] not in b" \t"
    ]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
@settings(deadline=None, max_examples=60)
def test_a_text_comes_back_from_its_part(text: str) -> None:
    body = " ".join(text.split()) or "x"
    rendered = Rendered(
        subject="s", preheader="", html=Slotted(parts=(body,), is_html=True), text=Slotted(parts=(body,))
    )
    (message,) = compose.batch(ENVELOPE, rendered, people(1)).messages()
    assert parsed(message).get_body(("plain",)).get_content() == body


@pytest.mark.parametrize("mark", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize("where", ["subject", "sender", "reply_to"])
def test_a_line_break_in_a_header_is_refused(mark: str, where: str) -> None:
    envelope, rendered = ENVELOPE, RENDERED
    if where == "subject":
        rendered = replace(rendered, subject=f"a{mark}Bcc: x@y.example")
    else:
        envelope = replace(envelope, **{where: f"a{mark}b <a@b.example>"})
    with pytest.raises(HeaderError, match="line break"):
        compose.batch(envelope, rendered, people(1))


def test_a_line_break_in_the_title_becomes_a_blank() -> None:
    assert "\n" not in one(title="Morning\ndigest").headers[0][1]


def test_a_slot_nobody_fills_is_named() -> None:
    rendered = replace(RENDERED, text=Slotted(parts=("", ""), slots=(Slot(name="shoe_size"),)))
    with pytest.raises(SendError, match="shoe_size"):
        compose.batch(ENVELOPE, rendered, people(1))


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("a@b.example", True),
        ("ä@b.example", True),
        ("a", False),
        ("a@", False),
        ("@b", False),
        ("a b@c.example", False),
        ("a@b.example,c@d.example", False),
        ("<a@b.example>", False),
        ("a@b.example\r\nBcc: c@d.example", False),
        ("", False),
    ],
)
def test_what_is_no_address_is_known(address: str, is_good: bool) -> None:
    assert compose.is_sendable(address) is is_good
