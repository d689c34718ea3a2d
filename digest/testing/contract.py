"""What every provider must do, as tests to inherit.

class TestMine(ProviderContract):
    def provider(self, account):
        return Mine(account)

    def received(self, request):  # your API, in miniature: what each reader gets of that request
        ...

    def success(self, request, count):  # your API's answer, ids and all
        ...
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parseaddr

import httpx

from digest.model import Batch, Rendered, Slot, SlotKind, Slotted
from digest.send import compose, outbox
from digest.send.compose import Envelope, Person
from digest.send.providers.base import Accepted, Account, Provider, Refusal, Unknown, fingerprint

HOSTILE = (
    "{{x}} {{ params.x }} {% raw %} {# c #} {{{y}}} \\{{z}} %recipient.name% %unsubscribe_url% -name- "
    "{{h_recipient_name_text}} %recipient.h_recipient_name_text% [Unsubscribe] <%asm%> $name ${name} *|NAME|* 100% of {"
)
NAMES = ("Zoë Straße", "{{t_recipient_name_text}} %recipient.name%", "O'Brien, Pat", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What one reader gets."""

    to: str  # the bare address
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]


class ProviderContract(ABC):
    """Inherit, fill in the three, name the class Test…: pytest does the rest."""

    @abstractmethod
    def provider(self, account: Account) -> Provider:
        """Yours, for that account."""

    @abstractmethod
    def received(self, request: httpx.Request) -> Sequence[Received]:
        """What the request's readers get, merged as the API would merge it; in the batch's order."""

    @abstractmethod
    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        """The API's answer when it takes all of them."""

    def account(self) -> Account:
        """The account the tests use."""
        return Account(
            base_url="https://api.example.org",
            sender="Morning <digest@example.org>",
            api_key="secret-id:secret-key",
            region="eu-central-1",
        )

    def made(self) -> Provider:
        """The provider for that account."""
        return self.provider(self.account())

    def batch(self, count: int = 3, *, subject: str = "Grüße: 3 stories") -> Batch:
        """Hostile content, names that are not ASCII, and `count` readers: no more than the provider takes."""
        count = min(count, self.made().capabilities.batch_max)
        return compose.batch(ENVELOPE, replace(RENDERED, subject=subject), people(count))

    def test_encoding_twice_gives_the_same_bytes(self) -> None:
        """A replay under the same key must be the same request."""
        first, second = self.made().encode(self.batch()), self.made().encode(self.batch())
        assert (first.read(), first.url, first.headers) == (second.read(), second.url, second.headers)

    def test_other_bytes_are_known_as_other(self) -> None:
        """What a replay is compared by: the same for the same bytes, another for any others."""
        made = [self.made().encode(self.batch()) for _ in range(2)]
        made += [self.made().encode(self.batch(2)), self.made().encode(self.batch(subject="another"))]
        known = {request.read(): fingerprint(request) for request in made}
        assert [known[request.read()] for request in made] == [fingerprint(request) for request in made]
        assert len(set(known.values())) == len(known)

    def test_each_reader_gets_their_own_message_to_the_letter(self) -> None:
        """Subject, HTML and text are what the batch says, whatever syntax the article holds."""
        batch = self.batch()
        found = self.received(self.made().encode(batch))
        assert [one.to for one in found] == [message.to_address for message in batch.messages()]
        for one, message in zip(found, batch.messages(), strict=True):
            assert one.html == message.html
            assert one.text == message.text
            assert one.subject == message.subject

    def test_a_subject_is_no_template(self) -> None:
        """A headline goes out as it is; a joiner between two braces is borne, a variable's value is not."""
        batch = self.batch(subject=HOSTILE)
        for one in self.received(self.made().encode(batch)):
            assert one.subject.replace("\u2060", "") == HOSTILE

    def test_each_reader_gets_their_own_unsubscribe_headers(self) -> None:
        """RFC 8058: an https address that is theirs, and the word that makes it one click."""
        batch = self.batch()
        found = self.received(self.made().encode(batch))
        for one, message in zip(found, batch.messages(), strict=True):
            expected = dict(message.headers)
            got = {name.lower(): value for name, value in one.headers.items()}
            for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Auto-Submitted"):
                assert got[name.lower()] == expected[name]
        assert len({one.headers["List-Unsubscribe"] for one in found}) == len(found)

    def test_no_reader_sees_another(self) -> None:
        """One To, and nobody else's address or link in anything they get."""
        found = self.received(self.made().encode(self.batch()))
        for one in found:
            whole = "\n".join((one.to, one.subject, one.html, one.text, *one.headers.values()))
            assert all(other.to not in whole for other in found if other is not one)

    def test_a_success_is_accepted_in_order(self) -> None:
        """An outcome a reader."""
        provider, batch = self.made(), self.batch()
        answer = self.success(provider.encode(batch), len(batch.recipients))
        outcomes = provider.decode(batch, answer)
        assert not isinstance(outcomes, Refusal)
        assert [type(outcome) for outcome in outcomes] == [Accepted] * len(batch.recipients)

    def test_a_success_that_says_nothing_is_unknown(self) -> None:
        """An empty body, a page, half a JSON, another shape: never accepted."""
        provider, batch = self.made(), self.batch()
        whole = self.success(provider.encode(batch), len(batch.recipients)).content
        bodies = (
            b"",
            b"<html>OK</html>",
            whole[: len(whole) // 2],
            b"[]",
            b"{}",
            b"null",
            b"17",
            b'["x"]',
            b'{"data": 1}',
        )
        for body in bodies:
            outcomes = provider.decode(batch, httpx.Response(200, content=body))
            assert not isinstance(outcomes, Refusal), body
            assert [type(outcome) for outcome in outcomes] == [Unknown] * len(batch.recipients), body

    def test_a_success_for_fewer_is_unknown(self) -> None:
        """Two ids for three messages tell of none."""
        provider, batch = self.made(), self.batch()
        count = len(batch.recipients)
        short = self.success(provider.encode(batch), max(0, count - 1))
        if count == 1 or short.content == self.success(provider.encode(batch), count).content:
            return  # the API answers for the request as a whole
        outcomes = provider.decode(batch, short)
        assert not isinstance(outcomes, Refusal)
        assert not any(isinstance(outcome, Accepted) for outcome in outcomes)

    def test_plain_statuses_mean_what_they_mean_anywhere(self) -> None:
        """429 and 503 are not taken, 401 is the account, 500 is unknown, 413 is too large."""
        meant = {
            401: outbox.Stop,
            403: outbox.Stop,
            413: outbox.Divide,
            429: outbox.Again,
            500: outbox.Doubt,
            502: outbox.Doubt,
            503: outbox.Again,
        }
        provider = self.made()
        for status, decision in meant.items():
            answer = httpx.Response(status, text="<html>no</html>")
            read = outbox.of_refusal(answer, provider.refusal(answer), count=1, now=datetime.now(UTC))
            assert type(read) is decision, status

    def test_no_secret_shows(self) -> None:
        """Not in the provider, its account or its address."""
        provider = self.made()
        shown = f"{provider!r} {self.account()!r} {provider.encode(self.batch()).url}"
        assert "secret-key" not in shown

    def test_unsubscribe_headers_are_a_capability(self) -> None:
        """One that cannot carry them says so, and why."""
        capabilities = self.made().capabilities
        assert capabilities.unsubscribe_headers or capabilities.why_not
        assert capabilities.batch_max > 0


def people(count: int) -> list[Person]:
    """Readers with names of all kinds, one at a domain that is not ASCII."""
    return [
        Person(
            subscriber_id=number,
            address=f"reader-{number}@{'bücher.example' if number == 2 else 'example.com'}",
            name=NAMES[number % len(NAMES)],
        )
        for number in range(1, count + 1)
    ]


ENVELOPE = Envelope(
    issue="morning/12",
    newsletter="morning",
    title='Zürich "heute"',
    sender='"Müller, Redaktion" <digest@example.org>',
    reply_to="",
    unsubscribe_address="",
    public_url="https://news.example.org",
    date=datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
    secret=b"0" * 32,
)
RENDERED = Rendered(
    subject="",
    preheader="",
    html=Slotted(
        parts=(
            "<style>@media{p{margin:0}}</style><p>" + HOSTILE.replace("<", "&lt;") + "{",
            "}</p><a href='",
            "'>x</a>\\",
            "%",
            "%",
        ),
        slots=(
            Slot(name="recipient.name"),
            Slot(name="unsubscribe_url", kind=SlotKind.URL),
            Slot(name="recipient.address", kind=SlotKind.PARAM),
            Slot(name="recipient.name"),
        ),
        is_html=True,
    ),
    text=Slotted(
        parts=(HOSTILE, "%", "\n"), slots=(Slot(name="recipient.name"), Slot(name="unsubscribe_url")), is_html=False
    ),
)


def bare(value: str) -> str:
    """The address of a name-addr."""
    return parseaddr(value)[1]
