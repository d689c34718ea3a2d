"""Any life a reader can have, in any order: nobody unsubscribed, suppressed or unconfirmed is ever a recipient.

The machines keep their own small account of who may be mailed, by the words of the rules alone, and compare. `Lives`
holds planning to it; `Mailings` claims and posts too, with the same lives going on between.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from conftest import empty
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from send.world import RENDERED, config
from sqlalchemy import select

from digest.model import DeliveryState, Event, EventKind
from digest.send import providers
from digest.send.compose import Envelope
from digest.send.ledger import Allowed, Handled, Job, Leaving, Ledger, Wait
from digest.send.outbox import Again, Divide, Doubt, Settle
from digest.send.providers.base import Accepted, Rejected
from digest.send.sender import Heard
from digest.store import Database, batches, events, tables
from subscribers import exchange, roster
from subscribers.model import Choice, Choosers, SuppressionReason
from subscribers.tables import subscriber, subscription, suppression

T = TypeVar("T")
PEOPLE = ("ann@example.org", "Bob@Example.org", "carl@example.org")
LETTERS = ("morning", "evening")
CADENCES = ("", "daily", "weekly")
people, letters = st.sampled_from(PEOPLE), st.sampled_from(LETTERS)
choices = st.sampled_from([None, ["World"], ["Arts"], ["Arts", "World"]])


class Lives(RuleBasedStateMachine):
    url = "sqlite+aiosqlite:///:memory:"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.prepare()
        self.database = Database(self.url)
        self.run(self.database.__aenter__())
        self.at = datetime(2026, 11, 23, tzinfo=UTC)
        self.consented: set[tuple[str, str]] = set()  # by their own word, or the owner's for them
        self.asked: set[tuple[str, str]] = set()
        self.left: set[tuple[str, str]] = set()
        self.barred: set[str] = set()
        self.chosen: dict[tuple[str, str], tuple[str, list[str] | None]] = {}  # cadence, sections
        self.issues = self.reported = 0

    def prepare(self) -> None:
        """A database in memory is new."""

    def run(self, work: Awaitable[T]) -> T:
        async def whole() -> T:
            return await work

        return self.runner.run(whole())

    def do(self, function: Any, *args: Any, **named: Any) -> Any:
        self.at += timedelta(seconds=1)

        async def whole() -> Any:
            async with self.database.write() as connection:
                return await function(connection, *args, **named)

        return self.run(whole())

    def number(self, who: str) -> int:
        person = self.do(roster.story, who)
        return person.subscriber.id or 0 if person else 0

    def known(self) -> set[tuple[str, str]]:
        """Who has a row on which newsletter, whatever it says: a choice lives as long."""
        return self.consented | self.asked | self.left

    def forget_choices(self) -> None:
        self.chosen = {pair: choice for pair, choice in self.chosen.items() if pair in self.known()}

    def ends(self, who: str) -> None:
        self.barred.add(who)
        for newsletter in LETTERS:
            if (who, newsletter) in self.consented | self.asked:
                self.left.add((who, newsletter))
        self.consented = {pair for pair in self.consented if pair[0] != who}
        self.asked = {pair for pair in self.asked if pair[0] != who}

    @rule(who=people, newsletter=letters)
    def asks(self, who: str, newsletter: str) -> None:
        self.do(roster.subscribe, address=who.swapcase(), newsletter=newsletter, at=self.at)
        if who not in self.barred and (who, newsletter) not in self.consented:
            self.asked.add((who, newsletter))
            self.left.discard((who, newsletter))
            self.chosen[who, newsletter] = (self.chosen.get((who, newsletter), ("",))[0], None)  # all, asked anew

    @rule(who=people, newsletter=letters)
    def confirms(self, who: str, newsletter: str) -> None:
        self.do(roster.confirm, self.number(who), newsletter, self.at)
        if (who, newsletter) in self.asked:
            self.asked.discard((who, newsletter))
            self.consented.add((who, newsletter))

    @rule(who=people, newsletter=letters)
    def chooses(self, who: str, newsletter: str) -> None:
        number = self.number(who)
        self.do(roster.choose, number, newsletter, self.at)
        if number and who not in self.barred:
            self.consented.add((who, newsletter))
            self.asked.discard((who, newsletter))
            self.left.discard((who, newsletter))

    @rule(who=people, newsletter=letters, cadence=st.sampled_from(CADENCES), sections=choices)
    def narrows(self, who: str, newsletter: str, cadence: str, sections: list[str] | None) -> None:
        self.do(roster.narrow, self.number(who), newsletter, self.at, sections=sections, cadence=cadence)
        if (who, newsletter) in self.known():
            self.chosen[who, newsletter] = (cadence, sections)

    @rule(who=people, newsletter=letters, cadence=st.sampled_from(("daily", "weekly")))
    def asks_for_a_cadence(self, who: str, newsletter: str, cadence: str) -> None:
        self.do(roster.subscribe, address=who, newsletter=newsletter, at=self.at, cadence=cadence)
        if who not in self.barred and (who, newsletter) not in self.consented:
            self.asked.add((who, newsletter))
            self.left.discard((who, newsletter))
            self.chosen[who, newsletter] = (cadence, None)

    @rule(newsletter=letters, cadence=st.sampled_from(("daily", "weekly")))
    def sends(self, newsletter: str, cadence: str) -> None:
        """An issue that tells of the World alone, planned as a build plans it."""
        of = Choosers(only=("weekly",)) if cadence == "weekly" else Choosers(but=("weekly",))
        self.issues += 1
        planned, batched = self.do(_planned, newsletter, self.issues, of, self.at)
        mine = {}
        for who, letter in self.consented:
            chosen, sections = self.chosen.get((who, letter), ("", None))
            if letter == newsletter and who not in self.barred and (chosen == "weekly") == (cadence == "weekly"):
                mine[who.lower()] = sections
        assert planned == sorted(mine)
        assert batched == sorted(who for who, sections in mine.items() if sections is None or "World" in sections)

        self.is_planned(newsletter, set(batched))

    def is_planned(self, newsletter: str, to: set[str]) -> None:
        """The issue `self.issues` goes to these, by address in lower case."""

    @rule(who=people, newsletter=letters | st.none())
    def leaves(self, who: str, newsletter: str | None) -> None:
        self.do(roster.unsubscribe, self.number(who), newsletter, self.at)
        for each in LETTERS if newsletter is None else (newsletter,):
            if (who, each) in self.consented | self.asked:
                self.left.add((who, each))
                self.consented.discard((who, each))
                self.asked.discard((who, each))

    @rule(
        some=st.lists(people, min_size=1, max_size=3),
        newsletter=letters,
        reason=st.sampled_from(["they said so", None]),
    )
    def imports(self, some: list[str], newsletter: str, reason: str | None) -> None:
        table = exchange.read(("address\n" + "\n".join(some) + "\n").encode())
        self.do(exchange.import_rows, table, newsletter=newsletter, consent=reason, at=self.at)
        for who in some:
            pair = (who, newsletter)
            if who in self.barred or pair in self.left or pair in self.consented:
                continue
            if reason:
                self.consented.add(pair)
                self.asked.discard(pair)
            else:
                self.asked.add(pair)

    @rule(who=people, kind=st.sampled_from(list(EventKind)), said=st.sampled_from(["hard", "soft"]))
    def reports(self, who: str, kind: EventKind, said: str) -> None:
        self.reported += 1
        at = self.at + timedelta(days=40 * self.reported)  # soft bounces never come in a row here
        told = Event(provider="p", id=str(at), kind=kind, address=who.upper(), at=at, is_permanent=said == "hard")
        self.do(events.record, [told, told], self.at)
        if kind in {EventKind.COMPLAINED, EventKind.UNSUBSCRIBED} or (kind is EventKind.BOUNCED and said == "hard"):
            self.ends(who)

    @rule(who=people, reason=st.sampled_from(list(SuppressionReason)))
    def suppressed(self, who: str, reason: SuppressionReason) -> None:
        self.do(roster.suppress, who, reason, self.at)
        self.ends(who)

    @rule(who=people)
    def lifted(self, who: str) -> None:
        self.do(roster.lift, who, self.at)
        self.barred.discard(who)

    @rule(who=people)
    def erased(self, who: str) -> None:
        self.do(roster.erase, who, self.at)
        self.do(events.forget, who)
        self.ends(who)
        self.left = {pair for pair in self.left if pair[0] != who}
        self.forget_choices()

    @rule(who=people, newsletter=letters | st.none())
    def removed(self, who: str, newsletter: str | None) -> None:
        self.do(roster.remove, who, newsletter, at=self.at)
        for each in LETTERS if newsletter is None else (newsletter,):
            self.consented.discard((who, each))
            self.asked.discard((who, each))
        self.forget_choices()

    @invariant()
    def only_who_agreed_is_mailed(self) -> None:
        mailed, active_and_barred = self.do(_standing)
        assert mailed == {(who.lower(), letter) for who, letter in self.consented if who not in self.barred}
        assert active_and_barred == 0

    def teardown(self) -> None:
        self.run(self.database.__aexit__())
        self.runner.close()


async def _standing(connection: Any) -> tuple[set[tuple[str, str]], int]:
    """Who is mailed which newsletter; how many are on one though their address is suppressed."""
    mailed = {
        (row.address.lower(), newsletter)
        for newsletter in LETTERS
        for row in await connection.execute(roster.recipients(newsletter))
    }
    return mailed, await _active_and_barred(connection)


async def _planned(connection: Any, newsletter: str, number: int, of: Choosers, at: datetime) -> tuple[list[str], ...]:
    """Who was planned, and who of them is in a batch."""
    issue = {"newsletter": newsletter, "number": number, "slot": str(number), "due_at": at, "state": "ready"}
    made = number
    await connection.execute(tables.issue.insert().values(id=made, **issue))
    variants = {text: _variant(roster.read_choice(text)) for text in await roster.choices(connection, newsletter, of)}
    named = {text: key for text, key in variants.items() if key != ""}
    await batches.plan(connection, issue_id=made, newsletter=newsletter, size=2, of=of, variants=named)
    d = tables.delivery.c
    rows = list(await connection.execute(select(d.address, d.batch).where(d.issue_id == made)))
    return sorted(row.address.lower() for row in rows), sorted(row.address.lower() for row in rows if row.batch >= 0)


def _variant(choice: Choice) -> str | None:
    if choice.sections is None:
        return ""
    return "world" if "World" in choice.sections else None


async def _active_and_barred(connection: Any) -> int:
    joined = subscription.join(subscriber, subscriber.c.id == subscription.c.subscriber_id).join(
        suppression, suppression.c.address_hash == subscriber.c.address_hash
    )
    statement = subscription.select().select_from(joined).where(subscription.c.state != "unsubscribed")
    return len((await connection.execute(statement)).all())


class Provider:
    """The far side, which knows a request again by its key: what arrived, by issue and subscriber."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.arrived: dict[tuple[int, int], str] = {}  # under which key

    def takes(self, issue: int, leaving: Leaving) -> None:
        key, body = leaving.batch.key, leaving.request.read()
        assert self.bodies.setdefault(key, body) == body  # the same bytes under the same key
        for recipient in leaving.batch.recipients:
            assert self.arrived.setdefault((issue, recipient.subscriber_id), key) == key  # each once


