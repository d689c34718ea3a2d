"""Sending an issue: its deliveries are planned once, then a run sends what is open.

Killed at any instant, the next call goes on where this one was.
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Config
from digest.errors import ConfigError, Fault, NothingToDo, ProviderError, SendError, UsageError
from digest.model import DeliveryState, Issue, IssueState, Rendered
from digest.pipeline import frozen, variants
from digest.pipeline.kit import Kit
from digest.send import beside, compose, providers
from digest.send.compose import Envelope, Person
from digest.send.ledger import Allowed, Job, Ledger
from digest.send.outbox import Settle
from digest.send.providers.base import Accepted, Provider
from digest.send.run import Run
from digest.send.sender import Limits, Sender, Sleep, Transport
from digest.store import Database, batches, deliveries, issues, renditions, sendings
from digest.store.deliveries import Addressee, Failure
from digest.store.sendings import Sending
from subscribers import roster
from subscribers.model import EVERYBODY, Choosers, SigningKey

_SENDABLE = frozenset({IssueState.READY, IssueState.HELD, IssueState.SENDING, IssueState.SENT, IssueState.EXPIRED})
Progress = Callable[[int, int], None]  # deliveries settled, of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """How an issue's deliveries stand."""

    issue: str  # NEWSLETTER/NUMBER
    accepted: int
    rejected: int
    unknown: int
    suppressed: int
    pending: int  # those under way included
    expired: int
    skipped: int = 0  # nothing in it for them
    failures: tuple[Failure, ...] = ()  # the rejected, with reasons; the first 1,000
    note: str = ""  # why sending ended before all was sent
    is_over: bool = False  # nothing is left to send, nor to be sent again

    @property
    def is_partial(self) -> bool:
        """Whether someone the issue is for may not have it: exit code 4."""
        return bool(self.rejected or self.unknown or self.pending or self.expired)


def nameless(config: Config) -> list[Fault]:
    """The fault of mail that goes out into the world without a postal address (DESIGN rule 8); none for a mailbox here.

    CAN-SPAM (16 CFR 316.5) and Europe's rules on imprints want one in every issue.
    """
    if config.digest.postal_address.strip() or not config.mail.reaches_readers:
        return []
    problem = f"no postal address, which every issue by {config.mail.provider} must have"
    remedy = "Set it to who publishes and where, as in Example Press, 1 Example Street, 10115 Berlin"
    return [Fault(file=config.path.name, key="digest.postal_address", problem=problem, remedy=remedy)]


async def plan(kit: Kit, issue_id: int) -> int:
    """Fixes who gets the issue and in which batches; how many deliveries it has. Once: later calls change nothing."""
    return await _plan(kit, issue_id, batch_size(kit))


async def issue(
    kit: Kit,
    issue_id: int,
    *,
    base_url: str | None = None,
    resend_unknown: bool = False,
    stop: asyncio.Event | None = None,
    progress: Progress | None = None,
    sleep: Sleep = asyncio.sleep,
    limits: Limits = Limits(),  # noqa: B008 — frozen
    transport: Transport | None = None,
) -> SendReport:
    """Sends what is open of the issue, and says how all its deliveries stand.

    `base_url`: of the mailbox the running program serves; `resend_unknown`: the owner's word that what may have been
    taken is sent again; `stop`, once set: what is in flight is finished, nothing new begun; `sleep`, `limits` and
    `transport`: how to wait, how long, and over what, where it is not the clock and the network.
    NothingToDo where it has no recipient; ProviderError where the provider refuses the account; UsageError for an issue
    that is not frozen; ConfigError where readers would not learn who writes to them.
    """
    if faults := nameless(kit.config):
        raise ConfigError(faults)
    provider = providers.load(kit.config.mail, base_url=base_url, folder=kit.config.folder)
    if not await _plan(kit, issue_id, provider.capabilities.batch_max):
        raise NothingToDo(f"issue {issue_id} has nobody to go to: the newsletter has no active subscriber")
    job = await _begin(kit, issue_id)
    if resend_unknown:
        await _release(kit, issue_id, provider)
    counted = _Counted(progress, await _counts(kit, issue_id))
    heard = partial(kit.meter.answered, provider.name)
    async with Sender(provider, now=kit.now, limits=limits, transport=transport, heard=heard) as sender:
        ledger = Ledger(job, provider, database=kit.database, allowed=Allowed.by(kit.config.mail), now=kit.now)
        run = Run(ledger, sender=sender, now=kit.now, sleep=sleep, stop=stop, progress=counted.add)
        await run.finish()
    report = await _end(kit, issue_id, run.note)
    if run.refused:
        words = f"{report.issue}: {provider.name} refuses the account ({run.refused}); {report.pending} are still to go"
        raise ProviderError(f"{words}: mend [mail], then `digest send {report.issue} --resume`")
    return report


