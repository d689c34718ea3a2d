"""Mailgun: POST /v3/DOMAIN/messages, multipart, 1,000 recipients with recipient-variables (documentation.mailgun.com).

The domain is the sender's. A long header of a recipient's own goes through a variable: o:, h: and v: share 16 KB.
A 200 without an id is none: an address with a slash too many is answered "Mailgun Magnificent API".
"""

import base64
import hashlib

import httpx
import orjson

from digest.model import Batch, Recipient
from digest.send import compose
from digest.send.providers.base import Accepted, Account, Capabilities, Codec, Outcome, parsed, unknown
from digest.send.providers.merge import MAILGUN


class Mailgun(Codec):
    """mailgun.com; base_url https://api.eu.mailgun.net for the European region."""

    name = "mailgun"
    capabilities = Capabilities(batch_max=1000, request_bytes=24_000_000)
    home = "https://api.mailgun.net"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._path = f"/v3/{compose.domain_of(account.sender)}/messages"
        self._authorization = "Basic " + base64.b64encode(f"api:{account.api_key}".encode()).decode()

    def encode(self, batch: Batch) -> httpx.Request:
        """The body once; each reader's values and headers as variables under their address."""
        rendered = batch.rendered
        variables = {person.address: _variables(batch, person) for person in batch.recipients}
        names = [name for name, _ in batch.recipients[0].headers]
        fields = [
            ("from", batch.sender),
            *(("to", compose.name_addr(person.name, person.address)) for person in batch.recipients),
            ("subject", MAILGUN.quote(rendered.subject)),
            ("text", MAILGUN.text(rendered)),
            ("html", MAILGUN.html(rendered)),
            ("h:Reply-To", batch.reply_to),
            *((f"h:{name}", MAILGUN.quote(value)) for name, value in batch.headers),
            *((f"h:{name}", MAILGUN.place(_variable(name))) for name in names),
            ("h:Message-Id", MAILGUN.place("message_id")),
            ("v:digest-batch", batch.key),
            ("recipient-variables", orjson.dumps(variables).decode()),
        ]
        boundary = hashlib.sha256(batch.key.encode()).hexdigest()
        request = httpx.Request(
            "POST",
            self.account.base_url + self._path,
            files=[(name, (None, value.encode())) for name, value in fields],
            headers={
                "Authorization": self._authorization,
                "Content-Type": f"multipart/form-data; boundary={boundary}",
            },
        )
        request.read()
        return request

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """One id for all."""
        answer = parsed(response)
        named = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(named, str) or not named:
            return unknown(batch, f"{response.status_code} with no id")
        return (Accepted(provider_id=named.strip("<>")),) * len(batch.recipients)


def _variables(batch: Batch, person: Recipient) -> dict[str, str]:
    own = {_variable(name): value for name, value in person.headers}
    return {**MAILGUN.values(batch.rendered, person), **own, "message_id": person.message_id}


def _variable(header: str) -> str:
    return "header_" + header.lower().replace("-", "_")
