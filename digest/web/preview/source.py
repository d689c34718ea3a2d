"""The preview's issues from the real thing: the draft as it would be built now, and the issues as they were frozen."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Config, Newsletter
from digest.errors import ConfigError, DigestError, NothingToDo, SendError, UsageError
from digest.model import Article, Finding, Issue, Level, Message, Rendered
from digest.pipeline import build, send
from digest.pipeline.kit import Kit
from digest.render import languages, templates
from digest.send import compose
from digest.store import glances, issues, renditions
from digest.store.issues import IssueRecord
from digest.web.preview import sample
from digest.web.preview.shown import Choice, ChoiceKind, Look, Reader, Shown

_MOST_PAST: Final = 50
_MOST_READERS: Final = 12
_NEXT: Final = "next:"
_SAMPLE: Final = "sample"
_SECRET: Final = b"preview"  # signs links that no server honours: what is clicked in a preview changes nothing
_TOLD_BY: Final = ("feeds", "stories", "sentences", "method", "language", "timezone", "include", "exclude")
_NOBODY: Final = Reader(key="", label="Anyone")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The stories as they would be told, and under which settings."""

    settings: tuple[object, ...]
    issue: Issue


class Drawn:
    """A `PreviewSource` over configuration and database.

    `found`: the articles to tell (None: those in the database); `reload` reads the configuration again (None: there is
    no file of it); `base`: the preview's own address, below which the sample's pictures lie (empty: no sample).
    """

    def __init__(
        self,
        kit: Kit,
        *,
        first: str = "",
        found: Sequence[Article] | None = None,
        reload: Callable[[], Config] | None = None,
        base: str = "",
    ) -> None:
        self.kit = kit
        self.first = first
        self.found = found
        self.reload = reload
        self.base = base
        self._told: dict[str, _Told] = {}
        self._fault: ConfigError | None = None
        self._mark: tuple[object, ...] = ()

    # ---- what there is

    async def choices(self) -> Sequence[Choice]:
        """The next issue of each newsletter, `first` at the head; the frozen ones, newest first; the sample."""
        letters = sorted(self.kit.config.newsletters.values(), key=lambda letter: letter.name != self.first)
        async with self.kit.database.read() as connection:
            past = await issues.listed(connection, limit=_MOST_PAST)
        listed = [*map(_next, letters), *(_past(record) for record in past if record.content is not None)]
        return [*listed, _SAMPLE_CHOICE] if self.base else listed

    async def readers(self, key: str) -> Sequence[Reader]:
        """Nobody in particular, then some who get it."""
        async with self.kit.database.read() as connection:
            some = await glances.readers(connection, _newsletter(key), limit=_MOST_READERS)
        return [_NOBODY, *(Reader(key=str(one.id), label=one.name or one.address) for one in some)]

    def looks(self) -> tuple[Sequence[str], Sequence[str]]:
        """Every language there is a catalogue for, every layout."""
        return languages.SHIPPED, templates.Templates(self.kit.config.templates).layouts()

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
            return await self._drafted(_sample_letter(self.kit.config), reader, look)
        if key.startswith(_NEXT):
            return await self._drafted(self._letter(key.removeprefix(_NEXT)), reader, look)
        return await self._frozen(key, reader)

    async def _drafted(self, letter: Newsletter, reader: str, look: Look) -> Shown:
        told = await self._told_by(letter)
        issue = replace(told, title=letter.title, intro=letter.intro, language=look.language or told.language)
        settings = letter.model_copy(update={"layout": look.layout}) if look.layout else letter
        made = await build.rendered(self.kit, settings, issue)
        return await self._to(reader, made.issue, made.rendered, made.findings)

    async def _told_by(self, letter: Newsletter) -> Issue:
        """Its stories: told once, since templates change more often than news."""
        settings = tuple(getattr(letter, name) for name in _TOLD_BY)
        held = self._told.get(letter.name)
        if held is None or held.settings != settings:
            made = await self.drafted(letter)
            held = self._told[letter.name] = _Told(settings=settings, issue=made.issue)
        return held.issue

    async def warm(self, letter: Newsletter) -> None:
        """Makes that newsletter's next issue once, so that the first page comes at once; a fault shows there."""
        with contextlib.suppress(DigestError):
            await self._drafted(letter, "", Look())

    async def drafted(self, letter: Newsletter) -> build.Draft:
        """The issue as it would be built now; NothingToDo where there is no story."""
        now = self.kit.now()
        async with self.kit.database.read() as connection:
            number = await issues.next_number(connection, letter.name)
        found = self.found
        if letter.name == _SAMPLE:  # reading pages takes a second and imports much: not here
            found = await self.kit.workers.run(sample.articles, self.base, now)
        return await build.draft(self.kit, letter, build.by_hand(letter, now), number=number, found=found)

    async def _frozen(self, key: str, reader: str) -> Shown:
        async with self.kit.database.read() as connection:
            record = await _record(connection, key)
            rendered = await renditions.load(connection, record.id)
        return await self._to(reader, build.document(record), rendered, _findings(record))

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


def _next(letter: Newsletter) -> Choice:
    return Choice(
        key=f"{_NEXT}{letter.name}",
        kind=ChoiceKind.NEXT,
        newsletter=letter.title,
        label=letter.title,
        detail="as it would be now",
    )


def _past(record: IssueRecord) -> Choice:
    return Choice(
        key=record.name,
        kind=ChoiceKind.PAST,
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
