"""A guard: what to take away in which file, and the tests that must turn red."""

from dataclasses import dataclass

Edit = tuple[str, str, str]  # file, the exact text, what stands there instead


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard; `edits` together take it away."""

    rule: int
    what: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]  # node ids, without variants; each of them has to turn red
