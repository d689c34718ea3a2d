"""Reading digest.toml and the environment over it, and saying all that is wrong at once."""

import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from digest.config.settings import NAME, Config
from digest.errors import ConfigError, Fault

_SECRETS = (("api_key", "api_key_file"), ("webhook_secret", "webhook_secret_file"))
_NEEDED = {"title": "Untitled", "sender": "digest@example.org", "mail": {"sender": "digest@example.org"}}
_SAID = {
    "missing": ("is missing", "Add it"),
    "extra_forbidden": ("is no key of this table", ""),
}
_KINDS = {  # what a value should be, by the way it is not (pydantic's error types)
    "string": "text, in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date, as in 2026-12-24",
    "tuple": "a list, in brackets",
    "dict": "a table",
    "model": "a table",
}


def find(given: Path | None, environ: Mapping[str, str]) -> Path:
    """The configuration's path: as given, else $DIGEST_CONFIG, else ./digest.toml."""
    return (given or Path(environ.get("DIGEST_CONFIG") or "digest.toml")).absolute()


def load(path: Path, *, environ: Mapping[str, str], providers: Collection[str] = ()) -> Config:
    """The configuration of that file; ConfigError with every fault. `providers`: the names known (empty: any)."""
    return parse(read(path), path=path, environ=environ, providers=providers)


def read(path: Path) -> str:
    """The file's text; ConfigError where it cannot be had."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        remedy = "Write one with `digest init`, or name yours with --config PATH"
        raise ConfigError([Fault(file=str(path), key="", problem="there is no such file", remedy=remedy)]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([_fault(path, "", f"cannot be read ({error})", "It is a UTF-8 text file")]) from error


def parse(text: str, *, path: Path, environ: Mapping[str, str], providers: Collection[str] = ()) -> Config:
    """The configuration of that text."""
    return _parse(text, path=path, environ=environ, providers=providers, without=())


def _parse(
    text: str, *, path: Path, environ: Mapping[str, str], providers: Collection[str], without: Collection[str]
) -> Config:
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_fault(path, "", f"is not TOML: {error}", "Mend that line")]) from error
    stated = frozenset(raw)
    _overlay(raw, environ)
    for name in without:
        raw["newsletters"].pop(name, None)
    faults = _secrets(raw, path)
    faults += [*_reserved(raw, path), *_misnamed(raw, path)]
    faults += _provider(raw, path, providers)
    try:
        config = Config.model_validate({**raw, "path": path})
    except ValidationError as error:
        faults += [_from_pydantic(path, detail) for detail in error.errors()]
        raise ConfigError(_from_where(faults, environ, stated)) from None
    if faults:
        raise ConfigError(_from_where(faults, environ, stated))
    named = {name: letter.model_copy(update={"name": name}) for name, letter in config.newsletters.items()}
    return config.model_copy(update={"newsletters": named})


def sound_part(path: Path, *, environ: Mapping[str, str]) -> Config | None:
    """The configuration without its faulty keys, so that what is right can be looked over too; None where none is left.

    A newsletter without a title has one here, and mail a sender: both are named as missing already.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    _overlay(raw, environ)
    _secrets(raw, path)
    for _ in range(3):  # what a faulty key hid comes to light when it is gone
        try:
            return Config.model_validate({**raw, "path": path})
        except ValidationError as error:
            for detail in sorted(error.errors(), key=lambda found: len(found["loc"])):
                _drop(raw, [part for part in detail["loc"] if not str(part).startswith("function-")])
    return None


def _drop(raw: dict[str, Any], place: list[int | str]) -> None:
    """Takes a value out; one that must be there is replaced, an element of a list goes with the list."""
    *tables, key = place or [""]
    table: Any = raw
    for name in tables:
        inner = table.get(name) if isinstance(table, dict) else None
        if not isinstance(inner, dict):
            key = name
            break
        table = inner
    table.pop(key, None)
    if key in _NEEDED:
        table[key] = _NEEDED[key]


def spare(
    text: str, *, path: Path, environ: Mapping[str, str], providers: Collection[str] = ()
) -> tuple[Config, dict[str, tuple[Fault, ...]]]:
    """The configuration without the newsletters that are faulty, and their faults; ConfigError where others are.

    For the daemon, which works on for the newsletters that are sound; commands by hand refuse the whole file.
    """
    try:
        return parse(text, path=path, environ=environ, providers=providers), {}
    except ConfigError as error:
        faulty: dict[str, tuple[Fault, ...]] = {}
        for fault in error.faults:
            table, _, rest = fault.key.partition(".")
            if table != "newsletters" or not rest:
                raise
            name = rest.split(".")[0]
            faulty[name] = (*faulty.get(name, ()), fault)
    return _parse(text, path=path, environ=environ, providers=providers, without=faulty), faulty


