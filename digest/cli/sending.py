"""`digest send`: which issue, and how its sending ended."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from digest.cli import building, checks, desk, out
from digest.config import Config, Newsletter
from digest.errors import ConfigError, NothingToDo
from digest.model import DeliveryState, Due
from digest.pipeline import build
from digest.pipeline import send as pipeline
from digest.pipeline.kit import Kit
from digest.store import batches, issues
from digest.store.deliveries import Failure
from digest.store.issues import IssueRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for."""

    resume: bool = False
    resend_unknown: bool = False
    dry_run: bool = False
    to: tuple[str, ...] = ()
    cadence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How an issue's deliveries stand, or would."""

    issue: str
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    suppressed: int = 0
    pending: int = 0
    expired: int = 0
    skipped: int = 0
    failures: tuple[Failure, ...] = ()
    note: str = ""
    is_dry: bool = False
    copies: tuple[str, ...] = ()  # addresses that got a test copy

    @property
    def exit_code(self) -> int:
        """4 while a delivery is unknown, rejected, expired or left over."""
        left = self.rejected or self.unknown or self.expired or (self.pending and not self.is_dry)
        return 4 if left else 0

    def shown(self) -> dict[str, Any]:
        """As --json prints it."""
        failures = [{"address": f.address, "state": f.state, "reason": f.reason} for f in self.failures]
        return {
            "issue": self.issue,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "unknown": self.unknown,
            "suppressed": self.suppressed,
            "pending": self.pending,
            "expired": self.expired,
            "skipped": self.skipped,
            "failures": failures,
            "note": self.note,
            "copies": list(self.copies),
        }

    def print(self) -> None:
        """For people: counts on standard output, each failed address on standard error."""
        for failure in self.failures:
            out.note(f"{failure.address}: {failure.reason}")
        if self.note:
            out.note(self.note)
        if self.copies:
            out.line(f"{self.issue}: a test copy to {', '.join(self.copies)}")
            return
        counted = {
            "accepted": self.accepted,
            "rejected": self.rejected,
            "unknown": self.unknown,
            "suppressed": self.suppressed,
            "would go out" if self.is_dry else "pending": self.pending,
            "expired": self.expired,
            "with nothing in their sections": self.skipped,
        }
        words = [f"{number:,} {state}" for state, number in counted.items() if number]
        out.line(f"{self.issue}: {', '.join(words) or 'nothing to send'}")
        if self.unknown:
            out.line("unknown: perhaps delivered. `digest send ISSUE --resume --resend-unknown` sends them again.")


async def run(config: Config, target: str | None, wishes: Wishes, *, quiet: bool) -> Report:
    """Does what was asked. Ctrl-C and SIGTERM finish what is in flight; a second one ends at once."""
    is_real = not (wishes.to or wishes.dry_run)
    if faults := checks.sending(config) if is_real else checks.provider(config):
        raise ConfigError(faults)
    stopping = asyncio.Event()
    _on_signals(stopping)
    async with mailbox(config) as url, desk.kit(config, stopping=stopping, mailbox_url=url) as kit:
        found = await _issue(kit, target, wishes)
        if isinstance(found, build.Draft):
            return await _unbuilt(kit, found, wishes)
        if wishes.to:
            refused = await pipeline.test_copy(kit, found.id, wishes.to, base_url=url or None)
            return _copies(found.name, wishes.to, refused)
        if wishes.dry_run:
            return _anybody(_report(await pipeline.dry_run(kit, found.id), is_dry=True), found.newsletter)
        return await deliver(kit, found, resend_unknown=wishes.resend_unknown, quiet=quiet)


async def deliver(kit: Kit, record: IssueRecord, *, resend_unknown: bool = False, quiet: bool = False) -> Report:
    """Sends what is open of an issue; a mailbox of our own is served while it lasts, where none is."""
    async with contextlib.AsyncExitStack() as stack:
        url = kit.mailbox_url or await stack.enter_async_context(mailbox(kit.config))
        from digest.cli import progress as bars

        progress = stack.enter_context(bars.shown(record.name, quiet=quiet))
        sent = await pipeline.issue(
            kit,
            record.id,
            base_url=url or None,
            resend_unknown=resend_unknown,
            stop=kit.stopping,
            progress=progress,
        )
    return _report(sent)


@contextlib.asynccontextmanager
async def mailbox(config: Config) -> AsyncIterator[str]:
    """The address of a local mailbox, served for as long as the block runs; empty where the provider is elsewhere."""
    if config.mail.provider != "mailbox" or config.mail.base_url:
        yield ""
        return
    from digest.web import mailbox as box
    from digest.web import server

    async with server.serve(box.app(config.mailbox)) as address:
        yield address


