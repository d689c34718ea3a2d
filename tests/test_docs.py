"""The documents: the reference is what the code says, and no link leads nowhere."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])


def reference():
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("name", ["configuration.md", "commands.md"])
def test_the_reference_is_what_the_code_says(name: str) -> None:
    made = reference().PAGES[name]()
    written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
    assert written == made, "run python docs/make_reference.py"


def test_every_command_has_an_example_and_every_option_a_word() -> None:
    text = reference().commands()
    commands = text.split("\n## ")[1:]
    assert len(commands) > 25
    assert [one.split("\n")[0] for one in commands if f"$ {one.split(chr(10))[0]}" not in one] == []
    assert [line for line in text.splitlines() if line.startswith("| `--") and line.endswith("|  |")] == []


def test_every_page_stands_in_the_navigation_once() -> None:
    listed = re.findall(r"^ +- (?:.+: )?([a-z/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md"))


def test_every_meter_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    source = (ROOT / "digest" / "schedule" / "metrics.py").read_text("utf-8")
    named = {name.removesuffix("_total") for name in re.findall(r"`(digest_[a-z_]+)", page)}
    made = set(re.findall(r'"(digest_[a-z_]+)"', source)) | {"digest_batches", "digest_deliveries", "digest_feeds"}
    assert named == made


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
