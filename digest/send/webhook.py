"""The owner's webhook as one more provider: each word to the owner is one POST of JSON.

`text` alone is what Slack's, Mattermost's and Google Chat's incoming webhooks read; the other keys are for programs.
The address may hold a secret, so it stays out of `repr` and of the log.
"""

from urllib.parse import urlsplit

import httpx

from digest.model import Batch
from digest.send.providers.base import Accepted, Account, Capabilities, Codec, Outcome

ABOUT = "X-Digest-About"  # the header of a message that names its occasion


class OwnerWebhook(Codec):
    """POST to the address of `owner_webhook`; any 2xx is an acceptance. Nobody knows a request again: no replay."""

    name = "webhook"
    capabilities = Capabilities(batch_max=1, connections=1)

    def __init__(self, url: str) -> None:
        super().__init__(Account(base_url=url, sender=""))

    def __repr__(self) -> str:
        return f"<owner's webhook at {urlsplit(self.account.base_url).hostname}>"

    def encode(self, batch: Batch) -> httpx.Request:
        """One word as JSON: id, about, subject, text."""
        (message,) = batch.messages()
        about = dict(message.headers).get(ABOUT, "")
        text = f"{message.subject}\n\n{message.text}".strip()
        content = {"id": batch.key, "about": about, "subject": message.subject, "text": text}
        return self.post("", content, {"Idempotency-Key": batch.key})

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """Accepted."""
        del response
        return (Accepted(),) * len(batch.recipients)
