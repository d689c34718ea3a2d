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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An issue as one reader would get it."""

    issue: Issue
    rendered: Rendered
    findings: tuple[Finding, ...]
    message: Message
    eml: bytes  # the message as it would leave, RFC 5322


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

    async def copy(self, key: str, address: str, *, look: Look) -> None:
        """Sends that choice to this address alone, recorded nowhere."""
        ...

    def can_copy(self) -> bool:
        """Whether there is a provider to send by."""
        ...

    def looks(self) -> tuple[Sequence[str], Sequence[str]]:
        """The languages and the layouts there are to choose from."""
        ...

    def watched(self) -> Sequence[Path]:
        """Files and folders whose change may change an issue; folders with all below them."""
        ...

    async def changed(self, paths: Sequence[Path]) -> bool:
        """Forgets what it holds that depends on those paths; whether anything does."""
        ...
