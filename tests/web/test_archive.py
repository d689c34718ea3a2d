"""The archive: what went out, without a name in it, and nothing before its time."""

from datetime import datetime
from xml.etree import ElementTree as ET

import fastfeedparser
import pytest
from web.reader import Reader, reading

from digest.model import IssueState
from digest.store import Database, tables

pytestmark = pytest.mark.anyio

HTML = {
    "parts": ["<!doctype html><p>Dear ", "!</p><a href='", "'>leave</a><a href='", "'>view</a><i>", "</i>"],
    "slots": [
        ["recipient.name", "text"],
        ["unsubscribe_url", "url"],
        ["view_url", "url"],
        ["recipient.address", "text"],
    ],
}
TEXT = {"parts": ["Dear ", "!"], "slots": [["recipient.name", "text"]]}


@pytest.fixture
async def reader(database: Database, now: datetime):
    async with reading(database, now) as one:
        yield one


async def issued(
    reader: Reader, number: int, state: IssueState = IssueState.SENT, newsletter: str = "morning", subject: str = ""
) -> None:
    async with reader.database.write() as connection:
        values = {
            "newsletter": newsletter,
            "number": number,
            "slot": f"2026-11-{number:02}T07:30",
            "due_at": reader.clock(),
        }
        made = tables.issue.insert().values(state=state, **values).returning(tables.issue.c.id)
        issue_id = (await connection.execute(made)).scalar_one()
        rendition = {"subject": subject or f"Issue {number}", "preheader": "In <short>", "language": "en"}
        await connection.execute(
            tables.rendition.insert().values(issue_id=issue_id, variant="", html=HTML, text=TEXT, **rendition)
        )


async def test_an_issue_that_went_out_is_shown_without_a_name(reader: Reader) -> None:
    await reader.joins()
    await issued(reader, 1)
    page = await reader.web.get("/archive/morning/1")
    assert page.status_code == 200
    assert "Dear !" in page.text
    assert "https://news.example.org/subscribe/morning" in page.text
    assert "https://news.example.org/archive/morning/1" in page.text
    assert "example.org'>leave" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "no-store" not in page.headers["cache-control"]


@pytest.mark.parametrize("state", sorted(set(IssueState) - {IssueState.SENT, IssueState.SENDING}))
async def test_nothing_is_shown_before_it_goes_out(reader: Reader, state: IssueState) -> None:
    await issued(reader, 1, state)
    assert (await reader.web.get("/archive/morning/1")).status_code == 404
    assert "Issue 1" not in (await reader.web.get("/archive/morning")).text
    assert "Issue 1" not in (await reader.web.get("/archive/morning/feed.xml")).text


async def test_the_list_is_newest_first_and_goes_on(reader: Reader) -> None:
    for number in range(1, 53):
        await issued(reader, number)
    page = (await reader.web.get("/archive/morning")).text
    assert page.index("Issue 52") < page.index("Issue 51")
    assert "Issue 2<" not in page
    assert "?before=3" in page
    rest = (await reader.web.get("/archive/morning?before=3")).text
    assert "Issue 2<" in rest
    assert "before=" not in rest


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "%00", "²"])
async def test_a_place_that_is_none_is_ignored(reader: Reader, before: str) -> None:
    await issued(reader, 1)
    assert "Issue 1" in (await reader.web.get(f"/archive/morning?before={before}")).text


async def test_an_empty_archive_says_so(reader: Reader) -> None:
    assert "There is no issue yet." in (await reader.web.get("/archive/morning")).text


@pytest.mark.parametrize("path", ["/archive/evening", "/archive/evening/1", "/archive/evening/feed.xml"])
async def test_an_archive_that_is_off_is_not_there(reader: Reader, path: str) -> None:
    await issued(reader, 1, newsletter="evening")
    assert (await reader.web.get(path)).status_code == 404


async def test_an_unlisted_archive_is_not_for_search_engines(reader: Reader) -> None:
    await issued(reader, 1, newsletter="quiet")
    for path in ("/archive/quiet", "/archive/quiet/1", "/archive/quiet/feed.xml"):
        assert (await reader.web.get(path)).headers["x-robots-tag"] == "noindex"
    assert "x-robots-tag" not in (await reader.web.get("/archive/morning")).headers


@pytest.mark.parametrize("number", ["0", "2", "99999999999999999999", "x", "-1"])
async def test_an_issue_there_is_not(reader: Reader, number: str) -> None:
    await issued(reader, 1)
    assert (await reader.web.get(f"/archive/morning/{number}")).status_code == 404


async def test_the_feed_is_atom_that_a_reader_reads(reader: Reader) -> None:
    await issued(reader, 1, subject="A & <b>\x0b")
    await issued(reader, 2)
    answer = await reader.web.get("/archive/morning/feed.xml")
    assert answer.headers["content-type"] == "application/atom+xml"
    root = ET.fromstring(answer.content)
    names = [child.tag.rpartition("}")[2] for child in root]
    assert {"id", "title", "updated", "author", "link", "entry"} <= set(names)
    found = fastfeedparser.parse(answer.content)
    assert [entry.link for entry in found.entries] == [f"https://news.example.org/archive/morning/{n}" for n in (2, 1)]
    assert root.findall("{*}entry")[1].findtext("{*}title") == "A & <b> "


async def test_a_reader_views_an_issue_in_the_browser(reader: Reader) -> None:
    await reader.joins()
    await issued(reader, 1, IssueState.READY)
    answer = await reader.web.get(f"/view/{await reader.token('view', newsletter='morning/1')}")
    assert answer.status_code == 200
    assert "Ann" not in answer.text
    assert "ann@example.org" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["morning/2", "morning/", "morning", "morning/x", "nothing/1", "/", "morning/1/1"])
async def test_a_view_of_no_issue(reader: Reader, name: str) -> None:
    await issued(reader, 1)
    assert (await reader.web.get(f"/view/{await reader.token('view', newsletter=name)}")).status_code == 404
