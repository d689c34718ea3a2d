"""What the editor sees, and what each act does: plain functions of what was told and an edit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from digest.errors import UsageError
from digest.model import Edit, Story
from digest.pipeline import edits
from digest.pipeline.edits import Laid
from digest.pipeline.telling import Told
from digest.render import views
from digest.store.edits import Saved
from digest.web.preview.shown import Act, Desk, Row, Sentence

_MOST_SENTENCES: Final = 60  # of one article on the page
_FEWEST_SENTENCES: Final = 8
_SENTENCES: Final = 1_200  # of all articles: a page of half a megabyte


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What an issue is edited from."""

    name: str  # NEWSLETTER/NUMBER
    told: Told
    saved: Saved
    count: int  # stories of the issue
    sections: tuple[str, ...] = ()
    intro: str = ""  # the newsletter's own
    note: str = ""  # why it cannot be edited; empty: it can
    keeping: str = ""  # what saving does, or why nothing is kept
    is_kept: bool = True  # False: to try with, nothing can be saved

    def laid(self, edit: Edit) -> Laid:
        """The issue by that edit."""
        return edits.laid(self.told, edit, count=self.count, sections=self.sections)


def desk(found: Material, edit: Edit) -> Desk:
    """The issue by that edit, for its editor."""
    laid = found.laid(edit)
    return Desk(
        rows=_rows(laid.stories, found, edit),
        dropped=_rows(laid.dropped, found, edit),
        spare=_rows(laid.spare, found, edit),
        intro=found.intro if edit.intro is None else edit.intro,
        note=found.note,
        keeping=found.keeping,
        is_kept=found.is_kept,
        is_changed=edit != found.saved.edit,
        is_edited=edit != Edit(),
    )


def done(act: Act, found: Material, edit: Edit) -> tuple[Edit, str]:
    """The edit once that is done, and what to say; the intro of the page is taken over by every act.

    UsageError for a story that is not there any more, and where no story would be left.
    """
    if act.intro is not None:
        edit = edits.introduced(edit, act.intro, found.intro)
    if act.do == "intro":
        return edit, "The intro is changed."
    if act.do == "reset":
        return Edit(), "All is as the program made it."
    if act.do not in _ACTS:
        raise UsageError(f"there is no act {act.do[:20]!r}")
    after = _ACTS[act.do](act, found, edit, _story(found, edit, act.story))
    laid = found.laid(after)
    if not laid.stories:
        raise UsageError("An issue needs a story: this is the last one.")
    return after, _said(act, laid, act.story)


def sentence_key(text: str) -> str:
    """What the page calls a sentence.

    >>> sentence_key("Rain fell.") == sentence_key("Rain fell."), len(sentence_key(""))
    (True, 8)
    """
    return f"{crc32(text.encode()):08x}"


# ------------------------------------------------------------------ acts

_Doing = Callable[[Act, Material, Edit, Story], Edit]


def _to(act: Act, found: Material, edit: Edit, story: Story) -> Edit:
    told = found.laid(edit).stories
    return edits.moved(edit, told, story, act.to) if story in told else edit


def _moved(found: Material, edit: Edit, story: Story, by: int) -> Edit:
    told = found.laid(edit).stories
    return edits.moved(edit, told, story, told.index(story) + by) if story in told else edit


def _sentences(act: Act, found: Material, edit: Edit, story: Story) -> Edit:
    all_of_it = _known(found).get(edits.key(story), ())
    return edits.chosen(edit, story, [text for text in all_of_it if sentence_key(text) in act.sentences])


_ACTS: Final[dict[str, _Doing]] = {
    "up": lambda _act, found, edit, story: _moved(found, edit, story, -1),
    "down": lambda _act, found, edit, story: _moved(found, edit, story, 1),
    "to": _to,
    "pin": lambda _act, _found, edit, story: edits.pinned(edit, story),
    "unpin": lambda _act, _found, edit, story: edits.unpinned(edit, story),
    "drop": lambda _act, _found, edit, story: edits.dropped(edit, story),
    "restore": lambda _act, _found, edit, story: edits.added(edit, story),
    "add": lambda _act, _found, edit, story: edits.added(edit, story),
    "sentences": _sentences,
    "usual": lambda _act, _found, edit, story: edits.chosen(edit, story, None),
}
_SAID: Final = {
    "pin": "Pinned",
    "unpin": "Unpinned",
    "restore": "Told again",
    "add": "Added",
    "sentences": "Its sentences are chosen",
    "usual": "Its sentences are the program's own choice again",
}


def _said(act: Act, laid: Laid, key: str) -> str:
    told = [edits.key(story) for story in laid.stories]
    if act.do == "drop":
        return "Left out."
    place = f"{told.index(key) + 1} of {len(told)}" if key in told else "below the cut"
    return f"{_SAID.get(act.do, 'Moved')}: {place}."


def _story(found: Material, edit: Edit, key: str) -> Story:
    laid = found.laid(edit)
    for story in (*laid.stories, *laid.dropped, *laid.spare):
        if edits.key(story) == key:
            return story
    raise UsageError("That story is not there any more.")


# ------------------------------------------------------------------ rows


def _rows(stories: Sequence[Story], found: Material, edit: Edit) -> tuple[Row, ...]:
    known = _known(found)
    most = max(_FEWEST_SENTENCES, min(_MOST_SENTENCES, _SENTENCES // max(1, len(found.told.stories))))
    return tuple(_row(story, known.get(edits.key(story), ()), edit, most) for story in stories)


def _row(story: Story, sentences: Sequence[str], edit: Edit, most: int) -> Row:
    lead = story.lead
    return Row(
        key=edits.key(story),
        title=lead.title or lead.link,
        source=views.source(lead),
        section=story.section,
        also=tuple(dict.fromkeys(map(views.source, story.also))),
        score=story.score,
        reasons=story.reasons,
        is_pinned=not {*edits.links(story)}.isdisjoint(edit.pins),
        sentences=_shown(story, sentences, most),
        is_chosen=edits.key(story) in edit.sentences,
    )


def _shown(story: Story, sentences: Sequence[str], most: int) -> tuple[Sentence, ...]:
    """The article's first sentences, at most so many, and those told further down."""
    told = set(story.summary.positions) if story.summary else set()
    return tuple(
        Sentence(key=sentence_key(text), text=text, is_told=place in told)
        for place, text in enumerate(sentences)
        if place < most or place in told
    )


def _known(found: Material) -> dict[str, tuple[str, ...]]:
    """The sentences of each story's lead."""
    return {edits.key(s): texts for s, texts in zip(found.told.stories, found.told.sentences, strict=False)}
