"""The house holds: no import cycle of any kind, short functions and files, everything annotated, async at the edge."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path
    for package in ("digest", "subscribers")
    for path in (ROOT / package).rglob("*.py")
    if "versions" not in path.parts
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
# Pure rooms: no async, no network, no database (DESIGN §2).
PURE = (
    "digest/model.py",
    "digest/errors.py",
    "digest/config",
    "digest/summarize",
    "digest/render",
    "digest/collect/clean",
)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions() -> Iterator[tuple[Path, Function]]:
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, Function):
                yield path, node


def length(function: Function) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, known: set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module} | inner  # `from package import module` reads the package's face too
    return (found & known) - {name(path)}


def test_no_import_cycle_of_any_kind() -> None:
    known = {name(path) for path in MODULES}
    graph = {name(path): imports(path, known) for path in MODULES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_functions_are_short() -> None:
    lengths = sorted(length(function) for _, function in functions())
    longest = max(functions(), key=lambda found: length(found[1]))
    assert statistics.mean(lengths) <= 12
    assert lengths[int(len(lengths) * 0.95)] <= 40
    assert length(longest[1]) <= 60, f"{longest[0]}: {longest[1].name}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_file_is_at_most_500_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_everything_is_annotated() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path, function in functions()
        if function.returns is None
        or any(
            a.annotation is None for a in function.args.args + function.args.kwonlyargs if a.arg not in {"self", "cls"}
        )
    ]
    assert bare == []


def test_async_stays_at_the_edge() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{function.lineno}"
        for path, function in functions()
        if isinstance(function, ast.AsyncFunctionDef) and str(path.relative_to(ROOT)).startswith(PURE)
    ]
    assert found == []


def test_no_folder_of_odds_and_ends() -> None:
    assert {path.stem for path in MODULES} & {"utils", "util", "helpers", "common", "misc", "manager"} == set()


def test_only_the_last_floor_of_tests_is_patched() -> None:
    patched = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if path != Path(__file__).resolve()
        and any(
            word in path.read_text(encoding="utf-8")
            for word in ("unittest.mock", "mocker", "MagicMock", "monkeypatch.setattr")
        )
    ]
    assert patched == []


def test_everybody_logs_by_the_standard_library() -> None:
    """structlog as it comes prints to standard output, where --json has one document; only the daemon sets it up."""
    for path in MODULES:
        if path.relative_to(ROOT).as_posix() != "digest/cli/logs.py":
            assert "import structlog" not in path.read_text(encoding="utf-8"), path
