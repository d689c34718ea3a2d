"""The public pages as a reader meets them: subscribe, confirm, leave, choose."""

from datetime import datetime, timedelta

import httpx
import pytest
from web.reader import CONFIG, Reader, config, reading

from digest.store import Database
from digest.testing import MailServer
from digest.web import public
from subscribers import roster
from subscribers.model import SuppressionReason

pytestmark = pytest.mark.anyio
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def reader(database: Database, now: datetime):
    async with reading(database, now) as one:
        yield one


# ------------------------------------------------------------------ subscribe, confirm


async def test_a_reader_subscribes_confirms_and_is_mailed(reader: Reader) -> None:
    page = await reader.web.get("/subscribe/morning")
    assert page.status_code == 200
    answer = await reader.web.post("/subscribe/morning", data={"address": " Ann@example.org", "name": "Ann"})
    assert answer.status_code == 200
    assert await reader.states() == {"morning": "pending"}
    assert await reader.mailed() == []
    assert (await reader.web.get(reader.link)).status_code == 200
    assert await reader.states() == {"morning": "pending"}
    confirmed = await reader.web.post(reader.link)
    assert confirmed.status_code == 200
    assert await reader.mailed() == ["Ann@example.org"]


async def test_the_confirmation_message_has_its_own_sender_and_says_who_asks(reader: Reader) -> None:
    await reader.web.post("/subscribe/morning", data={"address": "ann@example.org", "name": "Ann O'Neill"})
    (message,) = reader.mailbox
    assert message.sender == "Morning digest <confirm@example.org>"
    assert (message.to_address, message.to_name) == ("ann@example.org", "Ann O'Neill")
    assert "https://news.example.org/confirm/" in message.text
    assert "1 Example Street" in message.text
    assert "Ann O&#39;Neill" in message.html
    assert "Morning <digest> & {more}" in message.subject
    assert ("Auto-Submitted", "auto-generated") in message.headers


@pytest.mark.parametrize(
    "typed", ["Win at https://casino.example", "casino.example", "Ann <b>", "call 555 0100", "win " * 16]
)
async def test_words_that_are_no_name_do_not_travel_in_our_message(reader: Reader, typed: str) -> None:
    await reader.web.post("/subscribe/morning", data={"address": "ann@example.org", "name": typed})
    (message,) = reader.mailbox
    assert message.to_name == ""
    assert not any(word in message.text + message.html for word in ("asino", "<b>", "&lt;b&gt;", "0100", "win win"))
    assert "Hello," in message.text


async def test_the_log_knows_when_from_where_and_which_words(reader: Reader) -> None:
    form = {"address": "ann@example.org"}
    await reader.web.post("/subscribe/morning", data=form, headers={"Accept-Language": "de-AT"})
    await reader.web.post(reader.link, headers={"Accept-Language": "fr"})
    async with reader.database.read() as connection:
        person = await roster.story(connection, "ann@example.org")
    assert person is not None
    assert [(e.what, e.remote, e.source) for e in person.log] == [
        ("subscribed", "192.0.2.7", "page"),
        ("confirmed", "192.0.2.7", "page"),
    ]
    assert [entry.text_version for entry in person.log] == ["confirm-2026-12 de", "confirm-2026-12 fr"]


