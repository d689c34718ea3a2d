"""Answers that no documentation shows: a gateway's page, half a JSON, other types. None raises, none is believed."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.send import compose
from digest.send.providers import base, merge
from digest.send.providers.base import Accepted, Account, Cause, Codec, Refusal, Rejected, Retry, Unknown
from digest.send.providers.brevo import Brevo
from digest.send.providers.file import File
from digest.send.providers.kumomta import Kumo
from digest.send.providers.mailgun import Mailgun
from digest.send.providers.mailpit import Mailpit
from digest.send.providers.mailtrap import Mailtrap
from digest.send.providers.postmark import Postmark
from digest.send.providers.resend import Resend
from digest.send.providers.sendgrid import SendGrid
from digest.send.providers.ses import Ses
from digest.testing.contract import ENVELOPE, RENDERED, people

ACCOUNT = Account(base_url="https://api.example.org", sender="a@example.org", api_key="id:secret", region="eu-west-1")
BATCH = compose.batch(ENVELOPE, RENDERED, people(3))
ADDRESSES = [person.address for person in BATCH.recipients]

SUCCESSES: dict[type[Codec], object] = {
    Brevo: {"messageIds": ["<1@x>", "<2@x>", "<3@x>"]},
    Kumo: {"success_count": 3, "fail_count": 0, "failed_recipients": [], "errors": []},
    Mailgun: {"id": "<1@example.org>", "message": "Queued. Thank you."},
    Mailpit: {"ID": "abc"},
    Mailtrap: {"success": True, "responses": [{"success": True, "message_ids": [str(n)]} for n in range(3)]},
    Postmark: [{"ErrorCode": 0, "Message": "OK", "MessageID": str(n)} for n in range(3)],
    Resend: {"data": [{"id": str(n)} for n in range(3)]},
    SendGrid: {},
    Ses: {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": str(n)} for n in range(3)]},
}
each = pytest.mark.parametrize("made", list(SUCCESSES), ids=lambda made: made.__name__.lower())


def made_batch(made: type[Codec]):
    return compose.batch(ENVELOPE, RENDERED, people(1)) if made is Mailpit else BATCH


SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9),
)
ODD = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def places(value: object, path: tuple = ()) -> Iterator[tuple]:
    """Every place of a JSON value, the whole first."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed(value: object, path: tuple, to: object) -> object:
    """The value with another one at that place."""
    if not path:
        return to
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return copy


@each
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_success_with_anything_odd_in_it_has_an_outcome_a_reader(made: type[Codec], data: st.DataObject) -> None:
    success, batch = SUCCESSES[made], made_batch(made)
    path = data.draw(st.sampled_from(list(places(success))))
    answer = httpx.Response(200, json=changed(success, path, data.draw(ODD)))
    read = made(ACCOUNT).decode(batch, answer)
    if isinstance(read, Refusal):
        assert isinstance(read.reason, str)
    else:
        assert len(read) == len(batch.recipients)
        assert all(isinstance(one, Accepted | Rejected | Retry | Unknown) for one in read)
        assert all(one.provider_id for one in read if isinstance(one, Accepted) and made is not Kumo)


WORDS = st.one_of(
    ODD, st.sampled_from(["duplicate_request", "concurrent_idempotent_requests", "ThrottlingException", 405])
)


@each
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([301, 400, 401, 409, 422, 429, 500, 503]),
    st.dictionaries(st.sampled_from(["code", "message", "Message", "name", "__type", "ErrorCode"]), WORDS) | ODD,
)
def test_a_refusal_of_any_shape_is_read(made: type[Codec], status: int, body: object) -> None:
    read = made(ACCOUNT).refusal(httpx.Response(status, json=body))
    assert read is None or (isinstance(read.reason, str) and "\n" not in read.reason)


@each
def test_a_body_cut_anywhere_accepts_nobody(made: type[Codec]) -> None:
    whole, batch = json.dumps(SUCCESSES[made]).encode(), made_batch(made)
    for end in range(len(whole)):
        read = made(ACCOUNT).decode(batch, httpx.Response(200, content=whole[:end]))
        assert [type(one) for one in read] == [Unknown] * len(batch.recipients)