async def report(kit: Kit, issue_id: int, *, note: str = "") -> SendReport:
    """How the issue's deliveries stand now."""
    async with kit.database.read() as connection:
        sending = await sendings.find(connection, issue_id)
        found = await deliveries.counts(connection, issue_id)
        failures = await deliveries.failures(connection, issue_id)
    return SendReport(
        issue=sending.name,
        accepted=found[DeliveryState.ACCEPTED],
        rejected=found[DeliveryState.REJECTED],
        unknown=found[DeliveryState.UNKNOWN],
        suppressed=found[DeliveryState.SUPPRESSED],
        pending=found[DeliveryState.PENDING] + found[DeliveryState.SENDING],
        expired=found[DeliveryState.EXPIRED],
        skipped=found[DeliveryState.SKIPPED],
        failures=failures,
        note=note,
    )


async def dry_run(kit: Kit, issue_id: int) -> SendReport:
    """What `issue` would begin with: the deliveries as they stand, or, before planning, all recipients as pending."""
    now = await report(kit, issue_id)
    if now.is_partial or now.accepted or now.suppressed or now.skipped:
        return now
    async with kit.database.read() as connection:
        sending = await sendings.find(connection, issue_id)
        readers = _choosers(kit.config, sending)
        return replace(now, pending=await batches.recipients(connection, sending.newsletter, readers))


async def test_copy(
    kit: Kit, issue_id: int, addresses: Sequence[str], *, base_url: str | None = None
) -> Mapping[str, str]:
    """Sends the issue to these addresses alone, recorded nowhere but in [mail] per_day; the reason for each refused.

    Its links name nobody: whoever follows them unsubscribes no one.
    """
    job = await _job(kit, issue_id, date=kit.now())
    return await _copies(kit, job.envelope, job.rendered[""], addresses, base_url)


async def draft_copy(
    kit: Kit, issue: Issue, rendered: Rendered, addresses: Sequence[str], *, base_url: str | None = None
) -> Mapping[str, str]:
    """The same of an issue that is not frozen."""
    async with kit.database.write() as connection:
        keys = await roster.signing_keys(connection)
    envelope = _envelope(kit.config, issue.name, issue.newsletter, issue.title, date=kit.now(), secret=keys[0].secret)
    return await _copies(kit, envelope, rendered, addresses, base_url)


async def _copies(
    kit: Kit, envelope: Envelope, rendered: Rendered, addresses: Sequence[str], base_url: str | None
) -> Mapping[str, str]:
    provider = providers.load(kit.config.mail, base_url=base_url, folder=kit.config.folder)
    refused, allowed = {}, Allowed.by(kit.config.mail)
    async with Sender(provider, now=kit.now) as sender:
        for address in addresses:
            made = compose.batch(envelope, rendered, [Person(subscriber_id=0, address=address)])
            made = replace(made, key=str(uuid.uuid4()), headers=(*made.headers, ("X-Digest-Test", "yes")))
            decision = await beside.post(sender, made, database=kit.database, allowed=allowed, now=kit.now())
            if not isinstance(decision, Settle):
                refused[address] = decision.reason
            elif not isinstance(outcome := decision.outcomes[0], Accepted):
                refused[address] = str(outcome)
    return refused


async def eml(config: Config, database: Database, issue_id: int, to: str | None, *, now: datetime) -> bytes:
    """The very message of that subscriber, or (None) a neutral copy to the sender; NothingToDo for a stranger."""
    async with database.write() as connection:
        sending = await sendings.find(connection, issue_id)
        keys = await roster.signing_keys(connection)
        person = await deliveries.person(connection, issue_id, to) if to else None
        rendered = await renditions.load(connection, issue_id, person.variant if person else "")
    if to and person is None:
        raise NothingToDo(f"{to} is no recipient of {sending.name}")
    date = sending.date or now
    envelope = _envelope(config, sending.name, sending.newsletter, sending.title, date=date, secret=_secret(keys, date))
    whom = _person(person) if person else _nobody(config)
    return compose.eml(compose.batch(envelope, rendered, [whom]).messages()[0])


def neutral_values(config: Config) -> Mapping[str, str]:
    """What fills an issue's slots for nobody in particular: links to the front door."""
    front = config.digest.public_url
    links = dict.fromkeys(("unsubscribe_url", "preferences_url", "view_url"), front)
    return {**links, "recipient.name": "", "recipient.address": "", "name": "", "address": ""}


def _person(found: Addressee) -> Person:
    return Person(subscriber_id=found.subscriber_id, address=found.address, name=found.name)


def _nobody(config: Config) -> Person:
    name, address = parseaddr(config.mail.sender)
    return Person(subscriber_id=0, address=address, name=name)


def _envelope(config: Config, issue: str, newsletter: str, title: str, *, date: datetime, secret: bytes) -> Envelope:
    settings, mail = config.newsletters.get(newsletter), config.mail
    return Envelope(
        issue=issue,
        newsletter=newsletter,
        title=settings.title if settings else title,
        sender=mail.sender,
        reply_to=mail.reply_to,
        unsubscribe_address=mail.unsubscribe_address,
        public_url=config.digest.public_url,
        date=date,
        secret=secret,
    )


