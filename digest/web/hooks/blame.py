"""Whose fault a refusal is: the reader's mailbox, or the sender (reputation, authentication, text, size).

Only what speaks of the mailbox counts towards suppressing its reader: a DMARC record that is wrong for a morning must
not cost a list its readers.
"""

import re

_READ = 1000  # characters
# RFC 3463: class, subject, detail. Not part of an IP address, nor of a version.
_STATUS = re.compile(r"(?<![\d.])[45]\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_OF_READER = frozenset({(7, 13), (7, 17), (7, 18)})  # account disabled (RFC 5248), its owner changed (RFC 7293)
_OF_SENDER = frozenset(
    {
        (1, 7), (1, 8),  # the sender's address, its system
        (2, 3), (3, 4),  # longer than may be
        (5, 3),  # too many recipients at once
    }
)  # fmt: skip
_LOOSE = frozenset({(7, 0), (7, 1)})  # some servers say so of a user whom they do not know
_SUBJECTS = frozenset({6, 7})  # the content; security and policy (RFC 7372: SPF, DKIM, reverse DNS)
# What receiving servers write where their status says nothing.
_READER_WORDS = re.compile(
    r"no such (?:user|mailbox|recipient|person|address)|(?:unknown|invalid|inactive) (?:user|recipient|mailbox|account)"
    r"|(?:user|recipient|mailbox|account|address)\b.{0,30}"
    r"\b(?:unknown|not found|not exist|disabled|inactive|full|suspended)"
    r"|over ?quota|quota exceeded",
    re.IGNORECASE,
)
_SENDER_WORDS = re.compile(
    r"\bspam\b|spamhaus|unsolicited|bulk mail|(?:black|block|deny) ?-?list|dns-?bl|\brbl\b|reputation"
    r"|\b(?:spf|dkim|dmarc)\b|unauthenticated|\bvirus|malware|phish|suspicious|polic(?:y|ies)\b"
    r"|content (?:rejected|blocked|filter|denied)|(?:message|mail|size).{0,20}too (?:large|big)",
    re.IGNORECASE,
)
# Bounce categories as PowerMTA names them, whose names others took up (KumoMTA: `PreDefinedBounceClass`).
_CATEGORIES = frozenset(
    {
        "authenticationfailed", "contentrelated", "invalidsender", "policyrelated", "prohibitedattachment",
        "spamblock", "spamcontent", "spamrelated", "toomanyrecipients", "virusrelated",
    }
)  # fmt: skip


def is_senders(*said: str) -> bool | None:
    """Whether the sender is to blame, by the status and words of the receiving server; None where they tell nothing.

    >>> is_senders("550-5.7.26 not authenticated"), is_senders("552 5.2.2 mailbox full"), is_senders("550 no")
    (True, False, None)
    """
    text = " ".join(said)[:_READ]
    is_readers = _READER_WORDS.search(text) is not None
    for found in _STATUS.finditer(text):
        subject, detail = int(found[1]), int(found[2])
        if (subject, detail) in _OF_READER or (is_readers and (subject, detail) in _LOOSE):
            return False
        if subject in _SUBJECTS or (subject, detail) in _OF_SENDER:
            return True
        if detail and subject:  # 5.1.0 and 5.0.0 leave it to the words
            return False
    if is_readers:
        return False
    return True if _SENDER_WORDS.search(text) else None


def is_senders_category(name: str) -> bool:
    """Whether that bounce category is of the sender's own making.

    >>> is_senders_category("spam-related"), is_senders_category("SpamBlock"), is_senders_category("quota-issues")
    (True, True, False)
    """
    return re.sub(r"[^a-z]", "", name.lower()) in _CATEGORIES
