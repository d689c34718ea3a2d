"""Serves the canned preview until it is told to stop: python serve_canned.py FILE.

FILE is what a template would be: its text stands in the issue, it is watched, a text with `{%` in it is a fault, and one
with QUIRKS in it gives a mail without a doctype.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from canned_preview import HOSTILE, TITLES, Canned

from digest.errors import TemplateError
from digest.web.preview import Look, Shown, app, serve
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
    source = FromFile(Path(sys.argv[1]))
    live = Live()
    bound = serve.listening("127.0.0.1", 0)
    preview = app(source, live=live)
    asyncio.run(serve.until_stopped(preview, bound, live=live, started=lambda: print(serve.address(bound), flush=True)))


if __name__ == "__main__":
    main()
