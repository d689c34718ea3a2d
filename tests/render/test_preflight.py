"""Preflight: each rule finds its fault, and a good issue has none."""

import dataclasses

import pytest
from render import samples

from digest.model import Level, Rendered, Slot, SlotKind, Slotted
from digest.render import preflight

LINK = Slot(name="unsubscribe_url", kind=SlotKind.URL)
TEXT = Slotted(parts=("words enough here: ", "\n"), slots=(LINK,))


def page(body: str, head: str = "", link: str = '<a href="{}">leave</a>') -> Slotted:
    before, after = link.split("{}")
    whole = f'<html lang="en"><head>{head}</head><body>{body} street'
    return Slotted(parts=(whole + before, after + "</body></html>"), slots=(LINK,), is_html=True)


def rendered(body: str = "<p>words</p>", head: str = "", **changes) -> Rendered:
    made = Rendered(subject="A subject", preheader="A preheader", html=page(body, head), text=TEXT)
    return dataclasses.replace(made, **changes)


def found(made: Rendered, *, postal_address: str = "street", public_url: str = "", **of):
    return preflight.check(made, issue=samples.issue(**of), postal_address=postal_address, public_url=public_url)


def rules(made: Rendered, **of) -> list[tuple[str, str]]:
    return [(finding.rule, finding.level.value) for finding in found(made, **of)]


@pytest.mark.parametrize("layout", ["digest", "brief", "letter"])
@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_a_shipped_layout_has_no_finding(layout, language):
    issue = samples.issue(samples.stories(language), language=language)
    made = samples.rendered(issue, layout=layout)
    graver = [
        f
        for f in preflight.check(
            made, issue=issue, postal_address="1 Example Street, 10115 Berlin", public_url="https://news.example.org"
        )
        if f.level is not Level.INFO
    ]
    assert graver == []


def test_a_plain_page_has_no_finding():
    assert rules(rendered()) == []


def test_html_past_gmails_clip_blocks():
    made = rendered("<p>" + "x" * 103_000 + "</p>", text=dataclasses.replace(TEXT, parts=("x " * 40, "")))
    assert ("size", "error") in rules(made)
    assert "102,000" in found(made)[0].message


def test_html_near_the_clip_is_a_warning():
    assert rules(rendered("<p>" + "x" * 95_000 + "</p>")) == [("size", "warning")]


def test_the_size_counts_bytes_and_not_characters():
    assert ("size", "error") in rules(rendered("<p>" + "語" * 40_000 + "</p>"))


def test_a_style_block_gmail_drops():
    assert rules(rendered(head="<style>" + "/*x*/" * 4000 + "</style>")) == [("size", "warning")]


@pytest.mark.parametrize("part", ["html", "text"])
def test_a_missing_unsubscribe_link_blocks(part):
    bare = Slotted(parts=('<html lang="en"><body>words enough street</body></html>',), is_html=part == "html")
    made = dataclasses.replace(rendered(), **{part: bare})
    assert ("unsubscribe", "error") in rules(made)


@pytest.mark.parametrize("left", ["{{ recipient.name }}", "{% if x %}", "%}"])
def test_a_template_mark_left_in_blocks(left):
    assert rules(rendered(f"<p>{left}</p>")) == [("slots", "error")]


def test_a_token_that_was_not_merged_blocks():
    assert rules(rendered("<p>zq0123456789abx1</p>")) == [("slots", "error")]


@pytest.mark.parametrize("subject", ["", "   "])
def test_an_empty_subject_blocks(subject):
    assert ("subject", "error") in rules(rendered(subject=subject))


@pytest.mark.parametrize("value", ["a\r\nBcc: b", "a\nb", "a\x00b"])
def test_a_line_break_in_subject_or_preheader_blocks(value):
    assert ("subject", "error") in rules(rendered(subject=value))
    assert ("subject", "error") in rules(rendered(preheader=value))


def test_a_long_subject_and_preheader_are_warnings():
    assert rules(rendered(subject="word " * 30)) == [("subject", "warning")]
    assert rules(rendered(preheader="word " * 40)) == [("preheader", "warning")]


def test_no_preheader_is_a_warning():
    assert rules(rendered(preheader="")) == [("preheader", "warning")]


@pytest.mark.parametrize("subject", ["FREE MONEY FOR ALL OF YOU", "Act now, friend", "Win $$ today", "Really?!?!"])
def test_a_subject_like_an_advertisement_is_a_warning(subject):
    assert ("spam", "warning") in rules(rendered(subject=subject))


def test_an_empty_text_part_blocks():
    made = rendered(text=Slotted(parts=(" \n",)))
    assert ("text", "error") in rules(made)


