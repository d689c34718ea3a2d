"""run, worker, status, doctor, db: keeping it going."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli import desk, out, run
from digest.cli.options import AsJson, ConfigPath, Verbose
from digest.errors import UsageError

db = typer.Typer(help="The database: upgrade, backup, copy, rotate-key.", no_args_is_help=True)
service = typer.Typer(help="Files that install the daemon: systemd.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Adds the commands that stand alone."""
    app.command("run", epilog="Example: digest run --config /etc/newsdigest/digest.toml")(run_daemon)
    app.command("worker", epilog="Example: digest worker --queue send --concurrency 4")(worker)
    app.command("status", epilog="Example: digest status --json")(status)
    app.command("healthcheck", epilog="Example: digest healthcheck")(healthcheck)
    app.add_typer(service, name="service")
    app.command("doctor", epilog="Example: digest doctor --eml received.eml")(doctor)


@run.command
def run_daemon(config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """The daemon: collects, builds and sends on schedule, and serves the public pages."""
    from digest.cli import daemon

    settings, faulty = desk.spare(config)
    asyncio.run(daemon.run(settings, faulty=faulty, verbose=verbose))
    return 0


@run.command
def worker(
    queue: Annotated[
        list[str] | None, typer.Option("--queue", help="Only this queue: collect, make or send; repeatable.")
    ] = None,
    concurrency: Annotated[int, typer.Option("--concurrency", help="Steps at the same time.", min=1, max=64)] = 4,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Answer /healthz, /readyz and /metrics there.")
    ] = "",
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """One more worker of the distributed engine; start as many as you like, wherever the database is reached."""
    settings = desk.load(config)
    if settings.digest.engine == "local":
        raise UsageError('the local engine needs no workers: set engine = "procrastinate" and a PostgreSQL database')
    from digest.cli import working

    where = desk.listen(listen) if listen else None
    asyncio.run(
        working.run(settings, queues=tuple(queue or ()), concurrency=concurrency, listen=where, verbose=verbose)
    )
    return 0


@run.command
def status(config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """Next slots, feeds by health, the last issues and their deliveries; workers and queues where there are any."""
    from digest.cli import overview, statuspage

    settings = desk.load(config)
    found = run.loop(overview.gather(settings))
    if as_json:
        out.document(found)
    else:
        statuspage.show(found)
    return 0


@run.command
def doctor(
    eml: Annotated[Path | None, typer.Option("--eml", metavar="FILE", help="A received message to verify.")] = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Looks over sender domain, provider, database, templates and clock."""
    from digest.cli import examination

    found = run.loop(examination.examine(desk.load(config), eml))
    if as_json:
        out.document({"findings": found})
    else:
        for finding in found:
            out.line(f"{finding['level']:8} {finding['what']}: {finding['says']}")
    return 1 if any(finding["level"] == "error" for finding in found) else 0


@run.command
def healthcheck(
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Ask the worker that listens there.")
    ] = "",
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Asks the daemon of this configuration, or a worker, whether it is well: 0, or 1 and why."""
    from digest.cli import installing

    asked = desk.listen(listen) if listen else desk.load(config).web
    fault = installing.fault(asked.host, asked.port)
    if as_json:
        out.document({"listen": asked.listen, "fault": fault or None})
    elif fault:
        out.note(f"digest: {asked.listen}: {fault}")
    else:
        out.line(f"{asked.listen}: ok")
    return 1 if fault else 0


@service.command("systemd", epilog="Example: digest service systemd > /etc/systemd/system/newsdigest.service")
@run.command
def systemd(config: ConfigPath = None, verbose: Verbose = False) -> int:
    """A hardened systemd unit for `digest run`, on standard output."""
    import os
    import sys

    from digest import config as settings
    from digest.cli import installing

    program = Path(sys.argv[0]).absolute()
    command = (program,) if program.suffix != ".py" else (sys.executable, "-m", "digest")
    out.line(installing.unit(settings.find(config, os.environ), command).rstrip())
    return 0


@db.command("backup", epilog="Example: digest db backup /backup/digest.db")
@run.command
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; it must not exist.")],
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Copies the database to a file while the daemon works; SQLite only."""
    from digest.store import backup as copying

    settings = desk.load(config)
    size = copying.to(settings.database_url, file)
    if as_json:
        out.document({"file": str(file), "bytes": size})
    else:
        out.line(f"{file}: {size:,} bytes, sound")
    return 0


@db.command("copy", epilog="Example: digest db copy postgresql://digest@db.example.org/digest")
@run.command
def copy(
    url: Annotated[str, typer.Argument(metavar="URL", help="An empty database: postgresql://… or sqlite:///FILE.")],
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Copies everything into an empty database of either kind, also in mid-sending; the old one is left as it is."""
    from digest.cli import moving

    settings = desk.load(config)
    found = run.loop(moving.copy(settings, url, quiet=as_json))
    if as_json:
        out.document(found)
    else:
        moving.show(found, url)
    return 0


@db.command("upgrade", epilog="Example: digest db upgrade")
@run.command
def upgrade(config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """Brings the tables up to date (every command does so by itself)."""
    settings = desk.load(config)

    async def work() -> dict[str, Any]:
        async with desk.database(settings) as database:
            return {"database": database.shown}

    found = run.loop(work())
    if as_json:
        out.document(found)
    else:
        out.line(f"{found['database']}: up to date")
    return 0


@db.command("rotate-key", epilog="Example: digest db rotate-key")
@run.command
def rotate_key(config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """Signs the links of issues to come with a new key; those in old mail go on working."""
    settings = desk.load(config)

    async def work() -> int:
        from subscribers import roster

        async with desk.database(settings) as database, database.write() as connection:
            await roster.signing_keys(connection)  # the first is made where there is none
            await roster.rotate(connection, desk.now())
            return len(await roster.verifying_keys(connection))

    keys = run.loop(work())
    if as_json:
        out.document({"keys": keys})
    else:
        out.line(f"a new key signs from now on; {out.count(keys, 'key')} in all are honoured")
    return 0
