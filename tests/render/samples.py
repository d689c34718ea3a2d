"""Issues to render: invented stories, read from tests/data/render/stories.json."""

import json
import zlib
from datetime import UTC, datetime
from pathlib import Path

from digest.config import Newsletter
from digest.model import Article, Image, Issue, Rendered, Story, Summary
from digest.render import issue as issues
from digest.render.merge import Tokens

DATA = Path(__file__).parents[1] / "data" / "render"
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
NONCE = "a nonce for tests"
VALUES = {
    "recipient.name": "Ada Example",
    "recipient.address": "ada@example.net",
    "unsubscribe_url": "https://news.example.org/unsubscribe/abc.def",
    "preferences_url": "https://news.example.org/preferences/abc.def",
    "view_url": "https://news.example.org/view/abc.def",
}


def article(given: dict) -> Article:
    image = given.get("image")
    return Article(
        feed_url=f"https://{given.get('host', 'example.org')}/feed.xml",
        feed_title=given.get("source", "Example Post"),
        link=given.get(
            "link",
            f"https://{given.get('host', 'example.org')}/a/{zlib.crc32(given['title'].encode('utf-8', 'replace'))}",
        ),
        title=given["title"],
        published=datetime.fromisoformat(given["published"]) if given.get("published") else NOW,
        first_seen=NOW,
        language=given.get("language"),
        image=Image(**image) if image else None,
        text=tuple(given.get("text", ["word " * given.get("words", 500)])),
    )


def story(given: dict) -> Story:
    sentences = tuple(given.get("sentences", ()))
    return Story(
        articles=(article(given), *(article(a) for a in given.get("also", ()))),
        section=given.get("section", ""),
        summary=Summary(
            sentences=sentences,
            positions=tuple(range(len(sentences))),
            method="digest",
            language=given.get("language") or "en",
        )
        if sentences
        else None,
    )


def stories(name: str = "en") -> tuple[Story, ...]:
    return tuple(map(story, json.loads((DATA / f"stories.{name}.json").read_text("utf-8"))))


def issue(told: tuple[Story, ...] | None = None, *, language: str = "en", **changes) -> Issue:
    values = {
        "newsletter": "morning",
        "number": 12,
        "slot": "2026-11-23T07:30",
        "title": "The Morning Digest",
        "made_at": NOW,
        "language": language,
        "timezone": "Europe/Berlin",
        "stories": stories() if told is None else told,
        "intro": "",
    }
    return Issue(**(values | changes))


def newsletter(**changes) -> Newsletter:
    return Newsletter(name="morning", title="The Morning Digest", timezone="Europe/Berlin", **changes)


def rendered(
    of: Issue | None = None,
    *,
    templates: Path | None = None,
    postal_address: str = "1 Example Street, 10115 Berlin",
    **changes,
) -> Rendered:
    return issues.issue(
        of or issue(),
        newsletter=newsletter(**changes),
        public_url="https://news.example.org",
        postal_address=postal_address,
        templates=templates,
        nonce=NONCE,
    )


def raw(of: Issue | None = None, **changes) -> str:
    """The page as the templates make it, before it is inlined."""
    told = of or issue()
    page = issues.page(
        told,
        newsletter=newsletter(**changes),
        public_url="https://news.example.org",
        postal_address="1 Example Street",
        templates=None,
        nonce=NONCE,
    )
    return page.markup({})


def whole(of: Issue) -> Rendered:
    """As on the web: nothing folded away."""
    return issues.issue(
        of,
        newsletter=newsletter(),
        public_url="https://news.example.org",
        postal_address="1 Example Street",
        templates=None,
        nonce=NONCE,
        budget=None,
    )


def filled(markup: str) -> str:
    """A page before inlining, with the recipient's values in it."""
    return Tokens(NONCE).split(markup, is_html=True).fill(VALUES)
