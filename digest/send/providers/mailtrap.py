"""Mailtrap's bulk stream: POST /api/batch, 500 requests over a base (docs.mailtrap.io). No idempotency."""

from email.utils import parseaddr

import httpx
import orjson

from digest.model import Batch, Recipient
from digest.send.providers import merge
from digest.send.providers.base import (
    Accepted,
    Account,
    Capabilities,
    Codec,
    Outcome,
    Rejected,
    Unknown,
    listed,
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
        requests = orjson.Fragment(merge.full(batch, lambda person: _own(batch, person), html="html", text="text"))
        return self.post("/api/batch", {"base": base, "requests": requests}, self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """One answer a request, in order."""
        answer = parsed(response)
        items = answer.get("responses") if isinstance(answer, dict) else None
        if not isinstance(items, list) or len(items) != len(batch.recipients):
            return unknown(batch, "the answers are not as many as the messages")
        return tuple(_outcome(item) for item in items)


def _own(batch: Batch, person: Recipient) -> dict[str, object]:
    to = {"email": person.address, "name": person.name} if person.name else {"email": person.address}
    return {
        "to": [to],
        "headers": dict(batch.headers + person.headers),
        "custom_variables": {"digest_message": person.message_id.strip("<>")},
    }


def _outcome(item: object) -> Outcome:
    if not isinstance(item, dict):
        return Unknown(detail="an answer that is no object")
    if item.get("success") is False:
        return Rejected(reason=listed(item.get("errors")) or "no reason given")
    found = item.get("message_ids")
    if isinstance(found, list) and found and isinstance(found[0], str) and found[0]:
        return Accepted(provider_id=found[0])
    return Unknown(detail="a success with no id")


def _address(value: str) -> dict[str, str]:
    name, address = parseaddr(value)
    return {"email": address, "name": name} if name else {"email": address}
