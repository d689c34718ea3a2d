"""A word to the owner: fixed before it leaves, taken once, repeated only where the provider knows a request again."""

import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from send.world import Clock, config, kit

from digest.model import DeliveryState
from digest.pipeline import notices, wording
from digest.store import Database
from digest.store import notices as rows
from digest.testing import Fault, MailServer

pytestmark = pytest.mark.anyio
WORDS = wording.plain("issue:1:failed", "Morning: <b>it</b> failed\r\nBcc: x@example.org", "Why & how", "Do that.")
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def world(database: Database, clock: Clock, tmp_path, url: str = "http://mail.test", **keys: str):
    settings = config(tmp_path, provider=keys.pop("provider", "resend"), base_url=url)
    keys = {"owner": "digest@example.org", **keys}
    return kit(settings.model_copy(update={"digest": settings.digest.model_copy(update=keys)}), database, clock)


async def said(here, words=WORDS) -> list[int]:
    async with here.database.write() as connection:
        return await notices.say(here, connection, words)


async def standing(database: Database) -> list[tuple[str, str]]:
    async with database.read() as connection:
        return [(found.way, str(found.state)) for found in await rows.standing(connection)]


async def due(database: Database, clock: Clock) -> list[int]:
    async with database.read() as connection:
        return await rows.due(connection, now=clock.now())


async def test_it_goes_to_the_owner_once_however_often_it_is_said(database, clock, tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        here = world(database, clock, tmp_path, server.url)
        (number,) = await said(here)
        assert await said(here) == []
        await notices.post(here, number)
        await notices.post(here, number)
    (taken,) = server.taken()
    assert taken.to == "digest@example.org"
    body = json.loads(server.seen[0].body)[0]
    assert body["subject"] == "Morning: <b>it</b> failed Bcc: x@example.org"
    assert "Morning: &lt;b&gt;it&lt;/b&gt; failed" in body["html"]
    assert "<b>it" not in body["html"]
    assert body["headers"]["Auto-Submitted"] == "auto-generated"
    assert await standing(database) == []


async def test_an_owner_is_a_person_of_his_own(database, clock, tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        here = world(database, clock, tmp_path, server.url, owner="Ada <ada@example.org>")
        await notices.post(here, *await said(here))
    assert [taken.to for taken in server.taken()] == ["ada@example.org"]


async def test_cut_after_it_was_taken_it_is_repeated_under_its_key_and_taken_once(database, clock, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER]) as server:
        here = world(database, clock, tmp_path, server.url)
        (number,) = await said(here)
        await notices.post(here, number)
        assert await standing(database) == [("mail", "unknown")]
        assert await due(database, clock) == []  # not at once
        clock.time += HOUR
        await notices.post(here, *await due(database, clock))
        assert len(server.seen) == 2
        assert server.seen[0].body == server.seen[1].body
    assert len(server.taken()) == 1
    assert await standing(database) == []


async def test_where_no_request_is_known_again_it_is_not_repeated(database, clock, tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_AFTER]) as server:
        here = world(database, clock, tmp_path, server.url, provider="mailpit")
        await notices.post(here, *await said(here))
        clock.time += 5 * HOUR
        assert await due(database, clock) == []
    assert len(server.taken()) == 1
    assert await standing(database) == [("mail", "unknown")]


@pytest.mark.parametrize("fault", [Fault.REFUSE_CONNECTION, Fault.BUSY_SECONDS, Fault.UNAUTHORIZED])
async def test_what_was_surely_not_taken_is_sent_again_later(database, clock, tmp_path, fault: Fault) -> None:
    async with MailServer(tmp_path / "log", faults=[fault]) as server:
        here = world(database, clock, tmp_path, server.url)
        await notices.post(here, *await said(here))
        assert len(await standing(database)) == 1
        assert await due(database, clock) == []
        clock.time += HOUR
        await notices.post(here, *await due(database, clock))
    assert len(server.taken()) == 1


async def test_a_sender_that_died_in_mid_request_leaves_it_to_the_key(database, clock, tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        here = world(database, clock, tmp_path, server.url)
        (number,) = await said(here)
        lease = timedelta(minutes=5)
        async with database.write() as connection:
            held = await rows.claim(connection, number, owner="elsewhere:1:1", now=clock.now(), lease=lease)
            await rows.commit(connection, held, body_hash=b"other bytes", provider="resend", now=clock.now())
        await notices.post(here, number)
        assert server.seen == []  # it is being sent
        clock.time += HOUR
        assert await due(database, clock) == [number]
        await notices.post(here, number)
        assert server.seen == []  # its bytes are not those
        assert await standing(database) == [("mail", "unknown")]
        async with database.write() as connection:
            late = await rows.settle(connection, held, DeliveryState.ACCEPTED)
        assert not late  # the dead one's claim is void


async def test_news_of_two_days_ago_is_none(database, clock, tmp_path) -> None:
    here = world(database, clock, tmp_path)
    (number,) = await said(here)
    clock.time += timedelta(days=3)
    await notices.post(here, number)
    assert await standing(database) == [("mail", "expired")]


async def test_a_webhook_hears_it_too_in_words_that_chats_read(database, clock, tmp_path) -> None:
    hook = "https://chat.test/services/T0/hush"
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    here = world(database, clock, tmp_path)
    general = here.config.digest.model_validate({"owner": "digest@example.org", "owner_webhook": hook})
    here = replace(here, config=here.config.model_copy(update={"digest": general}))
    _, number = await said(here)
    await notices.post(here, number, transport=httpx.MockTransport(answer))
    await notices.post(here, number, transport=httpx.MockTransport(answer))
    (request,) = asked
    told = json.loads(request.content)
    assert str(request.url) == hook
    assert (told["about"], told["subject"]) == ("issue:1:failed", "Morning: <b>it</b> failed Bcc: x@example.org")
    assert "Why & how" in told["text"]
    assert await standing(database) == [("mail", "pending")]
    assert "hush" not in repr(here.config)


async def test_a_webhook_that_is_gone_from_the_file_is_not_waited_for(database, clock, tmp_path) -> None:
    here = world(database, clock, tmp_path)
    async with database.write() as connection:
        number = await rows.add(connection, WORDS, way="webhook", address="", key="k", at=clock.now())
    await notices.post(here, number)
    assert await standing(database) == [("webhook", "expired")]
