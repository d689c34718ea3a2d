"""Mailtrap's bulk stream: POST /api/batch, 500 requests over a base (docs.mailtrap.io). No idempotency."""

from email.utils import parseaddr

import httpx

from digest.model import Batch, Message
from digest.send.providers.base import (
    Accepted,
    Account,
    Capabilities,
    Codec,
    Outcome,
    Rejected,
    Unknown,
    parsed,
    unknown,
)


class Mailtrap(Codec):
    """mailtrap.io."""

    name = "mailtrap"
    capabilities = Capabilities(batch_max=500, connections=2)
    home = "https://bulk.api.mailtrap.io"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._headers = {"Authorization": f"Bearer {account.api_key}"}

    def encode(self, batch: Batch) -> httpx.Request:
        """What all share in the base; each body in full, since only stored templates are merged."""
        base = {
            "from": _address(batch.sender),
            "reply_to": _address(batch.reply_to),
            "subject": batch.rendered.subject,
        }
        requests = [_request(message) for message in batch.messages()]
        return self.post("/api/batch", {"base": base, "requests": requests}, self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """One answer a request, in order."""
        answer = parsed(response)
        items = answer.get("responses") if isinstance(answer, dict) else None
        if not isinstance(items, list) or len(items) != len(batch.recipients):
            return unknown(batch, "the answers are not as many as the messages")
        return tuple(_outcome(item) for item in items)


def _request(message: Message) -> dict[str, object]:
    to = {"email": message.to_address, "name": message.to_name} if message.to_name else {"email": message.to_address}
    return {
        "to": [to],
        "html": message.html,
        "text": message.text,
        "headers": dict(message.headers),
        "custom_variables": {"digest_message": message.message_id.strip("<>")},
    }


def _outcome(item: object) -> Outcome:
    if not isinstance(item, dict):
        return Unknown(detail="an answer that is no object")
    if item.get("success") is False:
        return Rejected(reason="; ".join(map(str, item.get("errors") or ["no reason given"])))
    found = item.get("message_ids")
    if isinstance(found, list) and found and isinstance(found[0], str):
        return Accepted(provider_id=found[0])
    return Unknown(detail="a success with no id")


def _address(value: str) -> dict[str, str]:
    name, address = parseaddr(value)
    return {"email": address, "name": name} if name else {"email": address}
