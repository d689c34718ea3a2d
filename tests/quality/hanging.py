# ruff: noqa: E402 — run as a script, it has to find its neighbours first
"""What it costs not to begin a sentence with "Her" or "But" whose sentence before is not shown.

    python tests/quality/hanging.py          ROUGE and the share of summaries that hang, by weight

The weights are the shipped ones, so the gains over Lead-3 are in-sample; the differences between rows are what counts.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np
from quality import refit

from digest.summarize import summarizer, weights

TRIED = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)


def picked(case: refit.Case, weight: float) -> tuple[int, ...]:
    """What the shipped weights pick, hanging sentences at that price."""
    scores = summarizer.score(case.measured, weights.NEWS)
    return summarizer.pick(scores, case.measured, refit.PICKED, hanging=weight)


def hangs(case: refit.Case, chosen: Sequence[int]) -> bool:
    """Whether a sentence of the choice leans on one that is not in it."""
    return any(case.measured.leans[place] and place - 1 not in chosen for place in chosen)


def trial(given: Sequence[refit.Case], weight: float) -> tuple[np.ndarray, float]:
    """Of each article the gain over Lead-3, and the share of summaries that hang."""
    choices = [picked(each, weight) for each in given]
    gains = [
        each.judge.mean([each.sound[place] for place in chosen]) - each.lead
        for each, chosen in zip(given, choices, strict=True)
    ]
    return np.array(gains), float(np.mean([hangs(*pair) for pair in zip(given, choices, strict=True)]))


def main() -> None:
    read = list(refit.cases())
    free, _ = trial(read, 0.0)
    print("weight   gain over Lead-3        against none            summaries that hang")
    for weight in TRIED:
        gains, share = trial(read, weight)
        print(f"{weight:6}   {refit.shown(gains)}   {refit.shown(gains - free)}   {share:.1%}", flush=True)


if __name__ == "__main__":
    main()
