"""Changing the feeds in digest.toml without disturbing a comment of it."""

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from digest.config import Config, FeedSettings
from digest.errors import UsageError

_MARK = "\ufeff"  # some editors begin a file with it


def change(config: Config, newsletter: str, new: list[FeedSettings] | tuple[()], gone: list[str] | tuple[()]) -> None:
    """Changes one list of digest.toml, whole or not at all; UsageError where it does not stand there."""
    import tomlkit

    text = config.path.read_text(encoding="utf-8")
    document: Any = tomlkit.parse(text.removeprefix(_MARK))
    letter: Any = document.get("newsletters", {}).get(newsletter)
    if letter is None:
        raise UsageError(f"{newsletter} is not in {config.path.name}, but comes from the environment: change it there")
    if "feeds" not in letter:
        letter["feeds"] = tomlkit.array().multiline(multiline=True)
    listed = letter["feeds"]
    for url in gone:
        for at in [i for i, feed in enumerate(listed) if (feed if isinstance(feed, str) else feed["url"]) == url]:
            del listed[at]
    for feed in new:
        listed.append(_item(feed))
    listed.multiline(True)
    _write(config.path.resolve(), text[: text.startswith(_MARK)] + tomlkit.dumps(document))


def _write(path: Path, text: str) -> None:
    """The file anew, with the rights it had: there may be a key in it. UsageError where it cannot be."""
    draft = path.with_name(f".{path.name}.new")
    mode = stat.S_IMODE(path.stat().st_mode)
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise UsageError(f"{path}: cannot be changed ({error.strerror}); it is as it was") from error


def _item(feed: FeedSettings) -> object:
    """Its address alone, or a table where more is said."""
    import tomlkit

    more = feed.model_dump(exclude_defaults=True)
    if set(more) == {"url"}:
        return feed.url
    table = tomlkit.inline_table()
    table.update(more)
    return table
