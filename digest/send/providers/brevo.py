"""Brevo: POST /v3/smtp/email, 1,000 messageVersions over one body; known again for 30 minutes by a key in the body.

developers.brevo.com/docs/heterogenous-versions-batch-emails: the key is a UUID, headers.idempotencyKey of the JSON.
After those 30 minutes what is unknown is looked up: GET /v3/smtp/statistics/events finds messages by tag.
"""

from datetime import datetime, timedelta
from email.utils import parseaddr

import httpx
import orjson

from digest.model import Batch, Recipient
from digest.send.providers.base import (
    Accepted,
    Account,
    Capabilities,
    Cause,
    Codec,
    Idempotency,
    Inquiry,
    Lookup,
    Outcome,
    Refusal,
    Standing,
    parsed,
    said,
    shown,
    unknown,
)
from digest.send.providers.merge import BREVO


class Brevo(Codec):
    """brevo.com; the account's api_key is xkeysib-…"""

    name = "brevo"
    capabilities = Capabilities(
        batch_max=1000,
        idempotency=Idempotency(lifetime=timedelta(minutes=30)),
        lookup=Lookup(after=timedelta(minutes=35), settled=timedelta(minutes=90)),
    )
    home = "https://api.brevo.com"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._headers = {"api-key": account.api_key}

    def encode(self, batch: Batch) -> httpx.Request:
        """The body once, each reader's values as params."""
        rendered = batch.rendered
        body = {
            "sender": _address(batch.sender),
            "replyTo": _address(batch.reply_to),
            "subject": BREVO.quote(rendered.subject),
            "htmlContent": BREVO.html(rendered),
            "textContent": BREVO.text(rendered),
            "params": dict(BREVO.constants),
            "headers": {**dict(batch.headers), "idempotencyKey": batch.key},
            "tags": [batch.key],
            "messageVersions": [_version(batch, person) for person in batch.recipients],
        }
        return self.post("/v3/smtp/email", body, self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """An id a version, in order."""
        answer = parsed(response)
        found = answer.get("messageIds") or [answer.get("messageId")] if isinstance(answer, dict) else None
        if not isinstance(found, list) or len(found) != len(batch.recipients) or not all(map(_is_id, found)):
            return unknown(batch, f"{response.status_code} without an id for each")
        return tuple(Accepted(provider_id=named.strip("<>")) for named in found)

    def inquire(self, batch: Batch, since: datetime) -> Inquiry:
        """The requests under the batch's tag, of these days."""
        del since
        wanted = {"limit": 5000, "days": 2, "event": "requests", "tags": orjson.dumps([batch.key]).decode()}
        answer = parsed((yield self.get("/v3/smtp/statistics/events", wanted, self._headers)))
        events = answer.get("events", []) if isinstance(answer, dict) else None
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            return unknown(batch, "the events could not be read")
        return shown(batch, {str(event.get("email")): _id(event.get("messageId")) for event in events})

    def examine(self) -> httpx.Request:
        """The account and its plan."""
        return self.get("/v3/account", {}, self._headers)

    def standing(self, response: httpx.Response) -> Standing:
        """What the plan still takes, where it counts messages."""
        answer = parsed(response)
        plans = answer.get("plan") if response.is_success and isinstance(answer, dict) else None
        if not isinstance(plans, list):
            return super().standing(response)
        counted = [p.get("credits") for p in plans if isinstance(p, dict) and p.get("creditsType") == "sendLimit"]
        left = counted[0] if counted else None
        return Standing(said="the key is accepted", left=int(left) if isinstance(left, int | float) else None)

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """A key seen before says that the request was taken before; a word about credits is the account's.

        Any other word about the key does not say whether it was: it may be a fault of the key itself.
        """
        answer = parsed(response)
        code = str(answer.get("code", "")) if isinstance(answer, dict) else ""
        reason = said(response, "message", "code")
        if code == "duplicate_request":
            return Refusal(cause=Cause.TAKEN, reason=reason)
        if "idempotency" in reason.lower():
            return Refusal(cause=Cause.UNCLEAR, reason=reason)
        if code in {"not_enough_credits", "unauthorized", "permission_denied", "account_under_validation"}:
            return Refusal(cause=Cause.ACCOUNT, reason=reason)
        return None


def _version(batch: Batch, person: Recipient) -> dict[str, object]:
    to = {"email": person.address, "name": person.name} if person.name else {"email": person.address}
    return {"to": [to], "params": BREVO.values(batch.rendered, person), "headers": dict(person.headers)}


def _address(value: str) -> dict[str, str]:
    name, address = parseaddr(value)
    return {"email": address, "name": name} if name else {"email": address}


def _id(value: object) -> str | None:
    return value.strip("<>") if isinstance(value, str) else None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip("<>"))
