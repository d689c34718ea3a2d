# ruff: noqa: E402 — run as a script, it has to find its neighbours first
"""Whether static word vectors small enough to ship gain: python tests/quality/vectors.py [--every N] [--no-stories]

The vectors are counted, not downloaded: positive pointwise mutual information of stems within five of each other,
truncated singular value decomposition, eight bits a number. In each fold they are learnt from the articles that the
weights are learnt from, and from ../shared/data/stories, which has no article of the folds. Printed is the change
against the present features, with its bootstrap interval; the title, which the summaries' data lacks, is tried on the
events of echoes.py with vectors of the summaries' data alone.
"""

import argparse
import itertools
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np
from quality import echoes, refit

from digest.summarize import features, sentences, summarizer, weights

WINDOW = 5  # stems to either side
RAREST = 3  # occurrences
VOCABULARY = 8000
SIZES = (25, 50, 100)
SEEDS = (0, 1)
MIXED = 0.25  # of the overlap: what the vectors say
TITLED = (0.1, 0.3, 1.0)
NEW = ("v_central", "v_onward", "v_repeats", "v_opening")
Stems = Sequence[Sequence[str]]  # of each sentence


@dataclass
class Vectors:
    """A vector for each stem, of 8-bit numbers and unit length times 127, the most telling dimensions first."""

    place: Mapping[str, int]
    table: np.ndarray
    weight: np.ndarray  # of each stem in a sentence's mean: a / (a + its share of the text)

    def of(self, stems: Stems, size: int) -> np.ndarray:
        """A row for each sentence, the weighted mean of its stems' vectors; zeros where no stem is known."""
        rows = np.zeros((len(stems), size))
        for number, sentence in enumerate(stems):
            known = [self.place[stem] for stem in sentence if stem in self.place]
            if known:
                rows[number] = self.weight[known] @ self.table[known, :size].astype(float) / len(known)
        return rows


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def learnt(text: Sequence[Stems], size: int = max(SIZES)) -> Vectors:
    """The vectors of a text: a list of articles, each a list of sentences."""
    counts = Counter(stem for article in text for sentence in article for stem in sentence)
    place = {stem: at for at, (stem, count) in enumerate(counts.most_common(VOCABULARY)) if count >= RAREST}
    shared = informed(together(text, place))
    draw = np.random.default_rng(0).normal(size=(len(place), size + 20)).astype(np.float32)
    for _ in range(3):
        draw = np.linalg.qr(shared @ draw)[0]
    left, strength, _ = np.linalg.svd(shared @ draw, full_matrices=False)
    rows = unit(left[:, :size] * np.sqrt(strength[:size]))
    share = np.array([counts[stem] for stem in place]) / counts.total()
    return Vectors(place, np.round(rows * 127).astype(np.int8), 1e-3 / (1e-3 + share))


def together(text: Sequence[Stems], place: Mapping[str, int]) -> np.ndarray:
    """How often two stems stand near each other."""
    gap = [-1] * WINDOW
    found = np.array([at for article in text for at in (*(place.get(s, -1) for each in article for s in each), *gap)])
    table = np.zeros(len(place) ** 2, dtype=np.float32)
    for lag in range(1, WINDOW + 1):
        one, other = found[:-lag], found[lag:]
        both = (one >= 0) & (other >= 0)
        pairs, times = np.unique(one[both] * len(place) + other[both], return_counts=True)
        table[pairs] += times.astype(np.float32)
    table = table.reshape(len(place), len(place))
    return table + table.T


def informed(table: np.ndarray) -> np.ndarray:
    """Positive pointwise mutual information, contexts smoothed by .75 (Levy, Goldberg and Dagan 2015)."""
    row = np.maximum(table.sum(axis=1), 1)
    context = row**0.75
    context /= context.sum()
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(table / row[:, None] / context), 0).astype(np.float32)


def likeness(rows: np.ndarray) -> np.ndarray:
    """Cosines of the rows, less what all of them have in common; 0 on the diagonal."""
    own = unit(rows - rows.mean(axis=0))
    near = own @ own.T
    np.fill_diagonal(near, 0)
    return near


def columns(rows: np.ndarray) -> dict[str, np.ndarray]:
    """The features NEW of an article by its sentences' rows: cosines to all, to later ones, to earlier, to the first."""
    near = likeness(rows)
    edges = near - near.min()
    after, before = np.triu(edges, 1).sum(axis=1), np.tril(edges, -1).sum(axis=1)
    return {
        "v_central": features.standard(unit(rows) @ unit(rows.sum(axis=0))),
        "v_onward": features.standard(3 * after - 2 * before),
        "v_repeats": np.tril(near).max(axis=1),
        "v_opening": features.standard(unit(rows) @ unit(rows[:3].sum(axis=0))),
    }


