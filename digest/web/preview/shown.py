"""What the preview shows, and where it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from digest.model import Finding, Issue, Message, Rendered


class ChoiceKind(StrEnum):
    """Which part of the issue list a line stands in."""

    NEXT = "next"  # as it would be now
    WAITING = "waiting"  # frozen, and nothing of it has left
    PAST = "past"  # frozen
    SAMPLE = "sample"  # the shipped one, to look at templates with


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line of the issue list."""

    key: str  # stands in the address: next:morning, morning/12, sample
    kind: ChoiceKind
    newsletter: str  # its title
    label: str
    detail: str = ""  # when, and where it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whose copy is shown."""

    key: str  # a subscriber's number as text; empty: nobody's, a neutral copy
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What to show otherwise than configured; empty: as configured. A frozen issue looks as it was frozen."""

    language: str = ""  # BCP 47
    layout: str = ""
    theme: str = ""  # a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What there is to choose from."""

    languages: Sequence[str] = ()
    layouts: Sequence[str] = ()
    themes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An issue as one reader would get it."""

    issue: Issue
    rendered: Rendered
    findings: tuple[Finding, ...]
    message: Message
    eml: bytes  # the message as it would leave, RFC 5322


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of a lead's article."""

    key: str  # what the page calls it
    text: str
    is_told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A story as the editor sees it."""

    key: str  # what the page calls it
    title: str
    source: str
    section: str = ""
    also: tuple[str, ...] = ()  # other sources, each once
    score: float = 0.0
    reasons: tuple[tuple[str, float], ...] = ()
    is_pinned: bool = False
    sentences: tuple[Sentence, ...] = ()  # all there are to choose from; none: it cannot be chosen
    is_chosen: bool = False  # by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An issue as the editor sees it."""

    rows: tuple[Row, ...]  # told, in order
    dropped: tuple[Row, ...] = ()
    spare: tuple[Row, ...] = ()  # below the cut, best first
    intro: str = ""
    note: str = ""  # why nothing can be changed; empty: it can
    keeping: str = ""  # what saving does, or why nothing is kept
    is_kept: bool = True  # False: to try with, nothing can be saved
    is_changed: bool = False  # otherwise than it was saved
    is_edited: bool = False  # otherwise than the program made it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A feed that the owner should look at."""

    feed: str  # its title, or else its address
    url: str  # as configured
    lines: tuple[str, ...]  # what is the matter, the gravest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the editor does."""

    do: str  # up, down, to, pin, unpin, drop, restore, add, sentences, usual, intro, save, discard, reset
    story: str = ""  # a row's key
    to: int = 0  # place, from 0
    intro: str | None = None  # as it stands on the page; None: the page has none
    sentences: tuple[str, ...] = ()  # keys of those chosen


class PreviewSource(Protocol):
    """Where issues come from. Every method raises DigestError where it cannot give what is asked."""

    async def choices(self) -> Sequence[Choice]:
        """The issue list, the one to show first at its head."""
        ...

    async def readers(self, key: str) -> Sequence[Reader]:
        """Whose copies of that choice can be shown, the neutral one first."""
        ...

    async def shown(self, key: str, *, reader: str, look: Look) -> Shown:
        """That choice as that reader would get it."""
        ...

    async def desk(self, key: str) -> Desk | None:
        """That choice for its editor; None where there is nothing to see."""
        ...

    async def troubles(self, key: str) -> Sequence[Trouble]:
        """The feeds of that choice that are dead, moved, silent or flooding, in their configured order."""
        ...

    async def edit(self, key: str, act: Act) -> str:
        """Does that; what to say. UsageError, with what it is, where it cannot be done."""
        ...

    async def copy(self, key: str, address: str, *, look: Look) -> None:
        """Sends that choice to this address alone, recorded nowhere."""
        ...

    def can_copy(self) -> bool:
        """Whether there is a provider to send by."""
        ...

    def looks(self) -> Looks:
        """The languages, layouts and themes there are to choose from."""
        ...

    def watched(self) -> Sequence[Path]:
        """Files and folders whose change may change an issue; folders with all below them."""
        ...

    async def changed(self, paths: Sequence[Path]) -> bool:
        """Forgets what it holds that depends on those paths; whether anything does."""
        ...
