"""The message that asks a new reader to confirm: made here, sent by the caller."""

import re
import unicodedata
from datetime import datetime

from digest.config import Config, Newsletter
from digest.model import Message
from digest.web.pages import Pages
from subscribers import tokens

_LONGEST_NAME = 60  # characters
_NO_NAME = re.compile(r"\.(?=\S)|\.\.")  # a full stop within a word: an address
_TEXT_VERSION = "confirm-2026-12"  # of the words shown, in every language; change it with any of them


def text_version(language: str) -> str:
    """Which words were shown, as the consent log notes it.

    >>> text_version("de")
    'confirm-2026-12 de'
    """
    return f"{_TEXT_VERSION} {language}"


def greeted(name: str) -> str:
    """The name by which the message speaks to its reader; empty where what was typed may be more than a name.

    Anybody can type a stranger's address and any words beside it: they must not travel as ours.

    >>> greeted(" Zoë  O’Neill-Brown Jr. "), greeted("Win at https://casino.example"), greeted("casino.example")
    ('Zoë O’Neill-Brown Jr.', '', '')
    """
    flat = " ".join(name.split())
    is_name = all(letter in " -'’.,·" or unicodedata.category(letter)[0] in "LM" for letter in flat)
    return flat if is_name and len(flat) <= _LONGEST_NAME and not _NO_NAME.search(flat) else ""


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
    sender, name = config.mail.confirmation_sender or config.mail.sender, greeted(name)
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
        to_name=name,
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
