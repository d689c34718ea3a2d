"""The steps by name: collect → make → send. A step is a plain function that returns the next steps with their keys.

An engine moves them: Local in this process, another one elsewhere; no step knows which. What is undone stands in the
tables, so a step that is lost is found again by the sweep, and one that comes twice does its work once.
"""

import asyncio
import contextlib
import logging
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from structlog import contextvars

from digest import memory
from digest.collect.addresses import authority
from digest.config import Newsletter
from digest.errors import CollectError, ConfigError, DigestError, Fault, NothingToDo, StoreError, WorkerError
from digest.model import Due, IssueState, Step
from digest.pipeline.kit import Follow, Kit
from digest.store import issues, sendings

log = logging.getLogger(__name__)

_COLLECT_S = 600.0  # for a slot: feeds that are slower than that are left to the next issue
_MAKE_S = 1_800.0
_LARGE = {"make", "send"}
_LEAVING = (IssueState.READY, IssueState.SENDING)
_FEEDS_A_SHARE = 250  # of a newsletter's feeds, where others can take the rest: some seconds of work
_BATCHES_A_SHARE, _MOST_SHARES = 50, 16  # of an issue's batches, likewise
_RETRY_SOONEST, _RETRY_LATEST = timedelta(minutes=1), timedelta(minutes=15)
# What may be well at the next try. Any error that is none of ours may too: the program does not know it.
_PASSING = (StoreError, WorkerError, CollectError)


async def _silent(kit: Kit, notice_id: int) -> None:
    """Nobody is told."""
    del kit, notice_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What the steps do; `pipeline.stages` has ours."""

    collect: Callable[[Kit, Newsletter], Awaitable[None]]
    make: Callable[[Kit, Newsletter, Due, issues.Claim], Awaitable[None]]
    send: Callable[[Kit, int, asyncio.Event], Awaitable[None]]  # the issue's id; set: begin nothing more
    tell: Callable[[Kit, int], Awaitable[None]] = _silent  # a notice's id


def collecting(newsletter: str, *, share: int = 0, of: int = 0) -> Step:
    """Ask a newsletter's feeds that are due: all, or one share of so many."""
    args: dict[str, str | int] = {"newsletter": newsletter, "share": share, "of": of}
    return Step(name="collect", key=f"collect:{newsletter}" + (f":{share}/{of}" if of else ""), args=args)


def making(record: issues.IssueRecord, *, since: datetime | None = None, until: datetime | None = None) -> Step:
    """Collect for an issue whose slot is claimed, then make it, of what was seen until then (None: by now).

    `since`: from when on, where it is the first of its cadence (None: all that was not told).
    """
    args: dict[str, str | int] = {"issue": record.id, "owner": record.owner or ""}
    args |= {"since": _text(since), "until": _text(until)}
    return Step(name="make", key=f"make:{record.newsletter}@{record.cadence}{record.slot}", args=args)


def sending(issue_id: int, *, until: datetime | None = None, share: int = 0) -> Step:
    """Send what of an issue is not sent, until then. The further shares help with the same: each batch goes to one."""
    args: dict[str, str | int] = {"issue": issue_id, "until": _text(until), "share": share}
    return Step(name="send", key=f"send:{issue_id}" + (f":{share}" if share else ""), args=args)


def telling(notice_id: int) -> Step:
    """Send a word to the owner that is written down."""
    return Step(name="tell", key=f"tell:{notice_id}", args={"notice": notice_id})


async def run(kit: Kit, step: Step, stages: Stages) -> Sequence[Step]:
    """Does that step; the steps that follow from it. KeyError for a step of no such name."""
    does = {"collect": _collect, "make": _make, "send": _send, "tell": _tell}[step.name]
    with contextvars.bound_contextvars(step=step.name, newsletter=None, issue=None, slot=None):
        try:
            return await does(kit, step, stages)
        finally:
            if step.name in _LARGE:
                memory.give_back()


