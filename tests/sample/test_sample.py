"""The sample is whole: its feeds parse, its links are served, its dates are fresh."""

import html
import io
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urldefrag
from xml.etree import ElementTree as ET

import fastfeedparser
import pytest
from PIL import Image

from digest import sample

BASE = "http://127.0.0.1:8764"
NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
SITE = Path(sample.__file__).parent / "site"
PATHS = sorted("/" + f.relative_to(SITE).as_posix() for f in SITE.rglob("*") if f.is_file())
TEXTS = [p for p in PATHS if not p.endswith(".jpg")]
PAGES = [p for p in PATHS if p.count("/") == 2 and p.endswith(".html") and "index" not in p]
IMAGES = [p for p in PATHS if p.endswith(".jpg")]


def served(path: str) -> bytes:
    """Give the body at ``path``, which must be there."""
    found = sample.page(path, base=BASE, now=NOW)
    assert found is not None, path
    return found[1]


def plain(markup: str) -> str:
    """Give the text of a piece of markup, unescaped twice for feeds."""
    bare = html.unescape(html.unescape(markup))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", bare))


def paragraphs(path: str) -> list[str]:
    """Give the paragraphs of an article's page that are not junk or furniture."""
    text = served(path).decode()
    start = '<div class="article-body">' if path.startswith("/courier/") else "<article>"
    body = re.split("</(?:div|article)>", text.split(start)[1])[0]
    found = [plain(p) for p in re.findall(r"<p>(.*?)</p>", body, re.DOTALL)]
    return [p for p in found if p not in sample.junk()]


def entries() -> list[tuple[str, fastfeedparser.FastFeedParserDict]]:
    """Give every entry of the four feeds with the path of its feed."""
    return [(feed, entry) for feed in sample.FEEDS for entry in fastfeedparser.parse(served(feed))["entries"]]


def test_four_feeds_hold_twenty_entries() -> None:
    feeds = [feed for feed, _ in entries()]
    assert [feeds.count(feed) for feed in sample.FEEDS] == [6, 5, 4, 5]
    assert len(PAGES) == 20


def test_every_entry_links_to_its_page() -> None:
    links = [entry["link"].removeprefix(BASE) for _, entry in entries()]
    assert sorted(links) == PAGES


def test_titles_of_entries_are_not_empty_or_doubled() -> None:
    titles = [entry["title"] for _, entry in entries()]
    assert all(titles)
    assert len(set(titles)) == 20


def test_courier_gives_excerpts_only() -> None:
    texts = [e for feed, e in entries() if feed == "/courier/rss.xml"]
    for entry in texts:
        assert plain(entry["description"]).strip().endswith("…")
        assert len(plain(entry["description"]).split()) < 50
        assert entry["content"][0]["value"] == entry["description"]


def test_other_feeds_give_full_texts() -> None:
    for feed, entry in entries():
        if feed != "/courier/rss.xml":
            assert len(plain(entry["content"][0]["value"]).split()) >= 200, entry["title"]


@pytest.mark.parametrize("path", PAGES)
def test_articles_are_of_fit_length(path: str) -> None:
    assert 200 <= len(" ".join(paragraphs(path)).split()) <= 900


def test_dates_are_of_the_last_two_days() -> None:
    for _, entry in entries():
        at = datetime.fromisoformat(entry["published"])
        assert timedelta(hours=1) <= NOW - at <= timedelta(hours=47), entry["title"]


def test_dates_take_the_three_forms() -> None:
    rss = ET.fromstring(served("/gazette/feed.xml"))
    first = parsedate_to_datetime(rss.findtext("channel/item/pubDate") or "")
    text = served("/gazette/barrier-first-closure.html").decode()
    assert first == NOW - timedelta(hours=9, minutes=10)
    assert '<time datetime="2026-11-22T22:20:00Z">22 November 2026, 22:20</time>' in text


@pytest.mark.parametrize("path", TEXTS)
def test_no_token_is_left(path: str) -> None:
    text = served(path).decode()
    assert not re.search(r"@(BASE|rfc\d+|human)", text)


