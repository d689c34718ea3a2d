"""Mailpit: POST /api/v1/send, one message a request (https://mailpit.axllent.org/docs/api-v1/).

No idempotency; what is unknown is looked up by Message-ID.
"""

import base64
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr

import httpx

from digest.model import Batch, Message
from digest.send.providers.base import Accepted, Account, Capabilities, Codec, Inquiry, Lookup, Outcome, parsed, unknown


class Mailpit(Codec):
    """A mail sandbox to look into; `api_key`, where given, is USER:PASSWORD."""

    name = "mailpit"
    capabilities = Capabilities(batch_max=1, lookup=Lookup(after=timedelta(seconds=5), settled=timedelta(minutes=1)))

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._headers = _basic(account.api_key) if account.api_key else {}

    def encode(self, batch: Batch) -> httpx.Request:
        """One message as Mailpit's JSON."""
        (message,) = batch.messages()
        return self.post("/api/v1/send", body(message), self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """Accepted with Mailpit's ID."""
        answer = parsed(response)
        named = answer.get("ID") if isinstance(answer, dict) else None
        if not isinstance(named, str) or not named:
            return unknown(batch, f"{response.status_code} with no ID")
        return (Accepted(provider_id=named),)

    def examine(self) -> httpx.Request:
        """What it is."""
        return self.get("/api/v1/info", {}, self._headers)

    def inquire(self, batch: Batch, since: datetime) -> Inquiry:
        """A search by Message-ID. It keeps only the newest: what it does not show may have been there."""
        del since
        (person,) = batch.recipients
        query = f'message-id:"{person.message_id.strip("<>")}"'
        answer = parsed((yield self.get("/api/v1/search", {"query": query, "limit": 2}, self._headers)))
        messages = answer.get("messages") if isinstance(answer, dict) else None
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            return unknown(batch, "the search gave no messages")
        named = messages[0].get("ID") if messages else None
        return (Accepted(provider_id=named if isinstance(named, str) else None) if messages else None,)


def body(message: Message) -> dict[str, object]:
    """Mailpit's SendRequest."""
    return {
        "From": _address(message.sender),
        "To": [{"Email": message.to_address, "Name": message.to_name}],
        "ReplyTo": [_address(message.reply_to)],
        "Subject": message.subject,
        "HTML": message.html,
        "Text": message.text,
        "Headers": {
            **dict(message.headers),
            "Date": format_datetime(message.date),
            "Message-ID": message.message_id,
        },
    }


def _address(value: str) -> dict[str, str]:
    name, address = parseaddr(value)
    return {"Email": address, "Name": name}


def _basic(pair: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
