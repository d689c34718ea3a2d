"""What the templates see of an issue: plain values, untrusted text made one line, addresses http or none."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from digest.model import Article, Image, Issue, Story
from digest.render import languages

_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_LINES: Final = re.compile(r"[\s\x1c-\x1f\x85\u2028\u2029]+")
_UNSPACED: Final = frozenset({"ja", "zh", "th"})
_WORDS_A_MINUTE: Final = 230
_CHARACTERS_A_MINUTE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image of a story. `height` is None where the publisher states no size."""

    url: str
    alt: str  # as the publisher says; empty where not
    ratio: float | None  # height by width

    def height(self, width: int) -> int | None:
        """Its height in pixels at that width."""
        return None if self.ratio is None else round(width * self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another article on the same event."""

    source: str
    title: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story as it is told: what templates see."""

    title: str
    link: str  # http or https; empty where the publisher gives none
    source: str
    section: str
    date: str  # short, in the issue's language and time zone; empty where unknown
    sentences: tuple[str, ...]
    text: str  # the sentences in one paragraph
    picture: Picture | None
    minutes: int  # of reading the whole article; 0 where its text is not known
    language: str  # BCP 47; empty where it is the issue's own
    direction: Literal["ltr", "rtl"]
    also: tuple[Other, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Stories under one heading, which may be empty."""

    title: str
    stories: tuple[Told, ...]


def line(value: str) -> str:
    r"""`value` on one line, without control characters and without marks that turn the writing direction.

    >>> line(" a\r\nBcc: b\u202e ")
    'a Bcc: b'
    """
    return _LINES.sub(" ", _CONTROLS.sub("", value)).strip()


def address(url: str) -> str:
    """`url` where it is an http or https address on one line; else nothing.

    >>> address("javascript:alert(1)"), address("https://example.org/a")
    ('', 'https://example.org/a')
    """
    flat = url.strip()
    if _CONTROLS.search(flat) or _LINES.search(flat):
        return ""
    try:
        parts = urlsplit(flat)
        host = parts.hostname
    except ValueError:
        return ""
    return flat if parts.scheme in {"http", "https"} and host else ""


def shortened(value: str, most: int) -> str:
    """`value`, or its first words and an ellipsis, in at most `most` characters.

    >>> shortened("The harbour bridge opens", 13)
    'The harbour…'
    """
    if len(value) <= most:
        return value
    head = value[: most - 1]
    words = head.rpartition(" ")[0] if value[most - 1] != " " and " " in head[most // 2 :] else head
    return words.rstrip(" ,;:—-·") + "…"


def day(issue: Issue) -> date:
    """The calendar day of the issue, where its readers are."""
    try:
        return datetime.fromisoformat(issue.slot).date()
    except ValueError:
        return issue.made_at.astimezone(ZoneInfo(issue.timezone)).date()


def stories(issue: Issue) -> tuple[Told, ...]:
    """The issue's stories as templates see them, in order."""
    return tuple(_told(story, issue) for story in issue.stories)


def sections(told: tuple[Told, ...]) -> tuple[Section, ...]:
    """The stories by section, sections in the order they first appear."""
    grouped: dict[str, list[Told]] = {}
    for story in told:
        grouped.setdefault(story.section, []).append(story)
    return tuple(Section(title=title, stories=tuple(members)) for title, members in grouped.items())


def _told(story: Story, issue: Issue) -> Told:
    lead = story.lead
    language = lead.language or issue.language
    sentences = tuple(map(line, story.summary.sentences)) if story.summary else ()
    glue = "" if language.split("-")[0].lower() in _UNSPACED else " "
    return Told(
        title=line(lead.title) or lead.link,
        link=address(lead.link),
        source=source(lead),
        section=line(story.section),
        date=_date(lead, issue),
        sentences=sentences,
        text=glue.join(sentences),
        picture=picture(story),
        minutes=minutes(lead),
        language="" if language.lower() == issue.language.lower() else line(language),
        direction=_direction(lead, sentences, issue),
        also=tuple(Other(source=source(a), title=line(a.title), link=address(a.link)) for a in story.also),
    )


def _direction(lead: Article, sentences: tuple[str, ...], issue: Issue) -> Literal["ltr", "rtl"]:
    """Of the lead's language; where it is not known, as the words themselves are written."""
    if lead.language:
        return languages.direction(lead.language)
    return languages.direction_of(" ".join((line(lead.title), *sentences))) or languages.direction(issue.language)


def source(article: Article) -> str:
    """Who published it: the feed's title, else the host."""
    return line(article.feed_title) or (urlsplit(address(article.link)).hostname or "").removeprefix("www.")


def minutes(article: Article) -> int:
    """How long the whole article takes to read; 0 where its text is not known."""
    text = " ".join(article.text)
    if (article.language or "").split("-")[0].lower() in _UNSPACED:
        return math.ceil(len(text) / _CHARACTERS_A_MINUTE)
    return math.ceil(len(text.split()) / _WORDS_A_MINUTE)


def _date(article: Article, issue: Issue) -> str:
    if article.published is None:
        return ""
    return languages.short_date(article.sort_at.astimezone(ZoneInfo(issue.timezone)).date(), issue.language)


def picture(story: Story) -> Picture | None:
    """What shows the story: the lead article's image, else the first that another of its articles has."""
    return next(filter(None, (_picture(article.image) for article in story.articles)), None)


def _picture(image: Image | None) -> Picture | None:
    if image is None or not (url := address(image.url)):
        return None
    ratio = image.height / image.width if image.width and image.height else None
    if ratio is not None and not 0.2 <= ratio <= 1.5:
        return None  # a banner or a tower: neither makes a picture of a story
    return Picture(url=url, alt=line(image.alt), ratio=ratio)