def _fault(path: Path, key: str, problem: str, remedy: str) -> Fault:
    return Fault(file=path.name, key=key, problem=problem, remedy=remedy)


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Puts DIGEST_SECTION__KEY into place; a value that begins like a JSON list or table is one.

    A secret's file named there wins over a secret that stands in the file.
    """
    given = {place: environ[variable] for place, variable in _places(environ).items()}
    mail = raw.get("mail")
    for key, file_key in _SECRETS:
        if isinstance(mail, dict) and given.get(("mail", file_key)):
            mail.pop(key, None)
    for (*tables, key), value in given.items():
        table = raw
        for name in tables:
            inner = table.setdefault(name, {})
            if not isinstance(inner, dict):
                break
            table = inner
        else:
            table[key] = _value(value)


def _places(environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """The variables that are ours, by the place of their value."""
    ours = [name for name in environ if name.startswith("DIGEST_") and "__" in name]
    return {tuple(name.removeprefix("DIGEST_").lower().split("__")): name for name in ours}


def _from_where(faults: Sequence[Fault], environ: Mapping[str, str], stated: Collection[str]) -> list[Fault]:
    """The faults; those of what an environment variable brought name it in place of the file.

    `stated`: the tables of the file: one that is not among them came with a variable.
    """
    variables = {".".join(place): name for place, name in _places(environ).items()}
    found = []
    for fault in faults:
        name = next((n for key, n in variables.items() if f"{fault.key}.".startswith(f"{key}.")), None)
        if not name and "." not in fault.key and fault.key not in stated:
            name = next((n for key, n in variables.items() if key.startswith(f"{fault.key}.")), None)
        found.append(replace(fault, file=f"${name}") if name else fault)
    return found


def _value(text: str) -> Any:
    if text[:1] in "[{" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _secrets(raw: dict[str, Any], path: Path) -> list[Fault]:
    """Reads each *_file into its key; what is given outright wins."""
    mail = raw.get("mail")
    if not isinstance(mail, dict):
        return []
    faults = []
    for key, file_key in _SECRETS:
        name = mail.get(file_key)
        if mail.get(key) or not name or not isinstance(name, str):
            continue
        try:
            mail[key] = (path.parent / name).read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            remedy = f"Put the {key.replace('_', ' ')} into that file"
            faults.append(_fault(path, f"mail.{file_key}", f"{name} cannot be read ({reason})", remedy))
    return faults


def _reserved(raw: dict[str, Any], path: Path) -> list[Fault]:
    """The fields that we fill in are no keys of the file."""
    letters = raw.get("newsletters")
    named = [n for n, t in letters.items() if isinstance(t, dict) and "name" in t] if isinstance(letters, dict) else []
    keys = [*(["path"] if "path" in raw else []), *(f"newsletters.{n}.name" for n in named)]
    return [_fault(path, key, *_SAID["extra_forbidden"]) for key in keys]


def _misnamed(raw: dict[str, Any], path: Path) -> list[Fault]:
    letters = raw.get("newsletters")
    names = [name for name in letters if not NAME.fullmatch(name)] if isinstance(letters, dict) else []
    return [_fault(path, f"newsletters.{name}", "is no name", "Use a-z, 0-9, - and _, as in morning") for name in names]


def _provider(raw: dict[str, Any], path: Path, providers: Collection[str]) -> list[Fault]:
    mail = raw.get("mail")
    name = mail.get("provider", "mailbox") if isinstance(mail, dict) else "mailbox"
    if not providers or name in providers:
        return []
    remedy = f"Choose one of {', '.join(sorted(providers))}"
    return [_fault(path, "mail.provider", f"there is no provider {name!r}", remedy)]


def _from_pydantic(path: Path, detail: ErrorDetails) -> Fault:
    key = ".".join(str(part) for part in detail["loc"] if not str(part).startswith("function-"))
    kind, message = detail["type"], detail["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return _fault(path, key, _SAID[kind][0], _nearest(detail["loc"]))
    if kind in _SAID:
        return _fault(path, key, *_SAID[kind])
    problem, _, remedy = message.partition("|")
    if not remedy:
        is_hidden = isinstance(detail["input"], dict) or any(word in key for word in ("secret", "key", "webhook"))
        problem = "is not valid" if is_hidden else f"is not valid ({detail['input']!r})"
        remedy = _wanted(kind, message)
    return _fault(path, key, problem, remedy)


def _wanted(kind: str, message: str) -> str:
    """What the value should be, in the words of the file."""
    if kind.endswith("too_short"):
        return "It should not be empty"
    name = _KINDS.get(kind.partition("_")[0]) if kind.endswith(("_type", "_parsing", "_from_float")) else None
    return f"It should be {name}" if name else re.sub("^Input should", "It should", message)


def _nearest(loc: tuple[int | str, ...]) -> str:
    """`Did you mean …?` for a misspelt key, else the keys there are."""
    model: Any = Config
    for part in loc[:-1]:
        model = _inside(model, part)
    known = list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
    close = get_close_matches(str(loc[-1]), known, n=1)
    known = [name for name in known if name not in {"name", "path"}]
    return (
        f"Did you mean {close[0]}?" if close else f"Remove it; there are: {', '.join(known)}" if known else "Remove it"
    )


def _inside(model: Any, part: int | str) -> Any:
    """The model one step down: a field's, or the one its dict or tuple holds."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        field = model.model_fields.get(str(part))
        return field.annotation if field else None
    for inner in getattr(model, "__args__", ()):
        for candidate in (inner, *getattr(inner, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                return candidate
    return None
