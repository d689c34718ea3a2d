"""What a reader may choose of a newsletter, and what a form says they did."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from babel import Locale

from digest.config import Newsletter
from digest.web import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One newsletter's part of a form; its fields are named `cadence` and `sections`, with `.NAME` where it has one."""

    newsletter: Newsletter
    suffix: str = ""
    is_on: bool = False
    cadence: str = ""  # the one that is ticked
    chosen: tuple[str, ...] = ()  # the sections that are ticked

    @property
    def cadences(self) -> tuple[str, ...]:
        """Those there are to choose from; empty where there is one, or none."""
        names = tuple(self.newsletter.cadences)
        return names if len(names) > 1 else ()

    @property
    def sections(self) -> tuple[str, ...]:
        """Likewise."""
        names = self.newsletter.sections
        return names if len(names) > 1 else ()


def of(newsletter: Newsletter, *, cadence: str = "", sections: tuple[str, ...] | None = None) -> Choice:
    """The form of one newsletter alone, with what is chosen now."""
    ticked = cadence if cadence in newsletter.cadences else newsletter.usual_cadence
    chosen = newsletter.sections if sections is None else sections
    return Choice(newsletter=newsletter, cadence=ticked, chosen=chosen)


def cadence_in(fields: Mapping[str, list[str]], choice: Choice) -> str | None:
    """The cadence a form says; None where it says none, or one that there is not."""
    said = fields.get(f"cadence{choice.suffix}", [""])[0]
    return said if said in choice.cadences else None


def sections_in(fields: Mapping[str, list[str]], choice: Choice) -> tuple[str, ...] | None:
    """The sections a form says; None for all of them, and for none: who wants nothing leaves."""
    picked = tuple(each for each in choice.sections if each in fields.get(f"sections{choice.suffix}", []))
    return picked if 0 < len(picked) < len(choice.sections) else None


@cache
def languages() -> tuple[tuple[str, str], ...]:
    """The languages there are words in, each with its own name, by name."""
    named = [(tag, Locale.parse(tag).get_language_name(tag) or tag) for tag in words.languages()]
    return tuple(sorted(named, key=lambda pair: pair[1].casefold()))