@pytest.mark.parametrize("standing", ["unknown", "pending", "active", "unsubscribed", "suppressed", "erased"])
async def test_the_answer_is_the_same_whoever_asks(reader: Reader, standing: str) -> None:
    async with reader.database.write() as connection:
        if standing in {"active", "unsubscribed"}:
            outcome = await roster.add(
                connection, address="ann@example.org", newsletter="morning", source="t", at=reader.clock()
            )
            if standing == "unsubscribed":
                await roster.unsubscribe(connection, outcome.subscriber_id or 0, None, reader.clock())
        elif standing == "pending":
            await roster.subscribe(connection, address="ann@example.org", newsletter="morning", at=reader.clock())
        elif standing == "suppressed":
            await roster.suppress(connection, "ann@example.org", SuppressionReason.BOUNCED, reader.clock())
        elif standing == "erased":
            await roster.erase(connection, "ann@example.org", reader.clock())
    other = await reader.web.post("/subscribe/morning", data={"address": "somebody@example.org"})
    answer = await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    assert (answer.status_code, answer.text, dict(answer.headers)) == (
        other.status_code,
        other.text,
        dict(other.headers),
    )
    asked = [message.to_address for message in reader.mailbox]
    assert ("ann@example.org" in asked) == (standing in {"unknown", "pending", "unsubscribed"})


@pytest.mark.parametrize("standing", ["pending", "active", "suppressed"])
async def test_the_answer_in_json_is_the_same_to_the_byte(reader: Reader, standing: str) -> None:
    async with reader.database.write() as connection:
        if standing == "suppressed":
            await roster.suppress(connection, "ann@example.org", SuppressionReason.COMPLAINED, reader.clock())
        elif standing == "active":
            await roster.add(connection, address="ann@example.org", newsletter="morning", source="t", at=reader.clock())
        else:
            await roster.subscribe(connection, address="ann@example.org", newsletter="morning", at=reader.clock())
    answers = [
        await reader.web.post("/subscribe/morning", json={"address": address})
        for address in ("somebody@example.org", "ann@example.org")
    ]
    assert len({(one.status_code, one.content, tuple(one.headers.items())) for one in answers}) == 1


async def test_asking_twice_sends_one_message_until_a_while_has_passed(reader: Reader) -> None:
    for _ in range(3):
        await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    assert len(reader.mailbox) == 1
    reader.clock.pass_by(timedelta(minutes=11))
    await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    assert len(reader.mailbox) == 2


async def test_a_message_that_could_not_leave_is_still_to_be_sent(reader: Reader) -> None:
    reader.is_mail_down = True
    answer = await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    assert answer.status_code == 200
    async with reader.database.read() as connection:
        assert [u.address for u in await roster.unasked(connection, "morning")] == ["ann@example.org"]
    reader.is_mail_down = False
    await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    assert len(reader.mailbox) == 1


async def test_what_fills_in_the_hidden_field_is_answered_and_forgotten(reader: Reader) -> None:
    trapped = await reader.web.post(
        "/subscribe/morning", data={"address": "bot@example.org", "website": "https://spam.example"}
    )
    honest = await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    assert trapped.text == honest.text
    assert [message.to_address for message in reader.mailbox] == ["ann@example.org"]
    assert await reader.states("bot@example.org") == {}


async def test_what_is_no_address_is_said_and_kept_in_the_form(reader: Reader) -> None:
    answer = await reader.web.post("/subscribe/morning", data={"address": '"><script>alert(1)</script>'})
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert 'aria-invalid="true"' in answer.text


async def test_json_from_another_site(reader: Reader) -> None:
    asked = await reader.web.options("/subscribe/morning", headers={"Origin": "https://blog.example"})
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    good = await reader.web.post("/subscribe/morning", json={"address": "ann@example.org", "name": "Ann"})
    assert (good.status_code, good.json()) == (202, {"status": "confirmation sent"})
    assert good.headers["access-control-allow-origin"] == "*"
    bad = await reader.web.post("/subscribe/morning", json={"address": "ann"})
    assert bad.status_code == 422
    assert "error" in bad.json()
    assert await reader.states() == {"morning": "pending"}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b"[" * 20000, b'{"address": 7}'])
async def test_json_that_is_none_is_refused(reader: Reader, body: bytes) -> None:
    answer = await reader.web.post("/subscribe/morning", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}


ODD = ["\\ud800", "\\udfffAnn", "\\u0000", "a\\u0000b", "\\u202e"]


