"""Preflight: each rule finds its fault, and a good issue has none."""

import dataclasses
import re
from pathlib import Path

import pytest
from render import samples
from render.checked import TEXT, found, page, rendered, rules

from digest.model import Level, Slotted
from digest.render import preflight


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
    assert rules(rendered(subject=value)) == [("subject", "error")]
    assert rules(rendered(preheader=value)) == [("preheader", "error")]


def test_a_long_subject_and_preheader_are_warnings():
    assert rules(rendered(subject="word " * 30)) == [("subject", "warning")]
    assert rules(rendered(preheader="word " * 40)) == [("preheader", "warning")]


def test_no_preheader_is_a_warning():
    assert rules(rendered(preheader="")) == [("preheader", "warning")]


def test_an_empty_text_part_blocks():
    made = rendered(text=Slotted(parts=(" \n",)))
    assert ("text", "error") in rules(made)


def test_a_stub_of_a_text_part_is_a_warning():
    assert rules(rendered("<p>" + "words " * 100 + "</p>")) == [("text", "warning")]


@pytest.mark.parametrize("body", ["<p>1 Example Road, 10115 Berlin</p>", "<p>1</p>"])
def test_a_part_of_the_postal_address_is_not_it(body):
    assert rules(rendered(body), postal_address="1 Example Street") == [("postal-address", "warning")]


def test_a_postal_address_over_several_lines_is_found():
    assert (
        rules(rendered("<p>1 Example Street<br>\n10115 Berlin</p>"), postal_address="1 Example Street\n10115 Berlin")
        == []
    )


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


def test_every_rule_is_documented_with_its_levels():
    root = Path(__file__).parents[2]
    called = re.findall(
        r'\b(error|warning|info|_error)\(\s*"([a-z-]+)"',
        "".join(path.read_text("utf-8") for path in Path(preflight.__file__).parent.glob("*.py")),
    )
    documented, rule = set(), ""
    for line in (root / "docs" / "reference" / "preflight.md").read_text("utf-8").splitlines():
        if match := re.match(r"\| (?:`([a-z-]+)`)? ?\| (error|warning|info) \|", line):
            rule = match[1] or rule
            documented.add((match[2], rule))
    assert set(called) <= documented
    assert len(documented) > 20
