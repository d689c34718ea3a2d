"""Serves the canned preview until it is told to stop: python serve_canned.py FILE.

Without FILE: one preview for each line of standard input, a FILE, in a process of its own; it writes "PID ADDRESS" for
each. They are forked, so that what they import is imported once.

FILE is what a template would be: its text stands in the issue, it is watched, a text with `{%` in it is a fault, and one
with QUIRKS in it gives a mail without a doctype.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import watchfiles  # noqa: F401 — with all that a preview loads when it is first used
from canned_preview import HOSTILE, TITLES, Canned

from digest.errors import TemplateError
from digest.web.preview import Look, Shown, app, page, serve
from digest.web.preview.live import Live


class FromFile(Canned):
    """The canned issues, with a paragraph from a file."""

    def __init__(self, file: Path) -> None:
        super().__init__(titles=(*TITLES, HOSTILE), watch=(file,))
        self.file = file

    async def shown(self, key: str, *, reader: str, look: Look) -> Shown:
        self.paragraph = self.file.read_text(encoding="utf-8")
        if "{%" in self.paragraph:
            raise TemplateError(f"{self.file.name}:1: unexpected '%'.")
        made = await super().shown(key, reader=reader, look=look)
        if "QUIRKS" not in self.paragraph:
            return made
        return replace(made, message=replace(made.message, html=made.message.html.removeprefix("<!doctype html>")))

    async def changed(self, paths: Sequence[Path]) -> bool:
        return True


def main() -> None:
    if len(sys.argv) > 1:
        serving(Path(sys.argv[1]), print)
        return
    page.ready()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends needs no farewell
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serving(Path(line.strip()), lambda address, **of: print(os.getpid(), address, **of))
            os._exit(0)


def serving(file: Path, tell: Callable[..., None]) -> None:
    """Serves it, once `tell` has said where."""
    live = Live()
    bound = serve.listening("127.0.0.1", 0)
    preview = app(FromFile(file), live=live)
    said = partial(tell, serve.address(bound), flush=True)
    asyncio.run(serve.until_stopped(preview, bound, live=live, started=said))


if __name__ == "__main__":
    main()
