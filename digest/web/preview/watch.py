"""What changes on disk while the preview stands open."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

from digest.web.preview.shown import PreviewSource

log = logging.getLogger(__name__)

_DEBOUNCE_MS: Final = 40  # an editor writes in several steps, well within a millisecond of each other
_STEP_MS: Final = 8


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
    files = [path for path in watched if path not in folders]
    tasks = [asyncio.create_task(_watch(found, folder, recursive=True)) for folder in folders]
    tasks += [asyncio.create_task(_watch(found, file.parent, only=file)) for file in files if file.parent.is_dir()]
    try:
        while True:
            yield await found.get()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(
    found: "asyncio.Queue[Sequence[Path]]", folder: Path, *, recursive: bool = False, only: Path | None = None
) -> None:
    from watchfiles import awatch

    async for changed in awatch(folder, recursive=recursive, debounce=_DEBOUNCE_MS, step=_STEP_MS, watch_filter=None):
        paths = sorted({Path(path) for _, path in changed})
        if meant := [path for path in paths if (path.name == only.name if only else not _is_scrap(path))]:
            found.put_nowait(meant)


def _is_scrap(path: Path) -> bool:
    """Whether an editor left it beside the file meant."""
    return path.name.startswith((".", "#")) or path.name.endswith(("~", ".swp", ".tmp"))
