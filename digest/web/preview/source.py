"""The preview's issues from the real thing: the draft as it would be built now, and the issues as they were frozen."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Config, Newsletter
from digest.errors import ConfigError, DigestError, NothingToDo, SendError, UsageError
from digest.model import Article, Edit, Finding, Issue, IssueState, Level, Message, Rendered
from digest.pipeline import amend, build, edits, send, telling
from digest.pipeline.amend import Opened
from digest.pipeline.kit import Kit
from digest.pipeline.telling import Reach, Told
from digest.render import languages, templates
from digest.send import compose
from digest.store import edits as kept_edits
from digest.store import glances, issues, renditions
from digest.store.edits import Saved
from digest.store.issues import IssueRecord
from digest.web.preview import acts, palettes, sample
from digest.web.preview.acts import Material
from digest.web.preview.editor import Editor
from digest.web.preview.shown import Act, Choice, ChoiceKind, Desk, Look, Looks, Reader, Shown

_MOST_PAST: Final = 50
_MOST_READERS: Final = 12
_SPARE: Final = 8  # stories below the cut that the editor may take
_NEXT: Final = "next:"
_WAITING: Final = (IssueState.READY, IssueState.HELD)
_SAMPLE: Final = "sample"
_SECRET: Final = b"preview"  # signs links that no server honours: what is clicked in a preview changes nothing
_TOLD_BY: Final = ("feeds", "stories", "sentences", "method", "language", "timezone", "include", "exclude")
_NOBODY: Final = Reader(key="", label="Anyone")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Next:
    """What the next issue may tell, under which settings, and the edit that was saved for it."""

    settings: tuple[object, ...]
    issue: Issue  # without stories
    told: Told
    saved: Saved


class Drawn:
    """A `PreviewSource` over configuration and database.

    `found`: the articles to tell (None: those in the database); `reload` reads the configuration again (None: there is
    no file of it); `base`: the preview's own address, below which the sample's pictures lie (empty: no sample);
    `dates`: when a newsletter's next issues are due, in words.
    """

    def __init__(
        self,
        kit: Kit,
        *,
        first: str = "",
        found: Sequence[Article] | None = None,
        reload: Callable[[], Config] | None = None,
        base: str = "",
        dates: Callable[[Newsletter], str] = lambda _: "",
    ) -> None:
        self.kit = kit
        self._dates = dates
        self.first = first
        self.found = found
        self.reload = reload
        self.base = base
        self.editor = Editor()
        self._told: dict[str, _Next] = {}
        self._telling: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # two who ask at once: one tells
        self._opened: dict[str, Opened | str] = {}  # a frozen issue, or why it cannot be edited
        self._fault: ConfigError | None = None
        self._mark: tuple[object, ...] = ()

    # ---- what there is

    async def choices(self) -> Sequence[Choice]:
        """The next issue of each newsletter, `first` at the head; the frozen ones, newest first; the sample."""
        letters = sorted(self.kit.config.newsletters.values(), key=lambda letter: letter.name != self.first)
        async with self.kit.database.read() as connection:
            past = await issues.listed(connection, limit=_MOST_PAST)
        kept = [record for record in past if record.content is not None]
        waiting = [_past(record, ChoiceKind.WAITING) for record in kept if record.state in _WAITING]
        gone = [_past(record, ChoiceKind.PAST) for record in kept if record.state not in _WAITING]
        coming = [_coming(letter, self._dates(letter)) for letter in letters]
        listed = [*coming, *waiting, *gone]
        return [*listed, _SAMPLE_CHOICE] if self.base else listed

    async def readers(self, key: str) -> Sequence[Reader]:
        """Nobody in particular, then some who get it."""
        async with self.kit.database.read() as connection:
            some = await glances.readers(connection, _newsletter(key), limit=_MOST_READERS)
        return [_NOBODY, *(Reader(key=str(one.id), label=one.name or one.address) for one in some)]

    def looks(self) -> Looks:
        """Every language there is a catalogue for, every layout, every theme."""
        return Looks(
            languages=languages.SHIPPED,
            layouts=templates.Templates(self.kit.config.templates).layouts(),
            themes=palettes.names(self.kit.config),
        )

    def watched(self) -> Sequence[Path]:
        """Templates, configuration, and the database's file."""
        config = self.kit.config
        folders = [folder for folder in (templates.shipped(), config.templates) if folder is not None]
        return [*folders, config.path, *self._database_files()]

    async def changed(self, paths: Sequence[Path]) -> bool:
        """Templates are read anew by themselves; the configuration and the articles here."""
        names = {path.name for path in paths}
        if self.reload is not None and self.kit.config.path.name in names:
            await self._load(self.reload)
        if names <= {file.name for file in self._database_files()}:
            return await self._has_news()
        return True

    # ---- one issue

    async def shown(self, key: str, *, reader: str, look: Look) -> Shown:
        """That choice; ConfigError where digest.toml has a fault since it was changed."""
        if self._fault is not None:
            raise self._fault
        if key == _SAMPLE and self.base:
            return await self._drafted(key, _sample_letter(self.kit.config), reader, look)
        if key.startswith(_NEXT):
            return await self._drafted(key, self._letter(key.removeprefix(_NEXT)), reader, look)
        return await self._frozen(key, reader)

    async def _drafted(self, key: str, letter: Newsletter, reader: str, look: Look) -> Shown:
        found = await self._next(letter)
        edit = self.editor.edit(key, await self._material(key))
        worn = self._worn(letter, look)
        made = await build.edited(self.kit, worn, found.issue, found.told, edit, language=look.language)
        return await self._to(reader, made.issue, made.rendered, made.findings)

    def _worn(self, letter: Newsletter, look: Look) -> Newsletter:
        worn = palettes.worn(letter, look.theme, self.kit.config)
        return worn.model_copy(update={"layout": look.layout}) if look.layout else worn

    async def _next(self, letter: Newsletter) -> _Next:
        """Its stories: told once, since templates change more often than news."""
        settings = tuple(getattr(letter, name) for name in _TOLD_BY)
        async with self._telling[letter.name]:
            held = self._told.get(letter.name)
            if held is None or held.settings != settings:
                held = self._told[letter.name] = await self._tell(letter, settings)
        outline = replace(held.issue, title=letter.title, intro=letter.intro)
        return replace(held, issue=outline)

    async def _tell(self, letter: Newsletter, settings: tuple[object, ...]) -> _Next:
        now, due = self.kit.now(), build.by_hand(letter, self.kit.now())
        async with self.kit.database.read() as connection:
            number = await issues.next_number(connection, letter.name)
            saved = await kept_edits.saved(connection, letter.name)
        found = self.found
        if letter.name == _SAMPLE:  # reading pages takes a second and imports much: not here
            found = await self.kit.workers.run(sample.articles, self.base, now)
        elif found is None:
            found = await build.candidates(self.kit, letter, due)
        lying = self.editor.lying(_SAMPLE if letter.name == _SAMPLE else f"{_NEXT}{letter.name}")
        wanted = [edits.reach(edit, spare=_SPARE) for edit in (saved.edit, lying)]
        named = frozenset(link for reach in wanted for link in reach.named)
        reach = Reach(spare=max(reach.spare for reach in wanted), named=named, sentences=None)
        return _Next(
            settings=settings,
            issue=build.outline(letter, due, number=number, made_at=now),
            told=await build.tell(self.kit, letter, found, reach),
            saved=saved,
        )

    async def warm(self, letter: Newsletter) -> None:
        """Makes that newsletter's next issue once, so that the first page comes at once; a fault shows there."""
        await asyncio.gather(self._make(f"{_NEXT}{letter.name}"), self._prime(letter))

    async def warm_sample(self) -> None:
        """Makes the sample once, while the person still looks at something else."""
        if self.base:
            await self._make(_SAMPLE)

    async def _make(self, key: str) -> None:
        with contextlib.suppress(DigestError):
            await self.shown(key, reader="", look=Look())

    async def _prime(self, letter: Newsletter) -> None:
        """Imports and compiles what rendering needs, while a worker still tells the stories: a quarter of a second."""
        now = self.kit.now()
        with contextlib.suppress(DigestError):
            blank = build.outline(letter, build.by_hand(letter, now), number=1, made_at=now)
            await build.rendered(self.kit, letter, replace(blank, language="en"))

    async def drafted(self, letter: Newsletter) -> build.Draft:
        """The issue as it would be built now; NothingToDo where there is no story."""
        async with self.kit.database.read() as connection:
            number = await issues.next_number(connection, letter.name)
        due = build.by_hand(letter, self.kit.now(), cadence=letter.usual_cadence)
        due = await build.since_last(self.kit, letter, due) if due.cadence else due
        return await build.draft(self.kit, letter, due, number=number, found=self.found)

    async def frozen(self, key: str) -> dict[str, Any]:
        """The frozen issue as `build --json` prints it; NothingToDo where there is none."""
        async with self.kit.database.read() as connection:
            content = (await _record(connection, key)).content or {}
        return {name: value for name, value in content.items() if name != "document"}

    async def _frozen(self, key: str, reader: str) -> Shown:
        async with self.kit.database.read() as connection:
            record = await _record(connection, key)
            rendered = await renditions.load(connection, record.id)
        opened = await self._open(key, record)
        if isinstance(opened, Opened):
            edit = self.editor.edit(key, _frozen_material(opened))
            if edit != opened.saved.edit:
                made = await amend.draft(self.kit, opened, edit)
                return await self._to(reader, made.issue, made.rendered, made.findings)
        return await self._to(reader, build.document(record), rendered, _findings(record))

    async def _open(self, key: str, record: IssueRecord) -> Opened | str:
        """That issue, to be edited; or why it cannot be."""
        if key not in self._opened:
            try:
                self._opened[key] = await amend.opened(self.kit, record)
            except UsageError as error:
                self._opened[key] = str(error)
        return self._opened[key]

    async def _to(self, reader: str, issue: Issue, rendered: Rendered, findings: Iterable[Finding]) -> Shown:
        """The copy of that reader."""
        person = await self._person(reader, issue.newsletter)
        message = self._message(person, issue, rendered)
        return Shown(
            issue=issue, rendered=rendered, findings=tuple(findings), message=message, eml=compose.eml(message)
        )

    async def _person(self, reader: str, newsletter: str) -> compose.Person:
        if reader:
            async with self.kit.database.read() as connection:
                some = await glances.readers(connection, newsletter, limit=_MOST_READERS)
            for one in some:
                if str(one.id) == reader:
                    return compose.Person(subscriber_id=one.id, address=one.address, name=one.name)
        return compose.Person(subscriber_id=0, address=self.kit.config.mail.sender_address)

    def _message(self, person: compose.Person, issue: Issue, rendered: Rendered) -> Message:
        """The message as it would leave now, but for its signatures."""
        mail = self.kit.config.mail
        envelope = compose.Envelope(
            issue=issue.name,
            newsletter=issue.newsletter,
            title=issue.title,
            sender=mail.sender,
            reply_to=mail.reply_to,
            unsubscribe_address=mail.unsubscribe_address,
            public_url=self.kit.config.digest.public_url,
            date=issue.made_at,
            secret=_SECRET,
        )
        return compose.batch(envelope, rendered, [person]).messages()[0]

    # ---- editing

    async def desk(self, key: str) -> Desk | None:
        """The stories of that choice as its editor sees them; None where there is none."""
        try:
            found = await self._material(key)
        except (NothingToDo, UsageError):
            return None
        return acts.desk(found, self.editor.edit(key, found)) if found.told.stories else None

    async def edit(self, key: str, act: Act) -> str:
        """Does that on the desk, or saves what lies there; UsageError, PreflightError where that cannot be."""
        found = await self._material(key)
        if found.note:
            raise UsageError(found.note)
        if act.do != "save":
            said = self.editor.act(key, found, act)
            if not found.laid(self.editor.edit(key, found)).spare:
                self._told.pop(key.removeprefix(_NEXT), None)  # there may be more below
            return said
        if not found.is_kept:
            raise UsageError(found.keeping)
        if act.intro is not None:
            self.editor.act(key, found, replace(act, do="intro"))
        self.editor.check(key, found)
        said = await self._save(key, self.editor.edit(key, found), found)
        self.editor.forget(key)
        self._opened.pop(key, None)
        return said

    def unsaved(self) -> Sequence[str]:
        """The issues whose changes lie on the desk and would be kept, by name."""
        return [name for name in self.editor.names() if self.reload and name != _SAMPLE]

    async def _save(self, key: str, edit: Edit, found: Material) -> str:
        if not key.startswith(_NEXT):
            opened = self._opened[key]
            assert isinstance(opened, Opened), "what cannot be edited has a note"
            await amend.save(self.kit, opened, edit)
            return f"Saved into {found.name}."
        name = key.removeprefix(_NEXT)
        async with self.kit.database.write() as connection:
            if f"{name}/{await issues.next_number(connection, name)}" != found.name:
                raise UsageError(f"{found.name} was made meanwhile: your changes are on its own page.")
            after, at = found.saved.number, self.kit.now()
            if not await kept_edits.save(connection, name, edit, after=after, at=at, owner=self.kit.owner):
                raise UsageError("Somebody else has saved an edit meanwhile: discard yours to see it.")
            saved = await kept_edits.saved(connection, name)
            self._mark = await glances.mark(connection)
        self._told[name] = replace(self._told[name], saved=saved)
        return f"Saved: {found.name} will be made so."

    async def _material(self, key: str) -> Material:
        if key == _SAMPLE and self.base:
            letter = _sample_letter(self.kit.config)
            return replace(
                _next_material(letter, await self._next(letter)),
                name=_SAMPLE,
                keeping="The sample is to try with: nothing of it is kept.",
                is_kept=False,
            )
        if key.startswith(_NEXT):
            letter = self._letter(key.removeprefix(_NEXT))
            found = _next_material(letter, await self._next(letter))
            if self.reload:
                return found
            return replace(found, keeping="Without a digest.toml there is nowhere to keep it.", is_kept=False)
        async with self.kit.database.read() as connection:
            record = await _record(connection, key)
        opened = await self._open(key, record)
        return _frozen_material(opened) if isinstance(opened, Opened) else _closed(record, opened)

    # ---- a test copy

    def can_copy(self) -> bool:
        """Where there is a configuration, there is a provider."""
        return self.reload is not None

    async def copy(self, key: str, address: str, *, look: Look) -> None:
        """Sends it; UsageError where that is no address, SendError with the reason where it was not accepted."""
        to = _address(address)
        base_url = self.kit.mailbox_url or None
        if key == _SAMPLE or key.startswith(_NEXT):
            shown = await self.shown(key, reader="", look=look)
            refused = await send.draft_copy(self.kit, shown.issue, shown.rendered, [to], base_url=base_url)
        else:
            async with self.kit.database.read() as connection:
                record = await _record(connection, key)
            refused = await send.test_copy(self.kit, record.id, [to], base_url=base_url)
        if refused:
            raise SendError("; ".join(f"{who}: {why}" for who, why in refused.items()))

    # ---- changes

    def _letter(self, name: str) -> Newsletter:
        if (letter := self.kit.config.newsletters.get(name)) is None:
            raise UsageError(f"there is no newsletter {name!r} in {self.kit.config.path.name}")
        return letter

    async def _load(self, reload: Callable[[], Config]) -> None:
        """The new configuration, or its faults; the old one serves meanwhile."""
        try:
            config = await asyncio.to_thread(reload)
        except ConfigError as error:
            self._fault = error
        else:
            self._fault = None
            self.kit = replace(self.kit, config=config)

    async def _has_news(self) -> bool:
        """Whether articles or issues are other than before; what would be told is then told anew."""
        async with self.kit.database.read() as connection:
            mark = await glances.mark(connection)
        if mark == self._mark:
            return False
        self._mark = mark
        self._told.clear()
        self._opened.clear()
        return True

    def _database_files(self) -> Sequence[Path]:
        kind, _, rest = self.kit.config.database_url.partition(":///")
        return [Path(rest), Path(rest + "-wal")] if kind.startswith("sqlite") else []


