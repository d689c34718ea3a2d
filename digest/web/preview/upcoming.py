"""The next issue of each newsletter and cadence: what it may tell, and what is wanted of it."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from digest.config import Newsletter
from digest.errors import UsageError
from digest.model import Article, Due, Edit, Issue
from digest.pipeline import build, edits, telling
from digest.pipeline.kit import Kit
from digest.pipeline.telling import Reach, Told
from digest.store import edits as kept_edits
from digest.store import issues
from digest.store.edits import Saved
from digest.web.preview import sample
from digest.web.preview.acts import Material

SAMPLE: Final = "sample"
_NEXT: Final = "next:"
_SPARE: Final = 8  # stories below the cut that the editor may take
_TOLD_BY: Final = ("feeds", "stories", "sentences", "method", "language", "timezone", "include", "exclude")


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What the next issue may tell, under which settings, and the edit that was saved for it."""

    settings: tuple[object, ...]
    name: str  # of the issue; of a cadence's: what tells it from the one after
    issue: Issue  # without stories
    told: Told
    saved: Saved


def key(letter: Newsletter, cadence: str) -> str:
    """What the page calls it: next:morning, or next:morning:weekly for what is not the usual cadence.

    >>> key(Newsletter(name="morning", title="Morning"), "")
    'next:morning'
    """
    return f"{_NEXT}{letter.name}" + ("" if cadence == letter.usual_cadence else f":{cadence}")


def is_next(asked: str) -> bool:
    """Whether a choice's key is that of a next issue."""
    return asked.startswith(_NEXT)


def parts(asked: str) -> tuple[str, str]:
    """Newsletter and cadence of such a key; the usual cadence is empty.

    >>> parts("next:morning:weekly"), parts("next:morning")
    (('morning', 'weekly'), ('morning', ''))
    """
    name, _, cadence = asked.removeprefix(_NEXT).partition(":")
    return name, cadence


def material(letter: Newsletter, cadence: str, found: Next) -> Material:
    """What it is edited from."""
    called = f"the next {cadence} issue of {letter.name}" if cadence else found.issue.name
    return Material(
        name=found.name,
        told=found.told,
        saved=found.saved,
        count=letter.stories,
        sections=telling.sections(letter),
        intro=letter.intro,
        keeping=f"Once you save, {called} is made this way.",
    )


class Upcoming:
    """What was told, until articles or settings change: templates change more often than news."""

    def __init__(self, *, found: Sequence[Article] | None, base: str) -> None:
        """`found`: the articles to tell (None: those in the database); `base`: where the sample's pictures lie."""
        self.found = found
        self.base = base
        self._told: dict[str, Next] = {}
        self._telling: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # two who ask at once: one tells

    def forget(self, asked: str | None = None) -> None:
        """Has it told again when it is asked for next; None: all of them."""
        if asked is None:
            self._told.clear()
        else:
            self._told.pop(asked, None)

    async def next(self, kit: Kit, asked: str, letter: Newsletter, cadence: str, lying: Edit) -> Next:
        """What the next issue may tell; `lying`: the edit on the desk, whose stories are told wherever they rank."""
        settings = tuple(getattr(letter, name) for name in _TOLD_BY)
        async with self._telling[asked]:
            held = self._told.get(asked)
            if held is None or held.settings != settings:
                held = self._told[asked] = replace(await self._tell(kit, letter, cadence, lying), settings=settings)
        return replace(held, issue=replace(held.issue, title=letter.title, intro=letter.intro))

    async def _tell(self, kit: Kit, letter: Newsletter, cadence: str, lying: Edit) -> Next:
        now = kit.now()
        due = await coming(kit, letter, cadence)
        async with kit.database.read() as connection:
            number = await issues.next_number(connection, letter.name)
            saved = await kept_edits.saved(connection, letter.name, cadence=cadence)
        wanted = [edits.reach(edit, spare=_SPARE) for edit in (saved.edit, lying)]
        named = frozenset(link for reach in wanted for link in reach.named)
        reach = Reach(spare=max(reach.spare for reach in wanted), named=named, sentences=None)
        return Next(
            settings=(),
            name=await _called(kit, letter, cadence),
            issue=build.outline(letter, due, number=number, made_at=now),
            told=await build.tell(kit, letter, await self._articles(kit, letter, due), reach),
            saved=saved,
        )

    async def _articles(self, kit: Kit, letter: Newsletter, due: Due) -> Sequence[Article]:
        if letter.name == SAMPLE:  # reading pages takes a second and imports much: not here
            return await kit.workers.run(sample.articles, self.base, kit.now())
        return self.found if self.found is not None else await build.candidates(kit, letter, due)

    async def save(self, kit: Kit, asked: str, letter: Newsletter, cadence: str, edit: Edit) -> str:
        """Keeps that edit for it; what to say. UsageError where it was made, or edited by another, meanwhile."""
        held = self._told[asked]
        if await _called(kit, letter, cadence) != held.name:
            where = "start again from what is new" if cadence else "your changes are on its own page"
            raise UsageError(f"{held.issue.name} was made meanwhile: {where}.")
        async with kit.database.write() as connection:
            name, after, at = letter.name, held.saved.number, kit.now()
            if not await kept_edits.save(connection, name, edit, after=after, at=at, owner=kit.owner, cadence=cadence):
                raise UsageError("Somebody else has saved an edit meanwhile: discard yours to see it.")
            saved = await kept_edits.saved(connection, letter.name, cadence=cadence)
        self._told[asked] = replace(held, saved=saved)
        return f"Saved: {f'the next {cadence} issue' if cadence else held.issue.name} will be made so."


async def coming(kit: Kit, letter: Newsletter, cadence: str) -> Due:
    """Its slot, were it made now: a cadence's counts its articles from its own last issue."""
    due = build.by_hand(letter, kit.now(), cadence=cadence)
    return await build.since_last(kit, letter, due) if cadence else due


async def _called(kit: Kit, letter: Newsletter, cadence: str) -> str:
    """NEWSLETTER/NUMBER; numbers are drawn by all cadences, so that one of them is known by the issue before it."""
    async with kit.database.read() as connection:
        if not cadence:
            return f"{letter.name}/{await issues.next_number(connection, letter.name)}"
        last = await issues.last_told(connection, letter.name, cadences=letter.told_with(cadence))
    return f"{letter.name}, {cadence}, after {last.number if last else 0}"