@dataclass
class Outgoing:
    """An issue under way."""

    newsletter: str
    open: dict[int, str]  # subscriber: address in lower case; planned, and not settled by the account below
    ledger: Ledger
    flying: list[Leaving] = field(default_factory=list)  # claimed, not answered
    allowed: dict[str, set[int]] = field(default_factory=dict)  # by key: who was to be mailed when it was claimed first


def _answers() -> st.SearchStrategy[str]:
    return st.sampled_from(["accepted", "rejected", "busy", "divide", "lost", "unanswered"])


class Mailings(Lives):
    """The same lives, and issues that really leave: claimed, posted and recorded, each step apart."""

    def __init__(self) -> None:
        super().__init__()
        self.provider = Provider()
        mail = config(Path(), base_url="http://provider.test").mail
        self.codec = providers.load(mail, folder=Path(), environ={})
        self.outgoing: dict[int, Outgoing] = {}

    @initialize(newsletter=letters)
    def an_issue_waits(self, newsletter: str) -> None:
        """All have agreed, and it is planned: most lives are about what happens after that."""
        self.imports(list(PEOPLE), newsletter, "they said so")
        self.sends(newsletter, "daily")

    def is_planned(self, newsletter: str, to: set[str]) -> None:
        numbers = {self.number(who): who.lower() for who in PEOPLE if who.lower() in to}
        self.outgoing[self.issues] = Outgoing(newsletter, numbers, self.sender(self.issues, newsletter))

    def sender(self, issue: int, newsletter: str) -> Ledger:
        envelope = Envelope(
            issue=f"{newsletter}/{issue}",
            newsletter=newsletter,
            title="",
            sender="digest@example.org",
            reply_to="",
            unsubscribe_address="",
            public_url="https://news.example.org",
            date=self.at,
            secret=b"0" * 32,
        )
        rendered = {"": RENDERED, "world": RENDERED}
        job = Job(issue_id=issue, newsletter=newsletter, envelope=envelope, rendered=rendered, expires_at=None)
        allowed = Allowed(per_second=100_000)
        made = Ledger(job, self.codec, database=self.database, allowed=allowed, now=lambda: self.at)
        self.run(made.begin())
        return made

    def may_be_mailed(self, issue: Outgoing, number: int) -> bool:
        """By the account: active, not suppressed, and the same person as was planned."""
        address = issue.open[number]
        who = next(who for who in PEOPLE if who.lower() == address)
        agreed = (who, issue.newsletter) in self.consented and who not in self.barred
        return agreed and self.number(who) == number

    def choose(self, data: st.DataObject, *, flying: bool = False) -> int:
        return data.draw(st.sampled_from([n for n, one in self.outgoing.items() if one.flying or not flying]))

    @precondition(lambda self: self.outgoing)
    @rule(data=st.data())
    def claims(self, data: st.DataObject) -> None:
        self.claim(self.choose(data))

    def claim(self, number: int) -> bool:
        """Takes the issue's next batch; whether there was one."""
        issue = self.outgoing[number]
        self.at += timedelta(seconds=1)
        taken = self.run(issue.ledger.take())
        if isinstance(taken, Wait):  # the provider asked for rest
            self.at = taken.until
            return True
        if not isinstance(taken, Leaving):
            return isinstance(taken, Handled)
        members = {recipient.subscriber_id for recipient in taken.batch.recipients}
        first = issue.allowed.setdefault(taken.batch.key, members)
        assert members == first  # a replay has its members
        if not taken.held.is_replay:
            assert all(self.may_be_mailed(issue, member) for member in members)
        issue.flying.append(taken)
        return True

    @precondition(lambda self: any(one.flying for one in self.outgoing.values()))
    @rule(data=st.data(), answer=_answers())
    def posts(self, data: st.DataObject, answer: str) -> None:
        self.post(self.choose(data, flying=True), answer)

    def post(self, number: int, answer: str) -> None:
        issue = self.outgoing[number]
        leaving = issue.flying.pop(0)
        if answer in {"accepted", "unanswered"}:
            self.provider.takes(number, leaving)
        self.at += timedelta(seconds=1)
        self.run(issue.ledger.record(leaving, Heard(decision=_heard(answer, len(leaving.batch.recipients)))))

    @precondition(lambda self: any(one.flying for one in self.outgoing.values()))
    @rule(data=st.data(), arrived=st.booleans())
    def sender_dies(self, data: st.DataObject, arrived: bool) -> None:
        """After its claim, before what it heard was written down; the next sender takes it from there."""
        number = self.choose(data, flying=True)
        issue = self.outgoing[number]
        for leaving in issue.flying:
            if arrived:
                self.provider.takes(number, leaving)
        issue.flying.clear()
        self.do(batches.void, issue_id=number, now=self.at, dead=[issue.ledger.owner])
        issue.ledger = self.sender(number, issue.newsletter)

    @precondition(lambda self: self.outgoing)
    @rule(data=st.data())
    def is_sent_to_the_end(self, data: st.DataObject) -> None:
        """Whoever was planned and may be mailed has it, but for whom the provider refused or did not answer of."""
        number = self.choose(data)
        issue = self.outgoing[number]
        while issue.flying:
            self.post(number, "accepted")
        wanted = {member for member in issue.open if self.may_be_mailed(issue, member)}
        for _ in range(60):
            if not self.claim(number):
                if (due := self.do(batches.next_due, issue_id=number, beginning=self.at)) is None:
                    break
                self.at = max(self.at, due)
            while issue.flying:
                self.post(number, "accepted")
        states = self.do(_states, number)
        assert set(states.values()) <= ENDED
        had = {subscriber for of, subscriber in self.provider.arrived if of == number}
        assert wanted <= had | {who for who, state in states.items() if state == DeliveryState.REJECTED}
        assert {who for who, state in states.items() if state == DeliveryState.ACCEPTED} <= had
        del self.outgoing[number]


