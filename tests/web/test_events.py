"""/events/PROVIDER: what is verified is stored, brought to its delivery, and bars the address; the rest is refused."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest
from conftest import NOW
from sqlalchemy import event as hooks
from sqlalchemy import func, select
from web import signing
from web.reader import config

from digest.model import DeliveryState, Event, EventKind, IssueState
from digest.store import Database, batches, claims, tables
from digest.store import events as store
from digest.web import events, public
from digest.web.hooks import Report
from subscribers import roster

pytestmark = pytest.mark.anyio

PAYLOAD = {
    "type": "email.bounced",
    "data": {"email_id": "e-1", "to": ["ann@example.org"], "bounce": {"type": "Permanent", "message": "550"}},
}


def mailing(provider: str, secret: str) -> Any:
    text = f"""
[mail]
provider = "{provider}"
sender = "digest@example.org"
webhook_secret = "{secret}"
[newsletters.morning]
title = "Morning"
"""
    return config(text)


@asynccontextmanager
async def endpoint(
    database: Database, now: datetime, provider: str, secret: str, fetch: Any = None
) -> AsyncIterator[httpx.AsyncClient]:
    async def nothing(message: object) -> None:
        raise AssertionError(message)

    settings = mailing(provider, secret)
    more = {"fetch": fetch} if fetch else {}
    routes = events.routes(settings, database, now=lambda: now, **more)
    app = public.app(settings, database, now=lambda: now, confirm=nothing, routes=routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://news.example.org") as web:
        yield web


async def post(web: httpx.AsyncClient, report: Report, path: str = "/events/resend") -> int:
    return (await web.post(path, content=report.body, headers=dict(report.headers))).status_code


async def joined(database: Database, now: datetime, address: str = "ann@example.org") -> int:
    async with database.write() as connection:
        outcome = await roster.add(connection, address=address, newsletter="morning", source="test", at=now)
    return outcome.subscriber_id or 0


async def sent(
    database: Database, now: datetime, people: dict[int, str], number: str | None, *, slot: str = "2026-11-23T07:30"
) -> int:
    """An issue under way to these, its messages accepted as `number` (None: not known yet)."""
    async with database.write() as connection:
        made = tables.issue.insert().values(
            newsletter="morning", number=int(slot[8:10]), slot=slot, due_at=now, state=IssueState.SENDING
        )
        issue_id = (await connection.execute(made.returning(tables.issue.c.id))).scalar_one()
        columns = {column.name for column in tables.delivery.columns}
        for subscriber_id, address in people.items():
            values: dict[str, Any] = {
                "issue_id": issue_id,
                "subscriber_id": subscriber_id,
                "batch_id": 1,
                "batch": 1,
                "address": address,
                "state": DeliveryState.ACCEPTED if number else DeliveryState.SENDING,
                "provider_id": number,
            }
            kept = {name: value for name, value in values.items() if name in columns}
            await connection.execute(tables.delivery.insert().values(**kept))
    return int(issue_id)


async def reports(database: Database) -> dict[int, str | None]:
    async with database.read() as connection:
        rows = await connection.execute(select(tables.delivery.c.subscriber_id, tables.delivery.c.event))
        return {row.subscriber_id: row.event for row in rows}


async def barred(database: Database, address: str = "ann@example.org") -> str | None:
    async with database.read() as connection:
        person = await roster.story(connection, address)
    return person.suppression.reason.value if person and person.suppression else None


async def kept(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(tables.event))).scalar_one())


# ------------------------------------------------------------------ over HTTP


async def test_a_hard_bounce_bars_the_address_at_once(database: Database, now: datetime) -> None:
    ann = await joined(database, now)
    await sent(database, now, {ann: "ann@example.org"}, "e-1")
    async with endpoint(database, now, "resend", signing.SVIX) as web:
        assert await post(web, signing.resend(PAYLOAD, now)) == 200
    assert await barred(database) == "bounced"
    assert await reports(database) == {ann: "bounced"}
    async with database.read() as connection:
        assert (await connection.execute(roster.wanted("morning"))).all() == []


async def test_a_repeated_report_is_stored_once(database: Database, now: datetime) -> None:
    async with endpoint(database, now, "resend", signing.SVIX) as web:
        for _ in range(3):
            assert await post(web, signing.resend(PAYLOAD, now)) == 200
    assert await kept(database) == 1


async def test_a_forged_report_changes_nothing(database: Database, now: datetime) -> None:
    await joined(database, now)
    report = signing.resend(PAYLOAD, now, secret="whsec_b3RoZXI=")
    async with endpoint(database, now, "resend", signing.SVIX) as web:
        assert await post(web, report) == 403
        assert (await web.post("/events/resend", json=PAYLOAD)).status_code == 403
    assert (await kept(database), await barred(database)) == (0, None)


FORGED = {
    "resend": (signing.resend(PAYLOAD, NOW, secret="whsec_b3RoZXI="), signing.SVIX),
    "ses": (replace(SIGNED := signing.ses({}, NOW), body=SIGNED.body.replace(b"m-1", b"m-2")), signing.TOPIC),
    "mailgun": (signing.mailgun({"event": "complained", "recipient": "ann@example.org"}, NOW), "another"),
    "sendgrid": (Report(headers={}, body=b'[{"event": "spamreport", "email": "ann@example.org"}]'), signing.sendgrid_key()),
    "postmark": (Report(headers={}, body=b'{"RecordType": "SpamComplaint", "Email": "ann@example.org"}'), "word"),
    "brevo": (Report(headers={}, body=b'{"event": "spam", "email": "ann@example.org"}'), "word"),
    "mailtrap": (Report(headers={"mailtrap-signature": "00"}, body=b'{"event": "spam", "email": "ann@example.org"}'), "word"),
    "kumomta": (Report(headers={}, body=b'{"type": "Bounce", "recipient": "ann@example.org"}'), "word"),
}  # fmt: skip


@pytest.mark.parametrize("provider", sorted(FORGED))
async def test_nothing_forged_is_stored_whoever_it_claims_to_be_from(
    database: Database, now: datetime, provider
) -> None:
    async def fetch(url: str) -> bytes:
        return signing.certificate(now)

    await joined(database, now)
    report, secret = FORGED[provider]
    async with endpoint(database, now, provider, secret, fetch) as web:
        assert await post(web, report, f"/events/{provider}") == 403
    assert (await kept(database), await barred(database)) == (0, None)


@pytest.mark.parametrize(
    "odd",
    [
        {"BouncedAt": "0001-01-01T00:00:00+23:59"},
        {"BouncedAt": "9999-12-31T23:59:59-23:59"},
        {"Email": "\ud800ann@example.org"},
        {"Details": "\udfff\0"},
        {"MessageID": "\ud800"},
        {"ID": 10**300},
        {"Type": "OfTheFuture"},
        {"RecordType": "OfTheFuture"},
    ],
)
async def test_odd_values_of_a_provider_are_stored_all_the_same(database: Database, now: datetime, odd: object) -> None:
    body = json.dumps({"RecordType": "Bounce", "Type": "SoftBounce", "Email": "ann@example.org", **odd})  # type: ignore[dict-item]
    async with endpoint(database, now, "postmark", "word") as web:
        assert (await web.post("/events/postmark/word", content=body)).status_code == 200
    assert await kept(database) == 1


async def test_what_is_not_stored_is_not_answered_with_2xx(database: Database, now: datetime) -> None:
    """The disk is full: the provider is to tell it again."""

    class Full:
        @asynccontextmanager
        async def write(self) -> AsyncIterator[Any]:
            async with database.write() as connection:
                yield connection
                raise OSError("no space left")  # as the commit would

    settings, full = mailing("postmark", "word"), Full()
    routes = events.routes(settings, full, now=lambda: now)  # type: ignore[arg-type]
    app = public.app(settings, database, now=lambda: now, routes=routes)
    quiet = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=quiet, base_url="https://news.example.org") as web:
        assert (await web.post("/events/postmark/word", json=POSTMARK)).status_code == 500
    assert await kept(database) == 0


async def test_a_replay_of_a_report_that_was_let_go_of_is_refused(database: Database, now: datetime) -> None:
    """Retention forgets its number; the time in what Amazon signed does not."""
    from digest.store import retention

    async def fetch(url: str) -> bytes:
        return signing.certificate(now)

    clock = [now]
    told = {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "ann@example.org"}]}}
    settings = mailing("ses", signing.TOPIC)
    routes = events.routes(settings, database, now=lambda: clock[0], fetch=fetch)
    app = public.app(settings, database, now=lambda: clock[0], routes=routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://news.example.org") as web:
        assert await post(web, signing.ses(told, now), "/events/ses") == 200
        async with database.write() as connection:
            assert await retention.drop_events(connection, before=now + timedelta(days=1)) == 1
            await roster.lift(connection, "ann@example.org", now)
        clock[0] = now + timedelta(days=32)
        assert await post(web, signing.ses(told, now), "/events/ses") == 403
    assert (await kept(database), await barred(database)) == (0, None)


async def test_a_signed_report_that_is_no_json_is_400(database: Database, now: datetime) -> None:
    async with endpoint(database, now, "postmark", "s3cret") as web:
        assert (await web.post("/events/postmark/s3cret", content=b"{")).status_code == 400


async def test_too_much_is_413(database: Database, now: datetime) -> None:
    async with endpoint(database, now, "postmark", "s3cret") as web:
        assert (await web.post("/events/postmark/s3cret", content=b" " * (4 << 20 | 1))).status_code == 413


async def test_head_and_get_answer_and_do_nothing(database: Database, now: datetime) -> None:
    async with endpoint(database, now, "resend", signing.SVIX) as web:
        assert (await web.head("/events/resend")).status_code == 200
        assert (await web.get("/events/resend")).status_code == 200
    assert await kept(database) == 0


@pytest.mark.parametrize("provider", ["mailbox", "file"])
async def test_a_provider_that_reports_nothing_has_no_endpoint(database: Database, now: datetime, provider) -> None:
    async with endpoint(database, now, provider, "secret") as web:
        assert (await web.post(f"/events/{provider}")).status_code == 404


async def test_no_secret_no_endpoint(database: Database, now: datetime) -> None:
    async with endpoint(database, now, "resend", "") as web:
        assert (await web.post("/events/resend")).status_code == 404


async def test_another_providers_endpoint_is_not_there(database: Database, now: datetime) -> None:
    async with endpoint(database, now, "resend", signing.SVIX) as web:
        assert (await web.post("/events/postmark")).status_code == 404


POSTMARK = {"RecordType": "SpamComplaint", "ID": 1, "MessageID": "p-1", "Email": "ann@example.org"}


@pytest.mark.parametrize("way", ["path", "query", "basic"])
async def test_the_secret_of_who_does_not_sign(database: Database, now: datetime, way: str) -> None:
    await joined(database, now)
    basic = {"Authorization": "Basic " + base64.b64encode(b"any:s3cret").decode()}
    path = {"path": "/events/postmark/s3cret", "query": "/events/postmark?secret=s3cret"}.get(way, "/events/postmark")
    async with endpoint(database, now, "postmark", "s3cret") as web:
        answer = await web.post(path, json=POSTMARK, headers=basic if way == "basic" else {})
    assert (answer.status_code, await barred(database)) == (200, "complained")


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic !!", "Basic //8=", "Bearer s3cret", "Basic czNjcmV0"])
async def test_a_wrong_secret_is_refused(database: Database, now: datetime, authorization: str) -> None:
    async with endpoint(database, now, "postmark", "s3cret") as web:
        answer = await web.post("/events/postmark", json=POSTMARK, headers={"Authorization": authorization})
    assert answer.status_code == 403


async def test_amazon_certificates_are_fetched_once_and_subscriptions_confirmed(database: Database, now) -> None:
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return signing.certificate(now)

    url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription"
    consent = signing.ses({}, now, Type="SubscriptionConfirmation", SubscribeURL=url, Token="t")
    told = {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "ann@example.org"}]}}
    async with endpoint(database, now, "ses", signing.TOPIC, fetch) as web:
        assert await post(web, consent, "/events/ses") == 200
        assert await post(web, signing.ses(told, now), "/events/ses") == 200
    assert asked == [signing.CERTIFICATE_URL, url]
    assert await barred(database) == "complained"


async def test_amazon_is_asked_nothing_for_a_forged_message(database: Database, now: datetime) -> None:
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return signing.certificate(now)

    evil = signing.ses({}, now, SigningCertURL="https://evil.example/x.pem")
    other = signing.ses({}, now, TopicArn="arn:other", Type="SubscriptionConfirmation", SubscribeURL="x", Token="t")
    async with endpoint(database, now, "ses", signing.TOPIC, fetch) as web:
        assert await post(web, evil, "/events/ses") == 403
        assert await post(web, other, "/events/ses") == 403
    assert asked == []


async def test_amazon_tells_again_when_its_certificate_cannot_be_had(database: Database, now: datetime) -> None:
    async def fetch(url: str) -> bytes:
        raise httpx.ConnectError(url)

    async with endpoint(database, now, "ses", signing.TOPIC, fetch) as web:
        assert await post(web, signing.ses({}, now), "/events/ses") == 503


@pytest.mark.parametrize(("said", "answered"), [(404, 403), (403, 403), (503, 503)])
async def test_a_certificate_amazon_does_not_have_is_made_up(database: Database, now, said: int, answered: int) -> None:
    async def fetch(url: str) -> bytes:
        asked = httpx.Request("GET", url)
        raise httpx.HTTPStatusError("no", request=asked, response=httpx.Response(said, request=asked))

    async with endpoint(database, now, "ses", signing.TOPIC, fetch) as web:
        assert await post(web, signing.ses({}, now), "/events/ses") == answered
    assert await kept(database) == 0


async def test_a_strangers_provider_brings_its_own_reading(database: Database, now: datetime) -> None:
    def hook(report: Report, secret: str, at: datetime) -> tuple[Event, ...]:
        told = json.loads(report.body)
        return (Event(provider="plug", id=told["id"], kind=EventKind.COMPLAINED, address=told["to"], at=at),)

    settings = mailing("plug", "s")
    routes = events.routes(settings, database, now=lambda: now, hook=hook)
    app = public.app(settings, database, now=lambda: now, confirm=hook, routes=routes)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://x.org") as web:
        assert (await web.post("/events/plug", json={"id": "1", "to": "ann@example.org"})).status_code == 200
    assert await barred(database) == "complained"


# ------------------------------------------------------------------ what follows


def event(kind: EventKind, now: datetime, **more: Any) -> Event:
    given = {"id": f"{kind}-{now}", "address": "ann@example.org", "provider_id": "e-1"}
    return Event(provider="resend", kind=kind, at=now, **{**given, **more})


async def record(database: Database, now: datetime, *told: Event) -> int:
    async with database.write() as connection:
        return await store.record(connection, told, now)


GRAVE = [EventKind.DEFERRED, EventKind.DELIVERED, EventKind.COMPLAINED]


@pytest.mark.parametrize("order", list(permutations(GRAVE)))
async def test_the_order_of_telling_is_of_no_matter(database: Database, now: datetime, order) -> None:
    ann = await joined(database, now)
    await sent(database, now, {ann: "ann@example.org"}, "e-1")
    for kind in order:
        await record(database, now, event(kind, now))
    assert await reports(database) == {ann: "complained"}


async def test_one_number_for_a_whole_batch_is_told_apart_by_address(database: Database, now: datetime) -> None:
    ann, bob = await joined(database, now), await joined(database, now, "Bob@Example.org")
    await sent(database, now, {ann: "ann@example.org", bob: "Bob@Example.org"}, "e-1")
    await record(database, now, event(EventKind.DELIVERED, now, address="bob@EXAMPLE.org"))
    assert await reports(database) == {ann: None, bob: "delivered"}


async def test_a_report_before_its_number_is_stored_finds_its_delivery(database: Database, now: datetime) -> None:
    ann, bob = await joined(database, now), await joined(database, now, "bob@example.org")
    await sent(database, now, {ann: "ann@example.org", bob: "bob@example.org"}, None)
    await record(database, now, event(EventKind.DELIVERED, now))
    assert await reports(database) == {ann: "delivered", bob: None}


@pytest.mark.parametrize("has_left", [True, False])
async def test_a_report_before_its_number_finds_what_is_being_sent(
    database: Database, now: datetime, has_left: bool
) -> None:
    """That a message is under way stands at its batch alone."""
    ann = await joined(database, now)
    issue_id = await sent(database, now, {}, None)
    async with database.write() as connection:
        await batches.plan(connection, issue_id=issue_id, newsletter="morning", size=9)
        if has_left:
            lease = timedelta(minutes=5)
            given = {"issue_id": issue_id, "newsletter": "morning", "owner": "one", "now": now, "lease": lease}
            assert await connection.run_sync(claims.claim, **given)
    await record(database, now, event(EventKind.DELIVERED, now))
    assert await reports(database) == {ann: "delivered" if has_left else None}


async def test_a_report_of_no_delivery_of_ours_still_bars(database: Database, now: datetime) -> None:
    await joined(database, now)
    assert await record(database, now, event(EventKind.COMPLAINED, now, provider_id="other")) == 1
    assert await barred(database) == "complained"


async def test_what_is_of_no_matter_marks_nothing(database: Database, now: datetime) -> None:
    ann = await joined(database, now)
    await sent(database, now, {ann: "ann@example.org"}, "e-1")
    await record(database, now, event(EventKind.OTHER, now))
    assert await reports(database) == {ann: None}


async def test_leaving_at_the_provider_bars(database: Database, now: datetime) -> None:
    await joined(database, now)
    await record(database, now, event(EventKind.UNSUBSCRIBED, now))
    assert await barred(database) == "unsubscribed"


async def test_soft_bounces_in_a_row_bar_in_the_end(database: Database, now: datetime) -> None:
    await joined(database, now)
    for day in range(store.SOFT_BOUNCES):
        assert await barred(database) is None
        await record(database, now, event(EventKind.BOUNCED, now + timedelta(days=day)))
    assert await barred(database) == "bounced"


async def test_refusals_for_the_senders_sake_bar_nobody(database: Database, now: datetime) -> None:
    ann = await joined(database, now)
    await sent(database, now, {ann: "ann@example.org"}, "e-1")
    for day in range(2 * store.SOFT_BOUNCES):
        await record(database, now, event(EventKind.REFUSED, now + timedelta(days=day)))
    assert await barred(database) is None
    assert await reports(database) == {ann: "refused"}
    for day in range(store.SOFT_BOUNCES - 1):  # nor do they lend a hand
        await record(database, now, event(EventKind.BOUNCED, now + timedelta(days=day)))
    assert await barred(database) is None


async def test_a_delivery_between_them_starts_anew(database: Database, now: datetime) -> None:
    for day in range(store.SOFT_BOUNCES - 1):
        await record(database, now, event(EventKind.BOUNCED, now + timedelta(days=day)))
    await record(database, now, event(EventKind.DELIVERED, now + timedelta(days=5)))
    for day in range(6, 6 + store.SOFT_BOUNCES - 1):
        await record(database, now, event(EventKind.BOUNCED, now + timedelta(days=day)))
    assert await barred(database) is None


async def test_old_soft_bounces_are_forgotten(database: Database, now: datetime) -> None:
    for week in range(2 * store.SOFT_BOUNCES):
        await record(database, now, event(EventKind.BOUNCED, now + timedelta(days=10 * week)))
    assert await barred(database) is None


async def test_the_tally_of_an_issue(database: Database, now: datetime) -> None:
    people = {await joined(database, now, f"p{i}@example.org"): f"p{i}@example.org" for i in range(3)}
    issue_id = await sent(database, now, people, "e-1")
    await record(database, now, event(EventKind.DELIVERED, now, id="1", address="p0@example.org"))
    await record(database, now, event(EventKind.DELIVERED, now, id="2", address="p1@example.org"))
    await record(database, now, event(EventKind.COMPLAINED, now, id="3", address="p2@example.org"))
    async with database.read() as connection:
        assert await store.tally(connection, issue_id) == {EventKind.DELIVERED: 2, EventKind.COMPLAINED: 1}


@pytest.mark.parametrize("is_number_known", [True, False])
async def test_forgetting_takes_the_address_out_of_what_is_over(
    database: Database, now: datetime, is_number_known: bool
) -> None:
    ann, bob = await joined(database, now), await joined(database, now, "bob@example.org")
    await sent(database, now, {ann: "ann@example.org", bob: "bob@example.org"}, "e-1")
    await record(database, now, event(EventKind.DELIVERED, now, detail="for ann@example.org"))
    async with database.write() as connection:
        number = await roster.erase(connection, "ann@example.org", now)
        await store.forget(connection, "ann@example.org", number if is_number_known else None)
        rows = [tuple(row) for row in await connection.execute(tables.delivery.select())]
        told = [tuple(row) for row in await connection.execute(tables.event.select())]
    assert "ann@" not in str(rows) + str(told)
    assert "bob@example.org" in str(rows)


async def test_forgetting_a_reader_looks_up_their_deliveries_by_key(database: Database, kind: str) -> None:
    if kind != "sqlite":
        pytest.skip("PostgreSQL reads a table of this size whole, whatever there is")
    asked: list[tuple[str, Any]] = []

    def keep(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    async with database.write() as connection:
        hooks.listen(connection.sync_connection, "before_cursor_execute", keep)
        await store.forget(connection, "ann@example.org", 7)
        statement, parameters = asked[-1]
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        assert "USING PRIMARY KEY (issue_id=? AND subscriber_id=?)" in str(plan.all())


async def test_forgetting_leaves_a_message_under_way_as_it_is(database: Database, now: datetime) -> None:
    ann = await joined(database, now)
    await sent(database, now, {ann: "ann@example.org"}, None)
    async with database.write() as connection:
        await roster.erase(connection, "ann@example.org", now)
        await store.forget(connection, "ann@example.org")
        assert "ann@" in str([tuple(row) for row in await connection.execute(tables.delivery.select())])
        await connection.execute(tables.delivery.update().values(state=DeliveryState.ACCEPTED))
        await store.forget(connection, "ann@example.org")
        assert "ann@" not in str([tuple(row) for row in await connection.execute(tables.delivery.select())])


async def test_a_report_told_again_does_nothing_again(database: Database, now: datetime) -> None:
    await joined(database, now)
    told = event(EventKind.COMPLAINED, now)
    assert await record(database, now, told, told) == 1
    async with database.write() as connection:
        await roster.lift(connection, "ann@example.org", now)
    assert await record(database, now, told) == 0
    assert await barred(database) is None