@pytest.mark.parametrize(
    ("made", "item", "expected"),
    [
        (Postmark, {"ErrorCode": 0, "MessageID": ""}, Unknown(detail="accepted with no id")),
        (Postmark, {"ErrorCode": 0, "MessageID": 7}, Unknown(detail="accepted with no id")),
        (Postmark, {"ErrorCode": "0", "MessageID": "1"}, Unknown(detail="an answer with no code")),
        (Postmark, {"ErrorCode": [406]}, Unknown(detail="an answer with no code")),
        (Postmark, {"ErrorCode": False, "MessageID": "1"}, Unknown(detail="an answer with no code")),
        (Postmark, {"ErrorCode": 405, "Message": "no credits"}, Retry(reason="405 no credits")),
        (Postmark, {"ErrorCode": 300, "Message": None}, Rejected(code="300", reason="")),
        (Postmark, None, Unknown(detail="an answer with no code")),
        (Mailtrap, {"success": False, "errors": "no such domain"}, Rejected(reason="no such domain")),
        (Mailtrap, {"success": False, "errors": 7}, Rejected(reason="7")),
        (Mailtrap, {"success": False, "errors": []}, Rejected(reason="no reason given")),
        (Mailtrap, {"success": False}, Rejected(reason="no reason given")),
        (Mailtrap, {"success": False, "errors": ["a", "b"]}, Rejected(reason="a; b")),
        (Mailtrap, {"success": True, "message_ids": [7]}, Unknown(detail="a success with no id")),
        (Mailtrap, {"success": True, "message_ids": [""]}, Unknown(detail="a success with no id")),
        (Mailtrap, "ok", Unknown(detail="an answer that is no object")),
        (Resend, {"id": ""}, Unknown(detail="a success with no id")),
        (Resend, {"id": 7}, Unknown(detail="a success with no id")),
        (Resend, "id", Unknown(detail="a success with no id")),
        (Ses, {"Status": "SUCCESS"}, Unknown(detail="a success with no id")),
        (Ses, {"MessageId": "1"}, Unknown(detail="a result with no status")),
        (Ses, {"Status": ""}, Unknown(detail="a result with no status")),
        (Ses, {"Status": ["SUCCESS"], "MessageId": "1"}, Unknown(detail="a result with no status")),
        (Ses, {"Status": "FAILED"}, Rejected(code="FAILED", reason="")),
        (Ses, 7, Unknown(detail="a result that is no object")),
    ],
)
def test_one_odd_item_is_of_that_item_alone(made: type[Codec], item: object, expected: object) -> None:
    success = SUCCESSES[made]
    path = next(path for path in places(success) if path[-1:] == (1,))  # the second reader's
    first, second, third = made(ACCOUNT).decode(BATCH, httpx.Response(200, json=changed(success, path, item)))
    assert (type(first), type(third)) == (Accepted, Accepted)
    assert second == expected


@pytest.mark.parametrize("code", [300, 406, 0])
def test_one_message_that_is_not_the_accounts_fault_keeps_the_answer_apart(code: int) -> None:
    items = [{"ErrorCode": 400, "Message": "no signature"}] * 2 + [{"ErrorCode": code, "MessageID": "1"}]
    read = Postmark(ACCOUNT).decode(BATCH, httpx.Response(200, json=items))
    assert not isinstance(read, Refusal)
    assert [type(one) for one in read[:2]] == [Retry, Retry]


@pytest.mark.parametrize("odd", [None, {}, {"Status": "SUCCESS", "MessageId": "1"}])
def test_an_account_is_refused_only_where_every_item_says_so(odd: object) -> None:
    results = [{"Status": "ACCOUNT_SUSPENDED"}, {"Status": "ACCOUNT_SENDING_PAUSED"}, odd]
    assert not isinstance(
        Ses(ACCOUNT).decode(BATCH, httpx.Response(200, json={"BulkEmailEntryResults": results})), Refusal
    )
    items = [{"ErrorCode": 400, "Message": "m"}, {"ErrorCode": 412, "Message": "m"}, odd]
    assert not isinstance(Postmark(ACCOUNT).decode(BATCH, httpx.Response(200, json=items)), Refusal)