async def _plan(kit: Kit, issue_id: int, size: int) -> int:
    async with kit.database.write() as connection:
        sending = await sendings.find(connection, issue_id)
        _check(sending)
        total = sum((await deliveries.counts(connection, issue_id)).values())
        made = 0 if total else await _plan_late(kit, connection, sending, size)
        if not total and not made:  # another sender may have planned it this moment
            total = sum((await deliveries.counts(connection, issue_id)).values())
    if made:
        await kit.database.analyze()
    return total or made


async def _plan_late(kit: Kit, connection: AsyncConnection, sending: Sending, size: int) -> int:
    """The plan of an issue that had no reader when it was built."""
    newsletter = kit.config.newsletters.get(sending.newsletter)
    record = await issues.by_id(connection, sending.id)
    if newsletter is None or record is None or record.content is None or "document" not in record.content:
        return await batches.plan(connection, issue_id=sending.id, newsletter=sending.newsletter, size=size)
    told = await frozen.whole(connection, frozen.load(record.content["document"]))
    made = variants.gathered(kit, newsletter, told, await renditions.load(connection, sending.id))
    return await variants.plan(connection, newsletter, made, issue_id=sending.id, cadence=sending.cadence, size=size)


def _choosers(config: Config, sending: Sending) -> Choosers:
    """Whom the issue is for."""
    newsletter = config.newsletters.get(sending.newsletter)
    return newsletter.choosers(sending.cadence) if newsletter else EVERYBODY


def batch_size(kit: Kit) -> int:
    """How many messages the configured provider takes in one request; ConfigError where it cannot be used."""
    provider = providers.load(kit.config.mail, base_url="http://localhost", folder=kit.config.folder)
    return provider.capabilities.batch_max


def _check(sending: Sending) -> None:
    if sending.state not in _SENDABLE:
        raise UsageError(f"{sending.name} is {sending.state}: only an issue that is built can be sent")


async def _begin(kit: Kit, issue_id: int) -> Job:
    async with kit.database.write() as connection:
        sending = await sendings.begin(connection, issue_id, kit.now())
    if sending.date is None:
        raise SendError(f"{sending.name} has no date")
    return await _job(kit, issue_id, date=sending.date)


async def _job(kit: Kit, issue_id: int, *, date: datetime) -> Job:
    async with kit.database.write() as connection:
        sending = await sendings.find(connection, issue_id)
        rendered = await renditions.every(connection, issue_id)
        keys = await roster.signing_keys(connection)
    envelope = _envelope(
        kit.config, sending.name, sending.newsletter, sending.title, date=date, secret=_secret(keys, date)
    )
    return Job(
        issue_id=issue_id,
        newsletter=sending.newsletter,
        envelope=envelope,
        rendered=rendered,
        expires_at=sending.expires_at,
    )


def _secret(keys: Sequence[SigningKey], date: datetime) -> bytes:
    """The newest key that was there when the issue's date was fixed: a key made since must not change the bytes."""
    older = [key for key in keys if key.created_at <= date]
    return (older or list(keys)[-1:])[0].secret


async def _release(kit: Kit, issue_id: int, provider: Provider) -> None:
    """Keys that still live are kept; the others' batches begin anew."""
    known = provider.capabilities.idempotency
    now = kit.now()
    since = (
        now if known is None else now - known.lifetime if known.lifetime else datetime.min.replace(tzinfo=now.tzinfo)
    )
    async with kit.database.write() as connection:
        await batches.release_unknown(connection, issue_id=issue_id, now=now, kept_since=since)


async def _counts(kit: Kit, issue_id: int) -> Mapping[DeliveryState, int]:
    async with kit.database.read() as connection:
        return await deliveries.counts(connection, issue_id)


async def _end(kit: Kit, issue_id: int, note: str) -> SendReport:
    """The report; the issue is sent, or expired, once nothing is left to send, nor to be sent again."""
    told = await report(kit, issue_id, note=note)
    if told.pending or await _is_open(kit, issue_id):
        return told
    state = IssueState.EXPIRED if told.expired and not told.accepted else IssueState.SENT
    async with kit.database.write() as connection:
        await sendings.finish(connection, issue_id, state)
    return replace(told, is_over=True)


async def _is_open(kit: Kit, issue_id: int) -> bool:
    """Whether a request whose answer is not known will be repeated: the run was stopped before, or gave up waiting."""
    async with kit.database.read() as connection:
        return await batches.next_due(connection, issue_id=issue_id, beginning=kit.now()) is not None


class _Counted:
    """Progress as settled of total, from what each batch adds."""

    def __init__(self, progress: Progress | None, counts: Mapping[DeliveryState, int]) -> None:
        self._progress = progress
        self._total = sum(counts.values())
        open_ = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN)
        self._done = self._total - sum(counts[state] for state in open_)

    def add(self, settled: int) -> None:
        """Says how far it is."""
        self._done += settled
        if self._progress:
            self._progress(self._done, self._total)
