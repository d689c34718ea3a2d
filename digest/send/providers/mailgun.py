"""Mailgun: POST /v3/DOMAIN/messages, multipart, 1,000 recipients with recipient-variables (documentation.mailgun.com).

The domain is the sender's. A long header of a recipient's own goes through a variable: o:, h: and v: share 16 KB.
A 200 without an id is none: an address with a slash too many is answered "Mailgun Magnificent API".

No idempotency. What is unknown is looked up among the domain's events by a variable of the batch. An event may come
late, but by "Event Polling" of the user's manual those of half an hour ago are all there: what is not was not taken.
"""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson

from digest.model import Batch, Recipient
from digest.send import compose
from digest.send.providers.base import (
    Accepted,
    Account,
    Capabilities,
    Codec,
    Inquiry,
    Lookup,
    Outcome,
    Standing,
    parsed,
    shown,
    unknown,
)
from digest.send.providers.merge import MAILGUN

_PAGES = 200  # of 300 events: 60,000 messages in the window
_WINDOW_S = 600  # of events that may be the batch's: a request lasts two minutes at most


class Mailgun(Codec):
    """mailgun.com; base_url https://api.eu.mailgun.net for the European region."""

    name = "mailgun"
    capabilities = Capabilities(
        batch_max=1000,
        request_bytes=24_000_000,
        lookup=Lookup(after=timedelta(minutes=1), settled=timedelta(minutes=45), proves_absence=True),
    )
    home = "https://api.mailgun.net"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._domain = compose.domain_of(account.sender)
        self._path = f"/v3/{self._domain}/messages"
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
        if not isinstance(named, str) or not named.strip("<>"):
            return unknown(batch, f"{response.status_code} with no id")
        return (Accepted(provider_id=named.strip("<>")),) * len(batch.recipients)

    def inquire(self, batch: Batch, since: datetime) -> Inquiry:
        """Page by page through what the domain accepted then, until a page is empty."""
        begin = int((since - timedelta(minutes=1)).timestamp())
        wanted = {"begin": begin, "end": begin + _WINDOW_S, "event": "accepted", "limit": 300}
        headers = {"Authorization": self._authorization}
        request = self.get(f"/v3/{self._domain}/events", wanted, headers)
        ids: dict[str, str | None] = {}
        for _ in range(_PAGES):
            answer = parsed((yield request))
            items = answer.get("items") if isinstance(answer, dict) else None
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                return unknown(batch, "the events could not be read")
            if not items:
                return shown(batch, ids)
            ids.update(_accepted(items, batch.key))
            following = _path(answer.get("paging"))
            if not following:
                return unknown(batch, "the events name no next page")
            request = self.get(following, {}, headers)  # the key goes to our host alone
        return unknown(batch, f"more than {_PAGES} pages of events")

    def examine(self) -> httpx.Request:
        """The sender's domain, as Mailgun has it."""
        return self.get(f"/v3/domains/{self._domain}", {}, {"Authorization": self._authorization})

    def standing(self, response: httpx.Response) -> Standing:
        """A domain that is not active sends nothing."""
        answer = parsed(response)
        domain = answer.get("domain") if response.is_success and isinstance(answer, dict) else None
        if not isinstance(domain, dict):
            return super().standing(response)
        state = str(domain.get("state"))
        return Standing(said=f"the key is accepted; {self._domain} is {state}", is_good=state == "active")


def _path(paging: object) -> str:
    """Of the address of the next page its path alone, host left out; empty where there is none."""
    named = paging.get("next") if isinstance(paging, dict) else None
    try:
        path = httpx.URL(named).raw_path.decode() if isinstance(named, str) else ""
    except httpx.InvalidURL:
        return ""
    return path if path.startswith("/") and named else ""


def _accepted(items: list[dict[str, Any]], key: str) -> dict[str, str | None]:
    """Addresses of that batch's events, with the message's id."""
    found = {}
    for item in items:
        variables, message = item.get("user-variables"), item.get("message")
        if isinstance(variables, dict) and variables.get("digest-batch") == key:
            headers = message.get("headers") if isinstance(message, dict) else None
            named = headers.get("message-id") if isinstance(headers, dict) else None
            found[str(item.get("recipient"))] = named if isinstance(named, str) else None
    return found


def _variables(batch: Batch, person: Recipient) -> dict[str, str]:
    own = {_variable(name): value for name, value in person.headers}
    return {**MAILGUN.values(batch.rendered, person), **own, "message_id": person.message_id}


def _variable(header: str) -> str:
    return "header_" + header.lower().replace("-", "_")