_SAMPLE_CHOICE: Final = Choice(
    key=_SAMPLE, kind=ChoiceKind.SAMPLE, newsletter="Sample", label="Sample issue", detail="shipped with the program"
)


def _address(given: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(given.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise UsageError(f"{given[:100]!r} is no e-mail address ({error})") from None
    return found.normalized


def _sample_letter(config: Config) -> Newsletter:
    """The sample's, in the look of the first newsletter."""
    bare = Newsletter(name=_SAMPLE, title="The Coast Digest")
    own = next(iter(config.newsletters.values()), bare)
    return bare.model_copy(update={"theme": own.theme, "layout": own.layout})


def _next_material(letter: Newsletter, found: _Next) -> Material:
    return Material(
        name=found.issue.name,
        told=found.told,
        saved=found.saved,
        count=letter.stories,
        sections=telling.sections(letter),
        intro=letter.intro,
        keeping=f"Once you save, {found.issue.name} is made this way.",
    )


def _frozen_material(found: Opened) -> Material:
    return Material(
        name=found.record.name,
        told=found.before.told,
        saved=found.saved,
        count=len(found.before.told.stories),
        intro=found.before.issue.intro,
        keeping=f"{found.record.name} is made and waits. Saving replaces it by what you see.",
    )


def _closed(record: IssueRecord, note: str) -> Material:
    issue = build.document(record)
    told = Told(stories=issue.stories)
    saved = Saved(edit=Edit(), number=0)
    return Material(name=record.name, told=told, saved=saved, count=len(issue.stories), intro=issue.intro, note=note)


def _coming(letter: Newsletter, dates: str) -> Choice:
    return Choice(
        key=f"{_NEXT}{letter.name}",
        kind=ChoiceKind.NEXT,
        newsletter=letter.title,
        label=letter.title,
        detail=f"as it would be now; due {dates}" if dates else "as it would be now",
    )


def _past(record: IssueRecord, kind: ChoiceKind) -> Choice:
    return Choice(
        key=record.name,
        kind=kind,
        newsletter=record.title,
        label=record.name,
        detail=f"{record.slot.replace('T', ' ')} · {record.state}",
    )


def _findings(record: IssueRecord) -> Iterable[Finding]:
    """What preflight found when it was made."""
    for found in (record.content or {}).get("preflight", ()):
        yield Finding(**{**found, "level": Level(found["level"])})


def _newsletter(key: str) -> str:
    return key.removeprefix(_NEXT).partition("/")[0]


async def _record(connection: AsyncConnection, key: str) -> IssueRecord:
    name, _, number = key.partition("/")
    record = await issues.found(connection, name, int(number)) if number.isdigit() else None
    if record is None:
        raise NothingToDo(f"there is no issue {key}; see `digest issues list`")
    if record.content is None:
        raise NothingToDo(f"{record.name} tells nothing: it is {record.state}")
    return record
