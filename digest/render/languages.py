"""The fixed strings, dates and direction of each language the newsletter may be in."""

import functools
import gettext
import unicodedata
from datetime import date
from pathlib import Path
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton

CATALOGUES = Path(__file__).parent / "locale"
SHIPPED = ("en", "de", "fr", "es", "pt", "it", "nl", "sv", "pl", "ja", "zh", "ar", "he")
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})
_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "thaa", "syrc", "nkoo", "adlm"})


def _base(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()


def supported(language: str) -> str:
    """The language whose fixed strings serve for `language`: itself, its base, or English.

    >>> supported("pt-BR"), supported("tlh")
    ('pt', 'en')
    """
    return _base(language) if is_spoken(language) else "en"


def is_spoken(language: str) -> bool:
    """Whether there are fixed strings in `language`, or in its base."""
    return _base(language) in SHIPPED


@functools.cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of that language; English strings where there is none."""
    return gettext.translation("digest", CATALOGUES, [supported(language)], fallback=True)


def direction(language: str) -> Literal["ltr", "rtl"]:
    """Which way `language` (BCP 47) is written.

    >>> direction("he"), direction("en-GB"), direction("az-Arab")
    ('rtl', 'ltr', 'rtl')
    """
    _, *rest = language.replace("_", "-").lower().split("-")
    scripts = [part for part in rest if len(part) == 4 and part.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if _base(language) in _RIGHT_TO_LEFT else "ltr"


def direction_of(words: str) -> Literal["ltr", "rtl"] | None:
    """Which way `words` are written, by their first letter that says so (UAX 9, P2); none where none does.

    >>> direction_of("2026: שלום"), direction_of("Hello"), direction_of("1, 2")
    ('rtl', 'ltr', None)
    """
    for letter in words:
        kind = unicodedata.bidirectional(letter)
        if kind in {"L", "R", "AL"}:
            return "ltr" if kind == "L" else "rtl"
    return None


@functools.cache
def _locale(language: str) -> Locale:
    for tag in (language.replace("_", "-"), _base(language)):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def full_date(day: date, language: str) -> str:
    """The day as a masthead shows it.

    >>> full_date(date(2026, 11, 23), "de")
    'Montag, 23. November 2026'
    """
    return format_date(day, "full", locale=_locale(language))


@functools.lru_cache(maxsize=512)
def short_date(day: date, language: str) -> str:
    """The day without its year.

    >>> short_date(date(2026, 11, 23), "en-GB")
    '23 Nov'
    """
    return format_skeleton("MMMd", day, locale=_locale(language))