@pytest.mark.parametrize("odd", ODD)
async def test_what_no_database_takes_is_taken_all_the_same(reader: Reader, odd: str) -> None:
    """JSON may hold NUL and half a surrogate pair; a reader's wish counts in spite of it."""
    kind = {"Content-Type": "application/json"}
    body = f'{{"address": "ann@example.org", "name": "{odd}", "cadence": "{odd}", "sections": ["{odd}"]}}'
    assert (await reader.web.post("/subscribe/morning", content=body, headers=kind)).status_code == 202
    assert await reader.states() == {"morning": "pending"}
    bad = f'{{"address": "{odd}@example.org{odd}"}}'
    assert (await reader.web.post("/subscribe/morning", content=bad, headers=kind)).status_code == 422
    await reader.web.post(reader.link)
    path = f"/preferences/{await reader.token('preferences')}"
    body = f'{{"do": "save", "name": "{odd}", "language": "{odd}", "newsletter": ["morning", "{odd}"]}}'
    assert (await reader.web.post(path, content=body, headers=kind)).status_code == 200
    assert await reader.states() == {"morning": "active"}
    body = f'{{"all": "{odd}", "List-Unsubscribe": "{odd}"}}'
    leaving = f"/unsubscribe/{await reader.token('unsubscribe')}"
    assert (await reader.web.post(leaving, content=body, headers=kind)).status_code == 200
    assert await reader.states() == {"morning": "unsubscribed"}


@pytest.mark.parametrize("odd", ["%00", "%ED%A0%80", "%FF"])
async def test_what_no_database_takes_in_a_form(reader: Reader, odd: str) -> None:
    body, kind = f"address=ann@example.org&name=x{odd}y", {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await reader.web.post("/subscribe/morning", content=body, headers=kind)).status_code == 200
    assert await reader.states() == {"morning": "pending"}
    bad = await reader.web.post("/subscribe/morning", content=f"address={odd}", headers=kind)
    assert bad.status_code == 422


async def test_one_client_cannot_ask_for_ever(reader: Reader) -> None:
    answers = [await reader.web.post("/subscribe/morning", data={"address": f"p{i}@example.org"}) for i in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {200}
    assert answers[30].status_code == 429
    assert int(answers[30].headers["retry-after"]) > 0
    reader.clock.pass_by(timedelta(minutes=10))
    assert (await reader.web.post("/subscribe/morning", data={"address": "z@example.org"})).status_code == 200


async def test_too_much_is_refused(reader: Reader) -> None:
    answer = await reader.web.post("/subscribe/morning", content=b"a" * 70_000)
    assert answer.status_code == 413


async def test_too_many_fields_are_refused(reader: Reader) -> None:
    answer = await reader.web.post(
        "/subscribe/morning", content=b"a=1&" * 500, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 400


async def test_a_newsletter_nobody_publishes_is_not_there(reader: Reader) -> None:
    assert (await reader.web.get("/subscribe/nothing")).status_code == 404
    assert (await reader.web.post("/subscribe/nothing", data={"address": "a@b.org"})).status_code == 404


async def test_a_confirmation_that_was_taken_back_confirms_nothing(reader: Reader) -> None:
    await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    await reader.web.post(f"/unsubscribe/{await reader.token('unsubscribe')}")
    answer = await reader.web.post(reader.link)
    assert answer.status_code == 410
    assert await reader.mailed() == []


async def test_confirming_twice_says_the_same(reader: Reader) -> None:
    await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    first, second = await reader.web.post(reader.link), await reader.web.post(reader.link)
    assert (first.status_code, first.text) == (second.status_code, second.text)


async def test_who_left_comes_back(reader: Reader) -> None:
    await reader.joins()
    await reader.web.post(f"/unsubscribe/{await reader.token('unsubscribe')}")
    await reader.web.post("/subscribe/morning", data={"address": "ann@example.org"})
    await reader.web.post(reader.link)
    assert await reader.mailed() == ["ann@example.org"]


# ------------------------------------------------------------------ leaving (RFC 8058)

ONE_CLICK = "List-Unsubscribe=One-Click"
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=----b"}
MULTIPART_BODY = '------b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n------b--\r\n'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (URLENCODED, ONE_CLICK),
        (MULTIPART, MULTIPART_BODY),
        (URLENCODED, ""),
        ({}, ONE_CLICK),
        (MULTIPART, "broken"),
        ({"Content-Type": "application/json"}, "{"),
    ],
    ids=["urlencoded", "multipart", "empty", "no type", "broken multipart", "broken json"],
)
async def test_one_post_leaves(reader: Reader, headers: dict[str, str], body: str) -> None:
    await reader.joins()
    path = f"/unsubscribe/{await reader.token('unsubscribe')}"
    first = await reader.web.post(path, content=body, headers=headers)
    assert (first.status_code, await reader.mailed()) == (200, [])
    assert "set-cookie" not in first.headers
    again = await reader.web.post(path, content=body, headers=headers)
    assert (again.status_code, again.text) == (200, first.text)


