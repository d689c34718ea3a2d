"""Folding the tail, so that the footer is never clipped."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render import samples

from digest.render import budget


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(100, 9000))
def test_as_many_as_fit_and_no_more(sizes, most):
    def render(shown: int) -> str:
        return "x" * (100 + sum(sizes[:shown]))

    got = len(budget.fitted(render, len(sizes), most))
    fitting = [n for n in range(1, len(sizes) + 1) if len(render(n)) <= most]
    assert got == len(render(max(fitting, default=1)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=200), st.integers(100, 9000))
def test_a_page_is_rendered_a_few_times_only(sizes, most):
    rendered: list[int] = []

    def render(shown: int) -> str:
        rendered.append(shown)
        return "x" * (100 + sum(sizes[:shown]))

    budget.fitted(render, len(sizes), most)
    assert len(rendered) <= 11


@pytest.mark.parametrize("layout", ["digest", "brief", "letter"])
def test_a_long_issue_is_folded_and_keeps_its_footer(layout):
    told = samples.stories() * 25
    made = samples.rendered(samples.issue(told), layout=layout)
    page = made.html.fill(samples.VALUES)
    assert len(page.encode()) <= 90_500
    assert samples.VALUES["unsubscribe_url"] in page
    assert "1 Example Street" in page
    folded = int(
        re.search(r'href="https://news.example.org/archive/morning/12"[^>]*>(\d+) more stories on the web', page)[1]
    )
    shown = page.count("<h3") + page.count('<h2 class="hero-title"') + page.count('<h2 class="letter-story"')
    assert folded + shown == len(told)


def test_the_text_part_tells_every_story_all_the_same():
    told = tuple(
        samples.story({"title": f"Story number {n}", "sentences": ["A sentence that is long enough. " * 20]})
        for n in range(150)
    )
    made = samples.rendered(samples.issue(told))
    assert "Story number 149" in made.text.fill(samples.VALUES)
    assert "Story number 149" not in made.html.fill(samples.VALUES)


def test_an_issue_that_fits_is_not_folded():
    assert "on the web" not in samples.rendered().html.fill(samples.VALUES)


def test_without_a_budget_everything_is_shown():
    made = samples.whole(samples.issue(samples.stories() * 25))
    page = made.html.fill(samples.VALUES)
    assert len(page.encode()) > 102_000
    assert "on the web" not in page
