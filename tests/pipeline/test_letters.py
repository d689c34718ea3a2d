"""A message on its own as it leaves: what every provider's API wants of its addresses."""

from datetime import datetime

import orjson
import pytest

from digest.errors import HeaderError
from digest.model import Message
from digest.pipeline import letters
from digest.send.providers.base import Account
from digest.send.providers.brevo import Brevo
from digest.send.providers.mailpit import Mailpit
from digest.send.providers.mailtrap import Mailtrap
from digest.send.providers.postmark import Postmark
from digest.send.providers.resend import Resend
from digest.send.providers.sendgrid import SendGrid
from digest.send.providers.ses import Ses


def message(now: datetime, **given: str) -> Message:
    words = {"sender": "Desk <desk@example.org>", "reply_to": "", "to_address": "ada@example.com"} | given
    return Message(
        **words,
        to_name="Ada",
        subject="Please confirm",
        date=now,
        message_id="<1@example.org>",
        headers=(),
        html="<p>",
        text=".",
    )


@pytest.mark.parametrize("kind", [Brevo, Mailpit, Mailtrap, Postmark, Resend, SendGrid, Ses])
def test_without_a_reply_to_answers_go_to_the_sender(kind, now: datetime) -> None:
    account = Account(base_url="https://api.example.org", sender="a@example.org", api_key="a:b", region="us-east-1")
    body = kind(account).encode(letters.batch(message(now))).read()
    assert body.count(b"desk@example.org") == 2
    assert not any(empty in _places(orjson.loads(body)) for empty in ("", ("",)))


def _places(value: object) -> list[object]:
    """What stands anywhere in JSON under a key of answers or addresses."""
    found: list[object] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.lower().replace("_", "") in {"replyto", "replytoaddresses", "email"}:
                found.append(
                    tuple(inner) if isinstance(inner, list) and all(isinstance(i, str) for i in inner) else inner
                )
            found += _places(inner)
    elif isinstance(value, list):
        for inner in value:
            found += _places(inner)
    return found


def test_domains_leave_in_ascii_as_those_of_an_issue_do(now: datetime) -> None:
    made = letters.batch(message(now, sender="Zoë <zoe@bücher.example>", to_address="ada@bücher.example"))
    assert made.sender == made.reply_to == "Zoë <zoe@xn--bcher-kva.example>"
    assert made.recipients[0].address == "ada@xn--bcher-kva.example"


def test_a_reply_to_of_ones_own_is_kept(now: datetime) -> None:
    assert letters.batch(message(now, reply_to="Ed <ed@example.org>")).reply_to == "Ed <ed@example.org>"


def test_a_line_break_in_an_address_is_refused(now: datetime) -> None:
    with pytest.raises(HeaderError):
        letters.batch(message(now, reply_to="a@example.org\r\nBcc: b@example.org"))
