"""One message on its own through the provider: a confirmation, a word to the owner. Tried once, and counted."""

import uuid

from digest.config import Config
from digest.errors import SendError
from digest.model import Batch, Message, Recipient, Rendered, Slotted
from digest.pipeline.kit import Clock, Kit
from digest.send import beside, compose, providers
from digest.send.ledger import Allowed
from digest.send.outbox import Settle
from digest.send.providers.base import Accepted
from digest.send.sender import Sender
from digest.store import Database


async def post(kit: Kit, message: Message) -> None:
    """Sends it; SendError where the provider did not take it."""
    await send(kit.config, kit.database, message, now=kit.now, base_url=kit.mailbox_url or None)


async def send(
    config: Config, database: Database, message: Message, *, now: Clock, base_url: str | None = None
) -> None:
    """The same without a kit; `base_url` is that of a mailbox which this process serves."""
    provider = providers.load(config.mail, base_url=base_url, folder=config.folder)
    made = batch(message)
    async with Sender(provider, now=now) as sender:
        decision = await beside.post(sender, made, database=database, allowed=Allowed.by(config.mail), now=now())
    if not isinstance(decision, Settle):
        raise SendError(f"{message.subject!r} was not sent ({decision.reason})")
    if not isinstance(outcome := decision.outcomes[0], Accepted):
        raise SendError(f"{message.subject!r} was not accepted ({outcome})")


def batch(message: Message) -> Batch:
    """A batch of that message alone, nothing left to merge, under a key of its own; an empty `reply_to` is the sender.

    HeaderError for a line break in an address.
    """
    sender = compose.mailbox(message.sender)
    recipient = Recipient(
        subscriber_id=0,
        address=compose.ascii_domain(message.to_address),
        name=message.to_name,
        message_id=message.message_id,
        values={},
    )
    rendered = Rendered(
        subject=message.subject,
        preheader="",
        html=Slotted(parts=(message.html,), is_html=True),
        text=Slotted(parts=(message.text,)),
    )
    return Batch(
        issue="",
        key=str(uuid.uuid4()),
        sender=sender,
        reply_to=compose.mailbox(message.reply_to) if message.reply_to else sender,  # APIs refuse an empty one
        date=message.date,
        headers=message.headers,
        rendered=rendered,
        recipients=(recipient,),
    )
