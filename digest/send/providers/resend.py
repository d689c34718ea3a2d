"""Resend: POST /emails/batch, 100 messages, known again by their Idempotency-Key for 24 hours (resend.com/docs).

A key still at work is answered 409 concurrent_idempotent_requests: the same again soon. A key used for another body is
409 invalid_idempotent_request: never.
"""

from datetime import timedelta

import httpx

from digest.model import Batch
from digest.send import compose
from digest.send.providers import merge
from digest.send.providers.base import (
    Account,
    Capabilities,
    Cause,
    Codec,
    Idempotency,
    Outcome,
    Refusal,
    Standing,
    ids,
    parsed,
    said,
)

_ACCOUNT = ("invalid_api_key", "missing_api_key", "restricted_api_key", "invalid_from_address", "invalid_access")


class Resend(Codec):
    """resend.com, or what speaks its API at base_url."""

    name = "resend"
    capabilities = Capabilities(batch_max=100, idempotency=Idempotency(lifetime=timedelta(hours=24)))
    home = "https://api.resend.com"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._headers = {"Authorization": f"Bearer {account.api_key}"}

    def encode(self, batch: Batch) -> httpx.Request:
        """Each message in full: Resend merges nothing."""
        message = {
            "from": batch.sender,
            "to": [merge.each(compose.name_addr(person.name, person.address) for person in batch.recipients)],
            "reply_to": [batch.reply_to],
            "subject": batch.rendered.subject,
            "headers": {
                **dict(batch.headers),
                **merge.own_headers(batch),
                "Message-ID": merge.each(person.message_id for person in batch.recipients),
            },
        }
        messages = merge.full(batch, message, html="html", text="text")
        return self.post("/emails/batch", messages, {**self._headers, "Idempotency-Key": batch.key})

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """Accepted, each by its id."""
        answer = parsed(response)
        return ids(batch, answer.get("data") if isinstance(answer, dict) else None, "id")

    def examine(self) -> httpx.Request:
        """The account's domains."""
        return self.get("/domains", {}, self._headers)

    def standing(self, response: httpx.Response) -> Standing:
        """A key that may send and nothing else is refused the domains, by a name of its own."""
        answer = parsed(response)
        if isinstance(answer, dict) and answer.get("name") == "restricted_api_key":
            return Standing(said="the key is accepted; it may do nothing but send")
        domains = answer.get("data") if response.is_success and isinstance(answer, dict) else None
        if not isinstance(domains, list):
            return super().standing(response)
        domain = compose.domain_of(self.account.sender)
        states = {str(each.get("name")): str(each.get("status")) for each in domains if isinstance(each, dict)}
        state = states.get(domain, "not one of the account's domains")
        return Standing(said=f"the key is accepted; {domain} is {state}", is_good=state == "verified")

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """409 in its two senses, and what concerns the account whatever its status."""
        answer = parsed(response)
        name = str(answer.get("name", "")) if isinstance(answer, dict) else ""
        reason = said(response, "message", "name")
        if name == "concurrent_idempotent_requests":
            return Refusal(cause=Cause.PENDING, reason=reason)
        if name == "invalid_idempotent_request" or (response.status_code == 409 and not name):
            return Refusal(cause=Cause.UNCLEAR, reason=reason)
        if name in _ACCOUNT or "domain is not verified" in reason:
            return Refusal(cause=Cause.ACCOUNT, reason=reason)
        return None
