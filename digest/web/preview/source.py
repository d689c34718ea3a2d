"""The preview's issues from the real thing: the draft as it would be built now, and the issues as they were frozen."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.collect import policy
from digest.config import Config, Newsletter
from digest.errors import ConfigError, DigestError, NothingToDo, SendError, UsageError
from digest.model import Article, Edit, Finding, Issue, IssueState, Level, Message, Rendered
from digest.pipeline import amend, build, send
from digest.pipeline.amend import Opened
from digest.pipeline.kit import Kit
from digest.pipeline.telling import Told
from digest.render import languages, templates
from digest.send import compose
from digest.store import feeds, glances, issues, renditions
from digest.store.edits import Saved
from digest.store.glances import Somebody
from digest.store.issues import IssueRecord
from digest.web.preview import acts, copies, palettes, upcoming
from digest.web.preview.acts import Material
from digest.web.preview.copies import Whole
from digest.web.preview.editor import Editor
from digest.web.preview.shown import Act, Choice, ChoiceKind, Desk, Look, Looks, Reader, Shown, Trouble
from digest.web.preview.upcoming import Upcoming
from subscribers.model import EVERYBODY

_MOST_PAST: Final = 50
_MOST_READERS: Final = 12
_WAITING: Final = (IssueState.READY, IssueState.HELD)
_SAMPLE: Final = upcoming.SAMPLE
_SECRET: Final = b"preview"  # signs links that no server honours: what is clicked in a preview changes nothing
_NOBODY: Final = Reader(key="", label="Anyone")


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
        self.upcoming = Upcoming(found=found, base=base)
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
        coming = [_coming(letter, cadence, self._dates(letter)) for letter in letters for cadence in letter.timetable]
        listed = [*coming, *waiting, *gone]
        return [*listed, _SAMPLE_CHOICE] if self.base else listed

    async def readers(self, key: str) -> Sequence[Reader]:
        """Nobody in particular, then some who get it."""
        return [_NOBODY, *(Reader(key=str(one.id), label=copies.label(one)) for one in await self._some(key))]

    async def _some(self, key: str) -> Sequence[Somebody]:
        name, cadence = _newsletter(key)
        letter = self.kit.config.newsletters.get(name)
        who = letter.choosers(cadence or letter.usual_cadence) if letter and upcoming.is_next(key) else EVERYBODY
        async with self.kit.database.read() as connection:
            return await glances.readers(connection, name, limit=_MOST_READERS, of=who)

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
        if upcoming.is_next(key) or (key == _SAMPLE and self.base):
            return await self._drafted(key, reader, look)
        return await self._frozen(key, reader)

    async def _drafted(self, key: str, reader: str, look: Look) -> Shown:
        letter, cadence = self._meant(key)
        found = await self.upcoming.next(self.kit, key, letter, cadence, self.editor.lying(key))
        edit = self.editor.edit(key, await self._material(key))
        worn = self._worn(letter, look)
        made = await build.edited(self.kit, worn, found.issue, found.told, edit, language=look.language)
        return await self._to(key, reader, worn, _whole(made), language=look.language)

    def _worn(self, letter: Newsletter, look: Look) -> Newsletter:
        worn = palettes.worn(letter, look.theme, self.kit.config)
        return worn.model_copy(update={"layout": look.layout}) if look.layout else worn

    async def warm(self, letter: Newsletter) -> None:
        """Makes that newsletter's next issue once, so that the first page comes at once; a fault shows there."""
        await asyncio.gather(self._make(upcoming.key(letter, letter.usual_cadence)), self._prime(letter))

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
        due = await upcoming.coming(self.kit, letter, letter.usual_cadence)
        return await build.draft(self.kit, letter, due, number=number, found=self.found)

    async def frozen(self, key: str) -> dict[str, Any]:
        """The frozen issue as `build --json` prints it; NothingToDo where there is none."""
        async with self.kit.database.read() as connection:
            content = (await _record(connection, key)).content or {}
        return {name: value for name, value in content.items() if name != "document"}

    async def _frozen(self, key: str, reader: str) -> Shown:
        async with self.kit.database.read() as connection:
            record = await _record(connection, key)
            kept = await renditions.every(connection, record.id)
        letter = self.kit.config.newsletters.get(record.newsletter)
        opened = await self._open(key, record)
        if isinstance(opened, Opened):
            edit = self.editor.edit(key, _frozen_material(opened))
            if edit != opened.saved.edit:
                made = await amend.draft(self.kit, opened, edit)
                return await self._to(key, reader, letter, _whole(made))
        findings = tuple(_findings(record))
        whole = Whole(issue=build.document(record), rendered=kept[""], findings=findings, kept=kept)
        return await self._to(key, reader, letter, whole)

    async def _open(self, key: str, record: IssueRecord) -> Opened | str:
        """That issue, to be edited; or why it cannot be."""
        if key not in self._opened:
            try:
                self._opened[key] = await amend.opened(self.kit, record)
            except UsageError as error:
                self._opened[key] = str(error)
        return self._opened[key]

    async def _to(self, key: str, reader: str, letter: Newsletter | None, whole: Whole, *, language: str = "") -> Shown:
        """The copy of that reader."""
        somebody = copies.by_key(await self._some(key), reader) if reader else None
        copy = await copies.of(self.kit, letter, whole, somebody, language=language)
        message = self._message(self._person(somebody), copy.issue, copy.rendered)
        return Shown(
            issue=copy.issue, rendered=copy.rendered, findings=copy.findings, message=message, eml=compose.eml(message)
        )

    def _person(self, somebody: Somebody | None) -> compose.Person:
        if somebody is None:
            return compose.Person(subscriber_id=0, address=self.kit.config.mail.sender_address)
        return compose.Person(subscriber_id=somebody.id, address=somebody.address, name=somebody.name)

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

    async def troubles(self, key: str) -> Sequence[Trouble]:
        """As `digest status` tells them; none of an issue that is made: nothing of it will change."""
        letter = self.kit.config.newsletters.get(_newsletter(key)[0])
        if letter is None or not upcoming.is_next(key):
            return []
        async with self.kit.database.read() as connection:
            known = await feeds.listed(connection, [feed.url for feed in letter.feeds])
        found = {record.requested_url: (record, policy.concerns(record, self.kit.now())) for record in known}
        order = [found[feed.url] for feed in letter.feeds if feed.url in found]
        return [
            Trouble(feed=record.title or record.requested_url, url=record.requested_url, lines=lines)
            for record, lines in order
            if lines
        ]

    async def edit(self, key: str, act: Act) -> str:
        """Does that on the desk, or saves what lies there; UsageError, PreflightError where that cannot be."""
        found = await self._material(key)
        if found.note:
            raise UsageError(found.note)
        if act.do != "save":
            said = self.editor.act(key, found, act)
            if not found.laid(self.editor.edit(key, found)).spare:
                self.upcoming.forget(key)  # there may be more below
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
        if not upcoming.is_next(key):
            opened = self._opened[key]
            assert isinstance(opened, Opened), "what cannot be edited has a note"
            await amend.save(self.kit, opened, edit)
            return f"Saved into {found.name}."
        said = await self.upcoming.save(self.kit, key, *self._meant(key), edit)
        async with self.kit.database.read() as connection:
            self._mark = await glances.mark(connection)  # our own news needs no telling again
        return said

    async def _material(self, key: str) -> Material:
        if upcoming.is_next(key) or (key == _SAMPLE and self.base):
            letter, cadence = self._meant(key)
            next_one = await self.upcoming.next(self.kit, key, letter, cadence, self.editor.lying(key))
            found = upcoming.material(letter, cadence, next_one)
            if key == _SAMPLE:
                return replace(
                    found, name=_SAMPLE, keeping="The sample is to try with: none of it is kept.", is_kept=False
                )
            if self.reload is None:
                return replace(found, keeping="Without a digest.toml there is nowhere to keep it.", is_kept=False)
            return found
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
        shown = await self.shown(key, reader="", look=look)  # with what lies on the desk: what is seen is what is sent
        refused = await send.draft_copy(self.kit, shown.issue, shown.rendered, [to], base_url=base_url)
        if refused:
            raise SendError("; ".join(f"{who}: {why}" for who, why in refused.items()))

    # ---- changes

    def _meant(self, key: str) -> tuple[Newsletter, str]:
        """Newsletter and cadence of a next issue; UsageError where there is none of that name."""
        if key == _SAMPLE:
            return _sample_letter(self.kit.config), ""
        name, cadence = upcoming.parts(key)
        letter = self._letter(name)
        if cadence and cadence not in letter.timetable:
            raise UsageError(f"{name} has no cadence {cadence!r}")
        return letter, cadence or letter.usual_cadence

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
        self.upcoming.forget()
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


def _coming(letter: Newsletter, cadence: str, dates: str) -> Choice:
    now = f"{cadence}, as it would be now" if cadence else "as it would be now"
    return Choice(
        key=upcoming.key(letter, cadence),
        kind=ChoiceKind.NEXT,
        newsletter=letter.title,
        label=letter.title,
        detail=f"{now}; due {dates}" if dates and cadence == letter.usual_cadence else now,
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


def _whole(made: build.Draft) -> Whole:
    return Whole(issue=made.issue, rendered=made.rendered, findings=made.findings)


def _newsletter(key: str) -> tuple[str, str]:
    """Newsletter and cadence of a choice's key; the cadence of a frozen issue is not in it."""
    name, cadence = upcoming.parts(key)
    return name.partition("/")[0], cadence


async def _record(connection: AsyncConnection, key: str) -> IssueRecord:
    name, _, number = key.partition("/")
    record = await issues.found(connection, name, int(number)) if number.isdigit() else None
    if record is None:
        raise NothingToDo(f"there is no issue {key}; see `digest issues list`")
    if record.content is None:
        raise NothingToDo(f"{record.name} tells nothing: it is {record.state}")
    return record
