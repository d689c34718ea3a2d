"""A word to the owner, by mail through the configured provider and by webhook: each once, as an issue's messages are.

The row with its words and key stands before the request leaves. What was surely not taken is sent again, ever more
seldom; what may have been is repeated only where the provider knows a request again, and else left as it is.
"""

import asyncio
import logging
import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.model import Batch, DeliveryState, Finding, Level, Message
from digest.pipeline import letters, send, wording
from digest.pipeline.kit import Kit
from digest.send import beside, outbox, providers
from digest.send.compose import domain_of
from digest.send.ledger import Allowed
from digest.send.outbox import Again, Decision, Doubt, Settle, Stop
from digest.send.providers.base import Accepted, Provider, Retry, fingerprint
from digest.send.sender import Sender, Transport
from digest.send.webhook import ABOUT, OwnerWebhook
from digest.store import notices, owner, renditions
from digest.store.issues import IssueRecord
from digest.store.notices import Notice, Words
from subscribers import roster, tokens

log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=5)  # longer than any request
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(hours=1)
_GIVE_UP = timedelta(days=2)  # older news is none


async def say(kit: Kit, connection: AsyncConnection, words: Words) -> list[int]:
    """Writes it down, in the caller's transaction, to be sent each way there is, and into the log; once.

    By mail where an owner is named: nobody who configured nothing gets a message that he did not ask for.
    """
    if await _add(kit, connection, words, "log") is None:
        return []
    log.warning("for the owner", extra={"about": words.about, "subject": words.subject})
    is_mailed = bool(kit.config.digest.owner) or words.is_asked
    ways = [way for way, is_open in (("mail", is_mailed), ("webhook", bool(_webhook(kit)))) if is_open]
    made = [await _add(kit, connection, words, way) for way in ways]
    return [number for number in made if number is not None]


async def _add(kit: Kit, connection: AsyncConnection, words: Words, way: str) -> int | None:
    state = DeliveryState.ACCEPTED if way == "log" else DeliveryState.PENDING
    key, address = str(uuid.uuid4()), kit.config.owner if way == "mail" else ""
    if way == "log":
        words = replace(words, text="", html="")
    return await notices.add(connection, words, way=way, address=address, key=key, at=kit.now(), state=state)


async def draft(kit: Kit, connection: AsyncConnection, record: IssueRecord) -> Words:
    """The words with an issue that waits, as it stands now."""
    rendered = await renditions.load(connection, record.id)
    (key, *_) = await roster.signing_keys(connection)
    token = tokens.sign(key.secret, "view", 0, record.name)
    url = f"{kit.config.digest.public_url.rstrip('/')}/view/{token}"
    values = {**send.neutral_values(kit.config), "view_url": url}
    newsletter = kit.config.newsletters[record.newsletter]
    return wording.draft(record, newsletter, rendered, _findings(record), values=values, url=url)


def _findings(record: IssueRecord) -> Sequence[Finding]:
    """What preflight said when the issue was frozen, as `build` wrote it down."""
    return [
        Finding(level=Level(f["level"]), rule=f["rule"], message=f["message"], remedy=f.get("remedy", ""))
        for f in (record.content or {}).get("preflight", ())
    ]


async def post(kit: Kit, notice_id: int, *, transport: Transport | None = None) -> None:
    """Sends one that is due, and writes down what became of it. `transport`: instead of the network, for tests."""
    provider: Provider | None = None
    async with kit.database.write() as connection:
        now = kit.now()
        dead = [name for name in await notices.owners(connection) if owner.is_dead(name)]
        held = await notices.claim(connection, notice_id, owner=kit.owner, now=now, lease=_LEASE, dead=dead)
        if held is None:
            return
        if why := _too_late(kit, held):
            await notices.settle(connection, held, DeliveryState.EXPIRED, note=why)
            return
        provider = _provider(kit, held)
        batch = _batch(kit, held)
        request = provider.encode(batch)
        body_hash = fingerprint(request, like=held.body_hash)
        if why := _no_replay(kit, held, provider, body_hash):
            await notices.settle(connection, held, DeliveryState.UNKNOWN, note=why)
            return
        await notices.commit(connection, held, body_hash=body_hash, provider=provider.name, now=now)
        if held.way == "mail" and held.body_hash is None:  # a repeated one was counted
            await connection.run_sync(beside.count, provider.name, Allowed.by(kit.config.mail), now)
    async with Sender(provider, now=kit.now, transport=transport) as sender:
        try:
            decision = await sender.post(request, batch)
        except asyncio.CancelledError:
            await asyncio.shield(_record(kit, held, provider, Doubt(reason="stopped in mid-request")))
            raise
    await _record(kit, held, provider, decision)


