"""What a command prints: words for people on standard output, or one JSON document and nothing else there."""

import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

JsonValue = Mapping[str, object] | Sequence[object]


def document(value: JsonValue) -> None:
    """The one JSON document of --json."""
    import orjson

    sys.stdout.write(
        orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode() + "\n"
    )


async def stream(name: str, items: AsyncIterator[Mapping[str, object]]) -> int:
    """The one JSON document {name: [item, …]}, written item by item: a million of them are never held. How many."""
    import orjson

    count = 0
    sys.stdout.write(f'{{"{name}": [')
    async for item in items:
        sys.stdout.write(",\n" if count else "\n")
        sys.stdout.write(orjson.dumps(item, option=orjson.OPT_NON_STR_KEYS, default=str).decode())
        count += 1
    sys.stdout.write("\n]}\n")
    return count


async def some(rows: AsyncIterator[Sequence[str]], *, heads: Sequence[str], most: int = 1_000) -> int:
    """A table of the first `most` rows, and a word on how many more there are. How many in all."""
    shown: list[Sequence[str]] = []
    count = 0
    async for row in rows:
        count += 1
        if count <= most:
            shown.append(row)
    if shown:
        table(shown, heads=heads)
    if count > most:
        note(f"and {count - most:,} more: --json gives them all")
    return count


def line(text: str = "") -> None:
    """One line for people."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """One line beside the result, on standard error."""
    sys.stderr.write(text + "\n")


def table(rows: Sequence[Sequence[str]], *, heads: Sequence[str]) -> None:
    """Aligned columns; on a terminal as wide as it is."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    made = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*(_plain(cell) for cell in row))
    console = Console(file=sys.stdout, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)
    console.print(made)


def show(renderable: Any) -> None:
    """Something of Rich's, as wide as the terminal; elsewhere as $COLUMNS says, else 100."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 100
    Console(file=sys.stdout, width=wide, highlight=False).print(renderable)


def when(at: datetime | None) -> str:
    """A time, as people here read it; a dash where there is none."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else "–"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> count(1, "story", "stories"), count(3, "feed")
    ('1 story', '3 feeds')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _plain(cell: str) -> str:
    """Untrusted text holds no markup and no control characters."""
    from rich.markup import escape

    return escape("".join(c for c in cell if c.isprintable()))
