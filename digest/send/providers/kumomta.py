"""KumoMTA: POST /api/inject/v1, many recipients over one body that MiniJinja fills (docs.kumomta.com). No idempotency.

The answer counts, and lists who failed; everyone else is in the spool. It gives no ids.
"""

import base64
import re
from email.utils import parseaddr

import httpx

from digest.model import Batch, Recipient
from digest.send.providers.base import (
    Accepted,
    Account,
    Capabilities,
    Codec,
    Outcome,
    Rejected,
    listed,
    parsed,
    unknown,
)
from digest.send.providers.merge import MINIJINJA

_BRACE = re.compile(
    r"\{(?=[{%#])"
)  # of a subject, which is filled or not, as the release has it: a joiner is put between


class Kumo(Codec):
    """A KumoMTA of your own; the account's api_key, where its listener wants one, is USER:PASSWORD."""

    name = "kumomta"
    capabilities = Capabilities(batch_max=500)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        pair = base64.b64encode(account.api_key.encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"} if account.api_key else {}

    def encode(self, batch: Batch) -> httpx.Request:
        """The body once, each reader's values and headers as substitutions."""
        rendered = batch.rendered
        own = {name: MINIJINJA.place(_variable(name)) for name, _ in batch.recipients[0].headers}
        shared = {name: MINIJINJA.quote(value) for name, value in batch.headers}
        content = {
            "from": _address(batch.sender),
            "reply_to": _address(batch.reply_to),
            "subject": _BRACE.sub("{\u2060", rendered.subject),
            "text_body": MINIJINJA.text(rendered),
            "html_body": MINIJINJA.html(rendered),
            "headers": {**shared, **own, "Message-ID": MINIJINJA.place("message_id")},
        }
        body = {
            "envelope_sender": parseaddr(batch.sender)[1],
            "content": content,
            "recipients": [_recipient(batch, person) for person in batch.recipients],
        }
        return self.post("/api/inject/v1", body, self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """Accepted but for those it lists, where its two counts are ours and so is whom it lists."""
        answer = parsed(response)
        if not isinstance(answer, dict) or not isinstance(answer.get("failed_recipients"), list):
            return unknown(batch, "an answer without counts")
        failed = {str(address).lower() for address in answer["failed_recipients"]}
        taken, ours = answer.get("success_count"), {person.address.lower() for person in batch.recipients}
        if failed - ours or type(taken) is not int or taken != len(batch.recipients) - len(failed):
            return unknown(batch, f"{taken} taken and {len(failed)} failed, of {len(batch.recipients)}")
        reason = listed(answer.get("errors")) or "no reason given"
        return tuple(
            Rejected(reason=reason) if person.address.lower() in failed else Accepted() for person in batch.recipients
        )

    def examine(self) -> httpx.Request:
        """Whether it takes mail now."""
        return self.get("/api/check-liveness/v1", {}, self._headers)


def _recipient(batch: Batch, person: Recipient) -> dict[str, object]:
    own = {_variable(name): value for name, value in person.headers}
    values = {**MINIJINJA.values(batch.rendered, person), **own, "message_id": person.message_id}
    return {"email": person.address, "name": person.name, "substitutions": values}


def _variable(header: str) -> str:
    return "header_" + header.lower().replace("-", "_")


def _address(value: str) -> dict[str, str]:
    name, address = parseaddr(value)
    return {"email": address, "name": name} if name else {"email": address}
