"""Tokens and slots: what a recipient's value may do, and what a template may do with it."""

import html
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from digest.errors import RenderError
from digest.model import SlotKind, Slotted
from digest.render.merge import SLOTS, Token, Tokens

TOKENS = Tokens("nonce")
VALUES = TOKENS.values()
LINK = '<a href="{{ unsubscribe_url }}">x</a>'


def rendered(source: str, *, escapes: bool = True) -> str:
    return ImmutableSandboxedEnvironment(autoescape=escapes).from_string(source).render(VALUES)


@pytest.mark.parametrize("escapes", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        "{{ recipient.name }}",
        "{{ recipient.name ~ '' }}",
        "{{ recipient.name | e }}",
        "{{ recipient.name | safe }}",
        "{{ recipient.name | urlencode }}",
        "{{ recipient.name | default('x') }}",
        "{{ '%s' | format(recipient.name) }}",
    ],
)
def test_a_token_survives_being_printed(source, escapes):
    assert TOKENS.slots(rendered(source, escapes=escapes)) == [SLOTS[0]]


@pytest.mark.parametrize(
    "source",
    [
        "{{ recipient.name | upper }}",
        "{{ recipient.name | lower }}",
        "{{ recipient.name | truncate(3) }}",
        "{{ recipient.name | length }}",
        "{{ recipient.name | trim }}",
        "{{ recipient.name | first }}",
        "{{ recipient.name | reverse }}",
        "{{ recipient.name + 'x' }}",
        "{{ 'x' + recipient.name }}",
        "{{ recipient.name * 2 }}",
        "{{ recipient.name.split('@') }}",
        "{% if recipient.name %}a{% endif %}",
        "{% if recipient.name == 'Ada' %}a{% endif %}",
        "{% if 'a' in recipient.name %}a{% endif %}",
        "{% for c in recipient.name %}{{ c }}{% endfor %}",
    ],
)
def test_whatever_reads_or_changes_a_token_is_refused(source):
    with pytest.raises(TypeError, match="known only when the message leaves"):
        rendered(source, escapes=False)


@pytest.mark.parametrize(
    "source",
    [
        "{{ recipient.name | title }}",
        "{{ recipient.name | wordwrap(4) }}",
        "{{ recipient.name | string | upper }}",
    ],
)
def test_what_slips_through_is_seen_by_counting(source):
    """These filters work on a plain copy; the split sees a nonce that is no whole token."""
    with pytest.raises((RenderError, TypeError)):
        TOKENS.split(rendered(LINK + source, escapes=False), is_html=True)


def test_the_nonce_decides_the_tokens():
    assert Tokens("a").values()["view_url"].__html__() != Tokens("b").values()["view_url"].__html__()
    assert Tokens("a").values()["view_url"].__html__() == Tokens("a").values()["view_url"].__html__()


def test_a_part_without_an_unsubscribe_link_is_refused():
    with pytest.raises(RenderError, match="unsubscribe"):
        TOKENS.split(rendered("{{ recipient.name }}"), is_html=False)


def test_an_article_cannot_forge_a_token():
    forged = "zq" + "0" * 12 + "x2zq"
    made = TOKENS.split(rendered(LINK) + forged, is_html=True)
    assert [slot.name for slot in made.slots] == ["unsubscribe_url"]
    assert forged in made.parts[-1]


