"""Telling open pages that something changed: server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

BEAT_S: Final = 15.0  # a comment as often as this, so that a page that went is noticed


class Live:
    """Who listens, and what they hear."""

    def __init__(self) -> None:
        self._listening: set[asyncio.Event] = set()
        self.generation = 0  # how often something changed
        self.is_closed = False
        self.watched = asyncio.Event()  # set once a page is there

    def changed(self) -> None:
        """Every page looks again, and finds things made anew."""
        self.generation += 1
        for listener in self._listening:
            listener.set()

    def close(self) -> None:
        """Every stream ends."""
        self.is_closed = True
        self.changed()

    async def events(self) -> AsyncIterator[str]:
        """The stream of one page (HTML §9.2), until it goes or the preview ends."""
        heard = asyncio.Event()
        self.watched.set()
        self._listening.add(heard)
        try:
            yield "retry: 500\n\n"
            while not self.is_closed:
                try:
                    await asyncio.wait_for(heard.wait(), BEAT_S)
                except TimeoutError:
                    yield ": \n\n"
                    continue
                heard.clear()
                if not self.is_closed:
                    yield "event: changed\ndata: \n\n"
        finally:
            self._listening.discard(heard)
