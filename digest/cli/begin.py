"""init, demo, check: the first minutes."""

import importlib.resources
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from digest.cli import desk, out, run
from digest.cli.options import AsJson, ConfigPath, Verbose
from digest.errors import ConfigError, Fault, UsageError

_NEXT = (
    ("check", "every fault of that file at once"),
    ("preview", "the issue as it would be now, in your browser; nothing is sent"),
    ("subscribers add ADDRESS", "a reader"),
    ("send morning --dry-run", "who would get what"),
    ("run", "every issue at its time"),
)


def add(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command("init", epilog="Example: digest init my-newsletter")(init)
    app.command("demo", epilog="Example: digest demo --serve")(demo)
    app.command("check", epilog="Example: digest check --config my-newsletter/digest.toml")(check)


@run.command
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to; made if need be.")] = Path(),
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Writes a commented digest.toml."""
    path = folder / "digest.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(path, importlib.resources.files("digest.cli").joinpath("starter.toml").read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{path} is there already: it was left as it is") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
    if as_json:
        out.document({"config": str(path)})
        return 0
    place = "" if folder == Path() else f"cd {folder} && "
    out.line(f"{path} is written. Next:")
    for words, what in _NEXT:
        out.line(f"  {place}digest {words:<28}{what}")
    return 0


def _write_new(path: Path, text: str) -> None:
    """A file that is not there yet, whole or not at all."""
    file = path.open("x", encoding="utf-8")
    try:
        with file:
            file.write(text)
    except OSError:
        path.unlink()
        raise


@run.command
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to work.")] = Path("newsdigest-demo"),
    serve: Annotated[bool, typer.Option("--serve", help="Stay, and show issue and mailbox in the browser.")] = False,
    port: Annotated[int, typer.Option("--port", help="With --serve: where.", min=0, max=65535)] = 8765,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="With --serve: open none.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """The whole job on the shipped sample, offline: collect, build, preview, send."""
    from digest.cli import demonstration

    shown = run.loop(demonstration.run(folder, serve=serve, port=port, browser=not no_browser, quiet=as_json))
    if as_json:
        out.document(shown)
    return 0


@run.command
def check(config: ConfigPath = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
    """Names every fault of the configuration at once, with file, key and remedy."""
    from digest import config as settings
    from digest.cli import checks

    path = settings.find(config, os.environ)
    try:
        found = desk.load(config)
        faults = checks.faults(found)
    except ConfigError as error:
        found, faults = None, [*error.faults, *_hidden(path, error.faults)]
    if as_json:
        next_slots = {name: checks.dates(letter) for name, letter in (found.newsletters if found else {}).items()}
        out.document({"config": str(path), "faults": [_shown(fault) for fault in faults], "next_slots": next_slots})
        return 2 if faults else 0
    if faults or found is None:
        raise ConfigError(faults)
    checks.print_sound(found)
    return 0


def _hidden(path: Path, named: Sequence[Fault]) -> list[Fault]:
    """The faults that only the parts see, in what is sound of a faulty configuration."""
    from digest import config as settings
    from digest.cli import checks

    rest = settings.sound_part(path, environ=os.environ)
    keys = {fault.key.removesuffix("_file") for fault in named}
    return [fault for fault in checks.faults(rest) if fault.key not in keys] if rest else []


def _shown(fault: Fault) -> dict[str, str]:
    return {"file": fault.file, "key": fault.key, "problem": fault.problem, "remedy": fault.remedy}
