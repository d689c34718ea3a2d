"""Real pages with gold text: ours is no worse than trafilatura's own best mode, and leaves less junk."""

import gzip
import json
import re
import warnings
from collections import Counter
from pathlib import Path

import pytest

from digest.collect import clean, pages

pytestmark = pytest.mark.data
URL = "https://example.org/2026/story"


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def score(found: str, gold: str) -> float:
    ours, theirs = words(found), words(gold)
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total()) if common else 0.0


def junk(found: str, gold: str) -> int:
    """Lines of more than two words, most of which the gold text does not hold."""
    held = words(gold)
    lines = (words(line) for line in found.split("\n"))
    return sum(1 for line in lines if line.total() > 2 and 2 * (line & held).total() < line.total())


@pytest.mark.timeout(300)
def test_page_text_against_trafilatura_s_own(shared: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import trafilatura

    gold = json.loads((shared / "pages" / "ground-truth.json").read_text())
    f1, left = Counter[str](), Counter[str]()
    for name, truth in gold.items():
        body = gzip.decompress((shared / "pages" / "html" / f"{name}.html.gz").read_bytes())
        text = truth["articleBody"]
        found = pages.extract(body, truth.get("url") or URL)
        ours = clean.article(
            found.paragraphs, title=found.title, authors=found.authors, language=found.language, known=()
        )
        own = trafilatura.extract(body, url=truth.get("url") or URL, include_comments=False, favor_precision=True) or ""
        for kind, result in (("ours", "\n".join(ours)), ("raw", "\n".join(found.paragraphs)), ("trafilatura", own)):
            f1[kind] += score(result, text)  # type: ignore[assignment]  # a sum of shares
            left[kind] += junk(result, text)
    print({kind: (round(total / len(gold), 4), left[kind]) for kind, total in f1.items()})
    assert f1["raw"] >= f1["trafilatura"]
    assert f1["ours"] >= f1["trafilatura"]
    assert left["ours"] < left["trafilatura"]
