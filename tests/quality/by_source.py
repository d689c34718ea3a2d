# ruff: noqa: E402 — run as a script, it has to find its neighbours first
"""Whether position learnt for each source gains: python tests/quality/by_source.py [--raw] [--three]

Reads what refit.py reads. One publisher is told by its dateline, the other by its block of byline and date; what has
neither counts as the other's (which most of it is, by how its highlights are set), or with --three as a third. Printed is the change against one set of weights for all, cross-validated, with its
bootstrap interval over articles: whole, and over the articles of each source.
"""

import argparse
import itertools
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np
from quality import refit

from digest.summarize import weights

PLACED = ("first", "order", "depth", "opening_common", "opening_recurs")
TIGHTER = (1.0, 4.0, 16.0)  # times the common penalty, on what a source adds to the common weights
_DATELINE = re.compile(r"[^.!?]{0,60}\(CNN[^)]{0,20}\)")
_BYLINE = re.compile(r"By\s*\.|.{0,200}?(?:PUBLISHED:|UPDATED:|Last updated)", re.DOTALL)


def source(text: str) -> str:
    """What a raw text begins with: "dateline", "byline" or, with neither, "unmarked"."""
    if _DATELINE.match(text):
        return "dateline"
    return "byline" if _BYLINE.match(text) else "unmarked"


def sources(data: Path) -> dict[str, str]:
    """The source of each article of the data, by its name."""
    with data.open(encoding="utf-8") as lines:
        return {row["id"]: source(row["text"]) for row in map(json.loads, lines)}


def told_apart(given: Sequence[refit.Case], told: np.ndarray, names: Sequence[str]) -> list[str]:
    """Adds to each article the columns `names` once more for each source, 0 where it is from another; their names."""
    for case, own in zip(given, told, strict=True):
        for name, other in itertools.product(names, sorted(set(told))):
            case.measured.columns[f"{name}@{other}"] = case.measured.columns[name] * (own == other)
    return [f"{name}@{other}" for name in names for other in sorted(set(told))]


def alone(given: Sequence[refit.Case], told: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The gains by weights of which each source has its own, learnt from its articles only."""
    gains = np.zeros(len(given))
    for other in np.unique(told):
        places = np.flatnonzero(told == other)
        gains[places] = refit.cross_validated([given[place] for place in places], names)
    return gains


def show(name: str, change: np.ndarray, told: np.ndarray) -> None:
    each = " · ".join(f"{other} {refit.shown(change[told == other])}" for other in np.unique(told))
    print(f"{name:34} {refit.shown(change)} · {each}", flush=True)


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wishes.add_argument("--raw", action="store_true", help="texts with their datelines and bylines")
    wishes.add_argument("--three", action="store_true", help="what is unmarked as a source of its own")
    wish = wishes.parse_args()
    known = sources(refit.DATA)
    read = list(refit.cases(clean=not wish.raw))
    told = np.array([known[case.name] for case in read])
    if not wish.three:
        told[told == "unmarked"] = "byline"
    news = list(weights.NEWS)
    common = refit.cross_validated(read, news)
    show(f"common weights, over Lead-3 ({len(read)})", common, told)
    print("changes; articles: " + ", ".join(f"{other} {np.sum(told == other)}" for other in np.unique(told)))
    show("all weights, each source alone", alone(read, told, news) - common, told)
    rest = [name for name in news if name not in PLACED]
    own = told_apart(read, told, PLACED)
    show("position each its own", refit.cross_validated(read, rest + own) - common, told)
    for times in TIGHTER:
        penalty = refit.PENALTY * np.array([1.0] * len(news) + [times] * len(own))
        gains = refit.cross_validated(read, news + own, penalty=penalty)
        show(f"position shrunken to common, x{times:g}", gains - common, told)


if __name__ == "__main__":
    main()
