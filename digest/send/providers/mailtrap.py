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
    Standing,
    Unknown,
    listed,
    parsed,
    said,
    unknown,
)

_ACCOUNTS = "https://mailtrap.io"  # docs.mailtrap.io/developers/account-management


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
        request = {
            "to": [merge.each(_to(person) for person in batch.recipients)],
            "headers": {**dict(batch.headers), **merge.own_headers(batch)},
            "custom_variables": {
                "digest_message": merge.each(person.message_id.strip("<>") for person in batch.recipients)
            },
        }
        before = orjson.dumps({"base": base})[:-1] + b',"requests":'
        requests = merge.full(batch, request, html="html", text="text", before=before, after=b"}")
        return self.post("/api/batch", requests, self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """One answer a request, in order."""
        answer = parsed(response)
        items = answer.get("responses") if isinstance(answer, dict) else None
        if not isinstance(items, list) or len(items) != len(batch.recipients):
            return unknown(batch, "the answers are not as many as the messages")
        return tuple(_outcome(item) for item in items)

    def examine(self) -> httpx.Request:
        """The accounts that the key opens: the one question without an account's number, at an address of its own."""
        is_theirs = self.account.base_url == self.home
        return httpx.Request(
            "GET", (_ACCOUNTS if is_theirs else self.account.base_url) + "/api/accounts", headers=self._headers
        )

    def standing(self, response: httpx.Response) -> Standing:
        """A key that may send and nothing else is refused, as a wrong one is."""
        if response.status_code in {401, 403}:
            words = "it is wrong, or may do nothing but send"
            return Standing(is_good=None, said=f"the key may not list accounts ({said(response, 'error')}): {words}")
        found = parsed(response) if response.is_success else None
        if not isinstance(found, list):
            return super().standing(response)
        names = ", ".join(str(each.get("name")) for each in found if isinstance(each, dict))
        return Standing(said=f"the key is accepted; it opens {names or 'no account'}", is_good=bool(names))


def _to(person: Recipient) -> dict[str, str]:
    return {"email": person.address, "name": person.name} if person.name else {"email": person.address}


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
