"""What articles, names and feeds from outside may do to an issue: nothing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from render import samples

from digest.render import document, preflight, views

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><script>alert(1)</script>",
    "</td></tr></table><form action=https://evil.example>",
    "{{ 7 * 7 }} {% raw %} {# x #} {{ unsubscribe_url }}",
    "{% for x in y %} %} }}",
    "%recipient.name% *|NAME|* [[name]] <%= x %> ${x} -name-",
    "Breaking\r\nBcc: victim@example.org\r\n\r\nbody",
    "line\u2028separator\u2029and\x85next\x0bvt\x0cff",
    "\u202egnitirw desrever\u202c \u2066x\u2069",
    "nul\x00 esc\x1b[31m del\x7f",
    "<!--[if mso]><script>x</script><![endif]-->",
    "<![CDATA[<script>]]>",
    "&lt;script&gt; &#60;script&#62; &amp;",
    "zq0123456789abx2zq",
    "javascript:alert(1)",
    "expression(alert(1)); background:url(javascript:x)",
    "a" * 3000,
    "\ud800 lone surrogate",
    "🏳️‍🌈 e\u0301 \ufeff\u200b",
]
HANDLERS = re.compile(r"^on")


def attacked(attack: str):
    return samples.story(
        {
            "title": attack,
            "source": attack,
            "section": attack,
            "sentences": [attack, "A plain sentence."],
            "image": {"url": "https://e.org/a.png", "alt": attack},
            "also": [{"title": attack, "source": attack}],
        }
    )


def rendered(attack: str, layout: str = "digest"):
    told = (attacked(attack), attacked(attack))
    return samples.rendered(
        samples.issue(told, title=attack, intro=views.line(attack)), layout=layout, postal_address=attack
    )


def tags(page: etree._Element) -> list[str]:
    return [str(e.tag) for e in page.iter() if isinstance(e.tag, str)]


@pytest.fixture(scope="module")
def harmless():
    return {
        layout: tags(document.parse(rendered("Harmless words", layout).html.fill(samples.VALUES)))
        for layout in ("digest", "brief", "letter")
    }


@pytest.mark.parametrize("layout", ["digest", "brief", "letter"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_makes_no_element_no_attribute_and_no_address(attack, layout, harmless):
    page = document.parse(rendered(attack, layout).html.fill(samples.VALUES))
    assert tags(page) == harmless[layout]
    for element in page.iter():
        if isinstance(element.tag, str):
            assert not any(HANDLERS.match(name) for name in element.attrib)
            href = element.get("href", "")
            assert not href or href.startswith(("https://", "http://", "mailto:"))
            assert "url(" not in element.get("style", "")


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_template_mark_is_left_in_the_html(attack):
    made = rendered(attack).html.fill(samples.VALUES)
    assert not re.search(r"\{\{|\{%|%\}|\{#", made)
    assert "%recipient" not in made


def test_marks_of_templates_are_shown_as_the_article_wrote_them():
    page = document.parse(rendered("Use {{ name }} or {% if %} or %recipient.x%").html.fill(samples.VALUES))
    assert "Use {{ name }} or {% if %} or %recipient.x%" in "".join(page.itertext())


@pytest.mark.parametrize("attack", ATTACKS)
def test_subject_and_preheader_are_one_line(attack):
    made = rendered(attack)
    for value in (made.subject, made.preheader):
        assert len(value.splitlines()) == 1
        assert value.isprintable() or not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in value)
        assert value.encode("utf-8")
    assert len(made.subject) <= 90
    assert len(made.preheader) <= 120


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_from_outside_starts_a_line_of_its_own_in_the_text(attack):
    made = rendered(attack).text.fill(samples.VALUES)
    assert not any(line.startswith("Bcc:") for line in made.splitlines() if "Breaking" not in attack or attack in made)
    assert "\r" not in made
    assert "\x00" not in made
    assert "\x1b" not in made


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " javascript:x",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "/relative",
        "",
        "https://",
        "http://[",
        "https://e.org/\r\nX: y",
        "java\nscript:x",
    ],
)
def test_a_link_that_is_no_web_address_is_no_link(link):
    told = (
        samples.story(
            {
                "title": "One",
                "link": link,
                "image": {"url": link},
                "sentences": ["A."],
                "also": [{"title": "x", "link": link}],
            }
        ),
    ) * 2
    page = document.parse(samples.rendered(samples.issue(told)).html.fill(samples.VALUES))
    assert {a.get("href") for a in page.iter("a")} == {
        samples.VALUES[k] for k in ("unsubscribe_url", "preferences_url", "view_url")
    }
    assert not list(page.iter("img"))


def test_a_link_with_marks_stays_a_link():
    link = "https://e.org/a?b={{c}}&d=\"e\"&f=<g>'h'"
    told = (samples.story({"title": "One", "link": link}),)
    page = document.parse(samples.rendered(samples.issue(told)).html.fill(samples.VALUES))
    hrefs = [a.get("href") for a in page.iter("a")]
    assert any(h.startswith("https://e.org/a?b=") for h in hrefs)
    assert not any(
        f.rule == "links" and f.level == "error"
        for f in preflight.check(samples.rendered(samples.issue(told)), issue=samples.issue(told), postal_address="x")
    )


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_any_title_and_sentence_come_out_as_they_went_in(text):
    sentence = views.line(text)
    told = (samples.story({"title": text or "x", "sentences": [text]}),)
    made = samples.rendered(samples.issue(told))
    shown = " ".join("".join(document.parse(made.html.fill(samples.VALUES)).itertext()).split())
    assert " ".join(sentence.split()) in shown
    assert " ".join(sentence.split()) in " ".join(made.text.fill(samples.VALUES).split())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_a_line_is_one_line_and_stays_as_it_is(text):
    once = views.line(text)
    assert views.line(once) == once
    assert len(once.splitlines()) <= 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab c,é日", max_size=60), st.integers(5, 40))
def test_shortening_keeps_the_head_and_the_measure(text, most):
    short = views.shortened(text, most)
    assert len(short) <= most
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
