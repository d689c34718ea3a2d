"""How the page is set: its address says it all, so that every view has a link of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from digest.web.preview.shown import Look

_LONGEST = 200  # characters of a value


class Device(StrEnum):
    """The frame's width: all there is, 768, 375 pixels."""

    DESKTOP = "desktop"
    TABLET = "tablet"
    PHONE = "phone"


class Mode(StrEnum):
    """What the reader's client prefers."""

    LIGHT = "light"
    DARK = "dark"


class Part(StrEnum):
    """Which part of the message."""

    HTML = "html"
    TEXT = "text"
    SOURCE = "source"
    HEADERS = "headers"


class Switch(StrEnum):
    """Whether the client honours it."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The setting of the page."""

    issue: str = ""  # a choice's key; empty: the first
    device: Device = Device.DESKTOP
    mode: Mode = Mode.LIGHT
    styles: Switch = Switch.ON
    images: Switch = Switch.ON
    part: Part = Part.HTML
    reader: str = ""
    language: str = ""
    layout: str = ""
    theme: str = ""

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """The view of that query; what it does not know is as usual.

        >>> View.parse({"device": "phone", "mode": "<b>"}).query()
        'device=phone'
        """
        view = cls()
        for field in fields(cls):
            usual = getattr(view, field.name)
            try:
                value = type(usual)(query.get(field.name, usual)[:_LONGEST])
            except ValueError:
                continue
            view = replace(view, **{field.name: value})
        return view

    @property
    def look(self) -> Look:
        """What is to look otherwise than configured."""
        return Look(language=self.language, layout=self.layout, theme=self.theme)

    def items(self) -> list[tuple[str, str]]:
        """What is set otherwise than usual."""
        usual = type(self)()
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, str(value)) for name, value in named if value != getattr(usual, name)]

    def query(self, **changes: str) -> str:
        """The query of this view, or of this one changed; empty where all is as usual."""
        return urlencode(type(self).parse({**dict(self.items()), **changes}).items())
