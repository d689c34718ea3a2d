"""The page's setting and its address."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.web.preview.shown import Look
from digest.web.preview.view import Device, Mode, Part, Switch, View

VIEWS = st.builds(
    View,
    issue=st.text(max_size=40),
    device=st.sampled_from(Device),
    mode=st.sampled_from(Mode),
    styles=st.sampled_from(Switch),
    images=st.sampled_from(Switch),
    part=st.sampled_from(Part),
    reader=st.text(max_size=20),
    language=st.text(max_size=20),
    layout=st.text(max_size=20),
)
NAMES = ["issue", "device", "mode", "styles", "images", "part", "reader", "language", "layout", "unknown"]


@given(VIEWS)
@settings(max_examples=60, deadline=None)
def test_a_view_survives_its_own_query(view):
    assert View.parse(dict(view.items())) == view


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=400)))
@settings(max_examples=60, deadline=None)
def test_any_query_is_some_view(query):
    view = View.parse(query)
    assert isinstance(view.device, Device)
    assert isinstance(view.styles, Switch)
    assert len(view.issue) <= 200


def test_what_is_usual_is_not_said():
    assert View().query() == ""
    assert View(mode=Mode.DARK, reader="7").query() == "mode=dark&reader=7"


def test_a_query_can_be_had_of_one_change():
    view = View(issue="morning/12", device=Device.PHONE)
    assert view.query(issue="morning/11", reader="") == "issue=morning%2F11&device=phone"
    assert view.query(device="desktop") == "issue=morning%2F12"


@pytest.mark.parametrize("field", ["device", "mode", "part", "styles", "images"])
@pytest.mark.parametrize("value", ["", "DESKTOP", "<b>", "offf", "phone "])
def test_an_unknown_value_is_as_usual(field, value):
    assert View.parse({field: value}) == View()


def test_the_look_is_what_the_source_is_asked_for():
    assert View(language="de", layout="brief", mode=Mode.DARK).look == Look(language="de", layout="brief")
