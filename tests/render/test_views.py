"""What templates see of an issue."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render import samples

from digest.model import Image
from digest.render import views


def told(given: dict, **issue):
    return views.stories(samples.issue((samples.story({"title": "T"} | given),), **issue))[0]


def test_sections_stand_in_the_order_they_first_appear():
    grouped = views.sections(views.stories(samples.issue()))
    assert [section.title for section in grouped] == ["City", "Science", "World"]
    assert [len(section.stories) for section in grouped] == [3, 2, 3]


def test_the_day_is_the_slots():
    assert str(views.day(samples.issue(slot="2026-11-24T00:10"))) == "2026-11-24"


def test_the_day_of_an_unreadable_slot_is_the_readers_today():
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert str(views.day(samples.issue(slot="now", made_at=late))) == "2026-11-24"


def test_the_date_of_a_story_is_local_and_never_in_the_future():
    assert told({"published": "2026-11-21T23:30:00+00:00"}).date == "Nov 22"
    assert told({"published": "2031-01-01T00:00:00+00:00"}).date == "Nov 23", "when it was first seen"


def test_the_source_is_the_feeds_title_or_the_host():
    assert told({"source": "Harbour Post"}).source == "Harbour Post"
    assert told({"source": "", "link": "https://www.example.org/a"}).source == "example.org"
    assert told({"source": "", "link": ""}).source == ""


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Coast Weekly: The Pulse of the Whole Coast", "Coast Weekly"),
        ("Harbour TV – Breaking News, Weather and Video", "Harbour TV"),
        ("Tideline > World News and everything beyond", "Tideline"),
        ("The Society of Friends of the Old Swing Bridge", "The Society of Friends of the Old Swing Bridge"),
        ("Post - Sea", "Post - Sea"),
        ("X: A long claim that follows a single letter", "X: A long claim that follows a single letter"),
        ("Top Stories", "example.org"),
        ("world", "example.org"),
        ("News | All that happened on the coast this morning", "example.org"),
    ],
)
def test_a_publishers_name_is_told_without_its_claim(title, name):
    assert told({"source": title, "link": "https://www.example.org/a"}).source == name


def test_a_name_that_says_little_is_better_than_none():
    assert told({"source": "Top Stories", "link": ""}).source == "Top Stories"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_a_name_is_the_head_of_its_title(title):
    shown = views.source(samples.article({"title": "T", "source": title, "link": "https://example.org/a"}))
    assert shown == "example.org" or views.line(title).startswith(shown)


def test_each_publisher_is_named_once_among_the_others():
    also = [{"title": title, "source": source} for title, source in (("B", "Post"), ("C", "Radio"), ("D", "Post"))]
    assert [(other.source, other.title) for other in told({"also": also}).also] == [("Post", "B"), ("Radio", "C")]


@pytest.mark.parametrize(("words", "minutes"), [(0, 0), (1, 1), (230, 1), (231, 2), (1150, 5)])
def test_reading_time(words, minutes):
    assert told({"text": ["word " * words] if words else []}).minutes == minutes


def test_reading_time_of_a_language_without_blanks():
    assert told({"language": "ja", "text": ["字" * 1000]}).minutes == 2


def test_sentences_are_joined_as_their_language_does():
    assert told({"sentences": ["One.", "Two."]}).text == "One. Two."
    assert told({"language": "zh-Hans", "sentences": ["一。", "二。"]}).text == "一。二。"


def test_a_story_in_another_language_says_so():
    assert (told({"language": "he"}).language, told({"language": "he"}).direction) == ("he", "rtl")
    assert told({"language": "EN"}).language == ""
    assert told({}).language == ""


@pytest.mark.parametrize(
    ("title", "language", "issue", "direction"),
    [
        ("The cup", None, "ar", "ltr"),
        ("الكأس", None, "en", "rtl"),
        ("2026", None, "ar", "rtl"),
        ("2026", None, "en", "ltr"),
        ("NATO: الكأس", "ar", "en", "rtl"),
    ],
)
def test_words_of_no_known_language_run_as_they_are_written(title, language, issue, direction):
    assert told({"title": title, "language": language}, language=issue).direction == direction


def test_english_words_of_no_known_language_are_turned_in_an_arabic_issue():
    story = samples.story({"title": "The cup", "sentences": ["Rovers won."]})
    html = samples.rendered(samples.issue((story,), language="ar", title="موجز")).html.fill(samples.VALUES)
    assert html.count('dir="ltr"') == 2, "its title and its words"


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(1200, 675, 63), (None, None, None), (1200, None, None), (0, 0, None), (1000, 1000, 112)],
)
def test_the_height_of_a_picture_follows_its_stated_size(width, height, expected):
    picture = told({"image": {"url": "https://e.org/a.png", "width": width, "height": height}}).picture
    assert picture is not None
    assert picture.height(112) == expected


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1200, 675, (536, 302)),  # as wide as there is room
        (1000, 1000, (360, 360)),  # as high as there is room
        (900, 1600, (202, 359)),
        (200, 100, (200, 100)),  # never blown up
        (None, None, (536, None)),
    ],
)
def test_a_picture_fits_its_box(width, height, expected):
    picture = told({"image": {"url": "https://e.org/a.png", "width": width, "height": height}}).picture
    assert picture is not None
    shown = picture.fit(536, 360)
    assert (shown, picture.height(shown)) == expected


@pytest.mark.parametrize(("width", "height"), [(728, 90), (1200, 240), (100, 900), (1, 1000), (1000, 1901)])
def test_banners_and_towers_are_no_pictures(width, height):
    assert told({"image": {"url": "https://e.org/a.png", "width": width, "height": height}}).picture is None


def test_a_story_without_title_shows_its_address():
    assert told({"title": " \n ", "link": "https://e.org/a"}).title == "https://e.org/a"


def test_others_are_listed():
    also = told({"also": [{"title": "B\nb", "source": "Other", "link": "https://o.org/b"}]}).also
    assert [(o.title, o.source, o.link) for o in also] == [("B b", "Other", "https://o.org/b")]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"(https?|javascript|data)://?[^\s]{0,20}", fullmatch=True))
def test_an_address_is_http_on_one_line_or_nothing(url):
    made = views.address(url)
    assert made == "" or (
        (made.startswith(("http://", "https://")) and made.isprintable()) or not set(made) & set("\r\n\t\x00 ")
    )
    assert views.address(made) == made


def test_an_image_needs_a_web_address():
    assert Image(url="x").url == "x"
    assert told({"image": {"url": "data:image/png;base64,AA"}}).picture is None


BRIDGE = {"url": "https://images.example.org/bridge.jpg", "alt": "The bridge\nat dawn", "width": 1200, "height": 675}
FERRY = {"url": "https://images.example.net/ferry.jpg", "alt": "A ferry", "width": 1200, "height": 675}


def test_a_lead_without_image_takes_that_of_the_next_report_with_its_words():
    also = [{"title": "B"}, {"title": "C", "image": BRIDGE}, {"title": "D", "image": FERRY}]
    picture = told({"also": also}).picture
    assert picture is not None
    assert (picture.url, picture.alt, picture.height(112)) == (BRIDGE["url"], "The bridge at dawn", 63)


def test_the_leads_own_image_comes_first():
    picture = told({"image": FERRY, "also": [{"title": "B", "image": BRIDGE}]}).picture
    assert picture is not None
    assert (picture.url, picture.alt) == (FERRY["url"], "A ferry")


@pytest.mark.parametrize(
    "unfit",
    [BRIDGE | {"width": 728, "height": 90}, BRIDGE | {"url": "data:image/png;base64,AA"}],
    ids=["banner", "data"],
)
def test_an_image_that_shows_nothing_gives_way_to_another(unfit):
    picture = told({"image": unfit, "also": [{"title": "B", "image": FERRY}]}).picture
    assert picture is not None
    assert picture.url == FERRY["url"]


def test_only_the_same_story_lends_its_picture():
    bare, other = samples.story({"title": "A"}), samples.story({"title": "B", "image": BRIDGE})
    first, second = views.stories(samples.issue((bare, other)))
    assert first.picture is None
    assert second.picture is not None


@pytest.mark.parametrize("place", [0, 1], ids=["hero", "thumbnail"])
def test_a_borrowed_picture_stands_in_the_mail(place):
    borrowed = samples.story({"title": "A", "also": [{"title": "B", "image": BRIDGE}]})
    stories = [samples.story({"title": "C"})]
    stories.insert(place, borrowed)
    html = samples.rendered(samples.issue(tuple(stories))).html.fill(samples.VALUES)
    assert html.count(BRIDGE["url"]) == 1
    assert 'alt="The bridge at dawn"' in html


def test_links_are_as_their_publishers_wrote_them_unless_tags_are_wanted() -> None:
    told = views.stories(samples.issue())
    assert views.tagged(told, {}) == told
    tagged = views.tagged(told, {"utm_source": "a & b"})
    assert all(story.link.endswith("utm_source=a+%26+b") for story in tagged if story.link)
    assert all(other.link.endswith("utm_source=a+%26+b") for story in tagged for other in story.also if other.link)
    assert views.tagged(tagged, {"utm_source": "other"}) == tagged
    assert [story.title for story in tagged] == [story.title for story in told]


def test_a_story_without_a_link_gets_none() -> None:
    (bare,) = views.stories(samples.issue((samples.story({"title": "T", "link": ""}),)))
    assert views.tagged((bare,), {"a": "b"})[0].link == bare.link
