"""What the owner reads: pure functions from what happened to words, each naming the command that mends it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape
from zlib import crc32
from zoneinfo import ZoneInfo

from digest.config import Newsletter
from digest.model import Finding, IssueState, Level, Rendered
from digest.store import refusals
from digest.store.issues import IssueRecord
from digest.store.notices import Words

_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_BOX = (
    '<div style="margin:0;padding:20px 24px;border-bottom:2px solid #b45309;background-color:#fffbeb;color:#1d2329;'
    "font:15px/1.6 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;text-align:start\">{}</div>"
)
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
    'content="width=device-width, initial-scale=1"><title>{}</title></head><body style="margin:0">{}</body></html>'
)
_LEVELS = {Level.ERROR: "must be mended", Level.WARNING: "look at it"}
_MOST = 20  # findings shown
Line = tuple[str, str]  # its shape (title, text, code, link, item), its words


def draft(
    record: IssueRecord,
    newsletter: Newsletter,
    rendered: Rendered,
    findings: Sequence[Finding],
    *,
    values: Mapping[str, str],
    url: str,
) -> Words:
    """The issue as it would leave, under a box that says when, what preflight found, and how to hold or change it.

    `values` fill its slots; `url`: where it can be seen in the browser.
    """
    subject = f"[Draft] {rendered.subject}"
    lines = _draft_lines(record, newsletter, findings, url)
    box = _BOX.format(_marked_up(lines))
    html = rendered.html.fill({slot.name: values.get(slot.name, "") for slot in rendered.html.slots})
    text = rendered.text.fill({slot.name: values.get(slot.name, "") for slot in rendered.text.slots})
    found = _BODY.search(html)
    at = found.end() if found else 0
    return Words(
        about=f"issue:{record.id}:draft",
        subject=subject,
        text=_plain_text(lines) + f"\n\n{'-' * 60}\n\n{text}",
        html=html[:at] + box + html[at:],
        is_asked=True,
    )


def issue(record: IssueRecord, newsletter: Newsletter | None) -> Words:
    """What became of an issue that did not leave, by its state."""
    title = newsletter.title if newsletter else record.newsletter
    why, name = record.note or "the log says why", record.name
    said = {
        IssueState.FAILED: (
            f"could not be made: {why}",
            f"The next issue tells its news. To make one by hand, once it is mended: digest build {record.newsletter}",
        ),
        IssueState.HELD: (
            "is held and will not leave",
            f"To let it go: digest issues approve {name}",
        ),
        IssueState.EXPIRED: (
            f"was not sent in time ({why})",
            f"To send it all the same: digest send {name}",
        ),
    }
    what, remedy = said[record.state]
    return plain(
        f"issue:{record.id}:{record.state}", f"{title}: issue {name} {what}", f"Its slot: {record.slot}", remedy
    )


def unknown(record: IssueRecord, count: int) -> Words:
    """Some readers may have it, or may not: a person decides."""
    subject = f"{record.newsletter}: of issue {record.name}, {count:,} may not have arrived"
    why = "The provider's answer did not come, and it would not know the request again."
    remedy = (
        f"Who they are: digest issues show {record.name}. If your provider's log does not list them, send again: "
        f"digest send {record.name} --resume --resend-unknown"
    )
    return plain(f"issue:{record.id}:unknown", subject, why, remedy)


def refused(record: IssueRecord, why: str) -> Words:
    """The provider does not take anything from this account."""
    subject = f"{record.newsletter}: the mail provider refuses issue {record.name}"
    remedy = "Mend [mail], look with `digest doctor`, and reload the daemon: it tries again each minute."
    return plain(f"issue:{record.id}:refused", subject, why, remedy)


def turned_away(record: IssueRecord, found: refusals.Refusals, said: Sequence[tuple[str, int]]) -> Words:
    """Servers of readers refused it because of the sender. `said`: their words, and how often."""
    subject = (
        f"{record.newsletter}: {found.count:,} messages of issue {record.name} were refused because of their sender"
    )
    why = (
        f"Of {found.accepted:,} that your provider took, the servers of {found.count:,} readers refused it for the "
        "sender's reputation or authentication (SPF, DKIM, DMARC) or its text, not for the address. The readers stay."
    )
    words = [f"{reason or 'Without a word'} ({count:,})" for reason, count in said]
    return plain(
        refusals.about(record.id), subject, why, *words, f"What was reported: digest issues show {record.name}"
    )


def circuit(provider: str, until: datetime) -> Words:
    """The provider does not answer."""
    why = f"It is not asked again before {until:%H:%M} UTC; what is to be sent waits, and nothing is lost."
    remedy = "Look at its status page. `digest status` shows what waits."
    return plain(f"circuit:{provider}:{until:%Y-%m-%dT%H:%M:%S}", f"{provider} does not answer", why, remedy)


def fault(newsletter: str, faults: Sequence[str], day: date) -> Words:
    """A newsletter that the daemon leaves out, or keeps as it was, because its configuration is faulty; once a day."""
    mark = f"{crc32(' '.join(faults).encode()):08x}:{day}"
    subject = f"{newsletter}: its configuration is faulty"
    remedy = "The other newsletters go on. Mend it, then reload the daemon (SIGHUP); `digest check` names every fault."
    return plain(f"config:{newsletter}:{mark}", subject, *faults, remedy)


def plain(about: str, subject: str, *lines: str) -> Words:
    """Words without an issue in them; what stands in a line after the last `: ` and begins with digest is a command."""
    said = [piece for line in lines for piece in _pieces(line)]
    html = _PAGE.format(escape(subject), _BOX.format(_marked_up([("title", subject), *said])))
    return Words(about=about, subject=_one_line(subject), text=_plain_text(said), html=html)


def _pieces(line: str) -> Sequence[Line]:
    before, colon, command = line.rpartition(": ")
    return [("text", f"{before}:"), ("code", command)] if colon and command.startswith("digest ") else [("text", line)]


def _draft_lines(record: IssueRecord, letter: Newsletter, findings: Sequence[Finding], url: str) -> Sequence[Line]:
    name = record.name
    at = record.send_at or record.due_at
    local = f"{at.astimezone(ZoneInfo(letter.timezone)):%A %d %B %Y, %H:%M} ({letter.timezone})"
    is_held = record.state is IssueState.HELD
    worth = [f for f in findings if f.level in _LEVELS]
    said = [("item", f"{_LEVELS[f.level]}: {f.message} {f.remedy}".strip()) for f in worth[:_MOST]]
    return [
        ("title", f"Draft of issue {name}"),
        ("text", f"It leaves at {local}, {'but only if you approve it' if is_held else 'unless you hold it'}:"),
        ("code", f"digest issues {'approve' if is_held else 'hold'} {name}"),
        ("text", "Change it before it leaves:"),
        ("code", f"digest preview {name}"),
        ("link", url),
        ("text", f"Preflight found {len(worth)}:" if worth else "Preflight found nothing to mend."),
        *said,
    ]


_SHAPES = {
    "title": '<p style="margin:0 0 8px;font-size:18px;font-weight:bold">{0}</p>',
    "text": '<p style="margin:0 0 6px">{0}</p>',
    "item": '<p style="margin:0 0 6px;padding-inline-start:14px">• {0}</p>',
    "code": (
        '<p style="margin:0 0 12px"><code style="padding:4px 8px;border:1px solid #d6c9a8;border-radius:4px;'
        'background-color:#ffffff;font:14px/1.6 ui-monospace,Menlo,Consolas,monospace">{0}</code></p>'
    ),
    "link": (
        '<p style="margin:4px 0 14px"><a href="{0}" style="display:inline-block;padding:8px 16px;border-radius:6px;'
        'background-color:#0b57d0;color:#ffffff;font-weight:bold;text-decoration:none">See it in the browser</a></p>'
    ),
}
_TEXTS = {"code": "    {0}", "item": "* {0}", "link": "See it in the browser:\n{0}"}


def _marked_up(lines: Sequence[Line]) -> str:
    return "".join(_SHAPES[kind].format(escape(_one_line(text))) for kind, text in lines)


def _plain_text(lines: Sequence[Line]) -> str:
    return "\n\n".join(_TEXTS.get(kind, "{0}").format(_one_line(text)) for kind, text in lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())