def test_an_accounts_refusal_names_all_that_was_said() -> None:
    results = [{"Status": status} for status in ("ACCOUNT_SUSPENDED", "ACCOUNT_SENDING_PAUSED", "ACCOUNT_SUSPENDED")]
    read = Ses(ACCOUNT).decode(BATCH, httpx.Response(200, json={"BulkEmailEntryResults": results}))
    assert read == Refusal(cause=Cause.ACCOUNT, reason="ACCOUNT_SENDING_PAUSED, ACCOUNT_SUSPENDED")


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"success_count": 2, "failed_recipients": [ADDRESSES[0].upper()]}, [Rejected, Accepted, Accepted]),
        ({"success_count": 0, "failed_recipients": ADDRESSES}, [Rejected] * 3),
        ({"success_count": 2, "failed_recipients": ["stranger@example.org"]}, [Unknown] * 3),
        ({"success_count": True, "failed_recipients": ADDRESSES[1:]}, [Unknown] * 3),
        ({"success_count": "3"}, [Unknown] * 3),
        ({"success_count": 3, "failed_recipients": ADDRESSES[:1]}, [Unknown] * 3),
        ({"failed_recipients": None}, [Unknown] * 3),
        ({"success_count": 2, "failed_recipients": ADDRESSES[:1], "errors": 7}, [Rejected, Accepted, Accepted]),
    ],
)
def test_kumos_counts_must_be_of_our_readers(change: dict, kinds: list[type]) -> None:
    body = {**SUCCESSES[Kumo], **change}
    assert [type(one) for one in Kumo(ACCOUNT).decode(BATCH, httpx.Response(200, json=body))] == kinds


@pytest.mark.parametrize("found", [["<1@x>", "<2@x>", "<>"], ["1", "2", None], ["1", "2"], "123", {"0": 1, "1": 2}])
def test_brevo_must_give_each_an_id(found: object) -> None:
    read = Brevo(ACCOUNT).decode(BATCH, httpx.Response(201, json={"messageIds": found}))
    assert [type(one) for one in read] == [Unknown] * 3


def test_brevos_single_id_is_of_a_single_reader() -> None:
    one = compose.batch(ENVELOPE, RENDERED, people(1))
    answer = httpx.Response(201, json={"messageId": "<7@x>"})
    assert Brevo(ACCOUNT).decode(one, answer) == (Accepted(provider_id="7@x"),)
    assert [type(found) for found in Brevo(ACCOUNT).decode(BATCH, answer)] == [Unknown] * 3


@pytest.mark.parametrize(
    ("code", "message", "cause"),
    [
        ("duplicate_request", "", Cause.TAKEN),
        ("not_enough_credits", "buy some", Cause.ACCOUNT),
        ("unauthorized", "Key not found", Cause.ACCOUNT),
        ("permission_denied", "x", Cause.ACCOUNT),
        ("invalid_parameter", "email is not valid", None),
        ("invalid_parameter", "headers.idempotencyKey must be a UUID", Cause.UNCLEAR),  # not TAKEN: all would be lost
        (7, ["x"], None),
    ],
)
def test_brevos_words(code: object, message: object, cause: Cause | None) -> None:
    read = Brevo(ACCOUNT).refusal(httpx.Response(400, json={"code": code, "message": message}))
    assert (read.cause if read else None) is cause


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (409, {}, Cause.UNCLEAR),
        (409, [], Cause.UNCLEAR),
        (409, {"name": "concurrent_idempotent_requests"}, Cause.PENDING),
        (401, {"name": "missing_api_key"}, Cause.ACCOUNT),
        (403, {"name": "validation_error", "message": "The example.org domain is not verified."}, Cause.ACCOUNT),
        (422, {"name": "missing_required_field"}, None),
        (500, {"name": ["invalid_api_key"]}, None),
    ],
)
def test_resends_words(status: int, body: object, cause: Cause | None) -> None:
    read = Resend(ACCOUNT).refusal(httpx.Response(status, json=body))
    assert (read.cause if read else None) is cause


@pytest.mark.parametrize("code", [[10], {"a": 1}, "10", None, 10.5, 300])
def test_postmarks_refusal_needs_a_code_it_knows(code: object) -> None:
    assert Postmark(ACCOUNT).refusal(httpx.Response(422, json={"ErrorCode": code, "Message": "m"})) is None


@pytest.mark.parametrize("kind", ["", "#", "BadRequestException", "com.amazonaws#", "throttlingexception", 7, ["x"]])
def test_ses_says_nothing_of_a_type_it_does_not_know(kind: object) -> None:
    assert Ses(ACCOUNT).refusal(httpx.Response(400, json={"__type": kind})) is None


