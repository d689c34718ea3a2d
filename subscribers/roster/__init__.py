"""The SQL of people. Every function takes the caller's connection first and runs in its transaction.

async with database.write() as connection:
await roster.subscribe(connection, address="ann@example.org", name="Ann", newsletter="morning", at=now)
"""

from subscribers.roster.acts import Outcome, add, choose, confirm, narrow, remove, rename, speak, subscribe, unsubscribe
from subscribers.roster.asking import Unasked, asked, claim_asking, forget_pending, forget_sources, unasked
from subscribers.roster.keys import rotate, signing_keys, verifying_keys
from subscribers.roster.listing import counts, get, listed, story
from subscribers.roster.selects import choices, choosers, is_wanted, read_choice, recipients, wanted
from subscribers.roster.suppressions import erase, is_suppressed, lift, suppress

__all__ = [
    "Outcome",
    "Unasked",
    "add",
    "asked",
    "choices",
    "choose",
    "choosers",
    "claim_asking",
    "confirm",
    "counts",
    "erase",
    "forget_pending",
    "forget_sources",
    "get",
    "is_suppressed",
    "is_wanted",
    "lift",
    "listed",
    "narrow",
    "read_choice",
    "recipients",
    "remove",
    "rename",
    "rotate",
    "signing_keys",
    "speak",
    "story",
    "subscribe",
    "suppress",
    "unasked",
    "unsubscribe",
    "verifying_keys",
    "wanted",
]