def stemmed(texts: Sequence[str]) -> Stems:
    return summarizer.DigestSummarizer(language="en").read(texts).stems


def stories(data: Path = echoes.DATA) -> list[Stems]:
    with data.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [stemmed([s for p in row["paragraphs"] for s in sentences.split(p, "en")]) for row in rows]


def mixed_gain(case: refit.Case, vector: np.ndarray, names: Sequence[str], rows: np.ndarray) -> float:
    """As Case.gain, the overlap of what is picked partly by vectors."""
    overlap = (1 - MIXED) * case.measured.overlap + MIXED * np.maximum(likeness(rows), 0)
    chosen = summarizer.pick(case.table(names) @ vector, replace(case.measured, overlap=overlap), refit.PICKED)
    return case.judge.mean([case.sound[place] for place in chosen]) - case.lead


def trial(given: Sequence[refit.Case], text: Sequence[Stems], beside: Sequence[Stems]) -> dict[str, np.ndarray]:
    """Of each way, the gain of each article over Lead-3 by vectors and weights that have not seen it."""
    news = list(weights.NEWS)
    gains: dict[str, np.ndarray] = {}

    def note(name: str, held: np.ndarray, found: Sequence[float]) -> None:
        gains.setdefault(name, np.zeros(len(given)))[held] += np.array(found) / len(SEEDS)

    for seed, fold in itertools.product(SEEDS, range(refit.FOLDS)):
        order = np.random.default_rng(seed).permutation(len(given))
        held, seen = order[fold :: refit.FOLDS], np.setdiff1d(order, order[fold :: refit.FOLDS])
        vectors = learnt([*(text[place] for place in seen), *beside])
        training = [given[place] for place in seen]
        plain = refit.fit(training, news)
        note("present", held, [given[place].gain(plain, news) for place in held])
        for size in SIZES:
            rows = [vectors.of([text[at][place] for place in case.sound], size) for at, case in enumerate(given)]
            for case, own in zip(given, rows, strict=True):
                case.measured.columns.update(columns(own))
            note(f"{size} redundancy", held, [mixed_gain(given[at], plain, news, rows[at]) for at in held])
            for added in ((name,) for name in NEW) if size == 50 else ():
                found = refit.fit(training, [*news, *added])
                note(f"{size} {added[0]}", held, [given[at].gain(found, [*news, *added]) for at in held])
            found = refit.fit(training, [*news, *NEW])
            note(f"{size} all four", held, [given[at].gain(found, [*news, *NEW]) for at in held])
    return gains


def titled(vectors: Vectors, size: int = 50) -> None:
    """Prints what the title's vector adds, judged by a third report of the same event."""
    read = list(echoes.trials())
    for each in read:
        found = [each.judges[0].sentences[place] for place in each.sound]
        rows = vectors.of(stemmed([*found, each.title]), size)
        own = unit(rows - rows[:-1].mean(axis=0))
        each.table["v_title"] = features.standard(own[:-1] @ own[-1])
    title, echoed = weights.BESIDE["title"], weights.BESIDE["echoed"]
    for weight in TITLED:
        added = [np.subtract(each.scores(title, echoed, v_title=weight), each.scores(title, echoed)) for each in read]
        opening, rest = echoes.by_event(read, added).T
        print(
            f"title, weight {weight:4} {refit.shown(opening)} by the opening, {refit.shown(rest)} by the rest",
            flush=True,
        )


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wishes.add_argument("--every", type=int, default=1, help="each Nth article alone")
    wishes.add_argument("--no-stories", action="store_true", help="vectors of the summaries' data alone")
    wish = wishes.parse_args()
    read = list(refit.cases(every=wish.every))
    text = [stemmed(case.judge.sentences) for case in read]
    gains = trial(read, text, [] if wish.no_stories else stories())
    present = gains.pop("present")
    print(f"present features over Lead-3, {len(read)} articles: {refit.shown(present)}")
    for name, found in sorted(gains.items()):
        print(f"{name:18} {refit.shown(found - present)}", flush=True)
    vectors = learnt(text)
    print(f"{len(vectors.place)} stems, {vectors.table.nbytes / 1e6:.2f} MB")
    titled(vectors)


if __name__ == "__main__":
    main()