@pytest.mark.parametrize("named", ["", "<>", None, 7, ["1"]])
def test_one_id_for_all_must_be_an_id(named: object) -> None:
    for made, key in ((Mailgun, "id"), (Mailpit, "ID")):
        batch = made_batch(made)
        read = made(ACCOUNT).decode(batch, httpx.Response(200, json={key: named}))
        if made is Mailgun or named != "<>":  # Mailpit's ids have no brackets
            assert [type(one) for one in read] == [Unknown] * len(batch.recipients)


def test_sendgrids_202_without_its_header_is_unknown() -> None:
    assert [type(one) for one in SendGrid(ACCOUNT).decode(BATCH, httpx.Response(202))] == [Unknown] * 3
    taken = httpx.Response(202, headers={"X-Message-Id": "abc"})
    assert SendGrid(ACCOUNT).decode(BATCH, taken) == (Accepted(provider_id="abc"),) * 3


@pytest.mark.parametrize("names", [["1.eml", "2.eml"], {"0": "1.eml"}, "abc", None, ["1.eml", "2.eml", ""]])
def test_a_file_that_was_not_named_is_unknown(names: object, tmp_path: Path) -> None:
    read = File(ACCOUNT, tmp_path).decode(BATCH, httpx.Response(201, json=names))
    assert not all(isinstance(one, Accepted) for one in read)


# ------------------------------------------------------------------ what they say, in one line


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "bad\r\nkey\t here"}, "422 bad key here"),
        ({"message": "", "error": "second"}, "422 Unprocessable Entity"),
        ({"message": ["x"], "error": "second"}, "422 second"),
        ({"other": "x"}, "422 Unprocessable Entity"),
        (["message"], "422 Unprocessable Entity"),
        ("message", "422 Unprocessable Entity"),
        (None, "422 Unprocessable Entity"),
        ({"message": "ü" * 500}, "422 " + "ü" * 296),
    ],
)
def test_the_providers_words_are_one_short_line(body: object, words: str) -> None:
    assert base.said(httpx.Response(422, json=body), "message", "error") == words


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b"[" * 5000, b"<html>", b"NaN"])
def test_what_is_no_json_is_none(content: bytes) -> None:
    assert base.parsed(httpx.Response(200, content=content)) is None


@pytest.mark.parametrize(
    ("path", "params", "url"), [("/a", {}, "/a"), ("/a", {"q": "x y&z", "n": 3}, "/a?q=x+y%26z&n=3")]
)
def test_a_question_stands_below_the_base_url(path: str, params: dict, url: str) -> None:
    request = Resend(ACCOUNT).get(path, params, {"Accept": "text/plain"})
    assert str(request.url) == "https://api.example.org" + url
    assert request.headers["accept"] == "text/plain"


def test_a_codec_that_cannot_be_asked_knows_nothing() -> None:
    inquiry = Mailtrap(ACCOUNT).inquire(BATCH, ENVELOPE.date)
    with pytest.raises(StopIteration) as end:
        next(inquiry)
    assert end.value.value == (Unknown(detail="mailtrap cannot be asked"),) * 3
    assert Mailtrap(ACCOUNT).events({}, b"{}", ENVELOPE.date) == ()


# ------------------------------------------------------------------ quoting


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="{}%#\\ arecipient.-_x\n", max_size=40))
def test_a_quoted_text_is_filled_in_to_what_it_was(text: str) -> None:
    engine = jinja2.Environment(autoescape=False, keep_trailing_newline=True)
    quoted = merge.BREVO.quote(text)
    assert engine.from_string(quoted).render(params=merge.BREVO.constants) == text
    assert engine.from_string(merge.MINIJINJA.quote(text)).render() == text


@pytest.mark.parametrize("syntax", [merge.BREVO, merge.MINIJINJA, merge.HANDLEBARS, merge.MAILGUN])
def test_a_text_that_holds_no_syntax_is_left_alone(syntax: merge.Syntax) -> None:
    plain = "100 % of {x} and C:\\dir, ümlaut – fine"
    assert syntax.quote(plain) == plain


@given(st.text(max_size=60))
def test_sendgrids_tags_are_of_the_nonce_alone(text: str) -> None:
    syntax = merge.tagged("0123456789ab")
    assert syntax.quote(text) == text
    assert syntax.place("h_name") == "-0123456789ab.h_name-"