@pytest.mark.parametrize("path", TEXTS)
def test_every_link_is_served(path: str) -> None:
    text = html.unescape(served(path).decode())
    for link in re.findall(re.escape(BASE) + r"[^\s\"'<>\\]*", text):
        served(urldefrag(link).url.removeprefix(BASE))


@pytest.mark.parametrize("path", [p for p in TEXTS if p.endswith((".html", ".xml"))])
def test_markup_is_well_formed(path: str) -> None:
    text = re.sub(r"<!DOCTYPE html>", "", served(path).decode())
    ET.fromstring(text)


def test_linked_data_is_json() -> None:
    for path in (p for p in PAGES if p.startswith("/courier/")):
        script = re.search(r"ld\+json\">(.*?)</script>", served(path).decode(), re.DOTALL)
        assert script is not None
        assert json.loads(script[1])["@type"] == "NewsArticle"


def test_every_junk_line_is_served() -> None:
    text = " ".join(plain(served(path).decode()) for path in TEXTS)
    assert len(sample.junk()) == len(set(sample.junk())) >= 30
    assert [line for line in sample.junk() if line not in text] == []


def test_media_types() -> None:
    types = {p: found[0] for p in PATHS if (found := sample.page(p, base=BASE, now=NOW))}
    assert list(types) == PATHS
    assert types["/signal/atom.xml"].startswith("application/atom+xml")
    assert types["/gazette/feed.xml"].startswith("application/rss+xml")
    assert types["/tidelines/feed.json"].startswith("application/feed+json")
    assert types[PAGES[0]] == "text/html; charset=utf-8"


def test_one_article_is_in_french() -> None:
    items = json.loads(served("/tidelines/feed.json"))["items"]
    french = [item for item in items if item["language"] == "fr"]
    assert len(french) == 1
    assert '<html lang="fr">' in served(french[0]["url"].removeprefix(BASE)).decode()


@pytest.mark.parametrize("path", IMAGES)
def test_images_are_small_jpegs(path: str) -> None:
    body = served(path)
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.size) == ("JPEG", (1200, 675))
    assert len(body) <= 45 * 1024


def test_images_are_eight() -> None:
    assert len(IMAGES) == 8


@pytest.mark.parametrize(
    "path",
    [
        "",
        "gazette/feed.xml",
        "/../__init__.py",
        "/../junk.txt",
        "//etc/passwd",
        "/gazette/../../junk.txt",
        "/gazette/../gazette/feed.xml",
        "/./index.html",
        "/gazette//feed.xml",
        "/gazette/%2e%2e/%2e%2e/junk.txt",
        "/gazette/..\\..\\junk.txt",
        "/gazette/feed.xml\n",
        "/gazette/feed.xml\0",
        "/gazette",
        "/images/",
        "/nothing.html",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    assert sample.page(path, base=BASE, now=NOW) is None


def links(page: Path) -> list[str]:
    """Give where a page leads on this disk: its links but those to other hosts, without their marks."""
    found = re.findall(r'(?:href|src)="([^"]+)"', page.read_text(encoding="utf-8"))
    return [urldefrag(link)[0] for link in found if not link.startswith(("http", "mailto:", "#"))]


def test_a_copy_reads_as_files(tmp_path) -> None:
    sample.copy(tmp_path, now=NOW)
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) == len([path for path in PATHS if path.endswith(".html")])
    missing = [(page.name, link) for page in pages for link in links(page) if not (page.parent / link).is_file()]
    assert missing == []


def test_a_copy_knows_no_address_and_no_token(tmp_path) -> None:
    sample.copy(tmp_path, now=NOW)
    texts = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.suffix in {".html", ".css"}]
    assert not [text for text in texts if "@BASE@" in text or "127.0.0.1" in text or re.search(r"@\w+:-", text)]


def test_a_copy_has_the_pictures_to_the_byte(tmp_path) -> None:
    sample.copy(tmp_path, now=NOW)
    assert {path: (tmp_path / path[1:]).read_bytes() for path in IMAGES} == {path: served(path) for path in IMAGES}
