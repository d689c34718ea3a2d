"""A reader's copy of an issue as it would reach them: their language, the sections they chose, their name in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from digest.config import Newsletter
from digest.errors import NothingToDo
from digest.model import Finding, Issue, Rendered
from digest.pipeline import variants
from digest.pipeline.kit import Kit
from digest.render import variants as ways
from digest.store.glances import Somebody
from subscribers import roster
from subscribers.model import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An issue as everybody gets it who chose nothing, and the other renditions that are kept with it."""

    issue: Issue
    rendered: Rendered
    findings: tuple[Finding, ...]
    kept: Mapping[str, Rendered] = field(default_factory=dict)  # by variant; of a frozen issue


def label(somebody: Somebody) -> str:
    r"""What the reader is called in the list.

    >>> label(Somebody(id=1, address="ada@example.com", name="Ada", choice='de\n["World"]'))
    'Ada (World, de)'
    """
    choice = roster.read_choice(somebody.choice)
    chosen = ", ".join(filter(None, (*(choice.sections or ()), choice.language)))
    name = somebody.name or somebody.address
    return f"{name} ({chosen})" if chosen else name


async def of(kit: Kit, letter: Newsletter | None, whole: Whole, somebody: Somebody | None, *, language: str) -> Whole:
    """That reader's copy. NothingToDo where the issue tells nothing of the sections they chose: they get none.

    `letter` None: the newsletter is no more, and everybody's copy is the whole. `language`: looked at in that one,
    whatever the reader chose; empty: in theirs.
    """
    if letter is None or somebody is None:
        return whole
    variant = variants.of(_choice(somebody, language), whole.issue, letter.sections)
    if variant is None:
        raise NothingToDo(f"{label(somebody)} gets none of this issue: it tells nothing of those sections")
    if not variant.key:
        return whole
    issue = ways.narrowed(whole.issue, variant)
    if (frozen := whole.kept.get(variant.key)) is not None:
        return replace(whole, issue=issue, rendered=frozen)
    rendered, findings = await variants.drawn(kit, letter, issue)
    return Whole(issue=issue, rendered=rendered, findings=findings)


def _choice(somebody: Somebody, language: str) -> Choice:
    choice = roster.read_choice(somebody.choice)
    return replace(choice, language="") if language else choice


def by_key(some: Iterable[Somebody], key: str) -> Somebody | None:
    """The one of that key in the list."""
    return next((one for one in some if str(one.id) == key), None)
