"""`digest preview` as it is typed."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from digest.web import server
from digest.web.preview import sample

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[digest]
postal_address = "1 Example Street, 10115 Berlin"
[mail]
sender = "Coast <digest@example.org>"
[web]
listen = "0.0.0.0:0"
[collect]
allow_private = ["127.0.0.1"]
[newsletters.coast]
title = "The Coast Digest"
feeds = ["{feed}"]
"""


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """The sample's feeds and pages, on loopback."""
    async with server.serve(Starlette(routes=[sample.route()])) as address:
        yield address + sample.ROOT


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    environ = {**{k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "digest", "preview", *words]
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def said(folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of a command that ends by itself."""
    process = started(folder, *words)
    out, errors = await anyio.to_thread.run_sync(lambda: process.communicate(timeout=60))
    return process.returncode, out, errors


async def address_of(process: subprocess.Popen[str]) -> str:
    """What it prints first."""
    assert process.stdout is not None
    line = await anyio.to_thread.run_sync(process.stdout.readline)
    found = re.search(r"http://127\.0\.0\.1:\d+/", line)
    if not found:
        process.kill()
        pytest.fail(f"no address: {line!r} {process.communicate()}")
    return found[0]


@pytest.mark.parametrize("page", ["gazette/feed.xml", "gazette/index.html", "gazette/cup-upset.html"])
async def test_an_address_alone_is_enough_and_nothing_is_left_behind(tmp_path, site, page):
    process = started(tmp_path, f"{site}/{page}", "--port", "0", "--no-browser")
    address = await address_of(process)
    async with httpx.AsyncClient(timeout=20) as client:
        shown = await client.get(address)
        mail = await client.get(f"{address}mail")
    process.send_signal(signal.SIGINT)
    _, errors = await anyio.to_thread.run_sync(lambda: process.communicate(timeout=20))
    assert "<iframe" in shown.text
    assert "unsubscribe" in mail.text.lower()
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


async def test_a_newsletter_is_collected_first_and_listens_on_loopback_alone(tmp_path, site):
    (tmp_path / "digest.toml").write_text(CONFIG.format(feed=f"{site}/signal/atom.xml"), encoding="utf-8")
    process = started(tmp_path, "--no-browser")
    address = await address_of(process)  # of 127.0.0.1, though 0.0.0.0 is configured
    async with httpx.AsyncClient(timeout=20) as client:
        shown = await client.get(address)
        token = re.search(r'name="preview-token" content="([^"]+)"', shown.text)
        assert token
        headers = {"origin": address.rstrip("/"), "x-preview-token": token[1]}
        copied = await client.post(f"{address}copy?issue=next:coast", content="me@example.org", headers=headers)
        mailbox = await client.get(f"{address}mailbox")
        picture = await client.get(f"{address}sample/images/tram.jpg")
    process.send_signal(signal.SIGTERM)
    await anyio.to_thread.run_sync(lambda: process.communicate(timeout=20))
    assert process.returncode == 0
    assert "The Coast Digest" in shown.text
    assert copied.json() == {"said": "Sent to me@example.org."}
    assert "me@example.org" in mailbox.text
    assert picture.headers["content-type"] == "image/jpeg"
    assert {path.name for path in tmp_path.iterdir()} == {"digest.toml", "digest.db", "mailbox"}


async def test_an_issue_is_edited_in_the_preview_and_built_so(tmp_path, site):
    """A person's way, by the forms alone: leave out the first story, save, build; check what was made."""
    (tmp_path / "digest.toml").write_text(CONFIG.format(feed=f"{site}/signal/atom.xml"), encoding="utf-8")
    process = started(tmp_path, "--no-browser")
    address = await address_of(process)
    async with httpx.AsyncClient(timeout=30, follow_redirects=True) as client:
        page = (await client.get(address)).text
        form = re.search(r'action="(/edit[^"]+)"', page)
        assert form
        where = str(httpx.URL(address).join(form[1].replace("&amp;", "&")))
        drop = re.search(r'value="(drop [^"]+)"', page)
        assert drop
        origin = {"origin": address.rstrip("/")}
        await client.post(where, data={"do": drop[1], "intro": "By hand."}, headers=origin)
        saved = (await client.post(where, data={"do": "save", "intro": "By hand."}, headers=origin)).text
    process.send_signal(signal.SIGTERM)
    await anyio.to_thread.run_sync(lambda: process.communicate(timeout=20))
    assert "Saved: coast/1 will be made so." in saved
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words in (("build", "coast", "--json"), ("issues", "show", "coast/1", "--text")):
        command = [sys.executable, "-m", "digest", *words]
        made = await anyio.run_process(command, cwd=tmp_path, env=environ)
        assert drop[1].removeprefix("drop ") not in made.stdout.decode()
    assert "By hand." in made.stdout.decode()
    code, out, _ = await said(tmp_path, "coast/1", "--check", "--json")
    assert (code, json.loads(out)["issue"]) == (0, "coast/1")
    assert "document" not in json.loads(out)


async def test_check_prints_what_preflight_finds(tmp_path, site):
    code, out, _ = await said(tmp_path, f"{site}/gazette/feed.xml", "--check", "--json")
    shown = json.loads(out)
    assert shown["stories"]
    errors = [finding for finding in shown["preflight"] if finding["level"] == "error"]
    assert code == (1 if errors else 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["example.org/feed.xml"], 2, "https://example.org/feed.xml"),
        (["--check"], 2, "digest init"),
        (["http://127.0.0.1:1/feed.xml", "--check"], 1, "127.0.0.1:1"),
        (["--port", "99999"], 2, "65535"),
    ],
)
async def test_a_slip_is_one_clear_line(tmp_path, words, code, says):
    status, out, errors = await said(tmp_path, *words)
    assert (status, out) == (code, "")
    assert says in errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


async def test_a_page_without_feed_or_article_is_said_so(tmp_path, site):
    status, _, errors = await said(tmp_path, f"{site}/images/tram.jpg", "--check")
    assert status == 1
    assert "tram.jpg" in errors
    assert "Traceback" not in errors


async def test_a_port_that_is_taken_is_named(tmp_path, site):
    port = httpx.URL(site).port
    status, _, errors = await said(tmp_path, f"{site}/gazette/feed.xml", "--port", str(port), "--no-browser")
    assert status == 2
    assert f"127.0.0.1:{port}" in errors
    assert "--port" in errors


async def test_the_demo_can_stay_and_show_what_it_made(tmp_path):
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "digest", "demo", "here", "--serve", "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    address = await anyio.to_thread.run_sync(lambda: next(line.split()[-1] for line in lines if "http://" in line))
    async with httpx.AsyncClient(timeout=20) as client:
        page = await client.get(f"{address}&part=text")
        mailbox = await client.get(str(httpx.URL(address).join("/mailbox")))
    process.send_signal(signal.SIGINT)
    await anyio.to_thread.run_sync(lambda: process.communicate(timeout=20))
    assert process.returncode == 0
    assert address.endswith("/?issue=coast/1")  # what it sent
    assert "The Coast Digest" in page.text
    assert "Reader" in page.text
    assert "zoe@example.com" in mailbox.text
