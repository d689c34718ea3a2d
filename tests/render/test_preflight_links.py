"""Preflight of links: each rule finds its fault, and a good link has none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render import samples
from render.checked import found, rendered, rules

WARNED = [("links", "warning")]


def link(href: str, words: str = "Read on") -> str:
    return f'<a href="{href}">{words}</a>'


@pytest.mark.parametrize(
    "href",
    [
        "",
        "#",
        "#top",
        "/relative",
        "javascript:alert(1)",
        "https://",
        "https://[",
        "www.example.org",
        "data:text/html,x",
    ],
)
def test_a_link_that_leads_nowhere_blocks(href):
    assert rules(rendered(link(href))) == [("links", "error")]


def test_a_link_without_an_address_blocks():
    assert rules(rendered("<a>x</a>")) == [("links", "error")]


@pytest.mark.parametrize(
    "markup",
    [
        link("https://e.org/a"),
        link("mailto:a@e.org"),
        link("tel:+491234"),
        '<a name="top"></a>',
        '<a id="top">x</a>',
        link("https://e.org/a", '<img src="https://e.org/a.png" alt="A" width="1" height="1">'),
        '<a href="https://e.org/a" aria-hidden="true" tabindex="-1"></a>',
    ],
)
def test_a_good_link_has_no_finding(markup):
    assert rules(rendered(markup)) == []


@pytest.mark.parametrize("words", ["", " ", '<img src="https://e.org/a.png" alt="" width="1" height="1">'])
def test_a_link_without_words_is_a_warning(words):
    assert rules(rendered(link("https://e.org/a", words))) == WARNED


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("https://bit.ly/abc", "hides where it leads"),
        ("https://T.CO/abc", "hides where it leads"),
        ("https://93.184.216.34/a", "NUMERIC_HTTP_ADDR"),
        ("https://[2606:2800:220:1:248:1893:25c8:1946]/a", "NUMERIC_HTTP_ADDR"),
        ("https://bank.example.org@evil.example/a", "before its host"),
    ],
)
def test_what_looks_like_a_trap_is_a_warning(href, said):
    [finding] = found(rendered(link(href)))
    assert (finding.rule, finding.level.value) == WARNED[0]
    assert said in finding.message


@pytest.mark.parametrize(
    "href", ["https://127.0.0.1:8765/a", "https://10.0.0.1/a", "https://bit.ly.example.org/a", "https://e.org:8443/a@b"]
)
def test_what_only_resembles_it_is_not(href):
    assert rules(rendered(link(href))) == []


@pytest.mark.parametrize(
    ("href", "words", "expected"),
    [
        ("https://evil.example/a", "https://bank.example.org/login", WARNED),
        ("https://evil.example/a", "bank.example.org", WARNED),
        ("https://example.org.evil.example/a", "example.org", WARNED),
        ("https://www.example.org/a", "example.org", []),
        ("https://news.example.org/a", "https://example.org/a/b?c", []),
        ("https://example.org/a", "www.news.example.org", []),
        ("https://e.org/a", "No. 1", []),
        ("https://e.org/a", "example.org says so", []),
        ("https://e.org/a", "a.b", []),
    ],
)
def test_words_that_show_another_host_are_a_warning(href, words, expected):
    assert rules(rendered(link(href, words))) == expected


def test_plain_http_is_told_once_with_its_place():
    [finding] = found(rendered(link("http://e.org/a") * 2))
    assert (finding.rule, finding.level.value) == ("links", "info")
    assert finding.message.startswith("2 of the links are http")
    assert finding.place.endswith("a:nth-child(1)")


def test_a_story_without_address_is_told():
    told = (samples.story({"title": "Lost", "link": "urn:uuid:1", "sentences": ["A."]}),)
    assert rules(rendered(), told=told) == WARNED


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://news.example.org", WARNED),
        ("http://127.0.0.1:8765", []),
        ("http://localhost", []),
        ("https://news.example.org", []),
        ("", []),
    ],
)
def test_one_click_unsubscribing_needs_https(url, expected):
    assert rules(rendered(), public_url=url) == expected


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab.:/@[]#?%1- ", max_size=30), st.text(alphabet="ab.:/ ", max_size=20))
def test_any_link_is_judged_without_a_crash(href, words):
    assert all(rule == "links" for rule, _ in rules(rendered(link(href, words))))
