"""The mail APIs: one file each. `known()` names them; `load()` makes the one the configuration chooses.

A provider of your own is an entry point of the group `digest.providers`: its name, and a class that takes an `Account`.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import urlsplit

from digest.config import Mail
from digest.errors import ConfigError, Fault
from digest.send.providers.base import Account, Codec, Provider

_OURS: Mapping[str, str] = {  # name: class, in the module of that name
    "brevo": "Brevo",
    "file": "File",
    "kumomta": "Kumo",
    "mailbox": "Mailbox",
    "mailgun": "Mailgun",
    "mailpit": "Mailpit",
    "mailtrap": "Mailtrap",
    "postmark": "Postmark",
    "resend": "Resend",
    "sendgrid": "SendGrid",
    "ses": "Ses",
}
_KEYLESS = frozenset({"file", "kumomta", "mailbox", "mailpit"})
_ADDRESSED = frozenset({"kumomta", "mailpit"})  # self-hosted: there is no address to fall back to
GROUP = "digest.providers"


def known() -> tuple[str, ...]:
    """The names there are, sorted: ours and those of installed plug-ins. Imports none of them."""
    return tuple(sorted({*_OURS, *_plugins()}))


def load(mail: Mail, *, base_url: str | None = None, folder: Path, environ: Mapping[str, str] = os.environ) -> Provider:
    """The provider that [mail] chooses; ConfigError where it cannot be used.

    `base_url`: of the mailbox that the running program serves, where it does; `folder`: where the configuration lies;
    `environ`: where Amazon's keys may be.
    """
    provider = _make(mail, base_url, folder, environ)
    check(provider)
    return provider


def _make(mail: Mail, base_url: str | None, folder: Path, environ: Mapping[str, str]) -> Provider:
    name = mail.provider
    if name not in _OURS:
        return _plugin(name, mail)
    account = _account(mail, mail.base_url or base_url or "")
    if name == "file":
        from digest.send.providers.file import File

        return File(account, folder / "outbox")
    if name == "mailbox":
        from digest.send.providers.mailbox import Mailbox

        if not account.base_url:
            raise _fault("base_url", "the mailbox is not being served", "Name the server that keeps the messages")
        return Mailbox(account, is_ours=not mail.base_url)
    return _ses(mail, environ) if name == "ses" else _api(name, mail)


def _api(name: str, mail: Mail) -> Provider:
    made: type[Codec] = getattr(import_module(f"digest.send.providers.{name}"), _OURS[name])
    if name not in _KEYLESS and not mail.api_key.get_secret_value():
        raise _fault("api_key", f"the provider {name} needs a key", "Set api_key_file, api_key or DIGEST_MAIL__API_KEY")
    if name in _ADDRESSED and not mail.base_url:
        raise _fault("base_url", f"the provider {name} needs an address", "Write it as http://127.0.0.1:8025")
    home: str = mail.base_url or getattr(made, "home", "")
    provider: Provider = made(_account(mail, home))  # type: ignore[assignment]  # each of ours has encode and decode
    return provider


def _ses(mail: Mail, environ: Mapping[str, str]) -> Provider:
    """Keys of the configuration, else those that other programs of Amazon's take from the environment."""
    from digest.send.providers.ses import Ses

    given = [environ.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
    key = mail.api_key.get_secret_value() or (":".join(filter(None, given)) if all(given[:2]) else "")
    if ":" not in key:
        remedy = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or api_key = ID:SECRET"
        raise _fault("api_key", "the provider ses needs a key", remedy)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _region(mail.base_url)
    if not region:
        raise _fault("base_url", "the provider ses needs a region", "Set AWS_REGION, as in eu-central-1")
    account = replace(_account(mail, mail.base_url or f"https://email.{region}.amazonaws.com"), region=region)
    return Ses(replace(account, api_key=key))


def _region(base_url: str) -> str:
    """Of https://email.REGION.amazonaws.com; of any other address, one that stands in for SES: its customary region."""
    host = urlsplit(base_url).hostname or ""
    if not host:
        return ""
    parts = host.split(".")
    return parts[1] if host.endswith(".amazonaws.com") and len(parts) > 3 else "us-east-1"


def _plugin(name: str, mail: Mail) -> Provider:
    found = _plugins().get(name)
    if found is None:
        raise _fault("provider", f"there is no provider {name!r}", f"Choose one of {', '.join(known())}")
    made = found.load()
    provider: Provider = made(_account(mail, mail.base_url or getattr(made, "home", "")))
    return provider


def _account(mail: Mail, base_url: str) -> Account:
    return Account(
        base_url=base_url,
        sender=mail.sender,
        api_key=mail.api_key.get_secret_value(),
        webhook_secret=mail.webhook_secret.get_secret_value(),
    )


def check(provider: Provider) -> None:
    """Rule 8: every message carries its reader's own List-Unsubscribe and List-Unsubscribe-Post."""
    if provider.capabilities.unsubscribe_headers:
        return
    reason = provider.capabilities.why_not or "its API has no headers of a recipient's own"
    problem = f"the provider {provider.name} cannot carry List-Unsubscribe and List-Unsubscribe-Post ({reason})"
    raise _fault("provider", problem, f"Choose another: {', '.join(sorted(_OURS))}")


def _fault(key: str, problem: str, remedy: str) -> ConfigError:
    return ConfigError([Fault(file="digest.toml", key=f"mail.{key}", problem=problem, remedy=remedy)])


@cache
def _plugins() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
