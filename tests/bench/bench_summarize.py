"""CPU time of a summary by length, beside sumy's LexRank and Lead-3: python tests/bench/bench_summarize.py

All in: from paragraphs to the summary, language given. Each figure is the median of several runs of one process.
"""

import argparse
import itertools
import statistics
import time

from digest.summarize import sentences, summarizer

LENGTHS = (200, 800, 3_000, 10_000)  # words
_SUBJECTS = ["minister", "council", "river", "company", "court", "union", "museum", "engineer", "harbour", "farmer"]
_VERBS = [
    "announced",
    "closed",
    "measured",
    "refused",
    "bought",
    "repaired",
    "counted",
    "visited",
    "promised",
    "delayed",
]
_OBJECTS = [
    "bridge",
    "budget",
    "harvest",
    "station",
    "contract",
    "vaccine",
    "satellite",
    "archive",
    "festival",
    "turbine",
]
_PLACES = ["Verna", "Hallam", "Sablon", "Kiso", "Ramla", "Bremen", "Alda", "Norwood", "Tormes", "Lindau"]


def text(words: int) -> list[str]:
    """Paragraphs of about so many words: sentences that share words as those of news do, none twice."""
    found: list[str] = []
    for number, parts in enumerate(itertools.product(_SUBJECTS, _VERBS, _OBJECTS, _PLACES)):
        if number * 19 >= words:
            break
        step = number * 7919  # a walk through all combinations
        subject, verb = _SUBJECTS[step % 10], _VERBS[step // 10 % 10]
        thing, place = _OBJECTS[step // 100 % 10], _PLACES[step // 7 % 10]
        found.append(
            f"The {subject} of {place} {verb} the {thing} on day {number}, and the {parts[0]} said that "
            f"note{number * 31 % 997} about {parts[2]} item{number % 211} would follow soon."
        )
    return [" ".join(found[place : place + 4]) for place in range(0, len(found), 4)]


def milliseconds(method: str, paragraphs: list[str], runs: int) -> float:
    """The median CPU time of one summary."""
    taken = []
    for _ in range(runs):
        start = time.process_time()
        summarizer.article(paragraphs, method=method, language="en")
        taken.append(time.process_time() - start)
    return 1000 * statistics.median(taken)


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__)
    wishes.add_argument("--runs", type=int, default=7)
    runs = wishes.parse_args().runs
    summarizer.article(text(400), language="en")  # imports, stemmer's cache
    print(f"{'words':>7} {'sentences':>9} {'digest':>8} {'lex-rank':>9} {'lead':>6}   lex-rank : digest")
    for length in LENGTHS:
        paragraphs = text(length)
        counted = len(sentences.split("\n\n".join(paragraphs)))
        ours, rank, lead = (milliseconds(method, paragraphs, runs) for method in ("digest", "lex-rank", "lead"))
        print(f"{length:7} {counted:9} {ours:8.1f} {rank:9.1f} {lead:6.1f}   {rank / ours:.1f}")


if __name__ == "__main__":
    main()
