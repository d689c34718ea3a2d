"""Writes docs/reference/configuration.md from the code: `python docs/make_reference.py`."""

import re
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from digest.config import Collecting, FeedSettings, General, Mail, Newsletter, Web, settings

TABLES = {
    "[digest]": General,
    "[mail]": Mail,
    "[web]": Web,
    "[collect]": Collecting,
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
    """One table of the file as one of Markdown: key, kind, default, what it is (the comment beside it in the code)."""
    body = source.split(f"class {model.__name__}(Table):")[1].split("\nclass ", maxsplit=1)[0]
    rows = [
        row(name, field, body) for name, field in model.model_fields.items() if (model, name) != (Newsletter, "name")
    ]
    return f"\n## {title}\n\n| key | kind | default | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def row(name: str, field: Any, body: str) -> str:
    """One key."""
    default = "required" if field.is_required() else shown(field.get_default(call_default_factory=True))
    said = re.search(rf"^    {name}: .*?  # (.*)$", body, re.MULTILINE)
    cells = (f"`{name}`", kind(field.annotation), default, said[1] if said else "")
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


if __name__ == "__main__":
    (Path(__file__).parent / "reference" / "configuration.md").write_text(page(), encoding="utf-8")
