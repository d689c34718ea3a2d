# ruff: noqa: E402 — run as a script, it has to find its neighbours first
"""Whether other reports of an event help: python tests/quality/echoes.py

Reads ../shared/data/stories: events that three newspapers reported. A summary of the first's report, made with the
second's as context, is judged by ROUGE against the third's: its title with its opening (three sentences), or what
follows (nine). Intervals are bootstrapped over events.
"""

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np
from quality import refit
from quality.rouge import Judge

from digest.summarize import features, sentences, summarizer, weights

DATA = refit.SHARED / "stories" / "news.jsonl"
OPENING = 3
TRIED = (0.0, 0.2, 0.4, 0.8)


@dataclass
class Trial:
    """A report read beside another, and its judges by a third."""

    event: str
    title: str
    measured: features.Measured
    sound: Sequence[int]
    judges: tuple[Judge, Judge]  # by the opening, by the rest

    @property
    def table(self) -> dict[str, np.ndarray]:
        return self.measured.columns

    def scores(self, title: float, echoed: float, **more: float) -> tuple[float, float]:
        """ROUGE of what is picked with those weights, `more` of other columns of the table."""
        wanted = weights.NEWS | {"title": title, "echoed": echoed} | more
        rated = sum(weight * self.table[name] for name, weight in wanted.items())
        chosen = [self.sound[place] for place in summarizer.pick(rated, self.measured, refit.PICKED)]
        return self.judges[0].mean(chosen), self.judges[1].mean(chosen)


def trials(data: Path = DATA) -> Iterator[Trial]:
    with data.open(encoding="utf-8") as lines:
        rows = sorted(map(json.loads, lines), key=lambda row: row["story"])
    for event, reports in itertools.groupby(rows, key=lambda row: row["story"]):
        for told, beside, third in itertools.permutations(list(reports), 3):
            yield from _trial(str(event), told, beside, third)


def _trial(event: str, told: dict, beside: dict, third: dict) -> Iterator[Trial]:
    found, other = ([s for p in row["paragraphs"] for s in sentences.split(p, "en")] for row in (told, third))
    sound = summarizer.sound(found, "en")
    if len(sound) < 6 or len(other) <= OPENING:
        return
    context = [beside["title"], *beside["paragraphs"]]
    reader = summarizer.DigestSummarizer(language="en", title=told["title"], context=context)
    measured = features.measure(reader.read([found[place] for place in sound]))
    opening = "\n".join([third["title"], *other[:OPENING]])
    judges = Judge(found, opening), Judge(found, "\n".join(other[OPENING:12]))
    yield Trial(event, told["title"], measured, sound, judges)


def gains(given: Sequence[Trial], title: float, echoed: float) -> np.ndarray:
    """Of each event, what those weights add to none: by the opening, by the rest."""
    return by_event(given, [np.subtract(each.scores(title, echoed), each.scores(title, 0.0)) for each in given])


def by_event(given: Sequence[Trial], added: Sequence[np.ndarray]) -> np.ndarray:
    """The means over each event's trials."""
    events = np.array([each.event for each in given])
    return np.array([np.mean(np.array(added)[events == event], axis=0) for event in np.unique(events)])


def main() -> None:
    read = list(trials())
    print("weight of what is echoed: ROUGE added, by a third report's opening · by what follows there")
    for weight in TRIED:
        opening, rest = gains(read, weights.BESIDE["title"], weight).T
        print(f"{weight:4} {refit.shown(opening)} · {refit.shown(rest)}")


if __name__ == "__main__":
    main()