def test_a_stub_of_a_text_part_is_a_warning():
    assert rules(rendered("<p>" + "words " * 100 + "</p>")) == [("text", "warning")]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ('<img src="https://e.org/a.png" width="9">', [("alt", "warning")]),
        ('<img src="https://e.org/a.png" alt="">', [("images", "warning")]),
        ('<img src="https://e.org/a.webp?x=1" alt="" width="9">', [("images", "warning")]),
        ('<img src="https://e.org/a.AVIF" alt="" width="9">', [("images", "warning")]),
        ('<img src="https://e.org/a.svg" alt="" width="9">', [("images", "warning")]),
        ('<img src="data:image/png;base64,AA" alt="" width="9">', [("images", "error")]),
        ('<img src="/a.png" alt="" width="9">', [("images", "error")]),
        ('<img src="https://e.org/a.png" alt="" width="9">', []),
    ],
)
def test_images(image, expected):
    assert rules(rendered(image)) == expected


@pytest.mark.parametrize(
    "href",
    ["", "#", "/relative", "javascript:alert(1)", "https://", "https://[", "www.example.org", "data:text/html,x"],
)
def test_a_link_that_leads_nowhere_blocks(href):
    assert rules(rendered(f'<a href="{href}">x</a>')) == [("links", "error")]


@pytest.mark.parametrize("href", ["https://e.org/a", "mailto:a@e.org"])
def test_good_links(href):
    assert rules(rendered(f'<a href="{href}">x</a>')) == []


def test_plain_http_is_told():
    assert rules(rendered('<a href="http://e.org/a">x</a><a href="http://e.org/b">x</a>')) == [("links", "info")]


def test_a_story_without_address_is_told():
    told = (samples.story({"title": "Lost", "link": "urn:uuid:1", "sentences": ["A."]}),)
    assert rules(rendered(), told=told) == [("links", "warning")]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://news.example.org", [("links", "warning")]),
        ("http://127.0.0.1:8765", []),
        ("http://localhost", []),
        ("https://news.example.org", []),
    ],
)
def test_one_click_unsubscribing_needs_https(url, expected):
    assert rules(rendered(), public_url=url) == expected


@pytest.mark.parametrize(
    ("body", "ratio"),
    [
        ('<p style="color:#999999">x</p>', "2.85"),
        ('<p style="color:#999">x</p>', "2.85"),
        ('<div style="background-color:#000"><p style="color:#333333">x</p></div>', "1.66"),
        ('<div style="color:#fff"><p>x</p></div>', "1.00"),
    ],
)
def test_faint_text_is_told_with_its_ratio(body, ratio):
    [finding] = found(rendered(body))
    assert (finding.rule, finding.level) == ("contrast", "warning")
    assert ratio in finding.message


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#595959">x</p>',
        '<div style="background-color:#000000;color:#ffffff"><p>x</p></div>',
        '<p style="display:none;color:#eee">x</p>',
        '<p style="color:#eee"></p>',
    ],
)
def test_legible_text_passes(body):
    assert rules(rendered(body)) == []


@pytest.mark.parametrize("tag", ["form", "iframe", "object", "video", "script", "link"])
def test_elements_mail_programs_remove(tag):
    assert ("css", "warning") in rules(rendered(f"<{tag}></{tag}>"))


def test_styles_that_could_not_be_inlined():
    [finding] = found(rendered(head='<style data-not-inlined="TypeError: x">p{}</style>'))
    assert (finding.rule, finding.level) == ("css", "warning")
    assert "TypeError: x" in finding.message


def test_the_postal_address():
    assert rules(rendered(), postal_address=" ") == [("postal-address", "warning")]
    assert rules(rendered(), postal_address="Elsewhere 1") == [("postal-address", "warning")]


def test_the_language_of_the_page():
    html = dataclasses.replace(
        page("<p>words</p>"), parts=("<html><body>words street <a href='", "'>x</a></body></html>")
    )
    assert rules(rendered(html=html)) == [("language", "warning")]


def test_errors_come_first_and_block():
    findings = found(rendered('<img src="/a.png"><a href="http://e.org">x</a>', preheader=""))
    levels = [finding.level for finding in findings]
    assert levels == sorted(levels, key=list(Level).index)
    assert {finding.level for finding in preflight.blocking(findings)} == {Level.ERROR}
    assert preflight.blocking(found(rendered())) == ()


def test_a_place_finds_its_element_alone():
    made = samples.rendered()
    from digest.render import document

    root = document.parse(made.html.fill(samples.VALUES))
    for element in list(root.iter("img", "a"))[:8]:
        assert root.getroottree().getroot().cssselect(preflight.place(element)) == [element]


def test_every_finding_says_what_to_do():
    for finding in found(
        rendered(
            '<img src="/a.webp"><form></form><a href="#">x</a><p style="color:#eee">x</p>', subject="", preheader=""
        ),
        postal_address="",
    ):
        assert finding.remedy
        assert finding.message.endswith(".")
