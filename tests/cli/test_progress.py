"""The bar says how far, how fast, how long yet."""

import io

from rich.console import Console

from digest.cli import progress


def rendered(*, seconds: float, done: int, total: int) -> str:
    time = 0.0
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    bar = progress.bar("morning/12", console, lambda: time)
    task = bar.add_task("morning/12", total=None)
    for step in range(1, 11):
        time = seconds * step / 10
        bar.update(task, completed=done * step // 10, total=total)
    console.print(bar.get_renderable())
    return console.file.getvalue()


def test_it_says_how_far_how_fast_and_how_long_yet() -> None:
    said = rendered(seconds=10, done=2500, total=10_000)
    assert "morning/12" in said
    assert "2500/10000" in said
    assert "250/s" in said
    assert "0:00:30" in said


def test_nothing_is_said_of_a_rate_that_is_not_known() -> None:
    said = rendered(seconds=0, done=0, total=10)
    assert "/s" not in said
    assert "None" not in said


def test_where_nobody_looks_there_is_none() -> None:
    with progress.shown("morning/12", quiet=True) as told:
        assert told is None
    with progress.shown("morning/12", quiet=False) as told:
        assert told is None, "standard error of a test is no terminal"
