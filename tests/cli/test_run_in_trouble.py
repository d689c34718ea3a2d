"""`digest run` whose database fails under it: alive, not ready, and back by itself; gone where it can only do harm."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cli.service_process import running
from crash.fleet import Server

AWAY = "the database does not answer\n"
STOPPED = "the last sweep could not work with the database\n"


@pytest.mark.timeout(180)
def test_a_file_that_is_taken_away_makes_it_unready_until_it_is_back(desk) -> None:
    file = desk.folder / "digest.db"
    with running(desk) as daemon:
        assert daemon.comes_to(200) == "ok\n"
        file.rename(desk.folder / "elsewhere.db")
        assert daemon.comes_to(503) == AWAY
        assert daemon.get("/healthz") == (200, "ok\n")
        done = desk.digest("healthcheck")
        assert (done.code, "503 the database does not answer" in done.err) == (1, True)
        daemon.sweep()
        assert "removed or replaced" in daemon.says("sweep failed")["cause"]
        assert not file.exists()  # nothing of its work goes into a new, empty one
        (desk.folder / "elsewhere.db").rename(file)
        daemon.sweep()
        assert daemon.comes_to(200) == "ok\n"
        assert desk.digest("healthcheck").code == 0
        assert daemon.end() == 0


@pytest.mark.timeout(180)
def test_another_file_in_its_place_is_not_worked_with(desk) -> None:
    file = desk.folder / "digest.db"
    with running(desk) as daemon:
        backup = desk.folder / "backup.db"
        assert desk.digest("db", "backup", str(backup), "--config", str(desk.config)).code == 0
        backup.replace(file)
        daemon.sweep()
        assert daemon.comes_to(503) in {AWAY, STOPPED}
        assert "start the program anew" in daemon.says("sweep failed")["cause"]
        assert daemon.end() == 0
    (desk.folder / "notify").unlink()
    with running(desk) as daemon:
        assert daemon.comes_to(200) == "ok\n"


@pytest.mark.timeout(180)
def test_it_ends_when_a_newer_program_has_upgraded_the_database(desk) -> None:
    with running(desk) as daemon:
        daemon.comes_to(200)
        with closing(sqlite3.connect(desk.folder / "digest.db")) as connection, connection:
            connection.execute("UPDATE digest_schema SET version_num = '9999'")
        daemon.sweep()
        assert daemon.process.wait(60) == 2
        daemon.reader.join(10)
        (said,) = [line for line in daemon.log if line.startswith("digest: the database")]
        assert "is newer (digest 9999)" in said
        assert "upgrade newsdigest here too, and start it again" in said
        assert not [line for line in daemon.log if "Traceback" in line]


@pytest.mark.parametrize("words", [("status",), ("run",), ("send", "morning"), ("collect",), ("db", "upgrade")])
def test_no_command_works_with_a_newer_database(desk, words: tuple[str, ...]) -> None:
    assert desk.digest("db", "upgrade", "--config", str(desk.config)).code == 0
    file = desk.folder / "digest.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE subscribers_schema SET version_num = '9999'")
    before = file.read_bytes()
    done = desk.digest(*words, "--config", str(desk.config))
    assert done.code == 2
    assert "the database is newer (subscribers 9999)" in done.err
    assert file.read_bytes() == before


@pytest.fixture
def server() -> Iterator[Server]:
    """One of this test's own; not below pytest's folders, which its user may not enter."""
    with tempfile.TemporaryDirectory(prefix="newsdigest-pg-") as name:
        Path(name).chmod(0o755)
        made = Server(Path(name) / "server")
        yield made
        made.end()


@pytest.mark.postgres
@pytest.mark.timeout(180)
def test_a_server_that_stops_makes_it_unready_until_it_is_back(desk, server: Server) -> None:
    text = desk.config.read_text().replace("sqlite:///digest.db", server.url.replace("+psycopg", ""))
    desk.config.write_text(text)
    with running(desk) as daemon:
        assert daemon.comes_to(200) == "ok\n"
        server.stop()
        assert daemon.comes_to(503) == AWAY
        assert daemon.get("/healthz") == (200, "ok\n")
        daemon.sweep()
        assert "does not answer" in daemon.says("sweep failed")["cause"]
        server.start()
        daemon.sweep()
        assert daemon.comes_to(200) == "ok\n"
        assert daemon.end() == 0
    assert not [line for line in daemon.log if "Traceback" in line]
