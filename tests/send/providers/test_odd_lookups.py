"""A look-up, or a question about the account, that is answered with anything: it ends, raises nothing, invents nothing."""

import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from send.providers.test_odd_answers import ACCOUNT, BATCH, ODD, changed, made_batch, places

from digest.model import Batch
from digest.send.providers.base import Accepted, Codec, Found, Standing, Unknown
from digest.send.providers.brevo import Brevo
from digest.send.providers.mailgun import Mailgun
from digest.send.providers.mailpit import Mailpit
from digest.send.providers.postmark import Postmark
from digest.send.providers.resend import Resend
from digest.send.providers.sendgrid import SendGrid
from digest.send.providers.ses import Ses
from digest.testing.contract import ENVELOPE

FIRST, SECOND, THIRD = (person.address for person in BATCH.recipients)
NEXT = "https://elsewhere.example/v3/example.org/events/PAGE?x=1"


def event(address: str, **more: object) -> dict[str, object]:
    headers = {"message-id": f"id-{address}"}
    return {
        "recipient": address,
        "user-variables": {"digest-batch": BATCH.key},
        "message": {"headers": headers},
        **more,
    }


PAGES: dict[type[Codec], list[object]] = {
    Brevo: [{"events": [{"email": FIRST.upper(), "messageId": "<1>"}, {"email": THIRD, "messageId": "<3>"}]}],
    Mailgun: [{"items": [event(FIRST), event(THIRD)], "paging": {"next": NEXT}}, {"items": []}],
    Mailpit: [{"messages": [{"ID": "1"}]}],
    Postmark: [{"Messages": [{"MessageID": "1", "Recipients": [FIRST]}, {"MessageID": "3", "Recipients": [THIRD]}]}],
}
each = pytest.mark.parametrize("made", list(PAGES), ids=lambda made: made.__name__.lower())


def asked(made: type[Codec], pages: list[object], batch: Batch = BATCH) -> tuple[Found, list[httpx.Request]]:
    """What an inquiry says to these pages (the last of them for ever), and what it asked."""
    inquiry, requests = made(ACCOUNT).inquire(batch, ENVELOPE.date), []
    try:
        requests.append(next(inquiry))
        while True:
            page = pages[min(len(requests), len(pages)) - 1]
            requests.append(inquiry.send(httpx.Response(200, json=page)))
    except StopIteration as end:
        return end.value, requests


@each
def test_who_is_shown_was_taken_and_who_is_not_is_none(made: type[Codec]) -> None:
    found, requests = asked(made, PAGES[made], made_batch(made))
    if made is Mailpit:
        assert found == (Accepted(provider_id="1"),)
        assert asked(made, [{"messages": []}], made_batch(made))[0] == (None,)
    else:
        assert [type(one) for one in found] == [Accepted, type(None), Accepted]
    assert all(request.method == "GET" and request.url.host == "api.example.org" for request in requests)


@each
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_anything_odd_ends_in_an_answer_for_each(made: type[Codec], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(PAGES[made]) - 1))
    pages = list(PAGES[made])
    path = data.draw(st.sampled_from(list(places(pages[number]))))
    pages[number] = changed(pages[number], path, data.draw(ODD))
    found, requests = asked(made, pages, made_batch(made))
    assert len(found) == len(made_batch(made).recipients)
    assert all(one is None or isinstance(one, Accepted | Unknown) for one in found)
    assert all(
        one.provider_id is None or isinstance(one.provider_id, str) for one in found if isinstance(one, Accepted)
    )
    assert all(request.url.host == "api.example.org" for request in requests)


@pytest.mark.parametrize("named", ["", "x", "@evil.example/x", ".evil.example", None, 7, ["/x"], "evil.example:80/"])
def test_the_key_follows_no_page_to_another_host(named: object) -> None:
    found, requests = asked(Mailgun, [{"items": [event(FIRST)], "paging": {"next": named}}, {"items": []}])
    assert [type(one) for one in found] == [Unknown] * 3
    assert len(requests) == 1


def test_of_the_next_page_the_path_alone_is_followed() -> None:
    _, (_, second) = asked(Mailgun, PAGES[Mailgun])
    assert str(second.url) == "https://api.example.org/v3/example.org/events/PAGE?x=1"
    assert second.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("odd", [7, None, "x", []])
def test_an_event_that_is_none_proves_no_absence(odd: object) -> None:
    found, _ = asked(Mailgun, [{"items": [event(FIRST), odd], "paging": {"next": NEXT}}, {"items": []}])
    assert [type(one) for one in found] == [Unknown] * 3  # None would send it again


def test_anothers_batch_is_not_ours() -> None:
    others = event(FIRST, **{"user-variables": {"digest-batch": "another"}})
    assert asked(Mailgun, [{"items": [others], "paging": {"next": NEXT}}, {"items": []}])[0] == (None, None, None)


def test_pages_without_end_end() -> None:
    found, requests = asked(Mailgun, [{"items": [event(FIRST)], "paging": {"next": NEXT}}])
    assert [type(one) for one in found] == [Unknown] * 3
    assert len(requests) < 500


# ------------------------------------------------------------------ the account

STANDINGS: dict[type[Codec], object] = {
    Brevo: {"plan": [{"creditsType": "sendLimit", "credits": 300}]},
    Mailgun: {"domain": {"state": "active"}},
    Postmark: {"Name": "x"},
    Resend: {"data": [{"name": "example.org", "status": "verified"}]},
    SendGrid: {"scopes": ["mail.send"]},
    Ses: {"SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 50.0, "MaxSendRate": 14}, "SendingEnabled": True},
}
accounts = pytest.mark.parametrize("made", list(STANDINGS), ids=lambda made: made.__name__.lower())


@accounts
def test_a_good_account_is_good(made: type[Codec]) -> None:
    found = made(ACCOUNT).standing(httpx.Response(200, json=STANDINGS[made]))
    assert found.is_good
    assert found.left == {Brevo: 300, Ses: 150}.get(made)


@accounts
@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from([200, 401, 500]))
def test_any_answer_about_an_account_is_read(made: type[Codec], data: st.DataObject, status: int) -> None:
    path = data.draw(st.sampled_from(list(places(STANDINGS[made]))))
    answer = httpx.Response(status, json=changed(STANDINGS[made], path, data.draw(ODD)))
    found = made(ACCOUNT).standing(answer)
    assert isinstance(found, Standing)
    assert found.left is None or isinstance(found.left, int)
    assert found.said or json.loads(answer.content) is not None
    if status != 200 and made is not Resend:
        assert not found.is_good


@pytest.mark.parametrize(
    ("quota", "left"),
    [
        ({"Max24HourSend": -1, "SentLast24Hours": 5}, None),
        ({"Max24HourSend": 10, "SentLast24Hours": 15}, 0),
        ({"Max24HourSend": "10", "SentLast24Hours": 5}, None),
        ({"Max24HourSend": 10}, None),
        ({}, None),
    ],
)
def test_what_amazon_takes_yet_is_known_where_it_says_both(quota: dict, left: int | None) -> None:
    assert Ses(ACCOUNT).standing(httpx.Response(200, json={"SendQuota": quota})).left == left
