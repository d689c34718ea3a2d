"""What changes on disk, seen through the real watcher."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
from canned_preview import Canned

from digest.web.preview import watch

WAIT_S = 20.0  # a bound, not a wait: it is over as soon as the change is seen


async def first(watched: Sequence[Path], touch: Path, *, noise: Sequence[Path] = ()) -> Sequence[Path]:
    """The first change seen; the noise, then the file, are written again and again until something is."""
    async with aclosing(watch.changes(watched)) as changes:
        seen = asyncio.ensure_future(anext(changes))
        for number in range(400):
            for path in (*noise, touch):
                path.write_text(str(number), encoding="utf-8")
            done, _ = await asyncio.wait([seen], timeout=WAIT_S / 400)
            if done:
                break
        return await seen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "templates" / "deep").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("name", ["digest.html.j2", "deep/_part.html.j2"])
async def test_a_folder_is_watched_with_all_below_it(folder, name):
    file = folder / "templates" / name
    assert file in await first([folder / "templates"], file)


async def test_a_file_is_watched_and_its_neighbours_are_not(folder):
    file, neighbour = folder / "digest.toml", folder / "notes.txt"
    assert set(await first([file], file, noise=[neighbour])) == {file}


async def test_a_file_that_is_not_there_yet_is_seen_when_it_comes(folder):
    file = folder / "digest.db-wal"
    assert not file.exists()
    assert list(await first([file], file)) == [file]


async def test_what_editors_leave_is_not_meant(folder):
    file = folder / "templates" / "a.html.j2"
    noise = [folder / "templates" / name for name in (".a.html.j2.swp", "a.html.j2~", "#a.html.j2#", "4913.tmp")]
    assert set(await first([folder / "templates"], file, noise=noise)) == {file}


class Hearing(Canned):
    """A source that says when it heard; nothing depends on what is watched, until told."""

    depends = False

    def __init__(self, *, watch: tuple[Path, ...]) -> None:
        super().__init__(watch=watch)
        self.has_heard = asyncio.Event()

    async def changed(self, paths: Sequence[Path]) -> bool:
        await super().changed(paths)
        self.has_heard.set()
        return self.depends


async def written(file: Path, seen: asyncio.Event) -> None:
    """Writes the file again and again until that is seen: the watcher begins at a time of its own."""
    seen.clear()
    waiting = asyncio.create_task(seen.wait())
    for number in range(400):
        file.write_text(str(number), encoding="utf-8")
        done, _ = await asyncio.wait([waiting], timeout=WAIT_S / 400)
        if done:
            return
    waiting.cancel()
    pytest.fail(f"{file} changed and nobody saw it")


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_pages_are_told_only_where_something_depends_on_it(folder):
    file = folder / "digest.toml"
    source, told = Hearing(watch=(file,)), asyncio.Event()
    watching = asyncio.create_task(watch.forever(source, told.set))
    await written(file, source.has_heard)
    assert not told.is_set()
    source.depends = True
    await written(file, told)
    await ended(watching)


async def test_what_is_watched_may_change_with_what_changed(folder):
    """A new templates folder in digest.toml is watched from then on."""
    file, templates = folder / "digest.toml", folder / "templates"
    source, told = Hearing(watch=(file,)), asyncio.Event()
    source.depends = True

    def tell() -> None:
        source.watch = (file, templates)
        told.set()

    watching = asyncio.create_task(watch.forever(source, tell))
    await written(file, told)
    await written(templates / "a.html.j2", told)
    assert templates / "a.html.j2" in source.heard
    await ended(watching)