HOSTILE = [
    '"><script>alert(1)</script>',
    "' onmouseover='x",
    "a\r\nBcc: b@example.org",
    "{{ 7*7 }}",
    "%recipient.x%",
    "</td></table>",
    "&lt;b&gt;",
    "\x00\x1b",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_name_is_inert(value):
    made = TOKENS.split(rendered(LINK + '<p title="{{ recipient.name }}">{{ recipient.name }}</p>'), is_html=True)
    page = etree.fromstring(
        made.fill({"recipient.name": value, "unsubscribe_url": "https://e.org/u"}), etree.HTMLParser()
    )
    assert [e.tag for e in page.iter()] == ["html", "body", "a", "p"]
    assert page.find(".//p").attrib.keys() == ["title"]
    text = TOKENS.split(rendered("{{ unsubscribe_url }} {{ recipient.name }}", escapes=False), is_html=False)
    assert "\n" not in text.fill({"recipient.name": value, "unsubscribe_url": "https://e.org/u"})


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "//evil.example", "vbscript:x", ""]
)
def test_an_address_of_another_scheme_becomes_nothing(url):
    made = TOKENS.split(rendered(LINK), is_html=True)
    assert made.fill({"unsubscribe_url": url}) == '<a href="#">x</a>'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('<a href="https://e.org/{{ unsubscribe_url }}">x</a>', "whole href"),
        ('<img src="{{ view_url }}">', "whole href"),
        ('<p title="{{ view_url }}">x</p>', "whole href"),
        ('<a href="https://e.org/?n={{ recipient.name }}">x</a>', "recipient.query"),
        ('<a href="{{ recipient.address }}">x</a>', "recipient.query"),
        ('<p style="color:{{ recipient.name }}">x</p>', "recipient.query"),
        ('<p onclick="{{ recipient.name }}">x</p>', "recipient.query"),
        ('<a href="https://e.org/{{ recipient.query.name }}">x</a>', r"behind the \?"),
        ("<style>.a{content:'{{ recipient.name }}'}</style>", "<style>"),
        ("<p>x<!-- {{ recipient.name }} --></p>", "comment"),
        ("<title>{{ recipient.name }}</title>", "<title>"),
    ],
)
def test_a_slot_in_a_place_its_escaping_does_not_fit_is_refused(source, said):
    with pytest.raises(RenderError, match=said):
        TOKENS.check_places(etree.fromstring(rendered(source), etree.HTMLParser()))


def test_slots_in_their_places_are_fine():
    source = (
        LINK
        + '<p title="{{ recipient.name }}">{{ recipient.address }}</p><a href="https://e.org/?a={{ recipient.query.address }}">y</a>'
    )
    TOKENS.check_places(etree.fromstring(rendered(source), etree.HTMLParser()))


def test_a_value_in_a_query_is_quoted():
    made = TOKENS.split(rendered(LINK + '<a href="https://e.org/?a={{ recipient.query.address }}">y</a>'), is_html=True)
    assert made.slots[1].kind is SlotKind.PARAM
    filled = made.fill({"unsubscribe_url": "https://e.org/u", "recipient.address": "a+b&c=d@e.org"})
    assert "?a=a%2Bb%26c%3Dd%40e.org" in filled


def test_every_token_is_its_own_slot():
    source = (
        LINK
        + "{{ recipient.name }}{{ recipient.address }}{{ preferences_url }}{{ view_url }}{{ recipient.query.name }}{{ recipient.query.address }}"
    )
    made = TOKENS.split(rendered(source), is_html=True)
    assert {(s.name, s.kind) for s in made.slots} == {(s.name, s.kind) for s in SLOTS}


plain = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(plain, st.sampled_from([0, 1, 3, 4])), max_size=8), plain, plain, plain)
def test_filling_a_split_equals_replacing_its_tokens(pieces, last, name, address):
    values = {
        "recipient.name": name,
        "recipient.address": address,
        "unsubscribe_url": "https://e.org/u",
        "preferences_url": "https://e.org/p",
        "view_url": "https://e.org/v",
    }
    order = ["recipient.name", "recipient.address", "unsubscribe_url", "preferences_url", "view_url"]
    tokens = [
        VALUES["recipient"].name,
        VALUES["recipient"].address,
        VALUES["unsubscribe_url"],
        VALUES["preferences_url"],
        VALUES["view_url"],
    ]
    whole = "".join(text + tokens[index].__html__() for text, index in pieces) + last + tokens[2].__html__()
    expected = whole
    for index, token in enumerate(tokens):
        expected = expected.replace(token.__html__(), f"\x00{index}\x01")
    for index, key in enumerate(order):
        expected = expected.replace(f"\x00{index}\x01", html.escape(" ".join(values[key].split())))
    assert TOKENS.split(whole, is_html=True).fill(values) == expected


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60))
def test_a_value_never_becomes_markup_nor_a_second_line(value):
    for slot in SLOTS:
        merged = Slotted(parts=("", ""), slots=(slot,), is_html=True).fill({slot.name: value})
        assert not set("<>\"'\r\n") & set(merged)
        assert json.loads(json.dumps(merged)) == merged


def test_a_token_is_a_string_to_those_who_only_print():
    token = VALUES["view_url"]
    assert isinstance(token, Token)
    assert str(token) == token.__html__()
    assert type(str(token)) is str
