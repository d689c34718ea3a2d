"""subscribers: who reads, what they agreed to, who is never mailed again."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli import desk, out, run
from digest.cli.options import AsJson, ConfigPath, Verbose
from digest.errors import UsageError

app = typer.Typer(help="The readers: list, add, import, export, remove, suppress, erase.", no_args_is_help=True)

Letter = Annotated[str | None, typer.Option("--newsletter", "-n", help="The newsletter.")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS")]
Consent = Annotated[
    str | None, typer.Option("--consent", help="How and when they agreed; without it they are asked to confirm.")
]


@asynccontextmanager
async def _writing(settings: Any) -> AsyncIterator[Any]:
    from subscribers.errors import SubscribersError

    try:
        async with desk.database(settings) as database, database.write() as connection:
            yield connection
    except SubscribersError as error:
        raise UsageError(str(error)) from error


@app.command("list", epilog="Example: digest subscribers list --newsletter morning")
@run.command
def list_people(
    newsletter: Letter = None, config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False
) -> int:
    """Everyone, and how they stand with each newsletter."""
    settings = desk.load(config)

    async def work() -> int:
        from subscribers import roster

        async with desk.database(settings) as database, database.read() as connection:
            found = roster.listed(connection, newsletter)
            if as_json:
                return await out.stream("subscribers", (_shown(person) async for person in found))
            return await out.some(
                (_row(person) async for person in found), heads=("address", "name", "newsletters", "suppressed")
            )

    count = run.loop(work())
    if not count:
        out.note("nobody yet: add a reader with `digest subscribers add ADDRESS`")
    return 0 if count else 3


def _shown(person: Any) -> dict[str, Any]:
    barred = person.suppression
    return {
        "address": person.subscriber.address,
        "name": person.subscriber.name,
        "subscriptions": {s.newsletter: s.state for s in person.subscriptions},
        "suppressed": barred.reason if barred else None,
    }


def _standing(on: Any) -> str:
    """As in `morning active (weekly, World)`."""
    chosen = ", ".join(filter(None, (on.cadence, *(on.sections or ()))))
    return f"{on.newsletter} {on.state} ({chosen})" if chosen else f"{on.newsletter} {on.state}"


def _row(person: Any) -> tuple[str, ...]:
    stands = ", ".join(_standing(s) for s in person.subscriptions)
    barred = person.suppression
    return person.subscriber.address, person.subscriber.name, stands, str(barred.reason) if barred else ""


@app.command("show", epilog="Example: digest subscribers show ada@example.com")
@run.command
def show(address: Address, config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """All that is known of one person: the record of their consent included."""
    settings = desk.load(config)

    async def work() -> Any:
        from subscribers import roster

        async with _writing(settings) as connection:
            return await roster.story(connection, address)

    person = run.loop(work())
    if person is None:
        out.note(f"nobody here has the address {address}")
        return 3
    log = [{"at": e.at, "what": e.what, "newsletter": e.newsletter, "source": e.source} for e in person.log]
    if as_json:
        out.document({**_shown(person), "fields": dict(person.subscriber.fields), "log": log})
        return 0
    out.table([_row(person)], heads=("address", "name", "newsletters", "suppressed"))
    out.table(
        [(out.when(e["at"]), e["what"], e["newsletter"], e["source"]) for e in log],
        heads=("when", "what", "newsletter", "source"),
    )
    return 0


@app.command("add", epilog='Example: digest subscribers add ada@example.com --consent "asked by mail, 2026-11-01"')
@run.command
def add(
    address: Address,
    name: Annotated[str, typer.Option("--name", help="As they are called.")] = "",
    newsletter: Letter = None,
    consent: Consent = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Adds a reader: active where you vouch for their consent, else pending until they confirm."""
    settings = desk.load(config)
    letter = desk.newsletter(settings, newsletter)

    async def work() -> Any:
        from subscribers import roster
        from subscribers.model import SubscriptionState

        state = SubscriptionState.ACTIVE if consent else SubscriptionState.PENDING
        async with _writing(settings) as connection:
            return await roster.add(
                connection, address=address, name=name, newsletter=letter.name, state=state,
                source=consent or "added by the owner", at=desk.now(),
            )  # fmt: skip

    made = run.loop(work())
    if made.refusal:
        raise UsageError(f"{address} was not added: {made.refusal}")
    asked = _ask(settings, letter.name) if made.state == "pending" else 0
    if as_json:
        out.document({"address": address, "newsletter": letter.name, "state": made.state, "changed": made.changed})
    else:
        more = ": a message asks them to confirm" if asked else ""
        out.line(f"{address} is {made.state} on {letter.name}{more}")
    return 0


