"""What changes on disk while the preview stands open."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

from digest.web.preview.shown import PreviewSource

log = logging.getLogger(__name__)

_DEBOUNCE_MS: Final = 40  # an editor writes in several steps, well within a millisecond of each other
_STEP_MS: Final = 4  # of silence; two watchers that look so often take 1 % of a core


async def forever(source: PreviewSource, tell: Callable[[], None]) -> None:
    """Has the source forget what changed, and tells, each time; ends when it is cancelled."""
    while True:  # what is to be watched stands in a file that is watched
        watched = tuple(source.watched())
        async with aclosing(changes(watched)) as found:
            async for paths in found:
                log.debug("changed", extra={"paths": [str(path) for path in paths]})
                if await source.changed(paths):
                    tell()
                if tuple(source.watched()) != watched:
                    break


async def changes(watched: Sequence[Path]) -> AsyncGenerator[Sequence[Path]]:
    """The changed paths among those watched: files, and folders with all below them.

    A file is watched through its folder, since editors replace files rather than write to them.
    """
    found: asyncio.Queue[Sequence[Path]] = asyncio.Queue()
    folders = [path for path in watched if path.is_dir()]
    files = [path for path in watched if path not in folders and path.parent.is_dir()]
    parents, names = {path.parent for path in files}, {path.name for path in files}
    tasks = [asyncio.create_task(_watch(found, folders, recursive=True))] if folders else []
    tasks += [asyncio.create_task(_watch(found, sorted(parents), only=names))] if files else []
    try:
        while True:
            yield await found.get()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(
    found: "asyncio.Queue[Sequence[Path]]",
    folders: Sequence[Path],
    *,
    recursive: bool = False,
    only: Collection[str] | None = None,
) -> None:
    """`only`: the names that are meant (None: all but what editors leave)."""
    from watchfiles import awatch

    meant = only.__contains__ if only is not None else _is_meant
    watching = awatch(*folders, recursive=recursive, debounce=_DEBOUNCE_MS, step=_STEP_MS, watch_filter=None)
    async for changed in watching:
        if paths := sorted({Path(path) for _, path in changed if meant(Path(path).name)}):
            found.put_nowait(paths)


def _is_meant(name: str) -> bool:
    """Whether no editor left it beside the file meant."""
    return not name.startswith((".", "#")) and not name.endswith(("~", ".swp", ".tmp"))
