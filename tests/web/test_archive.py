"""The archive: what went out, without a name in it, and nothing before its time."""

import re
from datetime import datetime
from xml.etree import ElementTree as ET

import fastfeedparser
import pytest
from web.reader import CONFIG, Reader, config, reading

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
    reader: Reader,
    number: int,
    state: IssueState = IssueState.SENT,
    newsletter: str = "morning",
    subject: str = "",
    cadence: str = "",
) -> None:
    async with reader.database.write() as connection:
        values = {
            "newsletter": newsletter,
            "cadence": cadence,
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


# ------------------------------------------------------------------ cadences

CADENCES = (
    CONFIG + 'cadences = { daily = "30 7 * * *", weekly = "0 8 * * sun", "en-route" = "0 9 * * *" }\nlanguage = "de"\n'
)


@pytest.fixture
async def visitor(database: Database, now: datetime):
    """Of a newsletter that got cadences after its first issue, and lost one since."""
    async with reading(database, now, config(CADENCES)) as one:
        for number, cadence in enumerate(["", "daily", "weekly", "monthly", "daily", "en-route"], 1):
            await issued(one, number, newsletter="quiet", cadence=cadence)
        yield one


def numbers(page: str) -> list[str]:
    return re.findall(r">Issue (\d)<", page)


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", "5421"), ("?cadence=daily", "5421"), ("?cadence=weekly", "3"), ("?cadence=en-route", "6")],
)
async def test_each_cadence_has_its_list_and_its_feed(visitor: Reader, query: str, shown: str) -> None:
    """The usual one has also the issues from before there were cadences, and of those that are no more."""
    assert numbers((await visitor.web.get(f"/archive/quiet{query}")).text) == list(shown)
    assert numbers((await visitor.web.get(f"/archive/quiet/feed.xml{query}")).text) == list(shown)


async def test_lists_lead_to_one_another_and_to_their_own_feed_and_form(visitor: Reader) -> None:
    page = (await visitor.web.get("/archive/quiet?cadence=weekly")).text
    assert '<a href="quiet">Täglich</a>' in page
    assert '<a href="quiet?cadence=weekly" aria-current="page">Wöchentlich</a>' in page
    assert '<a href="quiet?cadence=en-route">en-route</a>' in page
    assert '<a href="quiet/feed.xml?cadence=weekly">' in page
    assert page.count('type="application/atom+xml"') == 3
    assert 'href="../subscribe/quiet?cadence=weekly"' in page
    form = (await visitor.web.get("/subscribe/quiet?cadence=weekly")).text
    assert re.search(r'value="weekly" checked', form)
    assert form.count(" checked") == 1


async def test_the_feeds_are_two_to_a_feed_reader(visitor: Reader) -> None:
    daily, weekly = [
        ET.fromstring((await visitor.web.get(f"/archive/quiet/feed.xml{query}")).content)
        for query in ("", "?cadence=weekly")
    ]
    home = "https://news.example.org/archive/quiet"
    assert (daily.findtext("{*}id"), weekly.findtext("{*}id")) == (home, f"{home}?cadence=weekly")
    assert (daily.findtext("{*}title"), weekly.findtext("{*}title")) == ("Quiet · Täglich", "Quiet · Wöchentlich")
    hrefs = [link.get("href") for link in weekly.findall("{*}link")]
    assert hrefs == [f"{home}?cadence=weekly", f"{home}/feed.xml?cadence=weekly"]


@pytest.mark.parametrize("name", ["monthly", "x", "", "%00", "daily&cadence=x"])
@pytest.mark.parametrize("path", ["/archive/quiet", "/archive/quiet/feed.xml"])
async def test_a_cadence_there_is_not(visitor: Reader, path: str, name: str) -> None:
    assert (await visitor.web.get(f"{path}?cadence={name}")).status_code == 404


async def test_a_long_list_goes_on_within_its_cadence(visitor: Reader) -> None:
    for number in range(10, 70):
        await issued(visitor, number, newsletter="quiet", cadence="weekly" if number % 10 else "daily")
    page = (await visitor.web.get("/archive/quiet?cadence=weekly")).text
    (query,) = re.findall(r'href="(\?[^"]*)" rel="next"', page)
    rest = (await visitor.web.get(f"/archive/quiet{query.replace('&amp;', '&')}")).text
    assert set(numbers(rest)) <= {"3"}
    assert len(re.findall(r">Issue \d+<", page)) == 50
    assert len(re.findall(r">Issue \d+<", rest)) == 5


@pytest.mark.parametrize("newsletter", ["morning", "quiet"])
async def test_without_cadences_there_is_one_list_of_all(reader: Reader, newsletter: str) -> None:
    for number, cadence in enumerate(["", "weekly"], 1):
        await issued(reader, number, newsletter=newsletter, cadence=cadence)
    page = (await reader.web.get(f"/archive/{newsletter}")).text
    assert numbers(page) == ["2", "1"]
    assert "<nav" not in page
    assert (await reader.web.get(f"/archive/{newsletter}?cadence=weekly")).status_code == 404
