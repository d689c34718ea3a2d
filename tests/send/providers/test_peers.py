"""Our requests to servers that others wrote: aws-ses-v2-local and resend-local (npm), where they are at hand.

Install them anywhere and name that node_modules folder in $DIGEST_TEST_NPM. Without it this is skipped, loudly; in CI it
fails. What they do not check (keys, limits, signatures) the contract and MailServer do.
"""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from digest.send import compose
from digest.send.outbox import Settle
from digest.send.providers.base import Accepted, Account, Provider
from digest.send.providers.resend import Resend
from digest.send.providers.ses import Ses
from digest.send.sender import Sender
from digest.testing.contract import ENVELOPE, RENDERED, bare, people

pytestmark = pytest.mark.anyio
READERS = [replace(person, name="") for person in people(3)]  # the SES peer takes `Name <address>` for a bad address
BATCH = compose.batch(ENVELOPE, replace(RENDERED, subject="Grüße: 3 stories"), READERS)


def program(name: str) -> str:
    folder = os.environ.get("DIGEST_TEST_NPM")
    if folder and shutil.which("node"):
        return str(Path(folder) / ".bin" / name)
    if os.environ.get("CI"):
        pytest.fail("$DIGEST_TEST_NPM is not set, or there is no node: CI needs the peers")
    pytest.skip("LOUD: $DIGEST_TEST_NPM is not set, or there is no node, so no peer was asked")


@contextlib.asynccontextmanager
async def running(name: str, ready: bytes, *args: str, tmp_path: Path) -> AsyncIterator[str]:
    """The peer's address, once it says that it is ready; `args`: PORT stands for the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        program(name),
        *(port if arg == "PORT" else arg for arg in args),
        cwd=tmp_path,
        env={**os.environ, "HOSTNAME": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(60):
            while ready not in (line := await process.stdout.readline()):
                assert line, "it ended before it was ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()


async def accepted(provider: Provider) -> list[str]:
    """The ids of the batch's messages."""
    async with Sender(provider, now=lambda: datetime.now(UTC)) as sender:
        decision = await sender.post(provider.encode(BATCH), BATCH)
    assert isinstance(decision, Settle), decision
    assert all(isinstance(outcome, Accepted) for outcome in decision.outcomes), decision
    return [outcome.provider_id for outcome in decision.outcomes]


def account(url: str) -> Account:
    return Account(base_url=url, sender="a@example.org", api_key="re_id:secret", region="eu-west-1")


async def test_the_ses_peer_gives_each_reader_their_own(tmp_path) -> None:
    args = ("--host", "127.0.0.1", "--port", "PORT")
    async with running("aws-ses-v2-local", b"server running", *args, tmp_path=tmp_path) as url:
        assert len(await accepted(Ses(account(url)))) == 3
        async with httpx.AsyncClient() as http:
            emails = (await http.get(f"{url}/store")).json()["emails"]
    messages = {message.to_address: message for message in BATCH.messages()}
    assert {bare(email["destination"]["to"][0]) for email in emails} == set(messages)
    for email in emails:
        message = messages[bare(email["destination"]["to"][0])]
        headers = {header["name"]: header["value"] for header in email["headers"]}
        assert email["subject"] == message.subject
        assert email["body"]["html"] == message.html
        assert headers["List-Unsubscribe"] == dict(message.headers)["List-Unsubscribe"]
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_the_ses_peer_refuses_what_is_not_signed(tmp_path) -> None:
    args = ("--host", "127.0.0.1", "--port", "PORT")
    peer = running("aws-ses-v2-local", b"server running", *args, tmp_path=tmp_path)
    async with peer as url, httpx.AsyncClient() as http:
        assert (await http.send(Ses(account(url)).encode(BATCH))).status_code == 403


async def test_the_resend_peer_gives_each_reader_their_own(tmp_path) -> None:
    async with running("resend-local", b"Ready", "-p", "PORT", tmp_path=tmp_path) as url:
        ids = await accepted(Resend(account(url)))
        assert len(set(ids)) == 3
        async with httpx.AsyncClient(headers={"Authorization": "Bearer re_id"}) as http:
            found = [(await http.get(f"{url}/emails/{one}")).json() for one in ids]
    for got, message in zip(found, BATCH.messages(), strict=True):
        assert [bare(to) for to in got["to"]] == [message.to_address]
        assert (got["subject"], got["html"], got["text"]) == (message.subject, message.html, message.text)
