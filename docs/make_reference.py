"""Writes docs/reference/configuration.md and commands.md from the code: `python docs/make_reference.py`."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from digest.config import Collecting, FeedSettings, General, Mail, Newsletter, Privacy, Web, settings

TABLES = {
    "[digest]": General,
    "[mail]": Mail,
    "[web]": Web,
    "[collect]": Collecting,
    "[privacy]": Privacy,
    "[newsletters.NAME]": Newsletter,
    "a feed of a newsletter": FeedSettings,
}
HEAD = """# Configuration

One TOML file, `digest.toml`; unknown keys are errors, and `digest check` names every fault at once. Any key can come
from the environment as `DIGEST_SECTION__KEY` (lists and tables as JSON). This page is made from the code by
`python docs/make_reference.py`.
"""


def page() -> str:
    """The whole page."""
    source = Path(str(settings.__file__)).read_text(encoding="utf-8")
    return HEAD + "".join(table(title, model, source) for title, model in TABLES.items())


def table(title: str, model: Any, source: str) -> str:
    """One table of the file in Markdown: key, kind, default, what it is. ValueError where nothing says that."""
    body = source.split(f"class {model.__name__}(Table):")[1].split("\nclass ", maxsplit=1)[0]
    rows = [
        row(name, field, body) for name, field in model.model_fields.items() if (model, name) != (Newsletter, "name")
    ]
    return f"\n## {title}\n\n| key | kind | default | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def row(name: str, field: Any, body: str) -> str:
    """One key."""
    default = "required" if field.is_required() else shown(field.get_default(call_default_factory=True))
    said = re.search(rf"^    {name}: .*?  # (.*)$", body, re.MULTILINE)
    if said is None:
        raise ValueError(f"{name} has no comment beside it that says what it is")
    cells = (f"`{name}`", kind(field.annotation), default, said[1])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def shown(value: Any) -> str:
    """A default as it would stand in the file."""
    if value in ("", (), {}, None) or "SecretStr" in repr(value):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def kind(annotation: Any) -> str:
    """What a value is, in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " · ".join(map(str, inner))
    if origin is tuple:
        return f"list of {kind(inner[0])}"
    if origin is dict:
        return "table"
    if origin is UnionType:
        return kind(next(one for one in inner if one is not type(None)))
    if inner:  # Annotated
        return kind(inner[0])
    names = {"str": "text", "int": "number", "float": "number", "bool": "true or false", "SecretStr": "text, secret"}
    return names.get(getattr(annotation, "__name__", ""), "feed" if annotation is FeedSettings else "date")


# ------------------------------------------------------------------ commands

COMMANDS = """# Commands

Every command takes `--config PATH` (default `./digest.toml`, or `$DIGEST_CONFIG`), `--verbose`, and where it prints a
result `--json`: one JSON document on standard output and nothing else there. Exit codes: 0 done · 1 failed · 2 usage or
configuration · 3 nothing to do · 4 partly done, each failure named · 130 stopped. This page is made from the code by
`python docs/make_reference.py`.
"""
EVERYWHERE = {"--config", "--json", "--verbose", "--help"}


def commands() -> str:
    """The page of all commands."""
    import typer.main

    from digest.cli.app import app

    found = sorted(leaves(typer.main.get_command(app), ("digest",)))
    return COMMANDS + "".join(command(words, one) for words, one in found)


def leaves(one: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The commands below a group, each with the words that call it; hidden ones left out."""
    if not hasattr(one, "commands"):
        yield words, one
        return
    for name, inner in one.commands.items():
        if not inner.hidden:
            yield from leaves(inner, (*words, name))


def command(words: tuple[str, ...], one: Any) -> str:
    """One command: what it does, how it is called, its options, an example."""
    arguments = [shape(p) for p in one.params if p.param_type_name == "argument"]
    usage = " ".join([*words, *arguments, "[OPTIONS]"])
    rows = [option(p) for p in one.params if p.param_type_name == "option" and not EVERYWHERE & set(p.opts)]
    table = "\n| option | |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    said = [
        f"`{p.metavar or p.name.upper()}`: {cell(p.help)}"
        for p in one.params
        if p.param_type_name == "argument" and p.help
    ]
    example = f"\n```console\n$ {one.epilog.removeprefix('Example: ')}\n```\n" if one.epilog else ""
    text = " ".join((one.help or "").split())
    named = "\n" + "  \n".join(said) + "\n" if said else ""
    return f"\n## {' '.join(words)}\n\n{text}\n\n    {usage}\n{named}{table}{example}"


def shape(argument: Any) -> str:
    """An argument as it stands in the usage line."""
    name = (argument.metavar or argument.name.upper()).strip("[]")
    more = " …" if argument.nargs == -1 else ""
    return f"{name}{more}" if argument.required else f"[{name}{more}]"


def option(one: Any) -> str:
    """An option as a row: its spellings, what it takes, what it does, its default where that is worth a word."""
    takes = "" if one.is_flag else f" {one.metavar or one.name.upper()}"
    names = ", ".join(f"`{name}{takes}`" for name in (*one.opts, *one.secondary_opts))
    default = (
        one.default if isinstance(one.default, (str, int, float)) and one.default not in {"", False, True} else None
    )
    said = cell(one.help or "")
    return f"| {names} | {said}{f' Default: `{default}`.' if default is not None else ''} |"


def cell(text: str) -> str:
    """Words in a table's cell, on one line."""
    return " ".join(text.split()).replace("|", "\\|").replace("[", "\\[")


PAGES = {"configuration.md": page, "commands.md": commands}

if __name__ == "__main__":
    for name, made in PAGES.items():
        (Path(__file__).parent / "reference" / name).write_text(made(), encoding="utf-8")
