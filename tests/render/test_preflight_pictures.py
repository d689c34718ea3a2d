"""Preflight of pictures: each rule finds its fault, and a good picture has none."""

import pytest
from render import samples
from render.checked import found, rendered, rules

WARNED, TOLD = ("images", "warning"), ("images", "info")
SIZE = 'width="9" height="9"'


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (f'<img src="https://e.org/a.png" {SIZE}>', [("alt", "warning")]),
        ('<img src="https://e.org/a.png" alt="" height="9">', [WARNED]),
        ('<img src="https://e.org/a.png" alt="" width="" height="9">', [WARNED]),
        ('<img src="https://e.org/a.png" alt="" width="9">', [TOLD]),
        (f'<img src="https://e.org/a.webp?x=1" alt="" {SIZE}>', [WARNED]),
        (f'<img src="https://e.org/a.AVIF" alt="" {SIZE}>', [WARNED]),
        (f'<img src="https://e.org/a.svg" alt="" {SIZE}>', [WARNED]),
        (f'<img src="https://e.org/a.jpg?format=webp" alt="" {SIZE}>', [WARNED]),
        (f'<img src="https://e.org/a?w=9&amp;fm=avif" alt="" {SIZE}>', [WARNED]),
        (f'<img src="data:image/png;base64,AA" alt="" {SIZE}>', [("images", "error")]),
        (f'<img src="/a.png" alt="" {SIZE}>', [("images", "error")]),
        (f'<img alt="" {SIZE}>', [("images", "error")]),
        (f'<img src="http://e.org/a.png" alt="" {SIZE}>', [TOLD]),
    ],
)
def test_a_fault_is_found(image, expected):
    assert rules(rendered(image)) == expected
    assert all(finding.place.endswith("img:nth-child(1)") and finding.remedy for finding in found(rendered(image)))


@pytest.mark.parametrize(
    "url",
    [
        "https://e.org/a.png",
        "https://e.org/a.JPG?x=a.webp",
        "https://e.org/a.jpeg",
        "https://e.org/a.gif",
        "https://e.org/a",
        "https://e.org/a.webp?format=jpg",
        "https://e.org/a.php",
        "cid:a@e.org",
    ],
)
def test_a_good_picture_has_no_finding(url):
    assert rules(rendered(f'<img src="{url}" alt="A" {SIZE}>')) == []


def test_heights_are_told_once():
    [finding] = found(rendered('<img src="https://e.org/a.png" alt="" width="9">' * 3))
    assert finding.message.startswith("3 of the images have no height")


def test_the_programs_are_named():
    [finding] = found(rendered(f'<img src="https://e.org/a.webp" alt="" {SIZE}>'))
    assert "Outlook on Windows" in finding.message


def stated(media_type: str, url: str = "https://e.org/image?id=7"):
    """A page with the picture of a story whose publisher says of what type it is."""
    told = samples.story({"title": "A", "image": {"url": url, "media_type": media_type}})
    return found(rendered(f'<img src="{url}" alt="A" {SIZE}>'), told=(told,))


@pytest.mark.parametrize("media_type", ["image/webp", "image/avif", "image/svg+xml"])
def test_a_format_that_only_the_publisher_states_is_judged(media_type):
    [finding] = stated(media_type)
    assert (finding.rule, finding.level.value) == WARNED
    assert "cannot show the image https://e.org/image?id=7" in finding.message


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/odd", ""])
def test_a_format_that_is_shown_or_not_known_passes(media_type):
    assert stated(media_type) == ()


def test_what_the_address_says_comes_first():
    assert stated("image/webp", "https://e.org/a.jpg") == ()
