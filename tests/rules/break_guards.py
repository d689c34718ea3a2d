"""Takes away each guard of the ten rules in turn, in a copy of the checkout, and sees its tests turn red.

python tests/rules/break_guards.py [RULE…]
python tests/rules/break_guards.py --cases [CASE…]   likewise the fifteen nastiest things publishers do (cases.py)

First the tests have to be green as things stand. A guard that can go unnoticed, or whose text is no longer found
exactly once, ends it with 1. The guards are listed in sending.py and content.py.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from rules.cases import CASES  # noqa: E402
from rules.guard import Guard  # noqa: E402 — found by the line above
from rules.guards import GUARDS  # noqa: E402

ROOT = Path(__file__).parents[2]
COPIED = ("digest", "subscribers", "templates", "tests", "docs", "pyproject.toml", "README.md", "LICENSE")
PYTEST = ("-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=no", "-rfE")
OPTIONS = ("-o", "addopts=--import-mode=importlib", "-k", "not postgresql", "--hypothesis-seed=1")
GREEN, RED = 0, 1  # exit codes of pytest; any other says that the tests did not even run
MOST_S = 180  # of one guard's tests
MOST_IN_ALL_S = 1_800  # of all their tests, as things stand
_SAID = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?::[^\s\[]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happened without one guard."""

    guard: Guard
    problem: str  # empty: every test turned red
    seconds: float


def misplaced(guard: Guard, root: Path = ROOT) -> str:
    """Why the guard cannot be taken away; empty where each of its texts stands exactly once."""
    for file, text, _ in guard.edits:
        count = (root / file).read_text(encoding="utf-8").count(text) if (root / file).is_file() else 0
        if count != 1:
            return f"{file} holds {count} times, not once: {text.strip().splitlines()[0]!r}"
    return ""


def take_away(guard: Guard, root: Path) -> None:
    """Applies the removal below `root`."""
    for file, text, instead in guard.edits:
        path = root / file
        path.write_text(path.read_text(encoding="utf-8").replace(text, instead), encoding="utf-8")


def copy(target: Path) -> None:
    """The checkout, as far as tests need it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns(".git", ".hypothesis"))
        elif source.is_file():
            shutil.copy2(source, target / name)


def run(root: Path, tests: Sequence[str], *, most_s: float = MOST_S) -> tuple[int, str]:
    """The exit code and the words of these tests on the program below `root`."""
    environ = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, *PYTEST, *OPTIONS, *tests]
    try:
        made = subprocess.run(
            command, cwd=root, env=environ, capture_output=True, text=True, timeout=most_s, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end within {most_s} s"
    return made.returncode, made.stdout + made.stderr


def without(guard: Guard) -> Outcome:
    """What its tests say once the guard is gone: each of them has to turn red."""
    began = time.monotonic()
    problem = misplaced(guard)
    if not problem:
        with tempfile.TemporaryDirectory(prefix="guard-") as name:
            copy(Path(name))
            take_away(guard, Path(name))
            problem = _still_green(guard, *run(Path(name), guard.tests))
    return Outcome(guard=guard, problem=problem, seconds=time.monotonic() - began)


def _still_green(guard: Guard, code: int, said: str) -> str:
    if code not in {GREEN, RED}:
        return f"its tests could not run ({code}): " + " ".join(said.split())[-300:]
    red = set(_SAID.findall(said))
    green = [test for test in guard.tests if test.partition("[")[0] not in red]
    return f"can go unnoticed by {', '.join(green)}" if green else ""


def sound(guards: Sequence[Guard]) -> str:
    """Empty where all their tests are green as things stand."""
    tests = list(dict.fromkeys(test for guard in guards for test in guard.tests))
    with tempfile.TemporaryDirectory(prefix="guard-") as name:
        copy(Path(name))
        code, said = run(Path(name), tests, most_s=MOST_IN_ALL_S)
    return "" if code == GREEN else f"the tests are not green as things stand ({code}):\n{said[-3000:]}"


def check(guards: Sequence[Guard], say: Callable[[str], object]) -> int:
    """Prints the table; how many guards can go unnoticed."""
    unnoticed = 0
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        for outcome in pool.map(without, guards):
            guard = outcome.guard
            unnoticed += bool(outcome.problem)
            names = ", ".join(test.rpartition("::")[2] for test in guard.tests)
            verdict = f"NO: {outcome.problem}" if outcome.problem else "red"
            say(f"{guard.rule:>4} · {guard.what} · {names} · {verdict} ({outcome.seconds:.1f} s)\n")
    return unnoticed


def main(
    rules: Sequence[int], say: Callable[[str], object] = sys.stdout.write, *, every: Sequence[Guard] = GUARDS
) -> int:
    """The exit code: 1 where a guard can go unnoticed."""
    guards = [guard for guard in every if not rules or guard.rule in rules]
    if problem := sound(guards):
        say(problem + "\n")
        return 1
    say("rule · guard · tests · red?\n")
    unnoticed = check(guards, say)
    say(f"{len(guards)} guards of {len({guard.rule for guard in guards})} rules, {unnoticed} can go unnoticed\n")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("rules", nargs="*", type=int, metavar="RULE", help="1 to 10; all where none is named")
    parser.add_argument("--cases", action="store_true", help="the cases of collecting instead, 1 to 15")
    asked = parser.parse_args()
    raise SystemExit(main(asked.rules, every=CASES if asked.cases else GUARDS))
