"""How long an issue of 30 articles takes, against premailer's own defaults, and how long a recipient's merge takes.

PYTHONPATH=.:tests python tests/bench/bench_render.py
"""

import html
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lxml import etree
from premailer import Premailer
from render import samples

from digest.render import document, inline, preflight, variants


def median_ms(make: Callable[[], object], runs: int = 15) -> float:
    """Milliseconds of processor time, the median of some runs after two to warm up."""
    for _ in range(2):
        make()
    taken = []
    for _ in range(runs):
        began = time.process_time()
        make()
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def times(runs: int, make: Callable[[], object]) -> None:
    """Makes it so often, keeping nothing."""
    for _ in range(runs):
        make()


def main() -> None:
    """Prints the table."""
    issue = samples.issue((samples.stories() * 4)[:30])
    made = samples.rendered(issue)
    filled = made.html.fill(samples.VALUES)
    raw = samples.raw(issue)
    whole = median_ms(lambda: samples.rendered(issue))
    merge = median_ms(lambda: times(100, lambda: made.html.fill(samples.VALUES))) * 10
    merge_text = median_ms(lambda: times(100, lambda: made.text.fill(samples.VALUES))) * 10
    replaced = median_ms(lambda: times(20, lambda: _replaced(filled))) * 50
    tuned = median_ms(lambda: inline.inline(document.parse(raw)))
    default = median_ms(lambda: Premailer(etree.fromstring(raw.strip(), etree.HTMLParser())).transform(), 7)
    science = variants.of(issue, language="de", sections=["Science"])
    assert science is not None
    variant = median_ms(lambda: samples.rendered(variants.narrowed(issue, science)))
    print(f"30 articles, {len(filled.encode()):,} bytes of HTML; processor time, medians")
    print(f"{'issue, warm':34}{whole:9.1f} ms   (15 at most)")
    print(f"{'  of it: inlining':34}{tuned:9.1f} ms")
    print(f"{'premailer by default':34}{default:9.1f} ms   x{default / tuned:.1f}")
    print(f"{'a variant: German, one section':34}{variant:9.1f} ms")
    print(f"{'preflight':34}{median_ms(lambda: preflight.check(made, issue=issue, postal_address='x')):9.1f} ms")
    print(f"{'merge, HTML':34}{merge:9.1f} us  (10 at most)")
    print(f"{'merge, text':34}{merge_text:9.1f} us")
    print(f"{'five str.replace':34}{replaced:9.1f} us  x{replaced / merge:.0f}")


def _replaced(page: str) -> str:
    for value in samples.VALUES.values():
        page = page.replace(value, html.escape(value) + "x")
    return page


if __name__ == "__main__":
    main()
