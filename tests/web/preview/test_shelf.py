"""The last good answers."""

import asyncio

import pytest
from canned_preview import CHOICES, Canned

from digest.errors import ConfigError, DigestError, Fault, NothingToDo, SendError, StoreError, TemplateError
from digest.web.preview.live import Live
from digest.web.preview.shelf import Shelf, fault
from digest.web.preview.view import View

NEXT = View(issue="next:morning")


class Failing(Canned):
    """A source whose list cannot be had either."""

    async def choices(self):
        if self.broken:
            raise self.broken
        return CHOICES

    async def readers(self, key):
        raise StoreError("the database cannot be opened")


async def test_one_makes_it_the_others_find_it_made():
    source = Canned()
    shelf = Shelf(source, Live())
    found = await asyncio.gather(*(shelf.held(NEXT) for _ in range(5)))
    assert len(source.made) == 1
    assert len({id(held.shown) for held in found}) == 1


async def test_each_reader_and_look_has_its_own():
    source = Canned()
    shelf = Shelf(source, Live())
    for view in (
        NEXT,
        View(issue="next:morning", reader="7"),
        View(issue="next:morning", language="de"),
        View(issue="morning/12"),
    ):
        await shelf.held(view)
    assert len(source.made) == 4


async def test_the_last_good_one_stays_under_a_fault_and_only_its_own():
    source, live = Canned(), Live()
    shelf = Shelf(source, live)
    good = (await shelf.held(NEXT)).shown
    source.broken = TemplateError("a.html.j2:1: no.")
    live.changed()
    held = await shelf.held(NEXT)
    assert held.shown is good
    assert held.fault is not None
    assert (await shelf.held(View(issue="morning/12"))).shown is None


async def test_the_list_stays_when_the_source_fails():
    source = Failing()
    shelf = Shelf(source, Live())
    assert await shelf.choices() == CHOICES
    source.broken = StoreError("gone")
    assert await shelf.choices() == CHOICES
    assert await shelf.readers("next:morning") == ()


@pytest.mark.parametrize(
    ("error", "title", "lines", "grave"),
    [
        (TemplateError("a.j2:1: no.\nb.j2:2: no."), "A template has a fault", ("a.j2:1: no.", "b.j2:2: no."), True),
        (ConfigError([Fault(file="digest.toml", key="a.b", problem="is off", remedy="Mend it")]), "digest.toml has a fault", ("digest.toml: a.b: is off. Mend it",), True),
        (NothingToDo("nothing"), "Nothing to show yet", ("nothing",), False),
        (SendError("odd"), "This issue cannot be made", ("odd",), True),
        (DigestError(), "This issue cannot be made", ("",), True),
    ],
)  # fmt: skip
def test_a_fault_as_the_page_tells_it(error, title, lines, grave):
    told = fault(error)
    assert (told.title, told.lines, told.is_grave) == (title, lines, grave)
