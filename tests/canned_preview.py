"""A preview source of fixed issues, for the preview's tests and its browser."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from digest.errors import DigestError, UsageError
from digest.model import (
    Article,
    Edit,
    Finding,
    Issue,
    Level,
    Message,
    Rendered,
    Slot,
    SlotKind,
    Slotted,
    Story,
    Summary,
)
from digest.pipeline import telling
from digest.store.edits import Saved
from digest.web.preview import Act, Choice, ChoiceKind, Desk, Look, Looks, Reader, Shown, Trouble, acts
from digest.web.preview.editor import Editor

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
HOSTILE = '<script>document.title="taken"</script><img src=x onerror=alert(1)>'
TITLES = (
    "Storm barrier closes for the first time, and the harbour stays dry",
    "Budget passes by one vote after a night of talks",
    "Line 4 opens to Almond Hill",
    "Seagrass beds store more carbon than thought",
    "The lighthouse of Anse Grise is sold",
)
SPARE = ("Ferry runs late", "Market moves to the quay")
CHOICES = (
    Choice(
        key="next:morning",
        kind=ChoiceKind.NEXT,
        newsletter="Morning digest",
        label="Morning digest",
        detail="as it would be now",
    ),
    Choice(
        key="morning/12",
        kind=ChoiceKind.WAITING,
        newsletter="Morning digest",
        label="morning/12",
        detail="Mon 23 Nov, 07:30 · ready",
    ),
    Choice(
        key="morning/11",
        kind=ChoiceKind.PAST,
        newsletter="Morning digest",
        label="morning/11",
        detail="Fri 20 Nov, 07:30 · sent",
    ),
    Choice(
        key="sample",
        kind=ChoiceKind.SAMPLE,
        newsletter="Sample",
        label="Sample issue",
        detail="shipped with the program",
    ),
)
READERS = (Reader(key="", label="Anyone"), Reader(key="7", label="Zoë Example"))
FINDINGS = (
    Finding(
        level=Level.WARNING,
        rule="alt",
        message="A picture has no text for those who do not see it.",
        place="img:nth-of-type(1)",
        remedy="State it in the feed, or in the template.",
    ),
    Finding(
        level=Level.ERROR,
        rule="link",
        message="A link leads nowhere.",
        place="https://example.org/3",
        remedy="Give it an address.",
    ),
    Finding(
        level=Level.INFO,
        rule="size",
        message="The HTML is small.",
        place="html > body:nth-child(2) > div:nth-child(1) > table:nth-last-child(1) > tr:nth-child(2) > td:nth-child(1)",
    ),
)
STYLE = """<style>.k{color:#9a2b22}</style>
<style>@media (prefers-color-scheme: dark){body,.s{background:#1c1b19 !important;color:#edebe6 !important}}
@media (max-width:480px){.s{padding:16px !important}}</style>"""


def article(number: int, title: str) -> Article:
    return Article(
        feed_url="https://example.org/feed.xml",
        feed_title="Example Gazette",
        link=f"https://example.org/{number}",
        title=title,
        first_seen=NOW,
        published=NOW,
        text=("One sentence of it. Another one.",),
    )


def issue(newsletter: str = "morning", number: int = 13, titles: Sequence[str] = TITLES) -> Issue:
    told = tuple(
        Story(
            articles=(article(at, title), article(at + 100, f"The same by another: {title}")),
            section="World",
            score=2.5 - at / 4,
            reasons=(("fresh", 1.2), ("told by 2", 0.8), ("length", -0.1)),
            summary=Summary(sentences=("One sentence of it.",), positions=(0,), method="digest", language="en"),
        )
        for at, title in enumerate(titles)
    )
    return Issue(
        newsletter=newsletter, number=number, slot="2026-11-23T07:30", title="Morning digest", made_at=NOW, language="en",
        timezone="Europe/Berlin", stories=told,
    )  # fmt: skip


def rendered(shown: Issue, paragraph: str = "Good morning.") -> Rendered:
    rows = "".join(
        f'<h2 style="font:700 22px/1.25 Georgia,serif;margin:28px 0 6px">{escape(story.lead.title)}</h2>'
        f'<p style="margin:0 0 8px">{escape(story.summary.sentences[0] if story.summary else "")} '
        f'<a href="{story.lead.link}">Read on</a></p>'
        for story in shown.stories
    )
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{escape(shown.title)}</title>{STYLE}</head>'
    body = f'<body style="margin:0;background:#f3f0ea;font:16px/1.5 sans-serif;color:#1d1c1a"><div class="s" style="max-width:600px;margin:0 auto;padding:32px;background:#fff"><p class="k">{paragraph} <b id="name">'
    foot = f'</b></p><img src="https://images.example.org/a.jpg" width="536" height="120">{rows}<p>You get this because you asked for it. <a href="'
    html = Slotted(
        parts=(
            head + body,
            foot,
            '">Unsubscribe</a></p><table><tr><td>One</td></tr><tr><td id="two">Two</td></tr></table></div></body></html>\n',
        ),
        slots=(Slot(name="recipient.name"), Slot(name="unsubscribe_url", kind=SlotKind.URL)),
        is_html=True,
    )
    text = Slotted(
        parts=(
            "MORNING DIGEST\n\n" + "\n".join(story.lead.title for story in shown.stories) + "\n\nUnsubscribe: ",
            "\n",
        ),
        slots=(Slot(name="unsubscribe_url", kind=SlotKind.URL),),
    )
    return Rendered(
        subject=f"{shown.stories[0].lead.title} · Morning digest",
        preheader=" · ".join(TITLES[1:]),
        html=html,
        text=text,
    )


@dataclass
class Canned:
    """Fixed issues; `broken` is raised where it is set, `paragraph` stands in every issue, `watch` is watched."""

    titles: Sequence[str] = TITLES
    paragraph: str = "Good morning."
    broken: DigestError | None = None
    watch: tuple[Path, ...] = ()
    bad: Sequence[Trouble] = ()
    made: list[str] = field(default_factory=list)
    heard: list[Path] = field(default_factory=list)
    copies: list[tuple[str, str]] = field(default_factory=list)
    editor: Editor = field(default_factory=Editor)
    saved: dict[str, Saved] = field(default_factory=dict)

    async def choices(self) -> Sequence[Choice]:
        return CHOICES

    async def readers(self, key: str) -> Sequence[Reader]:
        return READERS if key.startswith(("next", "morning")) else READERS[:1]

    def can_copy(self) -> bool:
        return True

    async def copy(self, key: str, address: str, *, look: Look) -> None:
        if "@" not in address:
            raise UsageError(f"{address!r} is no e-mail address")
        self.copies.append((key, address))

    def looks(self) -> Looks:
        return Looks(languages=("en", "de", "ar"), layouts=("digest", "brief", "letter"), themes=("standard", "plum"))

    def material(self, key: str) -> acts.Material:
        told = issue(titles=(*self.titles, *SPARE)).stories
        sentences = tuple(("One sentence of it.", "Another one.", "<b>Bold</b> it is.") for _ in told)
        return acts.Material(
            name=key,
            told=telling.Told(stories=told, sentences=sentences),
            saved=self.saved.get(key, Saved(edit=Edit(), number=0)),
            count=len(self.titles),
            intro="Good morning.",
            note="It is sent." if key == "morning/11" else "",
            keeping="Once you save, morning/13 is made this way.",
        )

    async def desk(self, key: str) -> Desk | None:
        return acts.desk(self.material(key), self.editor.edit(key, self.material(key)))

    async def troubles(self, key: str) -> Sequence[Trouble]:
        return self.bad

    async def edit(self, key: str, act: Act) -> str:
        found = self.material(key)
        if found.note:
            raise UsageError(found.note)
        if act.do != "save":
            return self.editor.act(key, found, act)
        self.editor.check(key, found)
        edit = self.editor.edit(key, found)
        self.saved[key] = Saved(edit=edit, number=found.saved.number + 1)
        self.editor.forget(key)
        return "Saved."

    def watched(self) -> Sequence[Path]:
        return self.watch

    async def changed(self, paths: Sequence[Path]) -> bool:
        self.heard += paths
        return True

    async def shown(self, key: str, *, reader: str, look: Look) -> Shown:
        self.made.append(f"{key} {reader} {look.language} {look.layout} {look.theme}".rstrip())
        if self.broken:
            raise self.broken
        if key not in {choice.key for choice in CHOICES}:
            raise UsageError(f"there is no issue {key!r}")
        chosen = issue(titles=self.titles, number=int(key.partition("/")[2] or 13))
        found = self.material(key)
        chosen = replace(chosen, stories=found.laid(self.editor.edit(key, found)).stories)
        made = rendered(chosen, self.paragraph)
        values = {
            "recipient.name": "Zoë <i>" if reader else "",
            "unsubscribe_url": "https://news.example.org/unsubscribe/x",
        }
        message = Message(
            sender="Morning digest <digest@example.org>",
            reply_to="digest@example.org",
            to_address="zoe@example.org" if reader else "digest@example.org",
            to_name="",
            subject=made.subject,
            date=NOW,
            message_id="<1@example.org>",
            headers=(("List-Id", "<morning.example.org>"),),
            html=made.html.fill(values),
            text=made.text.fill(values),
        )
        return Shown(issue=chosen, rendered=made, findings=FINDINGS, message=message, eml=eml(message))


def eml(message: Message) -> bytes:
    head = (
        f"From: {message.sender}\r\nTo: {message.to_address}\r\nSubject: {message.subject.encode('ascii', 'replace').decode()}\r\n"
        "List-Unsubscribe: <https://news.example.org/unsubscribe/x>,\r\n <mailto:digest@example.org>\r\n\r\n"
    )
    return head.encode() + message.text.encode()


def shorter(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(replace(finding, remedy="") for finding in findings)
