"""Asking new readers to confirm: one message each, through the configured provider, and nobody asked twice."""

from digest.cli import desk, out, sending
from digest.config import Config
from digest.model import Message
from digest.pipeline import letters
from digest.web.asking import Asker
from digest.web.pages import Pages


async def ask(config: Config, newsletter: str) -> int:
    """Sends the confirmation messages that are due; how many left. Those that did not are due again."""
    async with sending.mailbox(config) as url, desk.kit(config, mailbox_url=url) as kit:

        async def confirm(message: Message) -> None:
            await letters.post(kit, message)

        pages = Pages(config.templates)
        asker = Asker(config=config, database=kit.database, now=kit.now, confirm=confirm, pages=pages)
        sent, failed = await asker.ask_all(newsletter)
    if failed:
        out.note(f"{out.count(failed, 'confirmation message')} could not be sent; `digest run` tries again")
    return sent