@pytest.mark.parametrize(("headers", "body"), [(URLENCODED, ONE_CLICK), (MULTIPART, MULTIPART_BODY)])
async def test_the_log_tells_one_click_from_the_page(reader: Reader, headers, body) -> None:
    await reader.joins()
    await reader.web.post(f"/unsubscribe/{await reader.token('unsubscribe')}", content=body, headers=headers)
    async with reader.database.read() as connection:
        person = await roster.story(connection, "ann@example.org")
    assert person is not None
    assert person.log[-1].source == "one-click"


async def test_the_page_leaves_by_its_button(reader: Reader) -> None:
    await reader.joins()
    await reader.joins(newsletter="evening")
    path = f"/unsubscribe/{await reader.token('unsubscribe')}"
    page = await reader.web.get(path)
    assert 'method="post"' in page.text
    assert await reader.states() == {"evening": "active", "morning": "active"}
    await reader.web.post(path, data={"List-Unsubscribe": "Page"})
    assert await reader.states() == {"evening": "active", "morning": "unsubscribed"}
    await reader.web.post(path, data={"all": "yes"})
    assert await reader.states() == {"evening": "unsubscribed", "morning": "unsubscribed"}


async def test_an_erased_reader_may_still_press_the_button(reader: Reader) -> None:
    await reader.joins()
    path = f"/unsubscribe/{await reader.token('unsubscribe')}"
    async with reader.database.write() as connection:
        await roster.erase(connection, "ann@example.org", reader.clock())
    assert (await reader.web.post(path)).status_code == 200


async def test_a_newsletter_no_longer_published_can_be_left(reader: Reader) -> None:
    await reader.joins(newsletter="gone")
    path = f"/unsubscribe/{await reader.token('unsubscribe', newsletter='gone')}"
    assert (await reader.web.get(path)).status_code == 200
    assert (await reader.web.post(path)).status_code == 200
    assert await reader.states() == {"gone": "unsubscribed"}


@pytest.mark.parametrize("purpose", ["confirm", "preferences", "view"])
async def test_a_token_serves_its_own_purpose_alone(reader: Reader, purpose: str) -> None:
    await reader.joins()
    assert (await reader.web.post(f"/unsubscribe/{await reader.token(purpose)}")).status_code == 404
    assert await reader.mailed() == ["ann@example.org"]


@pytest.mark.parametrize("page", ["confirm", "unsubscribe", "preferences", "view"])
@pytest.mark.parametrize("token", ["x", "a.b", "%00", "é", "Nzptb3JuaW5n.x", "." * 600])
async def test_a_forged_token_names_nobody(reader: Reader, page: str, token: str) -> None:
    assert (await reader.web.get(f"/{page}/{token}")).status_code == 404
    if page != "view":
        assert (await reader.web.post(f"/{page}/{token}")).status_code == 404


