"""Editing an issue that is frozen and waits: the one way in which it still changes, by its owner's own hand.

It is rendered again from what was frozen, never from articles collected since, looked over, and replaced in one
transaction, which is refused once anything of it was claimed (`store.edits.rewrite`). Who gets it stays.
"""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from digest.config import Newsletter
from digest.errors import NothingToDo, UsageError
from digest.model import Edit, Rendered, Story
from digest.pipeline import build, edits, frozen, telling
from digest.pipeline.build import Draft
from digest.pipeline.frozen import Before
from digest.pipeline.kit import Kit
from digest.pipeline.telling import Reach
from digest.render import variants as ways
from digest.render.variants import Variant
from digest.store import articles
from digest.store import edits as kept_edits
from digest.store.edits import Saved
from digest.store.issues import IssueRecord

log = logging.getLogger(__name__)

_MOST_SECTIONS = 14  # of an issue, where sets of them are looked through
_READ_S = 20.0  # splitting the texts of 200 articles takes a twentieth of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A waiting issue, ready to be edited."""

    record: IssueRecord
    newsletter: Newsletter
    before: Before
    saved: Saved


async def opened(kit: Kit, record: IssueRecord) -> Opened:
    """That issue, to be edited; UsageError where it may not be, and why."""
    async with kit.database.read() as connection:
        _check(record, is_waiting=await kept_edits.waits(connection, record.id))
        revised = await kept_edits.revised(connection, record.id)
        told = await kept_edits.told(connection, record.id)
    if (newsletter := kit.config.newsletters.get(record.newsletter)) is None:
        raise UsageError(f"{record.name} cannot be edited: there is no newsletter {record.newsletter} any more")
    saved = revised.last if revised else Saved(edit=Edit(), number=0)
    before = frozen.load_before(revised.document) if revised else _as_made(record, told)
    stories, sentences = await _read(kit, newsletter, before)
    found = replace(before.told, stories=stories, sentences=sentences)
    return Opened(record=record, newsletter=newsletter, before=replace(before, told=found), saved=saved)


async def draft(kit: Kit, found: Opened, edit: Edit) -> Draft:
    """The issue as that edit makes it; changes nothing. NothingToDo where no story is left."""
    laid = edits.laid(found.before.told, edit, count=len(found.before.told.stories))
    if not laid.stories:
        raise NothingToDo(f"{found.record.name} would tell nothing: bring a story back, or hold the issue")
    issue = found.before.issue
    made = replace(issue, stories=laid.stories, intro=issue.intro if edit.intro is None else edit.intro)
    return replace(await build.rendered(kit, found.newsletter, made), told=found.before.told, laid=laid)


async def save(kit: Kit, found: Opened, edit: Edit) -> Draft:
    """Replaces the issue by what that edit makes of it.

    PreflightError where it must not leave as it would be; UsageError where it has begun to leave, or somebody else has
    edited it since it was opened. Nothing is changed then.
    """
    made = await draft(kit, found, edit)
    build.refuse(made)
    renditions = await _renditions(kit, found, made)
    async with kit.database.write() as connection:
        if not await kept_edits.revised(connection, found.record.id):
            before = frozen.dump_before(found.before)
            await kept_edits.begin(connection, found.record.id, before, at=kit.now(), owner=kit.owner)
        written = await kept_edits.rewrite(
            connection, found.record.id, content=build.content(made), made=renditions, told=made.laid.seen
        )
        if not written:
            raise UsageError(f"{found.record.name} has begun to leave: it stays as it was")
        issue_id, after, at = found.record.id, found.saved.number, kit.now()
        if not await kept_edits.append(connection, issue_id, edit, after=after, at=at, owner=kit.owner):
            raise UsageError(f"{found.record.name} was edited by somebody else meanwhile: look at it again")
    log.info("issue edited", extra={"issue": found.record.name, "stories": len(made.issue.stories)})
    return made


async def _renditions(kit: Kit, found: Opened, made: Draft) -> dict[str, Rendered]:
    """The issue as edited in every variant in which it was planned, by the names that its deliveries know."""
    async with kit.database.read() as connection:
        keys = await kept_edits.variants(connection, found.record.id)
    sections = sorted({story.section for story in found.before.told.stories})
    variants = {key: _variant(key, sections, found) for key in keys if key}
    drawn = {"": made.rendered}
    for key, variant in variants.items():
        narrowed = ways.narrowed(made.issue, variant)
        if not narrowed.stories:
            chosen = " and ".join(filter(None, variant.sections or ()))
            raise UsageError(f"{found.record.name}: who chose {chosen} alone would get nothing: leave a story of it in")
        part = await build.rendered(kit, found.newsletter, narrowed)
        build.refuse(part)
        drawn[key] = part.rendered
    return drawn


def _variant(key: str, sections: Sequence[str], found: Opened) -> Variant:
    """The variant of that name: it says the language, and the sections by a digest that few sets can have."""
    language = key.partition(".")[0]
    if key == language:
        return Variant(language=language)
    most = len(sections) if len(sections) <= _MOST_SECTIONS else 0
    for count in range(most + 1):
        for chosen in itertools.combinations(sections, count):
            if (variant := Variant(language=language, sections=chosen)).key == key:
                return variant
    raise UsageError(f"{found.record.name} cannot be edited: it was made for readers of sections not known any more")


def _check(record: IssueRecord, *, is_waiting: bool) -> None:
    if record.content is None:
        raise NothingToDo(f"{record.name} tells nothing: it is {record.state}")
    if not is_waiting:
        raise UsageError(f"{record.name} is {record.state}: only an issue of which nothing has left can be edited")


def _as_made(record: IssueRecord, told: Sequence[tuple[int, int]]) -> Before:
    """Of an issue that nobody has edited yet."""
    issue = build.document(record)
    own = {article.id for story in issue.stories for article in story.articles}
    copies = tuple((article_id, place) for article_id, place in told if article_id not in own and place >= 0)
    return Before(issue=replace(issue, stories=()), told=telling.Told(stories=issue.stories, copies=copies))


async def _read(
    kit: Kit, newsletter: Newsletter, before: Before
) -> tuple[tuple[Story, ...], tuple[tuple[str, ...], ...]]:
    """The stories with their leads' texts, and the sentences of each, where the text is still that which was summed up.

    An article that its publisher has revised since has neither: what was frozen of it is its summary.
    """
    stories = before.told.stories
    ids = [story.lead.id for story in stories if story.lead.id is not None]
    async with kit.database.read() as connection:
        found = await articles.get(connection, ids)
    full = tuple(_with_text(story, found[i].text) if (i := story.lead.id) in found else story for story in stories)
    every = Reach(sentences=None)
    read = await kit.workers.run(telling.readable, full, newsletter, every, timeout_s=_READ_S)
    kept = before.told.sentences or ((),) * len(stories)
    same = [_is_same(story, sentences) for story, sentences in zip(stories, read, strict=True)]
    return (
        tuple(new if is_same else old for old, new, is_same in zip(stories, full, same, strict=True)),
        tuple(old or (new if is_same else ()) for old, new, is_same in zip(kept, read, same, strict=True)),
    )


def _with_text(story: Story, text: tuple[str, ...]) -> Story:
    return replace(story, articles=(replace(story.lead, text=text), *story.also))


def _is_same(story: Story, sentences: Sequence[str]) -> bool:
    """Whether the summary's sentences still stand in their places."""
    if story.summary is None:
        return False
    own = zip(story.summary.positions, story.summary.sentences, strict=True)
    return all(place < len(sentences) and sentences[place] == text for place, text in own)
