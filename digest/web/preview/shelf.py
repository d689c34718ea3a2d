"""What was shown last, so that a fault in a template never leaves the page empty."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from digest.errors import DigestError, NothingToDo
from digest.web.preview.live import Live
from digest.web.preview.shown import Choice, Desk, PreviewSource, Reader, Shown, Trouble
from digest.web.preview.view import View

T = TypeVar("T")
_MOST: Final = 64  # issues kept; one is about a megabyte with its text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why what was asked cannot be had."""

    title: str
    lines: tuple[str, ...]
    is_grave: bool = True  # False: nothing is wrong, there is only nothing to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The issue asked for, or else the last good one and why it is not the new one."""

    shown: Shown | None
    fault: Fault | None = None


class Shelf:
    """The source's answers since the last change."""

    def __init__(self, source: PreviewSource, live: Live) -> None:
        self.source = source
        self.live = live
        self._generation = live.generation
        self._fresh: dict[tuple[str, ...], Held] = {}
        self._good: dict[tuple[str, ...], Shown] = {}
        self._choices: Sequence[Choice] = ()
        self._making: defaultdict[str, asyncio.Lock] = defaultdict(
            asyncio.Lock
        )  # page and frame ask at once: one makes it

    async def choices(self) -> Sequence[Choice]:
        """The issue list; the last one where the source has a fault (the issue says which)."""
        self._choices = await _or(self.source.choices, self._choices)
        return self._choices

    async def readers(self, key: str) -> Sequence[Reader]:
        """Whose copies can be shown."""
        return await _or(lambda: self.source.readers(key), ())

    async def desk(self, key: str) -> Desk | None:
        """The issue for its editor."""
        async with self._making[key]:
            return await _or(lambda: self.source.desk(key), None)

    async def troubles(self, key: str) -> Sequence[Trouble]:
        """What is the matter with its feeds."""
        return await _or(lambda: self.source.troubles(key), ())

    async def held(self, view: View) -> Held:
        """The issue of that view."""
        asked = (view.issue, view.reader, view.language, view.layout, view.theme)
        async with self._making[view.issue]:
            if self._generation != self.live.generation:
                self._generation = self.live.generation
                self._fresh.clear()
            if asked not in self._fresh:
                self._fresh[asked] = await self._made(asked, view)
            return self._fresh[asked]

    async def _made(self, asked: tuple[str, ...], view: View) -> Held:
        try:
            shown = await self.source.shown(view.issue, reader=view.reader, look=view.look)
        except DigestError as error:
            return Held(shown=self._good.get(asked), fault=fault(error))
        if len(self._good) >= _MOST:
            self._good.clear()
        self._good[asked] = shown
        return Held(shown=shown)


def fault(error: DigestError) -> Fault:
    """The error as the page tells it."""
    if isinstance(error, NothingToDo):
        return Fault(title="Nothing to show yet", lines=(str(error),), is_grave=False)
    return Fault(
        title=_TITLES.get(type(error).__name__, "This issue cannot be made"), lines=tuple(str(error).split("\n"))
    )


_TITLES: Final = {
    "ConfigError": "digest.toml has a fault",
    "TemplateError": "A template has a fault",
    "FetchError": "The address cannot be read",
    "ParseError": "The address gives no feed and no article",
}


async def _or(ask: Callable[[], Awaitable[T]], otherwise: T) -> T:
    try:
        return await ask()
    except DigestError:
        return otherwise