async def test_one_token_cannot_be_used_for_ever_in_a_minute(reader: Reader) -> None:
    await reader.joins()
    path = f"/unsubscribe/{await reader.token('unsubscribe')}"
    answers = [(await reader.web.post(path)).status_code for _ in range(61)]
    assert (answers[:60], answers[60]) == ([200] * 60, 429)


# ------------------------------------------------------------------ preferences


async def test_choices_are_shown_and_kept(reader: Reader) -> None:
    await reader.joins()
    path = f"/preferences/{await reader.token('preferences')}"
    page = await reader.web.get(path)
    assert page.status_code == 200
    assert "ann@example.org" in page.text
    answer = await reader.web.post(
        path,
        data={"do": "save", "name": "Ann\r\nLee", "newsletter": ["morning", "evening"], "sections.morning": "World"},
    )
    assert answer.status_code == 200
    assert await reader.states() == {"evening": "active", "morning": "active"}
    async with reader.database.read() as connection:
        person = await roster.story(connection, "ann@example.org")
    assert person is not None
    assert person.subscriber.name == "Ann Lee"
    assert {s.newsletter: s.sections for s in person.subscriptions} == {"evening": None, "morning": ("World",)}


async def test_sections_nobody_offers_are_ignored(reader: Reader) -> None:
    await reader.joins()
    path = f"/preferences/{await reader.token('preferences')}"
    await reader.web.post(
        path, data={"do": "save", "newsletter": "morning", "sections.morning": ["World", "x", "Arts"]}
    )
    async with reader.database.read() as connection:
        person = await roster.story(connection, "ann@example.org")
    assert person is not None
    assert person.subscriptions[0].sections is None


async def test_unticking_leaves(reader: Reader) -> None:
    await reader.joins()
    await reader.joins(newsletter="evening")
    path = f"/preferences/{await reader.token('preferences')}"
    await reader.web.post(path, data={"do": "save", "newsletter": "evening"})
    assert await reader.states() == {"evening": "active", "morning": "unsubscribed"}
    await reader.web.post(path, data={"do": "leave"})
    assert await reader.states() == {"evening": "unsubscribed", "morning": "unsubscribed"}


async def test_a_form_that_says_nothing_changes_nothing(reader: Reader) -> None:
    await reader.joins()
    path = f"/preferences/{await reader.token('preferences')}"
    for fields in ({}, {"do": "erase"}, {"do": "other"}):
        assert (await reader.web.post(path, data=fields)).status_code == 200
    assert await reader.states() == {"morning": "active"}


async def test_a_reader_erases_themselves(reader: Reader) -> None:
    await reader.joins()
    path = f"/preferences/{await reader.token('preferences')}"
    answer = await reader.web.post(path, data={"do": "erase", "sure": "yes"})
    assert answer.status_code == 200
    assert await reader.states() == {}
    assert (await reader.web.get(path)).status_code == 404
    async with reader.database.read() as connection:
        assert await roster.is_suppressed(connection, "ann@example.org")


async def test_a_suppressed_reader_cannot_tick_themselves_back(reader: Reader) -> None:
    await reader.joins()
    path = f"/preferences/{await reader.token('preferences')}"
    async with reader.database.write() as connection:
        await roster.suppress(connection, "ann@example.org", SuppressionReason.COMPLAINED, reader.clock())
    await reader.web.post(path, data={"do": "save", "newsletter": "morning"})
    assert await reader.mailed() == []


# ------------------------------------------------------------------ all pages


