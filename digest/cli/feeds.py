"""feeds: which feeds a newsletter reads. They stand in digest.toml, whose comments and order these commands keep."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli import desk, out, run
from digest.cli.options import AsJson, ConfigPath, Verbose
from digest.errors import UsageError

app = typer.Typer(help="The feeds: list, add, remove, import and export OPML.", no_args_is_help=True)

Letter = Annotated[str | None, typer.Option("--newsletter", "-n", help="Of this newsletter.")]


@app.command("list", epilog="Example: digest feeds list --newsletter morning")
@run.command
def list_feeds(
    newsletter: Letter = None, config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False
) -> int:
    """The feeds, and how each fares."""
    from digest.store import feeds as stored

    settings = desk.load(config)

    async def work() -> dict[str, Any]:
        async with desk.database(settings) as database, database.read() as connection:
            return {record.requested_url: record for record in await stored.listed(connection)}

    records = run.loop(work())
    rows = [
        (letter.name, feed, records.get(feed.url))
        for letter in desk.chosen(settings, newsletter)
        for feed in letter.feeds
    ]
    if as_json:
        out.document({"feeds": [_shown(*row) for row in rows]})
    elif rows:
        out.table(
            [_row(*row) for row in rows], heads=("newsletter", "feed", "section", "state", "last success", "to know")
        )
    else:
        out.note("no feed yet: add one with `digest feeds add URL`")
    return 0 if rows else 3


def _shown(letter: str, feed: Any, record: Any) -> dict[str, object]:
    return {
        "newsletter": letter,
        "url": feed.url,
        "title": record.title if record else "",
        "section": feed.section,
        "weight": feed.weight,
        "state": record.state if record else "new",
        "last_ok": record.last_ok.isoformat() if record and record.last_ok else None,
        "error": record.last_error if record else None,
        "concerns": _concerns(record),
    }


def _row(letter: str, feed: Any, record: Any) -> tuple[str, ...]:
    if record is None:
        return letter, feed.url, feed.section, "new", "–", ""
    said = "; ".join(_concerns(record)) or (record.last_error or "").removeprefix(f"{feed.url}: ")
    return letter, feed.url, feed.section, str(record.state), out.when(record.last_ok), said


def _concerns(record: Any) -> list[str]:
    """What the owner should know of that feed, a sentence each."""
    from digest.collect import policy

    return list(policy.concerns(record, desk.now())) if record else []


@app.command("add", epilog="Example: digest feeds add https://example.org --section World")
@run.command
def add(
    url: Annotated[str, typer.Argument(help="A feed, or a page that names its feed.")],
    newsletter: Letter = None,
    section: Annotated[str, typer.Option("--section", help="The part of the issue it goes to.")] = "",
    weight: Annotated[float, typer.Option("--weight", help="How much its stories count; 1 is usual.")] = 1.0,
    since: Annotated[
        str,
        typer.Option("--since", help="What its first poll lets into the next issue: from YYYY-MM-DD on, all, none."),
    ] = "",
    kind: Annotated[
        str, typer.Option("--kind", help="Read it as that alone: feed, sitemap, page; auto finds out.")
    ] = "auto",
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Adds a feed to digest.toml; finds the one behind a page's address, or what can stand for it."""
    from digest.cli import adding, editing
    from digest.config import FeedSettings

    settings = desk.load(config)
    letter = desk.newsletter(settings, newsletter)
    wanted = adding.kind(kind)
    start = adding.since(since, letter.timezone)
    found = run.loop(adding.found(settings, url, wanted))
    if found.url in {feed.url for feed in letter.feeds}:
        adding.show(letter.name, found, added=False, as_json=as_json)
        return 3
    named = FeedSettings(url=found.url, section=section, weight=weight, kind=adding.spelled(found.kind))
    editing.change(settings, letter.name, [named], ())
    if start is not None and not run.loop(adding.start(settings, found.url, start)):
        out.note(f"{found.url} was collected before: --since changes nothing")
    adding.show(letter.name, found, added=True, as_json=as_json)
    return 0


@app.command("remove", epilog="Example: digest feeds remove https://example.org/feed.xml")
@run.command
def remove(
    url: str, newsletter: Letter = None, config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False
) -> int:
    """Takes a feed out of digest.toml; what was collected stays."""
    from digest.cli import editing

    settings = desk.load(config)
    letters = [n for n in desk.chosen(settings, newsletter) if url in {feed.url for feed in n.feeds}]
    if not letters:
        raise UsageError(f"no newsletter reads {url}; see `digest feeds list`")
    for letter in letters:
        editing.change(settings, letter.name, (), [url])
    names = [letter.name for letter in letters]
    out.document({"url": url, "removed": names}) if as_json else out.line(f"{', '.join(names)}: removed {url}")
    return 0


@app.command("import", epilog="Example: digest feeds import subscriptions.opml --newsletter morning")
@run.command
def import_opml(
    file: Path, newsletter: Letter = None, config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False
) -> int:
    """Adds the feeds of an OPML file; its folders become sections."""
    from digest.cli import editing
    from digest.collect import feeds as parsing
    from digest.config import FeedSettings

    settings = desk.load(config)
    letter = desk.newsletter(settings, newsletter)
    try:
        listed = parsing.opml_read(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    known = {feed.url for feed in letter.feeds}
    new = [FeedSettings(url=feed.url, section=feed.section) for feed in listed if feed.url not in known]
    if new:
        editing.change(settings, letter.name, new, ())
    if as_json:
        out.document({"added": [feed.url for feed in new], "known": len(listed) - len(new)})
    else:
        out.line(f"{letter.name}: {out.count(len(new), 'feed')} added, {len(listed) - len(new)} known already")
    return 0 if new else 3


@app.command("export", epilog="Example: digest feeds export > feeds.opml")
@run.command
def export(
    newsletter: Letter = None, config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False
) -> int:
    """The feeds as OPML on standard output."""
    from digest.collect import feeds as parsing

    settings = desk.load(config)
    rows = [(feed.url, feed.url, feed.section) for letter in desk.chosen(settings, newsletter) for feed in letter.feeds]
    if as_json:
        out.document({"feeds": [{"url": url, "section": section} for url, _, section in rows]})
    else:
        sys.stdout.write(parsing.opml_write([parsing.Outline(url=u, title=t, section=s) for u, t, s in rows]))
    return 0
