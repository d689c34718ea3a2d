"""What the templates see of an issue: plain values, untrusted text made one line, addresses http or none."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
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
_SHAPES: Final = (0.3, 1.9)  # height by width of what makes a picture of a story: neither a banner nor a tower
_LONG_NAME: Final = 30  # characters of a publisher's name that a line of small print bears
_NAME_ENDS: Final = re.compile(r"\s[-–—|·•»>/:]+\s|:\s|\s\(")
_NO_NAME: Final = frozenset(
    {"blog", "feed", "headlines", "home", "home page", "front page", "latest", "latest news", "news", "posts", "rss"}
    | {"rss feed", "top stories", "world", "world news", "all articles", "all posts", "articles", "untitled"}
)  # titles of feeds that name no publisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image of a story. `height` is None where the publisher states no size."""

    url: str
    alt: str  # as the publisher says; empty where not
    ratio: float | None  # height by width
    width: int | None = None  # pixels, as the publisher states them

    def height(self, width: int) -> int | None:
        """Its height in pixels at that width."""
        return None if self.ratio is None else round(width * self.ratio)

    def fit(self, width: int, height: int) -> int:
        """The width in pixels at which it fills a box of that size, never blown up past its own.

        >>> Picture(url="", alt="", ratio=1.0).fit(536, 360)
        360
        """
        shown = min(width, self.width or width)
        return shown if self.ratio is None else min(shown, round(height / self.ratio))


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


def tagged(told: tuple[Told, ...], tags: Mapping[str, str]) -> tuple[Told, ...]:
    """The same with these parameters at the end of each link's query; what stands there already stays as it is."""
    if not tags:
        return told
    return tuple(
        replace(
            story,
            link=_tagged(story.link, tags),
            also=tuple(replace(other, link=_tagged(other.link, tags)) for other in story.also),
        )
        for story in told
    )


def _tagged(link: str, tags: Mapping[str, str]) -> str:
    """The link with tags, but for those whose names it has.

    >>> _tagged("https://example.org/a?id=1&utm_medium=rss#top", {"utm_source": "morning digest", "utm_medium": "mail"})
    'https://example.org/a?id=1&utm_medium=rss&utm_source=morning+digest#top'
    """
    parts = urlsplit(link)
    there = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in tags.items() if name not in there})
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, added))))) if link else link


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
        also=_others(story.also),
    )


def _direction(lead: Article, sentences: tuple[str, ...], issue: Issue) -> Literal["ltr", "rtl"]:
    """Of the lead's language; where it is not known, as the words themselves are written."""
    if lead.language:
        return languages.direction(lead.language)
    return languages.direction_of(" ".join((line(lead.title), *sentences))) or languages.direction(issue.language)


def _others(articles: tuple[Article, ...]) -> tuple[Other, ...]:
    """The other reports, one for each publisher: the first."""
    named: dict[str, Other] = {}
    for article in articles:
        other = Other(source=source(article), title=line(article.title), link=address(article.link))
        named.setdefault(other.source, other)
    return tuple(named.values())


def source(article: Article) -> str:
    """Who published it: the feed's title, its claim left out where it is long; the host where that names nobody."""
    title = line(article.feed_title)
    name = _name(title)
    host = (urlsplit(address(article.link)).hostname or "").removeprefix("www.")
    return (host or title) if not name or name.lower() in _NO_NAME else name


def _name(title: str) -> str:
    """What comes before the claim in a feed's title.

    >>> _name("Harbour Post"), _name("Harbour Post – Breaking News, Weather and Video from the Coast")
    ('Harbour Post', 'Harbour Post')
    """
    if len(title) <= _LONG_NAME:
        return title
    head = _NAME_ENDS.split(title, maxsplit=1)[0].strip()
    return head if len(head) > 2 else title


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
    if ratio is not None and not _SHAPES[0] <= ratio <= _SHAPES[1]:
        return None
    return Picture(url=url, alt=line(image.alt), ratio=ratio, width=image.width or None)