async def test_no_get_changes_anything(reader: Reader) -> None:
    """Scanners follow every link in a message."""
    await reader.joins()
    async with reader.database.write() as connection:
        await roster.subscribe(connection, address="bob@example.org", newsletter="morning", at=reader.clock())
    paths = [
        "/subscribe/morning?address=x@example.org",
        f"/confirm/{await reader.token('confirm', 'bob@example.org')}",
        f"/unsubscribe/{await reader.token('unsubscribe')}?List-Unsubscribe=One-Click",
        f"/preferences/{await reader.token('preferences')}?do=erase&sure=yes",
        f"/view/{await reader.token('view', newsletter='morning/1')}",
        "/archive/morning",
        "/archive/morning/1",
        "/archive/morning/feed.xml",
        "/healthz",
        "/readyz",
    ]
    before = await everything(reader.database)
    for path in paths:
        for method in ("GET", "HEAD"):
            assert (await reader.web.request(method, path)).status_code in {200, 404}
    assert await everything(reader.database) == before
    assert reader.mailbox == []


async def everything(database: Database) -> dict[str, list[object]]:
    from digest.store import tables
    from subscribers import tables as people

    async with database.read() as connection:
        return {
            name: [tuple(row) for row in await connection.execute(table.select())]
            for metadata in (people.metadata, tables.metadata)
            for name, table in metadata.tables.items()
        }


async def test_private_pages_are_kept_by_nobody(reader: Reader) -> None:
    await reader.joins()
    for purpose in ("confirm", "unsubscribe", "preferences"):
        answer = await reader.web.get(f"/{purpose}/{await reader.token(purpose)}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "noindex" in answer.headers["x-robots-tag"]
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/preview", "/mailbox", "/subscribe", "/archive", "/metrics", "/subscribe/a/b"])
async def test_nothing_else_is_served(reader: Reader, path: str) -> None:
    answer = await reader.web.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"]


async def test_a_method_that_is_not_for_a_page(reader: Reader) -> None:
    assert (await reader.web.put("/subscribe/morning")).status_code == 405
    assert (await reader.web.post("/archive/morning")).status_code == 405


async def test_a_title_with_markup_stays_text(reader: Reader) -> None:
    page = await reader.web.get("/subscribe/morning")
    assert "Morning &lt;digest&gt; &amp; {more}" in page.text


async def test_below_the_path_of_the_public_address(database: Database, now: datetime) -> None:
    text = config().digest.public_url
    settings = config()
    below = settings.model_copy(update={"digest": settings.digest.model_copy(update={"public_url": f"{text}/news/"})})
    async with reading(database, now, below) as reader:
        assert (await reader.web.get("/news/subscribe/morning")).status_code == 200
        assert (await reader.web.get("/subscribe/morning")).status_code == 200
        await reader.web.post("/news/subscribe/morning", data={"address": "ann@example.org"})
        assert "https://news.example.org/news/confirm/" in reader.mailbox[0].text
        assert (await reader.web.post(f"/news{reader.link}")).status_code == 200


async def test_alive_and_ready(reader: Reader) -> None:
    assert (await reader.web.get("/healthz")).status_code == 200
    assert (await reader.web.get("/readyz")).status_code == 200
    assert (await reader.web.head("/healthz")).status_code == 200


# ------------------------------------------------------------------ in another program


async def test_the_pages_stand_by_themselves_in_any_server(tmp_path) -> None:
    async with MailServer(tmp_path / "log") as server:
        mail = f'[mail]\nprovider = "resend"\nbase_url = "{server.url}"\napi_key = "k"\nwebhook_secret = "{SECRET}"'
        text = CONFIG.replace("[mail]", mail)
        app = public.app(config(text, tmp_path))
        transport = httpx.ASGITransport(app=app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as web:
            assert (await web.get("/readyz")).status_code == 200
            await web.post("/subscribe/morning", data={"address": "ann@example.org"})
            assert [taken.to for taken in server.taken()] == ["ann@example.org"]
            assert (await web.post("/events/resend", content=b"{}")).status_code == 403
            for owners in ("/preview", "/mailbox", "/metrics", "/status"):
                assert (await web.get(owners)).status_code == 404
