"""Floors of the summaries: they may only go up."""

import json
from pathlib import Path

import numpy as np
import pytest
from quality import echoes, hanging, refit

from digest.config.settings import METHODS
from digest.summarize import sentences, summarizer, weights

GOLD = Path(__file__).parents[1] / "data" / "gold"


@pytest.fixture(scope="module")
def cases(shared):
    return list(refit.cases(shared / "summaries" / "news.jsonl"))


@pytest.mark.data
@pytest.mark.parametrize("table", ["NEWS", "NEUTRAL"])
def test_the_shipped_weights_are_what_the_data_gives(cases, table):
    shipped = getattr(weights, table)
    assert refit.rounded(list(shipped), refit.fit(cases, list(shipped))) == pytest.approx(shipped, abs=0.002)


@pytest.mark.data
def test_summaries_beat_lead_3_by_cross_validation(cases):
    """Measured: +1.80 [+1.31, +2.30] over five seeds; one seed here."""
    gains = refit.cross_validated(cases, list(weights.NEWS), seeds=(0,))
    mean, low, high = refit.interval(gains)
    print(f"\nROUGE over Lead-3, cross-validated: {mean:+.2f} [{low:+.2f}, {high:+.2f}]")
    assert mean >= 1.6
    assert low > 1.0


@pytest.mark.data
def test_summaries_seldom_begin_a_sentence_in_the_middle_of_a_thought(cases):
    """Measured: 2.3 % of summaries, 17.9 % without the rule; the ROUGE it costs: 0.12 [-0.08, 0.34]."""
    free, often = hanging.trial(cases, 0.0)
    gains, seldom = hanging.trial(cases, weights.HANGING)
    print(f"\nsummaries that hang: {seldom:.1%}, without the rule {often:.1%}; ROUGE {(gains - free).mean():+.2f}")
    assert seldom <= 0.03 < often
    assert (gains - free).mean() > -0.2


@pytest.mark.data
def test_summaries_of_text_as_it_comes_beat_lead_3(shared):
    """Measured: +3.49 [+2.81, +4.21] over all; each third article here, whose bylines and datelines are left in."""
    read = list(refit.cases(shared / "summaries" / "news.jsonl", clean=False, every=3))
    gains = refit.cross_validated(read, list(weights.NEWS), seeds=(0,))
    assert gains.mean() >= 2.0


@pytest.mark.data
def test_no_method_of_sumy_beats_ours(shared):
    read = list(refit.cases(shared / "summaries" / "news.jsonl", every=14))
    means = {method: np.mean([refit.by_method(each, method) for each in read]) for method in METHODS}
    assert max(means, key=means.__getitem__) == "digest", means


@pytest.mark.data
def test_other_reports_of_the_event_help(shared):
    """Measured: +0.58 [+0.24, +0.97] by a third report's opening, +0.95 [+0.67, +1.25] by what follows there."""
    read = list(echoes.trials(shared / "stories" / "news.jsonl"))
    opening, rest = echoes.gains(read, weights.BESIDE["title"], weights.BESIDE["echoed"]).T
    assert refit.interval(opening)[1] > 0
    assert refit.interval(rest)[0] >= 0.8


@pytest.mark.data
def test_our_rouge_is_rouge_score(shared):
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeLsum"], use_stemmer=True)
    for case in refit.cases(shared / "summaries" / "news.jsonl", every=35):
        chosen = [place for place in (0, 2, 4) if place < len(case.judge.sentences)]
        theirs = scorer.score(case.judge.reference, "\n".join(case.judge.sentences[place] for place in chosen))
        assert case.judge.scores(chosen) == pytest.approx([100 * theirs[name].fmeasure for name in theirs], abs=0.01)


# ------------------------------------------------------------------ our own articles: a gate without the data


def gold():
    return [json.loads(file.read_text("utf-8")) for file in sorted(GOLD.glob("*.json"))]


def _share(method):
    """How much of what is picked is gold, over all articles."""
    hits = wanted = 0
    for row in gold():
        count = len(row["gold"])
        made = summarizer.article(
            row["paragraphs"], title=row["title"], language=row["language"], count=count, method=method
        )
        hits += len(set(made.sentences) & set(row["gold"]))
        wanted += count
    return hits / wanted


@pytest.mark.parametrize("row", [pytest.param(row, id=row["name"]) for row in gold()])
def test_gold_sentences_are_sentences(row):
    found = [sentence for paragraph in row["paragraphs"] for sentence in sentences.split(paragraph, row["language"])]
    assert set(row["gold"]) <= set(found)
    assert sentences.detect(" ".join(row["paragraphs"])) == row["language"]


def test_our_own_articles_are_told_by_their_gold_sentences():
    ours, lead = _share("digest"), _share("lead")
    print(f"\ngold sentences among those picked: digest {ours:.2f}, lead {lead:.2f}")
    assert ours >= 0.66  # measured .67, lead .33
