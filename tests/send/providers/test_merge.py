"""Whatever a text and a reader's values hold, what the provider fills in is what the message says."""

import re
from dataclasses import replace

import jinja2
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from send.world import config

from digest import model
from digest.errors import ConfigError
from digest.model import Batch, Rendered, Slot, SlotKind, Slotted
from digest.send import compose, providers
from digest.send.compose import Person
from digest.send.providers import merge
from digest.send.providers.base import Whole
from digest.testing.contract import ENVELOPE

JINJA = jinja2.Environment(autoescape=False, keep_trailing_newline=True)
PLAIN = Slotted(parts=("",))
TEXT = st.text(alphabet="{}%#\\\"'<>& arecipient.h_x-_\nü漢🎉|", max_size=25)
SLOTS = (
    Slot(name="recipient.name"),
    Slot(name="unsubscribe_url", kind=SlotKind.URL),
    Slot(name="recipient.address", kind=SlotKind.PARAM),
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Two readers of a message made of any texts with slots between."""
    slots = draw(st.lists(st.sampled_from(SLOTS), max_size=4))
    parts = draw(st.lists(TEXT, min_size=len(slots) + 1, max_size=len(slots) + 1))
    rendered = Rendered(
        subject="s",
        preheader="",
        html=Slotted(parts=tuple(parts), slots=tuple(slots), is_html=True),
        text=Slotted(parts=tuple(reversed(parts)), slots=tuple(slots)),
    )
    names = draw(st.lists(TEXT, min_size=2, max_size=2))
    people = [Person(subscriber_id=n, address=f"r{n}@example.com", name=name) for n, name in enumerate(names, 1)]
    return compose.batch(ENVELOPE, rendered, people)


def handlebars(template: str, data: dict[str, str]) -> str:
    def filled(match: re.Match[str]) -> str:
        return match[0][1:] if match[1] else data.get(match[2].strip("{} "), "")

    return re.sub(r"(\\?)(\{\{\{[^{}]*\}\}\}|\{\{[^{}]*\}\})", filled, template)


def mailgun(template: str, data: dict[str, str]) -> str:
    return re.sub(r"%recipient\.(\w+)%", lambda match: data.get(match[1], ""), template)


def sendgrid(template: str, data: dict[str, str]) -> str:
    for name, value in data.items():
        template = template.replace(f"-0123456789ab.{name}-", value)
    return template


MERGES = {
    "brevo": (merge.BREVO, lambda template, data: JINJA.from_string(template).render(params=data)),
    "minijinja": (merge.MINIJINJA, lambda template, data: JINJA.from_string(template).render(data)),
    "handlebars": (merge.HANDLEBARS, handlebars),
    "mailgun": (merge.MAILGUN, mailgun),
    "sendgrid": (merge.tagged("0123456789ab"), sendgrid),
}


@pytest.mark.parametrize("name", MERGES)
@settings(max_examples=60, deadline=None)
@given(batch=batches())
def test_what_is_filled_in_is_the_message(name: str, batch: Batch) -> None:
    syntax, fill = MERGES[name]
    for person, message in zip(batch.recipients, batch.messages(), strict=True):
        values = syntax.values(batch.rendered, person)
        assert fill(syntax.html(batch.rendered), values) == message.html
        assert fill(syntax.text(batch.rendered), values) == message.text


def read(whole: Whole) -> bytes:
    content = b"".join(whole)
    assert len(content) == whole.size
    return content


def whole(batch: Batch, **around: bytes) -> Whole:
    message = {"to": merge.each(person.address for person in batch.recipients), "n": [1]}
    return merge.full(batch, message, html="H", text="T", **around)


@settings(max_examples=80, deadline=None)
@given(batches())
def test_whole_messages_are_the_json_that_json_would_be(batch: Batch) -> None:
    messages = [{"to": m.to_address, "n": [1], "H": m.html, "T": m.text} for m in batch.messages()]
    assert read(whole(batch)) == orjson.dumps(messages)
    assert read(whole(batch, before=b'{"all":', after=b"}")) == orjson.dumps({"all": messages})


@settings(max_examples=30, deadline=None)
@given(batches(), batches())
def test_other_bytes_other_fingerprint(one: Batch, other: Batch) -> None:
    """Two messages, and the one with other readers, values or parts."""
    first, second = one.recipients
    mixed = [
        one,
        other,
        *(replace(one, recipients=people) for people in ((first,), (second, first), (first, first))),
        replace(one, recipients=(first, replace(second, address="r1@example.co"))),
        replace(one, recipients=(first, replace(second, values=dict.fromkeys(second.values, "x")))),
        replace(one, rendered=replace(one.rendered, text=replace(one.rendered.html, is_html=False))),
        replace(one, rendered=replace(one.rendered, html=Slotted(parts=("".join(one.rendered.html.parts),)))),
    ]
    made = [whole(batch) for batch in mixed] + [whole(batch, after=b" ") for batch in mixed]
    known = {each.fingerprint: read(each) for each in made}
    assert [known[each.fingerprint] for each in made] == [read(each) for each in made]
    assert [whole(batch).fingerprint for batch in mixed] == [each.fingerprint for each in made[: len(mixed)]]


def test_readers_have_the_same_headers_each() -> None:
    people = [Person(subscriber_id=n, address=f"r{n}@example.com") for n in (1, 2)]
    batch = compose.batch(ENVELOPE, Rendered(subject="s", preheader="", html=PLAIN, text=PLAIN), people)
    assert {name: len(column.cells) for name, column in merge.own_headers(batch).items()} == {
        "List-Unsubscribe": 2,
        "List-Unsubscribe-Post": 2,
    }
    odd = replace(batch.recipients[1], headers=batch.recipients[1].headers[:1])
    with pytest.raises(ValueError, match="shorter"):
        merge.own_headers(replace(batch, recipients=(batch.recipients[0], odd)))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="ab/:@ \n\r\tü&", max_size=5), min_size=1, max_size=4))
def test_all_are_plain_where_each_is(values: list[str]) -> None:
    encoded = [value.encode() for value in values]
    assert model.plain(values) == (encoded if all(model.is_plain(value) for value in values) else None)


@settings(max_examples=40, deadline=None)
@given(batches())
def test_values_come_in_the_order_of_their_names_and_are_the_same_each_time(batch: Batch) -> None:
    for syntax, _ in MERGES.values():
        values = syntax.values(batch.rendered, batch.recipients[0])
        assert list(values) == sorted(values)
        assert values == syntax.values(replace(batch.rendered), batch.recipients[0])
        assert all(re.fullmatch(r"\w+", name) for name in values)


@pytest.mark.parametrize(
    ("syntax", "text", "quoted"),
    [
        (merge.MAILGUN, "50%", "50%recipient.percent%"),  # where a variable follows, two signs would meet
        (merge.MAILGUN, "50% off", "50% off"),
        (merge.HANDLEBARS, "a\\", "a{{backslash}}"),
        (
            merge.HANDLEBARS,
            "a\\\\",
            "a{{backslash}}{{backslash}}",
        ),  # one alone would keep the other's from being filled in
        (merge.HANDLEBARS, "a{", "a{{brace}}"),
        (merge.HANDLEBARS, "a\\b{c", "a\\b{c"),
    ],
)
def test_what_would_meet_the_variable_behind_it_is_quoted(syntax: merge.Syntax, text: str, quoted: str) -> None:
    assert syntax.quote(text) == quoted


# ------------------------------------------------------------------ Amazon's region and keys


@pytest.mark.parametrize(
    ("base_url", "environ", "host"),
    [
        ("", {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-2"}, "email.eu-west-1.amazonaws.com"),
        ("", {"AWS_DEFAULT_REGION": "us-east-2"}, "email.us-east-2.amazonaws.com"),
        ("https://email.ap-south-1.amazonaws.com", {}, "email.ap-south-1.amazonaws.com"),
        ("http://127.0.0.1:9000", {}, "127.0.0.1:9000"),
    ],
)
def test_where_amazon_is_asked(base_url: str, environ: dict[str, str], host: str, tmp_path) -> None:
    mail = config(tmp_path, provider="ses", base_url=base_url).mail
    mail = mail.model_copy(update={"api_key": type(mail.api_key)("ID:SECRET")})
    assert repr(providers.load(mail, folder=tmp_path, environ=environ)).endswith(f"//{host}>")


@pytest.mark.parametrize(
    ("key", "environ", "says"),
    [
        ("ID:SECRET", {}, "needs a region"),
        ("no-colon", {"AWS_REGION": "eu-west-1"}, "needs a key"),
        ("", {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "ID"}, "needs a key"),
        ("", {"AWS_REGION": "eu-west-1", "AWS_SECRET_ACCESS_KEY": "S"}, "needs a key"),
    ],
)
def test_half_a_key_or_no_region_is_refused(key: str, environ: dict[str, str], says: str, tmp_path) -> None:
    mail = config(tmp_path, provider="ses").mail
    mail = mail.model_copy(update={"api_key": type(mail.api_key)(key)})
    with pytest.raises(ConfigError, match=says):
        providers.load(mail, folder=tmp_path, environ=environ)
