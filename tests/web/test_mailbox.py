"""The mailbox keeps every message once, shows it harmlessly, and is what the provider `mailbox` sends to."""

from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest
from send.world import Clock, config, kit, seed

from digest.pipeline import send
from digest.web import mailbox, server

pytestmark = pytest.mark.anyio


def client(folder: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=mailbox.app(folder)), base_url="http://mailbox")


BODY = {
    "From": {"Email": "digest@example.org", "Name": "Morning"},
    "To": [{"Email": "zoe@example.org", "Name": "Zoë"}],
    "Subject": "<script>alert(1)</script>",
    "HTML": "<h1>Hé</h1>",
    "Text": "Hé",
    "Headers": {"Message-ID": "<one@example.org>", "List-Unsubscribe": "<https://x.example/u>"},
}


async def test_a_message_sent_again_is_kept_once(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        first = await http.post("/api/v1/send", json=BODY)
        second = await http.post("/api/v1/send", json=BODY)
    assert first.json() == second.json()
    assert len(list(tmp_path.glob("*.eml"))) == 1


async def test_what_is_kept_is_the_message(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        await http.post("/api/v1/send", json=BODY)
    (file,) = tmp_path.glob("*.eml")
    kept = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (kept["subject"], kept["to"], kept["message-id"]) == (
        "<script>alert(1)</script>",
        "Zoë <zoe@example.org>",
        "<one@example.org>",
    )
    assert kept.get_body(("html",)).get_content() == "<h1>Hé</h1>"


@pytest.mark.parametrize(
    "spoil",
    [
        {"To": []},
        {"To": [{"Email": "a@b.example\r\nBcc: x@y.example"}]},
        {"Subject": "a\nb"},
        {"Headers": {"X-A": "1\r\nX-B: 2"}},
        {"Headers": {"X A": "1"}},
        {"From": "nobody"},
    ],
    ids=str,
)
async def test_what_is_no_message_is_refused_and_not_kept(tmp_path: Path, spoil: dict) -> None:
    async with client(tmp_path) as http:
        answer = await http.post("/api/v1/send", json={**BODY, **spoil})
    assert answer.status_code == 400
    assert list(tmp_path.glob("*")) == []


async def test_half_a_body_is_refused(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        assert (await http.post("/api/v1/send", content=b'{"From":')).status_code == 400


async def test_the_list_shows_no_markup_of_a_message(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        await http.post("/api/v1/send", json=BODY)
        page = await http.get("/mailbox")
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_message_stands_in_a_frame_that_may_do_nothing(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        await http.post("/api/v1/send", json=BODY)
        (file,) = tmp_path.glob("*.eml")
        page = await http.get(f"/mailbox/{file.name}")
        frame = await http.get(f"/mailbox/{file.name}/html")
        source = await http.get(f"/mailbox/{file.name}/source")
    assert 'sandbox=""' in page.text
    assert "<script" not in page.text
    assert "sandbox" in frame.headers["content-security-policy"]
    assert "Hé" in frame.text
    assert source.content == file.read_bytes()


@pytest.mark.parametrize("name", ["nothing.eml", "..%2Fdigest.toml", "%2Fetc%2Fpasswd"])
@pytest.mark.parametrize("part", ["", "/html", "/source"])
async def test_only_messages_of_the_folder_are_shown(tmp_path: Path, name: str, part: str) -> None:
    (tmp_path / "digest.toml").write_text("secret")
    async with client(tmp_path / "mailbox") as http:
        answer = await http.get(f"/mailbox/{name}{part}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_the_provider_mailbox_sends_to_it(database, tmp_path: Path) -> None:
    issue_id = await seed(database, readers=4)
    clock = Clock()
    async with server.serve(mailbox.app(tmp_path / "mailbox")) as url:
        world = kit(config(tmp_path, provider="mailbox"), database, clock)
        report = await send.issue(world, issue_id, base_url=url, sleep=clock.sleep)
    assert report.accepted == 4
    kept = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in (tmp_path / "mailbox").iterdir()]
    assert sorted(message["to"].addresses[0].addr_spec for message in kept) == [
        f"reader-{n}@example.org" for n in (1, 2, 3, 4)
    ]
    assert {message["subject"] for message in kept} == {"Züge fahren wieder – 3 stories"}
    assert len({message["list-unsubscribe"] for message in kept}) == 4
