"""Postmark: POST /email/batch, 500 messages in full (postmarkapp.com/developer). 200 even where items fail.

No idempotency. What is unknown is looked up: GET /messages/outbound finds messages by metadata. Its documents do not
say how soon, so that what it does not show is held.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import httpx

from digest.model import Batch
from digest.send import compose
from digest.send.providers import merge
from digest.send.providers.base import (
    Accepted,
    Account,
    Capabilities,
    Cause,
    Codec,
    Inquiry,
    Lookup,
    Outcome,
    Refusal,
    Rejected,
    Retry,
    Unknown,
    listed,
    parsed,
    said,
    shown,
    unknown,
)

_STREAM = "broadcast"
_BATCH = "digest-batch"  # the metadata by which a batch is found again (keys have at most 20 characters)
_ACCOUNT = frozenset({10, 400, 401, 405, 412, 413, 1235})  # token, sender signature, credits, approval, stream
_LATER = frozenset({100, 429, 500})  # maintenance, rate, their own error


class Postmark(Codec):
    """postmarkapp.com; the account's api_key is a server token. Uses the broadcast stream."""

    name = "postmark"
    capabilities = Capabilities(
        batch_max=500,
        request_bytes=48_000_000,
        connections=2,
        lookup=Lookup(after=timedelta(minutes=1), settled=timedelta(minutes=15)),
    )
    home = "https://api.postmarkapp.com"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._headers = {"X-Postmark-Server-Token": account.api_key}

    def encode(self, batch: Batch) -> httpx.Request:
        """Each message in full: this endpoint merges nothing."""
        named = (person.message_id.strip("<>")[:80] for person in batch.recipients)
        message = {
            "From": batch.sender,
            "To": merge.each(compose.name_addr(person.name, person.address) for person in batch.recipients),
            "ReplyTo": batch.reply_to,
            "Subject": batch.rendered.subject,
            "Headers": [
                {"Name": name, "Value": value} for name, value in (*batch.headers, *merge.own_headers(batch).items())
            ],
            "Metadata": {"digest-message": merge.each(named), _BATCH: batch.key},
            "MessageStream": _STREAM,
        }
        messages = merge.full(batch, message, html="HtmlBody", text="TextBody")
        return self.post("/email/batch", messages, self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...] | Refusal:
        """One code an item, in order."""
        items = parsed(response)
        if not isinstance(items, list) or len(items) != len(batch.recipients):
            return unknown(batch, "the answers are not as many as the messages")
        if {_code(item) for item in items} <= _ACCOUNT:
            return Refusal(cause=Cause.ACCOUNT, reason=listed(items[0].get("Message")))
        return tuple(_outcome(item) for item in items)

    def inquire(self, batch: Batch, since: datetime) -> Inquiry:
        """One search, by the batch's key: a page holds as many as a batch."""
        del since
        wanted = {"count": 500, "offset": 0, "messagestream": _STREAM, f"metadata_{_BATCH}": batch.key}
        answer = parsed((yield self.get("/messages/outbound", wanted, self._headers)))
        messages = answer.get("Messages") if isinstance(answer, dict) else None
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            return unknown(batch, "the search gave no messages")
        return shown(batch, {address: named for message in messages for address, named in _shown(message)})

    def examine(self) -> httpx.Request:
        """The server that the token is of."""
        return self.get("/server", {}, self._headers)

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """422 carries a code: some are of the account."""
        is_accounts = _code(parsed(response)) in _ACCOUNT
        return Refusal(cause=Cause.ACCOUNT, reason=said(response, "Message")) if is_accounts else None


def _code(item: object) -> int | None:
    """Its ErrorCode; None where it is no whole number."""
    code = item.get("ErrorCode") if isinstance(item, dict) else None
    return code if type(code) is int else None


def _shown(message: Mapping[str, object]) -> Iterator[tuple[str, str | None]]:
    """The addresses of a found message, with its id."""
    to, named = message.get("Recipients"), message.get("MessageID")
    for address in to if isinstance(to, list) else ():
        yield str(address), named if isinstance(named, str) else None


def _outcome(item: object) -> Outcome:
    code = _code(item)
    if code is None or not isinstance(item, dict):
        return Unknown(detail="an answer with no code")
    reason = listed(item.get("Message"))
    if code == 0:
        named = item.get("MessageID")
        return (
            Accepted(provider_id=named) if isinstance(named, str) and named else Unknown(detail="accepted with no id")
        )
    if code in _LATER | _ACCOUNT:
        return Retry(reason=f"{code} {reason}")
    return Rejected(code=str(code), reason=reason)
