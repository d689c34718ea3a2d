"""What the machine does to a command: a full disk, a driver that is missing, rights. One clear line, nothing half-written."""

import contextlib
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest

_WORDS = ("subscribers", "add", "ada@example.org", "--consent", "asked by mail")


@contextlib.contextmanager
def no_file_longer(than: int) -> Iterator[None]:
    """As on a disk that is full: what would make a file longer fails."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (than, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_database_that_cannot_grow_is_told_without_its_statement_and_values(desk) -> None:
    assert desk.digest("db", "upgrade").code == 0
    with no_file_longer(32_768):  # what SQLite shares its memory by is as long
        found = desk.digest(*_WORDS)
    assert found.code == 1
    assert found.err.startswith("digest: the database refused: ")
    assert "program itself" not in found.err
    assert "ada@" not in found.err
    assert "INSERT" not in found.err
    assert desk.digest(*_WORDS).code == 0


def test_an_error_of_the_program_itself_tells_nobodys_address(desk) -> None:
    import sqlite3

    desk.digest("db", "upgrade")
    with contextlib.closing(sqlite3.connect(desk.folder / "digest.db")) as connection:
        connection.execute("CREATE TRIGGER no BEFORE INSERT ON subscriber BEGIN SELECT RAISE(ABORT, 'no'); END")
    found = desk.digest(*_WORDS)
    assert found.code == 1
    assert "an error of the program itself: IntegrityError: no" in found.err
    with pytest.raises(Exception, match="no") as raised:
        desk.digest(*_WORDS, "--verbose")
    assert "ada@" not in str(raised.value)


def test_a_driver_that_is_not_installed_is_told_with_how_to_install_it(desk) -> None:
    desk.config.write_text(desk.config.read_text().replace("sqlite:///digest.db", "postgresql://me:word@127.0.0.1:1/x"))
    program = "import sys; sys.modules['psycopg'] = None; from digest.cli.app import main; main()"
    words = [sys.executable, "-c", program, "issues", "list", "--config", str(desk.config)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the driver of PostgreSQL is not installed" in done.stderr
    assert "'.[postgres]'" in done.stderr
    assert "word" not in done.stderr


def test_init_leaves_no_half_a_file_on_a_full_disk(desk) -> None:
    with no_file_longer(100):
        found = desk.digest("init", "new")
    assert found.code == 2
    assert "cannot be written" in found.err
    assert not (desk.folder / "new" / "digest.toml").exists()
    assert desk.digest("init", "new").code == 0


def test_a_feed_that_cannot_be_written_down_leaves_the_file_as_it_was(desk) -> None:
    before = desk.config.read_bytes()
    with no_file_longer(100):
        found = desk.digest("feeds", "remove", _first(before))
    assert found.code == 2
    assert "cannot be changed" in found.err
    assert desk.config.read_bytes() == before
    assert [path.name for path in desk.folder.iterdir()] == ["digest.toml"]


def _first(text: bytes) -> str:
    return text.decode().partition('feeds = ["')[2].partition('"')[0]


def test_a_configuration_keeps_its_rights_and_its_place_when_a_feed_goes(desk) -> None:
    kept = desk.folder / "kept.toml"
    desk.config.rename(kept)
    desk.config.symlink_to(kept)
    kept.chmod(0o600)  # a key may stand in it
    before = os.umask(0o022)
    try:
        assert desk.digest("feeds", "remove", _first(kept.read_bytes())).code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert desk.config.is_symlink()


def test_a_byte_order_mark_stands_in_no_feeds_way(desk) -> None:
    desk.config.write_bytes("\ufeff".encode() + desk.config.read_bytes())
    first = _first(desk.config.read_bytes())
    assert desk.digest("feeds", "remove", first).code == 0
    assert desk.config.read_bytes().startswith("\ufeff".encode())
    assert first not in desk.config.read_text("utf-8")


def test_feeds_that_come_from_the_environment_are_changed_there(desk) -> None:
    desk.config.write_text('[mail]\nsender = "a@example.org"\n', encoding="utf-8")
    letter = {"DIGEST_NEWSLETTERS__MORNING": '{"title": "T", "feeds": ["https://example.org/feed"]}'}
    found = desk.digest("feeds", "remove", "https://example.org/feed", env=letter)
    assert found.code == 2
    assert "comes from the environment" in found.err
