"""preview, build, send, issues: from articles to messages."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from digest import workers
from digest.cli import desk, out, preloads, run
from digest.cli.options import AsJson, ConfigPath, Verbose
from digest.errors import UsageError

app = typer.Typer(help="The issues: list, show.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NEWSLETTER")]
Target = Annotated[str | None, typer.Argument(metavar="NEWSLETTER|ISSUE", help="As in morning, or morning/12.")]

Cadence = Annotated[
    str | None, typer.Option("--cadence", help="Of a newsletter with cadences; else the one that is due.")
]


def add(parent: typer.Typer) -> None:
    """Adds the commands that stand alone."""
    parent.command("preview", epilog="Example: digest preview https://example.org/feed.xml")(preview)
    parent.command("build", epilog="Example: digest build morning --dry-run")(build)
    parent.command("send", epilog="Example: digest send morning --to me@example.org")(send)


@run.command
def preview(
    target: Annotated[
        str | None, typer.Argument(metavar="[NEWSLETTER|ISSUE|URL]", help="One of yours, or any feed or page.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Where (default: that of listen; 0: any).", min=0, max=65535)
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open none.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Print what preflight finds, serve nothing.")] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """The issue as it would be now, in the browser; needs no configuration for a feed or page; sends nothing."""
    workers.ahead(preloads.READING if target and "://" in target else preloads.TELLING)
    from digest.cli import previewing

    if check:
        return previewing.check(target, config, as_json=as_json)
    return previewing.show(target, config, previewing.Wishes(port=port, browser=not no_browser, as_json=as_json))


@run.command
def build(
    newsletter: Name,
    at: Annotated[str | None, typer.Option("--at", metavar="SLOT", help="A past slot, as 2026-11-23T07:30.")] = None,
    cadence: Cadence = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would be; freeze nothing.")] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Freezes the issue that is due."""
    workers.ahead(preloads.TELLING)
    from digest.cli import building

    settings = desk.load(config)
    letter = desk.newsletter(settings, newsletter)
    make = building.draft if dry_run else building.freeze
    shown = run.loop(make(settings, letter, at, cadence))
    if as_json:
        out.document(shown)
    else:
        _print_built(shown, dry_run=dry_run)
    return 0


def _print_built(shown: dict[str, Any], *, dry_run: bool) -> None:
    for finding in shown["preflight"]:
        if finding["level"] == "info":  # polish that a client leaves out; the preview shows it
            continue
        out.note(f"{finding['level']}: {finding['message']} {finding['remedy']}".rstrip())
    word = "would tell" if dry_run else "tells"
    size = f"{shown['html_bytes'] / 1000:.0f} kB"
    out.line(
        f"{shown['issue']} {word} {out.count(len(shown['stories']), 'story', 'stories')} ({size}): {shown['subject']}"
    )
    for number, story in enumerate(shown["stories"], 1):
        also = f" (also in {', '.join(a['source'] for a in story['also'])})" if story["also"] else ""
        out.line(f"{number:3}. {story['title']} · {story['source']}{also}")


@run.command
def send(
    target: Target = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="ADDRESS", help="A test copy to this address only.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what was not finished; build nothing.")] = False,
    resend_unknown: Annotated[
        bool, typer.Option("--resend-unknown", help="With --resume: send again what may have arrived.")
    ] = False,
    cadence: Cadence = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get what; send nothing.")] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Builds if needed, then sends."""
    from digest.cli import sending

    if resend_unknown and not resume:
        raise UsageError("--resend-unknown goes with --resume")
    settings = desk.load(config)
    wishes = sending.Wishes(
        resume=resume, resend_unknown=resend_unknown, dry_run=dry_run, to=tuple(to or ()), cadence=cadence
    )
    report = asyncio.run(sending.run(settings, target, wishes, quiet=as_json))
    if as_json:
        out.document(report.shown())
    else:
        report.print()
    return report.exit_code


@app.command("list", epilog="Example: digest issues list --newsletter morning")
@run.command
def list_issues(
    newsletter: Annotated[str | None, typer.Option("--newsletter", "-n", help="Of this newsletter.")] = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """The issues, newest first, and where each stands."""
    from digest.store import issues

    settings = desk.load(config)

    async def work() -> Sequence[issues.IssueRecord]:
        async with desk.database(settings) as database, database.read() as connection:
            return await issues.listed(connection, newsletter)

    found = run.loop(work())
    if as_json:
        out.document({"issues": [_listed(record) for record in found]})
    elif found:
        rows = [
            (r.name, r.slot, r.cadence, str(r.state), (r.content or {}).get("subject") or r.note or "") for r in found
        ]
        _table(rows, is_plain=not any(r.cadence for r in found))
    else:
        out.note("no issue yet: make one with `digest build NEWSLETTER`")
    return 0 if found else 3


def _table(rows: Sequence[tuple[str, ...]], *, is_plain: bool) -> None:
    """The list; without the column of cadences where there are none."""
    heads = ("issue", "slot", "cadence", "state", "subject")
    shown = [(*row[:2], *row[3:]) if is_plain else row for row in [heads, *rows]]
    out.table(shown[1:], heads=shown[0])


def _listed(record: Any) -> dict[str, object]:
    return {
        "issue": record.name,
        "newsletter": record.newsletter,
        "slot": record.slot,
        "cadence": record.cadence,
        "state": record.state,
        "made_at": record.made_at.isoformat() if record.made_at else None,
        "note": record.note,
    }


@app.command("show", epilog="Example: digest issues show morning/12 --text")
@run.command
def show(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="As in morning/12.")],
    html: Annotated[bool, typer.Option("--html", help="Its HTML part.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Its text part.")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="A message: a neutral copy, or that of --to.")] = False,
    to: Annotated[str | None, typer.Option("--to", metavar="ADDRESS", help="With --eml: this subscriber's.")] = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """One issue: what it tells, how its sending stands, or one of its parts on standard output."""
    from digest.cli import showing

    if sum((html, text, eml)) > 1:
        raise UsageError("choose one of --html, --text, --eml")
    if to and not eml:
        raise UsageError("--to goes with --eml")
    settings = desk.load(config)
    part = "html" if html else "text" if text else "eml" if eml else ""
    shown = run.loop(showing.show(settings, _named(issue), part, to))
    if isinstance(shown, bytes):
        sys.stdout.buffer.write(shown)
    elif as_json:
        out.document(shown)
    else:
        showing.print_issue(shown)
    return 0


def _named(issue: str) -> tuple[str, int]:
    found: tuple[str, int] | None = desk.issue_name(issue)
    if found is None:
        raise UsageError(f"{issue!r} is no issue: write it as NEWSLETTER/NUMBER, as in morning/12")
    return found


@app.command("hold", epilog="Example: digest issues hold morning/12")
@run.command
def hold(
    issue: Annotated[str, typer.Argument(metavar="ISSUE")],
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Keeps an issue that is not sent yet from leaving, until it is approved."""
    return _decide(issue, config, "hold", as_json=as_json)


@app.command("approve", epilog="Example: digest issues approve morning/12")
@run.command
def approve(
    issue: Annotated[str, typer.Argument(metavar="ISSUE")],
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Lets an issue that is held leave at its time."""
    return _decide(issue, config, "approve", as_json=as_json)


def _decide(issue: str, config: Path | None, word: str, *, as_json: bool) -> int:
    from digest.cli import showing

    record = run.loop(showing.decide(desk.load(config), _named(issue), word))
    if as_json:
        out.document(_listed(record))
    else:
        out.line(f"{record.name} is {record.state}")
    return 0
