"""init, check, and what bad input gets: one clear line and its exit code, never a traceback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import digest


def test_init_writes_one_file_that_check_accepts(desk) -> None:
    assert desk.digest("init", "fresh").code == 0
    assert [path.name for path in (desk.folder / "fresh").iterdir()] == ["digest.toml"]
    checked = desk.digest("check", "--config", str(desk.folder / "fresh" / "digest.toml"))
    assert checked.code == 0, checked.err
    assert "sound" in checked.out


def test_init_says_what_comes_next_as_the_readme_has_it(desk) -> None:
    said = desk.digest("init", "fresh").out
    steps = re.findall(r"^  cd fresh && digest (\w+)", said, re.MULTILINE)
    assert steps == ["check", "preview", "subscribers", "send", "run"]
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split("## Your own")[1]
    assert re.findall(r"^digest (\w+)", readme, re.MULTILINE) == ["init", *steps]


def test_init_never_overwrites(desk) -> None:
    before = desk.config.read_bytes()
    assert desk.digest("init", str(desk.folder)).code == 2
    assert desk.config.read_bytes() == before


def test_check_names_every_fault(desk) -> None:
    desk.configure(stories=-1, timezone="Europe/Atlantis", schedule="61 25 * * *", more="[mail.more]\nx = 1\n")
    checked = desk.digest("check")
    assert checked.code == 2
    for word in ("stories", "Atlantis", "61 25", "more", "digest.toml"):
        assert word in checked.err
    found = desk.digest("check", "--json")
    assert len(found.json["faults"]) == 4


def test_check_shows_the_next_dates(desk) -> None:
    assert desk.digest("check").out.count("07:30") == 5


def test_a_theme_nobody_can_read_is_a_fault(desk) -> None:
    desk.configure(theme={"brand": "#ffff00"})
    checked = desk.digest("check")
    assert checked.code == 2
    assert "newsletters.morning.theme" in checked.err


def test_a_feed_named_twice_is_a_fault(desk) -> None:
    desk.configure(feeds=["https://example.org/a", "https://example.org/a"])
    assert "stands there twice" in desk.digest("check").err


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (("collect", "evening"), 2, "evening"),
        (("build", "evening"), 2, "evening"),
        (("send", "morning/99"), 3, "morning/99"),
        (("issues", "show", "ninety"), 2, "ninety"),
        (("summarize", "nowhere.txt"), 2, "nowhere.txt"),
        (("summarize", "-", "--method", "magic"), 2, "magic"),
        (("summarize", "-", "--language", "!!"), 2, "'!!' is no language tag"),
        (("subscribers", "import", "nowhere.csv", "--newsletter", "morning"), 2, "nowhere.csv"),
        (("subscribers", "add", "no address", "--newsletter", "morning"), 2, "no address"),
        (("feeds", "remove", "https://example.org/none"), 2, "https://example.org/none"),
        (("feeds", "add", "example.org"), 2, "example.org"),
        (("worker",), 2, "procrastinate"),
        (("send", "morning/99999999999999999999"), 2, "morning/99999999999999999999"),
        (("issues", "show", "morning/²"), 2, "write it as NEWSLETTER/NUMBER"),
        (("issues", "hold", "morning/" + "9" * 5000), 2, "write it as NEWSLETTER/NUMBER"),
        (("demo", "digest.toml"), 2, "digest.toml is a file"),
    ],
)
def test_bad_input_gets_one_clear_line(desk, args: tuple[str, ...], code: int, word: str) -> None:
    found = desk.digest(*args)
    assert found.code == code
    assert word in found.err
    assert "Traceback" not in found.err


def test_no_configuration_leads_to_init(desk) -> None:
    desk.config.unlink()
    found = desk.digest("collect")
    assert found.code == 2
    assert "digest init" in found.err


@pytest.mark.parametrize("command", ["build", "send", "collect", "summarize", "check", "run", "status"])
def test_every_help_has_an_example(desk, command: str) -> None:
    found = desk.digest(command, "--help")
    assert found.code == 0
    assert f"digest {command}" in found.out


def test_help_loads_nothing_heavy() -> None:
    heavy = (
        "sumy",
        "numpy",
        "httpx",
        "sqlalchemy",
        "pydantic",
        "trafilatura",
        "premailer",
        "jinja2",
        "apscheduler",
        "rich",
    )
    script = f"import sys; from digest.cli import app; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"


def test_help_is_quick_and_clean() -> None:
    done = subprocess.run([sys.executable, "-m", "digest", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    for command in ("init", "demo", "preview", "build", "send", "run", "subscribers"):
        assert command in done.stdout


BROKEN = """
[digest]
templates = "nowhere"
[mail]
provider = "resend"
rate = "fast"
[newsletters.morning]
stories = 0
theme = { brand = "red", width = 20 }
"""


def test_check_names_too_what_only_the_parts_see(desk) -> None:
    desk.config.write_text(BROKEN, encoding="utf-8")
    found = {fault["key"]: fault for fault in desk.digest("check", "--json").json["faults"]}
    assert set(found) == {
        "mail.sender",
        "mail.rate",
        "mail.api_key",
        "digest.postal_address",
        "digest.templates",
        "newsletters.morning.title",
        "newsletters.morning.stories",
        "newsletters.morning.theme",
    }
    assert [key for key, fault in found.items() if not (fault["file"] and fault["remedy"])] == []


def test_a_key_file_that_cannot_be_read_is_one_fault(desk) -> None:
    desk.config.write_text(BROKEN.replace("rate = ", 'api_key_file = "none"\nrate = '), encoding="utf-8")
    keys = [fault["key"] for fault in desk.digest("check", "--json").json["faults"]]
    assert "mail.api_key_file" in keys
    assert "mail.api_key" not in keys


def test_a_configuration_of_which_nothing_is_sound_is_named_all_the_same(desk) -> None:
    desk.config.write_text(
        "[newsletters.'Bad Name']\ntitle = 'x'\n[mail]\nsender = 'a@example.org'\n", encoding="utf-8"
    )
    assert "Bad Name: is no name" in desk.digest("check").err


def test_a_fault_of_the_environment_names_its_variable(desk) -> None:
    name = "DIGEST_NEWSLETTERS__MORNING__FEEDS"
    found = desk.digest("check", env={name: '[{"url": "nowhere"}]'})
    assert found.err.startswith(f"${name}: newsletters.morning.feeds.0.url: 'nowhere' is no web address")


@pytest.mark.parametrize(
    ("mail", "word"),
    [('provider = "pigeon"', "pigeon"), ('provider = "resend"', "resend"), ('provider = "kumomta"', "kumomta")],
)
@pytest.mark.parametrize("command", [("check",), ("send", "morning"), ("send", "morning", "--dry-run"), ("run",)])
def test_a_provider_that_cannot_be_used_stops_before_anything_else(desk, mail: str, word: str, command) -> None:
    text = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(text.replace("[mail]", f"[mail]\n{mail}"), encoding="utf-8")
    found = desk.digest(*command)
    assert found.code == 2
    assert word in found.err
    assert not (desk.folder / "digest.db").exists()


@pytest.mark.parametrize("command", [("check",), ("send", "morning"), ("run",)])
def test_without_a_postal_address_nothing_goes_out_into_the_world(desk, command) -> None:
    text = desk.config.read_text(encoding="utf-8")
    real = re.sub(r"postal_address = .*\n", "", text).replace("[mail]", '[mail]\nprovider = "resend"\napi_key = "re_x"')
    desk.config.write_text(real, encoding="utf-8")
    found = desk.digest(*command)
    assert found.code == 2
    assert "digest.postal_address: no postal address" in found.err
    assert not (desk.folder / "digest.db").exists()


def test_the_database_is_named_as_the_configuration_names_it(desk) -> None:
    assert desk.digest("db", "upgrade").out.startswith(f"sqlite:////{str(desk.folder)[1:]}/digest.db")


def test_the_version_is_told() -> None:
    done = subprocess.run([sys.executable, "-m", "digest", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, f"newsdigest {digest.__version__}")


@pytest.mark.parametrize("command", ["articles", "preview", "status"])
def test_what_holds_where_nothing_is_said_is_told(desk, command: str) -> None:
    """Square brackets in a help text are markup to Rich, which would swallow them."""
    said = desk.digest(command, "--help").out
    assert "(default:" in said
    assert "$DIGEST_CONFIG" in said
