# ruff: noqa: E402 — run as a script, it has to find its neighbours first
"""Refits the weights of the `digest` method, and measures it by cross-validation.

    python tests/quality/refit.py            prints the tables of digest/summarize/weights.py
    python tests/quality/refit.py --cv       ROUGE against Lead-3 by five-fold cross-validation, several seeds
    python tests/quality/refit.py --without  the same, each feature left out in turn
    python tests/quality/refit.py --methods  ROUGE of every method, sumy's too, over all articles (minutes)

Reads ../shared/data/summaries, or what $DIGEST_SHARED names in place of ../shared/data. A sentence's label is its membership in the greedy oracle summary; the model is the
conditional logit: a softmax over the sentences of each article, with an L2 penalty on standardised features.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np
from quality.rouge import Judge

from digest.config.settings import METHODS
from digest.summarize import features, sentences, summarizer, weights

SHARED = Path(os.environ.get("DIGEST_SHARED") or Path(__file__).resolve().parents[3] / "shared" / "data")
DATA = SHARED / "summaries" / "news.jsonl"
PENALTY = 0.05
SEEDS = (0, 1, 2, 3, 4)
FOLDS = 5
PICKED = 3

# What clean.py takes away before a summary is made: the dateline of one publisher, the byline of the other.
_DATELINE = re.compile(r"[^.!?]{0,60}\(CNN\)\s*(?:--)?\s*")
_BYLINE = re.compile(
    r"By\s*\.\s.{0,160}?UPDATED:\s*\.\s*[^.]*?\d{4}\s*\.\s*"
    r"|By\s*\.\s[^.]{3,80}\.\s(?:(?:PUBLISHED|Last updated).{0,60}?\d{4}\s*\.\s*)?"
)


@dataclass
class Case:
    """An article that is read and judged: `sound` are the places of the sentences that may be picked."""

    name: str
    judge: Judge
    sound: Sequence[int]
    measured: features.Measured
    label: np.ndarray  # of each sound sentence

    @property
    def lead(self) -> float:
        return self.judge.mean(range(min(PICKED, len(self.judge.sentences))))

    def table(self, names: Sequence[str]) -> np.ndarray:
        return np.stack([self.measured.columns[name] for name in names], axis=1)

    def gain(self, vector: np.ndarray, names: Sequence[str]) -> float:
        """What the choice by those weights has over the first three sentences."""
        chosen = summarizer.pick(self.table(names) @ vector, self.measured, PICKED)
        return self.judge.mean([self.sound[place] for place in chosen]) - self.lead


def cleaned(text: str) -> str:
    for rule in (_DATELINE, _BYLINE):
        if match := rule.match(text):
            text = text[match.end() :]
    return text


def case(name: str, text: str, reference: str) -> Case:
    found = sentences.split(text, "en")
    sound = summarizer.sound(found, "en") or tuple(range(len(found)))
    judge = Judge(found, reference)
    oracle = set(judge.oracle(PICKED))
    return Case(
        name=name,
        judge=judge,
        sound=sound,
        measured=features.measure(summarizer.DigestSummarizer(language="en").read([found[place] for place in sound])),
        label=np.array([place in oracle for place in sound], dtype=float),
    )


def cases(data: Path = DATA, *, clean: bool = True, every: int = 1) -> Iterator[Case]:
    """The articles of the data, or each `every`th."""
    with data.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % every == 0:
                row = json.loads(line)
                yield case(row["id"], cleaned(row["text"]) if clean else row["text"], row["reference"])


def fit(given: Sequence[Case], names: Sequence[str], penalty: float | np.ndarray = PENALTY) -> np.ndarray:
    """The weights of `names`, by Newton's method: the problem is convex, so the answer is one.

    `penalty`: for all, or of each name.
    """
    given = [each for each in given if each.label.any()]
    table = np.concatenate([each.table(names) for each in given])
    deviation = table.std(axis=0) + 1e-12
    table = (table - table.mean(axis=0)) / deviation
    target = np.concatenate([each.label / each.label.sum() for each in given])
    sizes = [len(each.label) for each in given]
    article = np.repeat(np.arange(len(given)), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    found = np.zeros(len(names))
    for _ in range(50):
        score = table @ found
        share = np.exp(score - np.maximum.reduceat(score, starts)[article])
        share /= np.add.reduceat(share, starts)[article]
        slope = table.T @ (share - target) / len(given) + penalty * found
        means = np.add.reduceat(table * share[:, None], starts)
        curve = (table.T @ (table * share[:, None]) - means.T @ means) / len(given) + penalty * np.eye(len(names))
        step = np.linalg.solve(curve, slope)
        found -= step
        if np.abs(step).max() < 1e-9:
            break
    return found / deviation


def cross_validated(
    given: Sequence[Case], names: Sequence[str], seeds: Sequence[int] = SEEDS, penalty: float | np.ndarray = PENALTY
) -> np.ndarray:
    """Of each article, the mean gain over Lead-3 by weights fitted without it."""
    total = np.zeros(len(given))
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(given))
        for fold in range(FOLDS):
            held = order[fold::FOLDS]
            vector = fit([given[place] for place in np.setdiff1d(order, held)], names, penalty)
            total[held] += [given[place].gain(vector, names) for place in held]
    return total / len(seeds)


def interval(gains: np.ndarray, resamples: int = 5000) -> tuple[float, float, float]:
    """The mean, and the bounds of its 95 % bootstrap interval over articles."""
    draw = np.random.default_rng(0).integers(0, len(gains), (resamples, len(gains)))
    low, high = np.percentile(gains[draw].mean(axis=1), [2.5, 97.5])
    return float(gains.mean()), float(low), float(high)


def shown(gains: np.ndarray) -> str:
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*interval(gains))


def by_method(given: Case, method: str) -> tuple[float, float, float]:
    """ROUGE-1, -2, -Lsum of what a method picks."""
    found = given.judge.sentences
    made = summarizer.article(found, language="en", method=method, count=PICKED)
    return given.judge.scores(made.positions)


def rounded(names: Sequence[str], vector: np.ndarray) -> Mapping[str, float]:
    return {name: round(float(weight), 3) for name, weight in zip(names, vector, strict=True)}


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wishes.add_argument("--cv", action="store_true")
    wishes.add_argument("--without", action="store_true")
    wishes.add_argument("--methods", action="store_true")
    wishes.add_argument("--data", type=Path, default=DATA)
    wishes.add_argument("--every", type=int, default=1, help="each Nth article alone")
    given = wishes.parse_args()
    read = list(cases(given.data, every=given.every))
    news, neutral = list(weights.NEWS), list(weights.NEUTRAL)
    if given.without:
        few = SEEDS[:2]
        whole = cross_validated(read, news, few)
        for name in news:
            left = cross_validated(read, [other for other in news if other != name], few)
            print(f"{name:15} {shown(left - whole)}", flush=True)
    elif given.methods:
        for method in METHODS:
            scores = np.array([by_method(each, method) for each in read])
            means = " / ".join(f"{score:.2f}" for score in scores.mean(axis=0))
            print(f"{method:10} {means}   {shown(scores.mean(axis=1) - [each.lead for each in read])}", flush=True)
    elif given.cv:
        print(f"Lead-3, cleaned          {np.mean([each.lead for each in read]):.2f}")
        print(f"news against it          {shown(cross_validated(read, news))}")
        print(f"neutral against it       {shown(cross_validated(read, neutral))}")
        raw = list(cases(given.data, clean=False, every=given.every))
        print(f"Lead-3, raw              {np.mean([each.lead for each in raw]):.2f}")
        print(f"news against it          {shown(cross_validated(raw, news))}")
    else:
        for title, names in (("NEWS", news), ("NEUTRAL", neutral)):
            print(title, json.dumps(rounded(names, fit(read, names)), indent=4))


if __name__ == "__main__":
    main()
