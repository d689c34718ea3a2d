"""Whose fault a refusal is, by what receiving servers really write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.web.hooks import blame

SENDERS = (
    "550-5.7.26 Your email has been blocked because the sender is unauthenticated.",
    "smtp; 550 5.7.1 [192.0.2.9 12] Our system has detected that this message is likely unsolicited mail.",
    "550 5.7.509 Access denied, sending domain does not pass DMARC verification",
    "554 5.7.9 Message not accepted for policy reasons.",
    "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail",
    "554 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org",
    "554 IP=192.0.2.9 - bad reputation",
    "550 High probability of spam",
    "552 5.3.4 Message size exceeds fixed maximum message size",
    "553 5.1.8 Sender address rejected: Domain not found",
    "554 Transaction failed. Reject due to policy restrictions",
    "550 5.6.0 malformed header",
    "550 5.0.0 message looks like spam",
)
READERS = (
    "550-5.1.1 The email account that you tried to reach does not exist.",
    "552 5.2.2 The email account that you tried to reach is over quota",
    "452-4.2.2 mailbox full",
    "550 5.7.13 user account disabled",
    "550 5.7.17 mailbox owner has changed",
    "550 5.7.1 <ann@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 No such user here, see our anti-spam policy",
    "550 5.4.1 Recipient address rejected: Access denied.",
    "556 5.1.10 Recipient domain has null MX",
    "550 5.1.0 mailbox unknown",
)
NEITHER = ("", "550", "550 no", "host 5.7.1.9 said: no", "version 10.5.7.1", "421 try later", "None.None.None")


@pytest.mark.parametrize("said", SENDERS)
def test_the_sender_is_to_blame(said: str) -> None:
    assert blame.is_senders(said) is True


@pytest.mark.parametrize("said", READERS)
def test_the_mailbox_is(said: str) -> None:
    assert blame.is_senders(said) is False


@pytest.mark.parametrize("said", NEITHER)
def test_it_is_not_said(said: str) -> None:
    assert blame.is_senders(said) is None


@given(st.text())
def test_any_text_has_an_answer(said: str) -> None:
    assert blame.is_senders(said) in {True, False, None}
    assert isinstance(blame.is_senders_category(said), bool)


@pytest.mark.timeout(2)
def test_a_long_text_costs_no_time() -> None:
    assert blame.is_senders("mailbox " * 500_000, "5.7." * 500_000) is None
