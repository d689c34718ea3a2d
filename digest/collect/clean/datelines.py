"""Datelines: where and by whom, before the first sentence begins ("KOBE – ", "(CNN) ", "LONDON, Nov. 22 (Reuters) - ")."""

import re

_AGENCIES = (
    "AAP|ABC|ADN|AFP|AGI|AGERPRES|ANI|ANP|ANSA|AP|APA|ATS|BBC|Bernama|Bloomberg|BNO|BUSINESS WIRE|CBC|CBS|CNA|CNN|"
    "CNBC|CTK|DPA|dpa|EFE|Efe|EP|EUROPA PRESS|Europa Press|GLOBE NEWSWIRE|IANS|IPS|JTA|KNA|Kyodo|KYODO|LaPresse|"
    "Lusa|LUSA|MTI|NHK|NPR|NTB|NYT|PA|PAP|PL|PRNewswire|PTI|Reuters|REUTERS|RFE/RL|RIA|RNS|SID|sid|SDA|sda|"
    "TASS|TT|UPI|VOA|WAM|Xinhua|XINHUA|epd|afp|ap|rtr|Télam|Agência Brasil|Ansa|Belga|BELGA|Adnkronos|ANKARA|AA|"
    "WASHINGTON POST|The Washington Post|The Associated Press|Associated Press"
)
_AGENCY = rf"[(\[](?:{_AGENCIES})(?:[ /,][^()\[\]]{{1,30}})?[)\]]"
_UPPER = r"[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĽŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ]"
_CAPITALS = rf"{_UPPER}{{2,}}(?:[.'’\-]{_UPPER}+)*"  # KOBE, ST.-DENIS
_ABBREVIATED = rf"(?:{_UPPER}\.)+|{_UPPER}[a-zà-ÿ]{{1,4}}\."  # U.S., D.C., Calif.
_NAME = rf"(?:{_UPPER}[\w'’.\-]*)"
_PLACE = rf"(?:ST\.? )?{_CAPITALS}(?:[ /](?:{_CAPITALS}|{_ABBREVIATED}))*"
_REGION = rf"(?:, ?(?:{_ABBREVIATED}|{_NAME})(?: {_NAME}){{0,3}})"
_MONTH = r"[^\W\d_]{3,10}\.?"
_DAY = rf"(?:(?:le |den |el )?\d{{1,2}}\.?(?:º|er|st|nd|rd|th)? (?:de )?{_MONTH}(?:,? (?:de )?\d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?)"
_SEPARATOR = r"(?:\s*\.?\s?[–—―]\s*|\s*\.?\s?--?\s+|\s*[.:]\s?[-–—]\s*|:\s+)"
_DASH = r"(?:\s*\.?\s?[–—―]\s*|\s+--?\s+|\s*\.-+\s*)"
_TITLED = rf"{_NAME}(?:[ /\-](?:de |la |del |am |an der |upon |of )?{_NAME}){{0,3}}"
_WITH_AGENCY = rf"(?:(?:{_PLACE}|{_TITLED}){_REGION}{{0,2}}(?:,? {_DAY})?,? ?)?{_AGENCY}(?:,? {_DAY})?{_SEPARATOR}?\s*"
_OTHER_AGENCY = rf"{_PLACE}{_REGION}{{0,2}}(?:,? {_DAY})?,? ?\([^()]{{2,30}}\){_DASH}"
_AGENCY_FIRST = rf"{_AGENCY}{_DASH}{_PLACE}(?:,? {_DAY})?{_DASH}"
_CAPITAL_PLACE = rf"{_PLACE}{_REGION}{{0,2}}(?:,? {_DAY})?{_DASH}(?=[\"'“‘«„¿¡]?(?:{_UPPER}|\d))"
_DATED_PLACE = rf"{_TITLED}{_REGION}{{0,2}},? {_DAY}{_DASH}(?=[\"'“‘«„¿¡]?(?:{_UPPER}|\d))"
_JAPANESE = r"[［\[【（(][^］\]】）)]{0,24}(?:共同|ロイター|時事|聯合ニュース|AFP|CNN|AP|通信)[^］\]】）)]{0,16}[］\]】）)]\s*[-－–—]?\s*"
_DAILY_MAIL = r"By \. .{1,120}? \. (?:PUBLISHED|Created|Last updated)[^.]{0,12}: ?\. .{1,90}?(?:EST|GMT|BST|EDT) \. (?:\| \. )?(?:UPDATED: \. .{1,60}?(?:EST|GMT|BST|EDT) \. )?"
_SYNDICATED = (  # [Premium Times] Abuja -- The …: who wrote it, and where; a mark of advertising stays
    rf"\[(?!(?i:sponsored|advertis|ad\b|anzeige|paid|werbung))\w[\w.'’&()\- ]{{1,40}}\]\s+"
    rf"(?:{_TITLED}\s+--\s+)?(?=[\"“'‘«„¿¡]?(?:{_UPPER}|\d))"
)

_DATELINE = re.compile(
    "|".join(
        f"(?:{shape})"
        for shape in (
            _AGENCY_FIRST,
            _WITH_AGENCY,
            _OTHER_AGENCY,
            _CAPITAL_PLACE,
            _DATED_PLACE,
            _JAPANESE,
            _DAILY_MAIL,
            _SYNDICATED,
        )
    )
)
_GERMAN = re.compile(rf"{_NAME}(?:[ /]{_NAME})?\s*(?:\.\s?)?[–—]\s+(?=[\"„»]?{_UPPER})")
_SIGN_OFF = re.compile(rf"\s*(?:{_AGENCY}|[（(](?:共同|時事|ロイター)[）)])\.?\s*$")
_CLOSING = ")]）"  # one of them ends a sign-off
_REACH = 240  # characters a dateline may take


def without_dateline(paragraph: str, *, language: str = "") -> str:
    """`paragraph` from where its first sentence begins.

    >>> without_dateline("SKERRY BAY, Nov. 22 — The ferry was late.")
    'The ferry was late.'
    """
    rest = paragraph
    while True:
        found = _DATELINE.match(rest[:_REACH]) or (language == "de" and _GERMAN.match(rest[:60]))
        if not found or not found.end() or found.end() >= len(rest):
            return rest
        rest = rest[found.end() :].lstrip()


def without_sign_off(paragraph: str) -> str:
    """`paragraph` without an agency's sign-off at its end: "… said. (AFP)"."""
    tail = paragraph[-40:]
    if not any(map(tail.__contains__, _CLOSING)):  # most ends; the pattern is slow to say so
        return paragraph
    found = _SIGN_OFF.search(tail)
    if not found:
        return paragraph
    kept = paragraph[: len(paragraph) - len(tail) + found.start()].rstrip()
    return kept if kept.endswith((".", "!", "?", "。", "”", '"', "»")) else paragraph
