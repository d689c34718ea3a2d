"""The front page: where a neutral copy's links lead, and what it does not tell."""

from datetime import datetime

import httpx
import pytest
from web.reader import CONFIG, Reader, config, reading

from digest.store import Database
from digest.web import public

pytestmark = pytest.mark.anyio


@pytest.fixture
async def reader(database: Database, now: datetime):
    async with reading(database, now) as one:
        yield one


async def front(database: Database, text: str, path: str = "/") -> httpx.Response:
    """The front page of that configuration, redirects followed."""

    async def nobody(_: object) -> None:
        raise AssertionError("nothing is mailed from here")

    app = public.app(config(text), database, confirm=nobody)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://news.example.org") as web:
        return await web.get(path, follow_redirects=True)


async def test_it_names_what_can_be_subscribed_to(reader: Reader) -> None:
    page = await reader.web.get("/")
    assert page.status_code == 200
    assert "Morning &lt;digest&gt; &amp; {more}" in page.text
    for link in ("subscribe/morning", "archive/morning"):
        assert f'href="{link}"' in page.text
        assert (await reader.web.get(f"/{link}")).status_code == 200


async def test_it_keeps_to_itself_what_has_no_public_archive(reader: Reader) -> None:
    page = await reader.web.get("/")
    assert "Evening" not in page.text
    assert "Quiet" not in page.text


async def test_it_speaks_the_reader_s_language(reader: Reader) -> None:
    page = await reader.web.get("/", headers={"Accept-Language": "de"})
    assert "Frühere Ausgaben lesen" in page.text
    assert '<html lang="de"' in page.text


async def test_it_is_not_there_where_nothing_is_public(database: Database) -> None:
    page = await front(database, CONFIG.replace('title = "Morning <digest> & {more}"', 'title = "M"\narchive = "off"'))
    assert page.status_code == 404


async def test_it_stands_below_the_path_of_the_public_address(database: Database) -> None:
    page = await front(database, CONFIG.replace("https://news.example.org", "https://news.example.org/mail"), "/mail")
    assert page.status_code == 200
    assert page.url.path == "/mail/"
    assert 'href="subscribe/morning"' in page.text


async def test_it_asks_for_nothing_and_sets_nothing(reader: Reader) -> None:
    page = await reader.web.get("/")
    assert "set-cookie" not in page.headers
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