ENDED = {"accepted", "rejected", "suppressed", "skipped", "unknown"}


def _heard(answer: str, count: int) -> Any:
    match answer:
        case "accepted":
            return Settle(outcomes=tuple(Accepted(provider_id=f"x{n}") for n in range(count)))
        case "rejected":
            return Settle(outcomes=(Rejected(reason="no such person"),) * count)
        case "busy":
            return Again(after=timedelta(seconds=5), reason="429", is_slow_down=True)
        case "divide":
            return Divide(reason="400")
        case _:
            return Doubt(reason="no answer came")


async def _states(connection: Any, number: int) -> dict[int, str]:
    d = tables.delivery.c
    rows = await connection.execute(select(d.subscriber_id, d.state).where(d.issue_id == number))
    return {row.subscriber_id: row.state for row in rows}


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)

TestMailings = Mailings.TestCase
# Unshrunk: a failure of twenty steps can be read, and shrinking it takes minutes.
TestMailings.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)


@pytest.mark.postgres
@pytest.mark.parametrize(("machine", "examples"), [(Lives, 6), (Mailings, 3)])
def test_lives_on_postgresql(postgres_kept: str, machine: type[Lives], examples: int) -> None:
    class There(machine):  # type: ignore[misc, valid-type]  # the same lives, elsewhere
        url = postgres_kept

        def prepare(self) -> None:
            self.run(empty(self.url))

    run_state_machine_as_test(There, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None))
