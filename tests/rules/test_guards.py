"""The list of guards does not rot: every text is there, every rule has its guards, and taking one away is seen."""

import pytest
from rules import break_guards
from rules.cases import CASES
from rules.guard import Guard
from rules.guards import GUARDS


@pytest.mark.parametrize("guard", [*GUARDS, *CASES], ids=lambda guard: f"{guard.rule}-{guard.what.replace(' ', '-')}")
def test_the_text_of_a_guard_stands_once(guard: Guard) -> None:
    assert break_guards.misplaced(guard) == ""
    assert all(text != instead for _, text, instead in guard.edits)
    assert guard.tests
    assert all((break_guards.ROOT / test.partition("::")[0]).is_file() for test in guard.tests)


def test_every_rule_has_guards() -> None:
    assert {guard.rule for guard in GUARDS} == set(range(1, 11))
    assert len({guard.what for guard in GUARDS}) == len(GUARDS)


def test_each_of_the_fifteen_cases_has_guards() -> None:
    assert {guard.rule for guard in CASES} == set(range(1, 16))
    assert len({guard.what for guard in CASES}) == len(CASES)


def cheap() -> Guard:
    (found,) = [guard for guard in GUARDS if guard.what == "no line break in a header"]
    return found


def test_a_guard_that_is_gone_is_seen() -> None:
    assert break_guards.without(cheap()).problem == ""


def test_a_removal_that_removes_nothing_is_not_taken_for_red() -> None:
    guard = cheap()
    file, text, _ = guard.edits[0]
    harmless = Guard(guard.rule, "nothing", ((file, text, text + "  # the same"),), guard.tests)
    assert "unnoticed" in break_guards.without(harmless).problem


def test_a_removal_that_breaks_the_program_is_not_taken_for_red() -> None:
    guard = cheap()
    file, text, _ = guard.edits[0]
    broken = Guard(guard.rule, "a typo", ((file, text, "    if if"),), guard.tests)
    assert "could not run" in break_guards.without(broken).problem


def test_a_text_that_is_gone_is_said() -> None:
    moved = Guard(1, "moved", (("digest/model.py", "no such text anywhere", ""),), ("tests/test_workers.py",))
    assert "holds 0 times" in break_guards.without(moved).problem
