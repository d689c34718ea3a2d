"""SendGrid: POST /v3/mail/send, 1,000 personalizations over one body; 202, no body, an X-Message-Id.

No idempotency. Substitution tags are ours to choose: they hold a nonce of the body, so that no article can hold one.
"""

import hashlib
from email.utils import parseaddr

import httpx

from digest.model import Batch, Recipient
from digest.send.providers.base import Accepted, Account, Capabilities, Codec, Outcome, Standing, parsed, unknown
from digest.send.providers.merge import Syntax, tagged


class SendGrid(Codec):
    """sendgrid.com; the account's api_key is SG.…"""

    name = "sendgrid"
    capabilities = Capabilities(batch_max=1000, request_bytes=28_000_000)
    home = "https://api.sendgrid.com"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._headers = {"Authorization": f"Bearer {account.api_key}"}

    def encode(self, batch: Batch) -> httpx.Request:
        """The body once, each reader's values as substitutions."""
        rendered = batch.rendered
        whole = "\0".join((*rendered.html.parts, *rendered.text.parts, rendered.subject))
        syntax = tagged(hashlib.sha256(whole.encode()).hexdigest()[:12])
        off = {"enable": False}
        body = {
            "personalizations": [_personal(batch, person, syntax) for person in batch.recipients],
            "from": _address(batch.sender),
            "reply_to": _address(batch.reply_to),
            "subject": rendered.subject,
            "content": [
                {"type": "text/plain", "value": syntax.text(rendered)},
                {"type": "text/html", "value": syntax.html(rendered)},
            ],
            "headers": dict(batch.headers),
            "tracking_settings": {"click_tracking": off, "open_tracking": off, "subscription_tracking": off},
        }
        return self.post("/v3/mail/send", body, self._headers)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """All or nothing; the id is in a header."""
        named = response.headers.get("x-message-id", "")
        if not named:
            return unknown(batch, f"{response.status_code} with no X-Message-Id")
        return (Accepted(provider_id=named),) * len(batch.recipients)

    def examine(self) -> httpx.Request:
        """What the key may do."""
        return self.get("/v3/scopes", {}, self._headers)

    def standing(self, response: httpx.Response) -> Standing:
        """A key without mail.send sends nothing."""
        answer = parsed(response)
        scopes = answer.get("scopes") if response.is_success and isinstance(answer, dict) else None
        if not isinstance(scopes, list):
            return super().standing(response)
        may = "mail.send" in scopes
        return Standing(said="the key may send" if may else "the key may not send (mail.send)", is_good=may)


def _personal(batch: Batch, person: Recipient, syntax: Syntax) -> dict[str, object]:
    to = {"email": person.address, "name": person.name} if person.name else {"email": person.address}
    return {
        "to": [to],
        "headers": dict(person.headers),
        "substitutions": {syntax.place(name): v for name, v in syntax.values(batch.rendered, person).items()},
        "custom_args": {"digest_message": person.message_id.strip("<>")},
    }


def _address(value: str) -> dict[str, str]:
    name, address = parseaddr(value)
    return {"email": address, "name": name} if name else {"email": address}
