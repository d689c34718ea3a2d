"""How far a command is, with rate and time left: on a terminal, on standard error, and gone at the end."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Shown = Callable[[int, int], None]  # done, of how many


class Rate(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        """Empty until it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


def bar(name: str, console: Console, now: Callable[[], float] | None = None) -> Progress:
    """The bar itself; `now`: seconds of another clock, for tests."""
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, get_time=now)


@contextlib.contextmanager
def shown(name: str, *, quiet: bool) -> Iterator[Shown | None]:
    """What is told of each step; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with bar(name, Console(stderr=True)) as running:
        task = running.add_task(name, total=None)
        yield lambda done, total: running.update(task, completed=done, total=total)