@app.command("remove", epilog="Example: digest subscribers remove ada@example.com --newsletter morning")
@run.command
def remove(
    address: Address,
    newsletter: Letter = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Takes a reader off a newsletter, or off all."""
    from subscribers import roster

    async def act(connection: Any, at: datetime) -> bool:
        return await roster.remove(connection, address, newsletter, at=at)

    return _change(config, act, address, "removed", as_json=as_json)


@app.command("suppress", epilog="Example: digest subscribers suppress ada@example.com")
@run.command
def suppress(
    address: Address,
    reason: Annotated[str, typer.Option("--reason", help="A word for your records.")] = "",
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Never mails that address again, whether it is known or not."""
    from subscribers import addresses, roster
    from subscribers.model import SuppressionReason

    async def act(connection: Any, at: datetime) -> bool:
        addresses.parse(address)
        await roster.suppress(connection, address, SuppressionReason.MANUAL, at, detail=reason)
        return True

    return _change(config, act, address, "suppressed", as_json=as_json)


@app.command("erase", epilog="Example: digest subscribers erase ada@example.com")
@run.command
def erase(address: Address, config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """Forgets a person; keeps only a keyed hash, so that the address is never mailed again."""
    from digest.store import events
    from subscribers import roster

    async def act(connection: Any, at: datetime) -> bool:
        number = await roster.erase(connection, address, at)
        await events.forget(connection, address, number)
        return number is not None

    return _change(config, act, address, "erased", as_json=as_json)


def _change(config: Path | None, act: Callable[[Any, datetime], Any], address: str, word: str, *, as_json: bool) -> int:
    settings = desk.load(config)

    async def work() -> bool:
        async with _writing(settings) as connection:
            return bool(await act(connection, desk.now()))

    changed = run.loop(work())
    if as_json:
        out.document({"address": address, word: changed})
    elif changed:
        out.line(f"{address}: {word}")
    else:
        out.note(f"nobody here has the address {address}")
    return 0 if changed else 3


@app.command(
    "import", epilog='Example: digest subscribers import readers.csv --newsletter morning --consent "fair, 2026"'
)
@run.command
def import_csv(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv")],
    newsletter: Letter = None,
    consent: Consent = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each row; change nothing.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Import all rows or none.")] = False,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Where it is not UTF-8, as latin-1.")] = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Adds the readers of a CSV file; names each row that cannot be used, by its line."""
    settings = desk.load(config)
    letter = desk.newsletter(settings, newsletter)
    table = _table(file, encoding)
    if dry_run:
        return _plan(settings, table, letter.name, consent, as_json=as_json)
    report = run.loop(_import(settings, table, letter.name, consent, strict=strict, quiet=as_json))
    asked = _ask(settings, letter.name) if report.pending else 0
    for fault in report.faults:
        out.note(f"{file.name}: line {fault.line}: {fault.value!r} {fault.reason}")
    if as_json:
        out.document(_counts(report))
    else:
        _print_import(report, asked)
    return 4 if any(not fault.is_repeat for fault in report.faults) else 0


def _table(file: Path, encoding: str | None) -> Any:
    from subscribers import exchange
    from subscribers.errors import SubscribersError

    try:
        return exchange.read(file, encoding=encoding)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    except (SubscribersError, LookupError) as error:
        raise UsageError(f"{file}: {error}") from error


async def _import(settings: Any, table: Any, name: str, consent: str | None, *, strict: bool, quiet: bool) -> Any:
    from subscribers import exchange

    with _bar(quiet=quiet) as progress:
        async with _writing(settings) as connection:
            return await exchange.import_rows(
                connection, table, newsletter=name, consent=consent, at=desk.now(), strict=strict, progress=progress
            )


def _counts(report: Any) -> dict[str, Any]:
    names = ("added", "activated", "pending", "unchanged", "suppressed", "unsubscribed", "left")
    faults = [{"line": fault.line, "value": fault.value, "reason": fault.reason} for fault in report.faults]
    return {**{name: getattr(report, name) for name in names}, "is_applied": report.is_applied, "faults": faults}


def _print_import(report: Any, asked: int) -> None:
    words = [
        f"{n:,} {name}" for name, n in _counts(report).items() if isinstance(n, int) and n and name != "is_applied"
    ]
    out.line(", ".join(words) or "nobody added")
    if not report.is_applied:
        out.line("nothing was imported: --strict takes all rows or none")
    if asked:
        out.line(f"{out.count(asked, 'message')} sent, asking to confirm")


def _plan(settings: Any, table: Any, name: str, consent: str | None, *, as_json: bool) -> int:
    async def work() -> Mapping[str, int]:
        from subscribers import exchange

        counted: Counter[str] = Counter()
        async with _writing(settings) as connection:
            plan = exchange.plan(connection, table, newsletter=name, consent=consent)
            if as_json:
                await out.stream("rows", (_planned(row, counted) async for row in plan))
            else:
                shown = (tuple(map(str, _planned(row, counted).values())) async for row in plan)
                await out.some(shown, heads=("line", "address", "would be", "why"))
        return counted

    counted = run.loop(work())
    if not as_json:
        out.line(", ".join(f"{number:,} {verdict}" for verdict, number in counted.items()) or "no row")
    return 0


def _planned(row: Any, counted: Counter[str]) -> dict[str, object]:
    counted[str(row.verdict)] += 1
    return {"line": row.line, "address": row.address, "verdict": row.verdict, "reason": row.reason}


@app.command("export", epilog="Example: digest subscribers export > readers.csv")
@run.command
def export(
    newsletter: Letter = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="ADDRESS", help="All that is kept of one person, as JSON.")
    ] = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Everyone as CSV on standard output; or one person, whole."""
    settings = desk.load(config)
    if person is not None:
        return _export_person(settings, person)

    async def work() -> None:
        from subscribers import exchange

        async with desk.database(settings) as database, database.read() as connection:
            async for line in exchange.export(connection, newsletter):
                sys.stdout.write(line)

    if as_json:
        list_people(newsletter, config, as_json=True, verbose=verbose)
        return 0
    run.loop(work())
    return 0


def _export_person(settings: Any, address: str) -> int:
    from digest.cli import dossier

    found = run.loop(dossier.of(settings, address))
    if found is None:
        out.note(f"nobody here has the address {address}")
        return 3
    out.document(found)
    return 0


def _ask(settings: Any, newsletter: str) -> int:
    """Sends the confirmation messages that are due; how many left."""
    from digest.cli import confirming

    return run.loop(confirming.ask(settings, newsletter))


@contextmanager
def _bar(*, quiet: bool) -> Any:
    """How far a large file is, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.completed:,.0f} lines"), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("import", total=None)
        yield lambda line: bar.update(task, completed=line)
