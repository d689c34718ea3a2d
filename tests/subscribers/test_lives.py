"""Any life a reader can have, in any order: nobody unsubscribed, suppressed or unconfirmed is ever a recipient.

The machine keeps its own small account of who may be mailed, by the words of the rules alone, and compares.
"""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from conftest import empty
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from digest.model import Event, EventKind
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
        self.issues = 0

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
        planned, batched = self.do(_sent, newsletter, self.issues, of, self.at)
        mine = {}
        for who, letter in self.consented:
            chosen, sections = self.chosen.get((who, letter), ("", None))
            if letter == newsletter and who not in self.barred and (chosen == "weekly") == (cadence == "weekly"):
                mine[who.lower()] = sections
        assert planned == sorted(mine)
        assert batched == sorted(who for who, sections in mine.items() if sections is None or "World" in sections)

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
        self.at += timedelta(days=40)  # soft bounces never come in a row here
        told = Event(
            provider="p", id=str(self.at), kind=kind, address=who.upper(), at=self.at, is_permanent=said == "hard"
        )
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
        for newsletter in LETTERS:
            found = self.do(_recipients, newsletter)
            expected = {
                who.lower() for who, letter in self.consented if letter == newsletter and who not in self.barred
            }
            assert found == expected

    @invariant()
    def nobody_suppressed_is_active(self) -> None:
        assert self.do(_active_and_barred) == 0

    def teardown(self) -> None:
        self.run(self.database.__aexit__())
        self.runner.close()


async def _recipients(connection: Any, newsletter: str) -> set[str]:
    return {row.address.lower() for row in await connection.execute(roster.recipients(newsletter))}


async def _sent(connection: Any, newsletter: str, number: int, of: Choosers, at: datetime) -> tuple[list[str], ...]:
    """Who was planned, and who of them is in a batch."""
    issue = {"newsletter": newsletter, "number": number, "slot": str(number), "due_at": at, "state": "ready"}
    made = (await connection.execute(tables.issue.insert().values(issue))).inserted_primary_key[0]
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


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


@pytest.mark.postgres
def test_lives_on_postgresql(postgres_kept: str) -> None:
    class There(Lives):
        url = postgres_kept

        def prepare(self) -> None:
            self.run(empty(self.url))

    run_state_machine_as_test(There, settings=settings(max_examples=6, stateful_step_count=25, deadline=None))
