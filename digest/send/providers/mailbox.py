"""The local mailbox: Mailpit's API, spoken by our own server (`digest.web.mailbox`), which keeps one file a Message-ID.

So a repeated request is known for ever, where that server is ours. Behind a base_url of the configuration stands we
know not what: there it is no better than Mailpit.
"""

from dataclasses import replace

from digest.send.providers.base import Account, Idempotency
from digest.send.providers.mailpit import Mailpit


class Mailbox(Mailpit):
    """Messages as files beside the configuration."""

    name = "mailbox"

    def __init__(self, account: Account, *, is_ours: bool) -> None:
        """`is_ours`: whether base_url is the mailbox that the running program serves."""
        super().__init__(account)
        if is_ours:
            self.capabilities = replace(self.capabilities, idempotency=Idempotency(lifetime=None))
