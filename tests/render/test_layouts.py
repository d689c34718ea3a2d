"""What each shipped layout shows of an issue, and how the first story's picture stands in it."""

import itertools

import pytest
from lxml import etree
from render import samples

from digest.render import document

LAYOUTS = ("digest", "brief", "letter")
NBSP = "\u00a0"
BARE = tuple(samples.story({"title": f"Story {n}", "sentences": ["A."]}) for n in range(3))


def page(told=None, layout: str = "digest", **changes) -> etree._Element:
    return document.parse(samples.rendered(samples.issue(told, **changes), layout=layout).html.fill(samples.VALUES))


def words(of: etree._Element) -> str:
    body = of.find("body")
    assert body is not None
    return " ".join("".join(body.itertext()).split())


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "shown",
    [
        "The Morning Digest",
        "Monday, November 23, 2026",
        "A word before",
        "City",
        "Science",
        "World",
        "Harbour Post · Nov 23 · 5 min read",
        "Also in Coast Radio, The Evening Ledger",
        "You receive this because you subscribed to The Morning Digest.",
        "ada@example.net",
        "Preferences",
        "View in browser",
        "Unsubscribe",
        "1 Example Street, 10115 Berlin",
    ],
)
def test_a_layout_shows(layout, shown):
    assert shown in words(page(layout=layout, intro="A word before")).replace(NBSP, " ")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_story_is_a_heading_that_links_to_it(layout):
    links = {a.get("href") for heading in page(layout=layout).iter("h2", "h3") for a in heading.iter("a")}
    assert links == {story.lead.link for story in samples.stories()}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("told", [None, BARE], ids=["sections", "none"])
def test_headings_go_down_step_by_step(layout, told):
    levels = [int(str(heading.tag)[1]) for heading in page(told, layout).iter("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stories_without_sections_have_no_empty_heading(layout):
    assert all("".join(heading.itertext()).strip() for heading in page(BARE, layout).iter("h1", "h2", "h3"))


def test_each_picture_of_the_digest_has_words_and_a_size():
    images = list(page().iter("img"))
    assert len(images) == 5
    assert all(image.get("alt") and image.get("width") and image.get("height") for image in images)


def hero(width: int | None, height: int | None) -> etree._Element:
    image = {"url": "https://images.example.org/a.jpg", "alt": "A", "width": width, "height": height}
    return next(page((samples.story({"title": "One", "image": image}),)).iter("img"))


@pytest.mark.parametrize(("width", "height"), [(1200, 675), (1000, 740), (None, None)])
def test_a_wide_picture_fills_the_column(width, height):
    image = hero(width, height)
    assert (image.get("class"), image.get("width")) == ("hero-image", "536")


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [(1800, 1801, ("340", "340")), (900, 1600, ("191", "340")), (200, 133, ("200", "133"))],
    ids=["square", "tall", "small"],
)
def test_another_stands_on_a_mat_no_higher_than_the_screen_and_never_blown_up(width, height, shown):
    image = hero(width, height)
    assert image.get("class") == "mat-image"
    assert (image.get("width"), image.get("height")) == shown


def test_a_tall_thumbnail_is_no_higher_than_the_words_beside_it():
    image = {"url": "https://images.example.org/a.jpg", "alt": "A", "width": 1000, "height": 1500}
    told = (samples.story({"title": "One"}), samples.story({"title": "Two", "image": image}))
    thumb = next(page(told).iter("img"))
    assert (thumb.get("width"), thumb.get("height")) == ("64", "96")
