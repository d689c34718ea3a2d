"""The page around the mail: what the template sees."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

import digest.web.preview.mail as mail
from digest.model import Finding, Level
from digest.web.preview.shelf import Held
from digest.web.preview.shown import Choice, ChoiceKind, Desk, Looks, Reader, Shown, Trouble
from digest.web.preview.view import Device, Mode, Part, Switch, View

STATIC: Final = Path(__file__).parent / "static"
_PAGE: Final = "preview.html.j2"
_CODE: Final = re.compile(r"`([^`]+)`")
_GRAVITY: Final = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
_HEADINGS: Final = {
    ChoiceKind.NEXT: "Next",
    ChoiceKind.WAITING: "Waiting to leave",
    ChoiceKind.PAST: "Past issues",
    ChoiceKind.SAMPLE: "Sample",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How the editor's last act went."""

    text: str
    is_refused: bool = False


def render(
    *,
    view: View,
    held: Held,
    choices: Sequence[Choice],
    readers: Sequence[Reader],
    looks: Looks,
    desk: Desk | None,
    troubles: Sequence[Trouble],
    said: Said | None,
    token: str,
    has_mailbox: bool,
    can_copy: bool,
) -> str:
    """The whole page. All that comes from outside is escaped by the template."""
    shown = held.shown
    html = shown.message.html if shown else ""
    return (
        _environment()
        .get_template(_PAGE)
        .render(
            view=view,
            fault=held.fault,
            shown=shown,
            token=token,
            has_mailbox=has_mailbox,
            can_copy=can_copy,
            groups=_groups(choices),
            chosen=next((choice for choice in choices if choice.key == view.issue), None),
            readers=readers,
            looks=looks,
            is_drawn="/" not in view.issue,  # what is frozen looks as it was frozen
            desk=desk,
            troubles=troubles,
            said=said,
            devices=tuple(Device),
            modes=tuple(Mode),
            parts=tuple(Part),
            is_styled=view.styles is Switch.ON,
            has_images=view.images is Switch.ON,
            frame=f"/mail?{frame_query(view, shown)}",
            line=_line(shown),
            bytes=len(html.encode()),
            clip=mail.CLIP,
            findings=_findings(shown),
            counts=_counts(shown),
            links=mail.links(html) if html else (),
            headers=_headers(shown) if view.part is Part.HEADERS else [],
            html=html,
        )
    )


def ready() -> None:
    """Compiles the page ahead of the first one."""
    _environment().get_template(_PAGE)


def frame_query(view: View, shown: Shown | None) -> str:
    """What the frame's address says: all that its content depends on, and a mark that changes when the mail does."""
    usual = {"device": Device.DESKTOP, "part": Part.HTML}
    query = view.query(**usual)
    return f"{query}&v={mark(shown)}" if query else f"v={mark(shown)}"


def mark(shown: Shown | None) -> str:
    """What changes when the mail does."""
    return f"{hash(shown.message.html) & 0xFFFFFFFF:08x}" if shown else "0"


def _groups(choices: Sequence[Choice]) -> list[tuple[str, list[Choice]]]:
    groups = [(_HEADINGS[kind], [choice for choice in choices if choice.kind is kind]) for kind in ChoiceKind]
    return [(heading, members) for heading, members in groups if members]


def _line(shown: Shown | None) -> mail.Line | None:
    return mail.line(shown.message.sender, shown.message.subject, shown.rendered.preheader) if shown else None


def _findings(shown: Shown | None) -> list[Finding]:
    return sorted(shown.findings, key=lambda finding: _GRAVITY[finding.level]) if shown else []


def _counts(shown: Shown | None) -> dict[str, int]:
    found = shown.findings if shown else ()
    return {level.value: sum(finding.level is level for finding in found) for level in Level}


def _headers(shown: Shown | None) -> list[tuple[str, str]]:
    """The message's own headers, unfolded and decoded, in their order."""
    from email import policy
    from email.parser import BytesHeaderParser

    if shown is None:
        return []
    parsed = BytesHeaderParser(policy=policy.default).parsebytes(shown.eml)
    return [(name, " ".join(str(value).split())) for name, value in parsed.items()]


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["kilobytes"] = lambda count: f"{count / 1024:.1f} KB"
    made.filters["coded"] = coded
    return made


def coded(text: str) -> Markup:
    """The text, what stands in backticks as code; all of it escaped.

    >>> coded("run `digest <b>`")
    Markup('run <code>digest &lt;b&gt;</code>')
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 — escaped


def _folder() -> Path:
    """The page's template: in the installed package, else in the checkout."""
    inside = Path(str(files("digest"))) / "templates" / "web"
    return inside if inside.is_dir() else inside.parents[2] / "templates" / "web"
