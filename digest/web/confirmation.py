"""The message that asks a new reader to confirm: made here, sent by the caller."""

from datetime import datetime

from digest.config import Config, Newsletter
from digest.model import Message
from digest.web.pages import Pages
from subscribers import tokens

_TEXT_VERSION = "confirm-2026-12"  # of the words shown, in every language; change it with any of them


def text_version(language: str) -> str:
    """Which words were shown, as the consent log notes it.

    >>> text_version("de")
    'confirm-2026-12 de'
    """
    return f"{_TEXT_VERSION} {language}"


def link(config: Config, key: bytes, subscriber_id: int, newsletter: str) -> str:
    """The address at which that person confirms that newsletter."""
    token = tokens.sign(key, "confirm", subscriber_id, newsletter)
    return f"{config.digest.public_url.rstrip('/')}/confirm/{token}"


def message(
    pages: Pages,
    config: Config,
    newsletter: Newsletter,
    *,
    subscriber_id: int,
    address: str,
    name: str,
    url: str,
    language: str,
    at: datetime,
) -> Message:
    """The confirmation message to that person, `url` the link in it, from the sender for these."""
    sender = config.mail.confirmation_sender or config.mail.sender
    values = {
        "newsletter": newsletter,
        "title": newsletter.title,
        "name": name,
        "url": url,
        "public_url": config.digest.public_url,
        "postal_address": config.digest.postal_address,
    }
    subject = " ".join(pages.text("confirm.subject.txt.j2", language, values).split())
    return Message(
        sender=sender,
        reply_to=config.mail.reply_to,
        to_address=address,
        to_name=" ".join(name.split()),
        subject=subject,
        date=at,
        message_id=_message_id(sender, subscriber_id, newsletter.name, at),
        headers=(("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "OOF, AutoReply")),
        html=pages.text("confirm.mail.html.j2", language, values),
        text=pages.text("confirm.mail.txt.j2", language, values).strip() + "\n",
    )


def _message_id(sender: str, subscriber_id: int, newsletter: str, at: datetime) -> str:
    domain = sender.rstrip("> ").rpartition("@")[2]
    return f"<confirm.{newsletter}.{subscriber_id}.{at:%Y%m%d%H%M%S%f}@{domain}>"