def _too_late(kit: Kit, held: Notice) -> str:
    if held.body_hash is None and kit.now() > held.at + _GIVE_UP:
        return "it could not be sent in two days"
    return "" if held.way == "mail" or _webhook(kit) else "there is no owner_webhook any more"


def _provider(kit: Kit, held: Notice) -> Provider:
    if held.way == "webhook":
        return OwnerWebhook(_webhook(kit))
    return providers.load(kit.config.mail, base_url=kit.mailbox_url or None, folder=kit.config.folder)


def _no_replay(kit: Kit, held: Notice, provider: Provider, body_hash: bytes) -> str:
    """Why a request that may have been taken is not repeated; empty where it may be, or there was none."""
    if held.body_hash is None:
        return ""
    if (held.provider, held.body_hash) != (provider.name, body_hash):
        return "its bytes are no longer those that were sent: the configuration changed"
    known = outbox.may_replay(
        provider.capabilities, first_sent_at=held.first_sent_at, replays=held.replays, now=kit.now()
    )
    return "" if known else "no answer came, and a request is not known again"


def _batch(kit: Kit, held: Notice) -> Batch:
    """The same bytes every time: all of it stands in the row."""
    mail = kit.config.mail
    message = Message(
        sender=mail.sender,
        reply_to=mail.reply_to,
        to_address=held.address or kit.config.owner,
        to_name="",
        subject=held.subject,
        date=held.at,
        message_id=f"<notice.{held.key}@{domain_of(mail.sender)}>",
        headers=(
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "OOF, AutoReply"),
            (ABOUT, held.about),
        ),
        html=held.html,
        text=held.text,
    )
    return replace(letters.batch(message), key=held.key)


async def _record(kit: Kit, held: Notice, provider: Provider, decision: Decision) -> None:
    state, note, wait, replays = _fate(held, provider, decision, kit)
    next_at = kit.now() + wait if wait is not None else None
    async with kit.database.write() as connection:
        await notices.settle(connection, held, state, next_at=next_at, note=note, replays=replays)
        if held.way == "mail" and held.body_hash is None:
            allowed = Allowed.by(kit.config.mail)
            await connection.run_sync(beside.uncount, provider.name, allowed, decision, kit.now())
    if state is not DeliveryState.ACCEPTED:
        log.warning("the owner was not told", extra={"about": held.about, "way": held.way, "cause": note})


def _fate(
    held: Notice, provider: Provider, decision: Decision, kit: Kit
) -> tuple[DeliveryState, str, timedelta | None, int | None]:
    """State, why, how long to wait (None: no more), requests without an answer."""
    wait = min(_SOONEST * 2 ** min(held.fence - 1, 10), _LATEST) * random.uniform(0.8, 1.2)  # noqa: S311 — jitter
    match decision:
        case Settle(outcomes=(Accepted(), *_)):
            return DeliveryState.ACCEPTED, "", None, None
        case Settle(outcomes=(Retry() as retry, *_)):
            return DeliveryState.PENDING, retry.reason, retry.after or wait, None
        case Again() | Stop():
            after = decision.after if isinstance(decision, Again) else None
            return _not_taken(held), decision.reason, after or wait, None
        case Doubt():
            replays = held.replays + int(decision.is_new)
            known = outbox.may_replay(
                provider.capabilities, first_sent_at=held.first_sent_at or kit.now(), replays=replays, now=kit.now()
            )
            return DeliveryState.UNKNOWN, decision.reason, (decision.after or wait) if known else None, replays
        case _:
            return DeliveryState.REJECTED, _reason(decision), None, None


def _not_taken(held: Notice) -> DeliveryState:
    """A replay that was surely not taken says nothing of the request before it."""
    return DeliveryState.UNKNOWN if held.body_hash is not None else DeliveryState.PENDING


def _reason(decision: Decision) -> str:
    return (outbox.reason_of(decision.outcomes[0]) or "") if isinstance(decision, Settle) else decision.reason


def _webhook(kit: Kit) -> str:
    return kit.config.digest.owner_webhook.get_secret_value()