async def _issue(kit: Kit, target: str | None, wishes: Wishes) -> IssueRecord | build.Draft:
    """The issue that is meant; a draft where nothing is built and nothing may be."""
    if target is not None and (named := desk.issue_name(target)) is not None:
        return await _named(kit, *named)
    letter = desk.newsletter(kit.config, target)
    if (open_issue := await _open(kit, letter, wishes)) is not None:
        return open_issue
    if wishes.resume:
        raise NothingToDo(f"{letter.name}: there is no issue to go on with")
    due = await building.due(kit, letter, cadence=wishes.cadence)
    if wishes.dry_run or wishes.to:
        async with kit.database.read() as connection:
            number = await issues.next_number(connection, letter.name)
        return await build.draft(kit, letter, due, number=number)
    return await _built(kit, letter, due)


async def _named(kit: Kit, name: str, number: int) -> IssueRecord:
    async with kit.database.read() as connection:
        record = await issues.found(connection, name, number)
    if record is None:
        raise NothingToDo(f"there is no issue {name}/{number}; see `digest issues list`")
    return record


async def _open(kit: Kit, letter: Newsletter, wishes: Wishes) -> IssueRecord | None:
    """The oldest issue (of that cadence) not sent to the end; with --resume, or for a look, the last one that was."""
    only = None if wishes.cadence is None else (wishes.cadence,)
    async with kit.database.read() as connection:
        unsent = await issues.unsent(connection, letter.name)
        last = await issues.last_told(connection, letter.name, cadences=only)
    if found := [record for record in unsent if only is None or record.cadence in only]:
        return found[0]
    return last if wishes.resume else None


async def _built(kit: Kit, letter: Newsletter, due: Due) -> IssueRecord:
    """Builds, if there is anybody to read it: an issue for nobody would use up its stories."""
    async with kit.database.read() as connection:
        readers = await batches.recipients(connection, letter.name, letter.choosers(due.cadence))
    if not readers:
        raise _nobody(letter.name, due.cadence)
    return await build.issue(kit, letter, due)


async def _unbuilt(kit: Kit, draft: build.Draft, wishes: Wishes) -> Report:
    """A look at an issue that is not frozen: who would get it, or a copy of it."""
    build.refuse(draft)
    if wishes.to:
        refused = await pipeline.draft_copy(
            kit, draft.issue, draft.rendered, wishes.to, base_url=kit.mailbox_url or None
        )
        return _copies(draft.issue.name, wishes.to, refused)
    letter = kit.config.newsletters[draft.issue.newsletter]
    async with kit.database.read() as connection:
        readers = await batches.recipients(connection, letter.name, letter.choosers(draft.cadence))
    return _anybody(Report(issue=draft.issue.name, pending=readers, is_dry=True), draft.issue.newsletter)


def _anybody(report: Report, name: str) -> Report:
    """The report, where it speaks of anybody."""
    if not any(
        (
            report.accepted,
            report.rejected,
            report.unknown,
            report.suppressed,
            report.pending,
            report.expired,
            report.skipped,
        )
    ):
        raise _nobody(name)
    return report


def _nobody(name: str, cadence: str = "") -> NothingToDo:
    of = f"{name} ({cadence})" if cadence else name
    return NothingToDo(f"{of} has no active subscriber: add one with `digest subscribers add ADDRESS`")


def _copies(name: str, wanted: tuple[str, ...], refused: Any) -> Report:
    failures = tuple(Failure(address=a, state=DeliveryState.REJECTED, reason=why) for a, why in refused.items())
    taken = tuple(address for address in wanted if address not in refused)
    return Report(issue=name, rejected=len(failures), failures=failures, copies=taken)


def _report(sent: pipeline.SendReport, *, is_dry: bool = False) -> Report:
    return Report(
        issue=sent.issue,
        accepted=sent.accepted,
        rejected=sent.rejected,
        unknown=sent.unknown,
        suppressed=sent.suppressed,
        pending=sent.pending,
        expired=sent.expired,
        skipped=sent.skipped,
        failures=sent.failures,
        note=sent.note,
        is_dry=is_dry,
    )


def _on_signals(stopping: asyncio.Event) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop() -> None:
        if stopping.is_set():
            task.cancel()
        else:
            out.note("stopping: what is in flight is finished first")
            stopping.set()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop)
