"""The fixed strings of the public pages in the reader's language; English where there is no translation."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "words"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@cache
def languages() -> tuple[str, ...]:
    """The languages there are words in, English first."""
    return ("en", *sorted(path.stem for path in _FOLDER.glob("*.json")))


def chosen(configured: str, accepted: str = "") -> str:
    """The language of a page: the newsletter's own where it names one, else the first a browser asks for that we speak.

    >>> chosen("auto", "tlh, de-AT;q=0.8, en;q=0.5"), chosen("fr-CA"), chosen("auto")
    ('de', 'fr', 'en')
    """
    asked = [configured] if configured not in {"", "auto"} else _accepted(accepted)
    return next((tag for tag in (text.split("-")[0].lower() for text in asked) if tag in languages()), "en")


def translator(language: str) -> Callable[..., str]:
    """A function of an English string (and named values for its {places}) that gives it in that language.

    In a language written from right to left each value is isolated (UAX 9 §2.4.2): a Latin name then turns no mark
    around it.
    """
    known = _catalogue(language)
    before, after = ("\u2068", "\u2069") if direction(language) == "rtl" else ("", "")

    def translate(text: str, **values: object) -> str:
        told = known.get(text, text)
        return told.format(**{name: f"{before}{value}{after}" for name, value in values.items()}) if values else told

    return translate


def direction(language: str) -> str:
    """Which way it is written: ltr or rtl."""
    return "rtl" if language.split("-", maxsplit=1)[0] in _RIGHT_TO_LEFT else "ltr"


@cache
def _catalogue(language: str) -> dict[str, str]:
    path = _FOLDER / f"{language}.json"
    if language not in languages() or not path.is_file():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _accepted(header: str) -> Sequence[str]:
    """The tags of an Accept-Language header (RFC 9110 §12.5.4), the most wanted first."""
    weighed = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weighed.append((-float(quality or 1), place, tag))
        except ValueError:
            continue
    return [tag for weight, _, tag in sorted(weighed) if weight < 0]
