"""Keeps the HTML under the size at which Gmail hides the rest, the unsubscribe link with it."""

from collections.abc import Callable
from typing import Final

BUDGET: Final = 90_000  # bytes: what is folded to, with room for the readers' own values
CLIP: Final = 102_000  # bytes: past them Gmail shows "[Message clipped]"


def fitted(render: Callable[[int], str], stories: int, budget: int = BUDGET) -> str:
    """The page with as many of its stories as fit into `budget` bytes of UTF-8, one at least.

    `render(shown)` gives the page with the first `shown` stories. The first guess comes from the mean size of a story,
    the rest is bisection, so a page is rendered a few times, not once for each story.
    """
    page = render(stories)
    size = len(page.encode())
    if size <= budget or stories <= 1:
        return page
    best = render(1)
    floor = len(best.encode())
    least, most = 2, stories - 1
    guess = 1 + int((budget - floor) * (stories - 1) / max(size - floor, 1))
    while least <= most:
        shown = min(max(guess, least), most)
        tried = render(shown)
        if len(tried.encode()) <= budget:
            best, least = tried, shown + 1
        else:
            most = shown - 1
        guess = (least + most + 1) // 2
    return best