def _named(record: issues.IssueRecord) -> dict[str, str]:
    """What every line of the log says while the step works on that issue."""
    return {"newsletter": record.newsletter, "issue": record.name, "slot": record.slot}


async def _collect(kit: Kit, step: Step, stages: Stages) -> Sequence[Step]:
    contextvars.bind_contextvars(newsletter=step.args["newsletter"])
    if (newsletter := kit.config.newsletters.get(str(step.args["newsletter"]))) is None:
        return ()
    of = int(step.args.get("of", 0))
    if of:
        newsletter = _share(newsletter, int(step.args["share"]), of)
    elif kit.follow is not None and len(newsletter.feeds) > _FEEDS_A_SHARE:
        of = -(-len(newsletter.feeds) // _FEEDS_A_SHARE)
        return [collecting(newsletter.name, share=share, of=of) for share in range(of)]
    await stages.collect(kit, newsletter)
    return ()


def _share(newsletter: Newsletter, share: int, of: int) -> Newsletter:
    """With that share of its feeds alone; those of one host stay together: who asks must know whom it asked."""
    mine = [feed for feed in newsletter.feeds if _place(feed.url) % of == share]
    return newsletter.model_copy(update={"feeds": tuple(mine)})


@lru_cache(maxsize=2**17)  # feeds of the configuration: each share goes through them all
def _place(url: str) -> int:
    """The same for all feeds of a host, on every machine."""
    return zlib.crc32(authority(url).encode())


async def _make(kit: Kit, step: Step, stages: Stages) -> Sequence[Step]:
    """Under the claim that the step carries; whatever happens, the issue's row says it."""
    async with kit.database.read() as connection:
        record = await issues.by_id(connection, int(step.args["issue"]))
    owner = str(step.args["owner"])
    if record is None or record.state is not IssueState.BUILDING or record.owner != owner:
        return ()  # somebody else has it, or it is made
    contextvars.bind_contextvars(**_named(record))
    held = issues.Claim(issue_id=record.id, number=record.number, owner=owner)
    due = Due(
        slot=record.slot,
        at=record.due_at,
        since=_time(step, "since"),
        until=_time(step, "until"),
        cadence=record.cadence,
    )
    try:
        newsletter = _newsletter(kit, record)
        await _collect_first(kit, newsletter, stages)
        async with asyncio.timeout(_MAKE_S):
            await stages.make(kit, newsletter, due, held)
    except asyncio.CancelledError:
        await _settle(kit, held, record, asyncio.CancelledError("the program was stopped"))
        raise
    except Exception as error:  # noqa: BLE001 — it stands on the row and in the log
        await _settle(kit, held, record, error)
        return ()
    async with kit.database.read() as connection:
        made = await issues.by_id(connection, record.id)
    return (sending(record.id),) if made and may_leave(made, newsletter, kit.now()) else ()


async def _collect_first(kit: Kit, newsletter: Newsletter, stages: Stages) -> None:
    """What is new, for the issue; where that fails, it is told of what there is."""
    try:
        async with asyncio.timeout(_COLLECT_S):
            await stages.collect(kit, newsletter)
    except (DigestError, TimeoutError) as error:
        log.warning("not collected", extra={"newsletter": newsletter.name, "cause": str(error) or "took too long"})


def may_leave(record: issues.IssueRecord, newsletter: Newsletter, now: datetime) -> bool:
    """Whether it is ready and nothing bids it wait; the sweep knows the windows."""
    if record.state is not IssueState.READY or newsletter.send_between:
        return False
    return record.send_at is None or record.send_at <= now


async def _settle(kit: Kit, held: issues.Claim, record: issues.IssueRecord, error: BaseException) -> None:
    """Writes down what became of an issue that was not made: skipped, failed, or to be tried again."""
    told = {"issue": record.name, "slot": record.slot, "cause": str(error) or type(error).__name__}
    note = str(error) or type(error).__name__
    async with kit.database.write() as connection:
        if isinstance(error, NothingToDo):
            log.info("issue skipped", extra=told)
            await issues.close(connection, held, state=IssueState.SKIPPED, note=note)
        elif (again := retry_at(error, record, kit)) is not None:
            log.warning("issue not made, to be tried again", extra=told, exc_info=_unknown(error))
            await issues.postpone(connection, held, until=again, note=note)
        else:
            log.error("issue failed", extra=told, exc_info=_unknown(error))
            await issues.close(connection, held, state=IssueState.FAILED, note=note)


def retry_at(error: BaseException, record: issues.IssueRecord, kit: Kit) -> datetime | None:
    """When to try again: after a passing fault, ever more seldom, until the issue would be too late; else None."""
    now = kit.now()
    if isinstance(error, asyncio.CancelledError):
        return now
    if isinstance(error, DigestError) and not isinstance(error, _PASSING):
        return None
    newsletter = kit.config.newsletters.get(record.newsletter)
    begun = record.begun_at or record.due_at
    if newsletter is None or now >= max(begun, record.due_at) + newsletter.expires_after:
        return None
    return now + min(max((now - begun) / 4, _RETRY_SOONEST), _RETRY_LATEST)


def _unknown(error: BaseException) -> BaseException | None:
    """The error where its traceback is worth reading."""
    return None if isinstance(error, (DigestError, TimeoutError, asyncio.CancelledError)) else error


def _newsletter(kit: Kit, record: issues.IssueRecord) -> Newsletter:
    if (found := kit.config.newsletters.get(record.newsletter)) is None:
        problem = f"{record.name} is to be made, and there is no newsletter {record.newsletter}"
        key = f"newsletters.{record.newsletter}"
        raise ConfigError([Fault(file=kit.config.path.name, key=key, problem=problem, remedy="It was removed")])
    return found


async def _send(kit: Kit, step: Step, stages: Stages) -> Sequence[Step]:
    async with kit.database.read() as connection:
        record = await issues.by_id(connection, int(step.args["issue"]))
    contextvars.bind_contextvars(**(_named(record) if record else {}))
    if record is None or record.state not in _LEAVING:
        return ()  # sent meanwhile
    if kit.follow is not None and not step.args.get("share"):
        await _call_for_help(kit, step, kit.follow)
    async with _stop(kit, _time(step, "until")) as stop:
        await stages.send(kit, int(step.args["issue"]), stop)
    return ()


async def _tell(kit: Kit, step: Step, stages: Stages) -> Sequence[Step]:
    await stages.tell(kit, int(step.args["notice"]))
    return ()


async def _call_for_help(kit: Kit, step: Step, follow: Follow) -> None:
    """A large issue is sent by several: as many more steps as it is worth."""
    issue_id, until = int(step.args["issue"]), _time(step, "until")
    async with kit.database.write() as connection:
        waiting = await sendings.waiting(connection, issue_id)
        shares = range(1, min(waiting // _BATCHES_A_SHARE, _MOST_SHARES))
        await follow([sending(issue_id, until=until, share=share) for share in shares], connection)


@contextlib.asynccontextmanager
async def _stop(kit: Kit, until: datetime | None) -> AsyncIterator[asyncio.Event]:
    """Set when the program stops, or the window closes."""
    if until is None:
        yield kit.stopping
        return
    stop = asyncio.Event()
    closing = asyncio.get_running_loop().call_later(max(0.0, (until - kit.now()).total_seconds()), stop.set)
    stopping = asyncio.create_task(_when(kit.stopping, stop))
    try:
        yield stop
    finally:
        closing.cancel()
        stopping.cancel()


async def _when(first: asyncio.Event, then: asyncio.Event) -> None:
    await first.wait()
    then.set()


def _text(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _time(step: Step, key: str) -> datetime | None:
    text = str(step.args.get(key, ""))
    return datetime.fromisoformat(text) if text else None
