"""Every command of the README is run here, as it stands there."""

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LINES = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
INSTALLS = [line for line in LINES if line.startswith("python3 -m venv")]
COMMANDS = [line for line in LINES if line not in INSTALLS]
STAYING = {"digest preview", "digest run"}  # until Ctrl-C


def type_in(desk, line: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)
    assert words[0] == "digest"
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False, cwd=desk.folder)


def stay_and_stop(desk, line: str) -> tuple[int, str]:
    """Starts it, waits for the address that it prints, and presses Ctrl-C."""
    more = ["--no-browser"] if "preview" in line else []
    process = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(line), *more],
        cwd=desk.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said = ""
    assert process.stdout is not None
    for printed in process.stdout:
        said += printed
        if "http://127.0.0.1" in printed and "reading" not in printed:
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=60)
    return process.returncode, said + rest


def test_the_two_commands_install_the_checkout_by_plain_pip() -> None:
    assert len(INSTALLS) == 2
    demo, tests = INSTALLS
    assert demo.endswith("pip install . && digest demo")
    assert tests.endswith("pip install '.[test]' && pytest")


def test_the_first_screen_comes_to_the_point() -> None:
    top = README.splitlines()[:45]
    assert any("docs/images/" in line for line in top)
    assert any("digest demo" in line for line in top)
    assert any(line.endswith("pytest") for line in top)


def test_every_image_is_there() -> None:
    named = set(re.findall(r'(?:src|srcset)="(docs/[^"]+)"|\]\((docs/[^)#]+)\)', README))
    missing = [path for pair in named for path in pair if path and not (Path(__file__).parents[2] / path).exists()]
    assert missing == []


def test_the_commands_in_their_order(desk) -> None:
    desk.config.unlink()
    assert type_in(desk, COMMANDS[0]).returncode == 0
    desk.configure()  # init's own feeds lie on the web: here the sample's stand for them
    for line in COMMANDS[1:]:
        if line in STAYING:
            code, said = stay_and_stop(desk, line)
            assert code == 0, said
        else:
            done = type_in(desk, line)
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        assert "Traceback" not in README


def test_the_demo_runs(desk) -> None:
    done = type_in(desk, "digest demo")
    assert done.returncode == 0, done.stderr
    assert len(list((desk.folder / "newsdigest-demo" / "mailbox").glob("*.eml"))) == 3


def test_the_demo_s_issue_needs_no_server(desk) -> None:
    """It is opened when the demo has ended: its pictures and articles lie beside it."""
    type_in(desk, "digest demo")
    page = desk.folder / "newsdigest-demo" / "issue.html"
    found = re.findall(r'(?:href|src)="(site/[^"]+)"', page.read_text(encoding="utf-8"))
    assert len(found) > 20
    assert [link for link in found if not (page.parent / link).is_file()] == []


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_is_run_here(line: str) -> None:
    assert line.startswith("digest ")
