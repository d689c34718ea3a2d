"""The unit holds what it should; the health check tells well from ill."""

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from digest.cli import installing
from digest.schedule.daemon import DRAIN_S
from digest.send.sender import Limits


def test_the_unit_is_hardened_and_names_the_paths() -> None:
    text = installing.unit(Path("/etc/newsdigest/digest.toml"), [Path("/opt/newsdigest/bin/digest")])
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert lines["ExecStart"] == "/opt/newsdigest/bin/digest run --config /etc/newsdigest/digest.toml"
    assert lines["Type"] == "notify"
    assert lines["ReadWritePaths"] == lines["WorkingDirectory"] == "/etc/newsdigest"
    assert lines["ProtectSystem"] == "strict"
    assert lines["NoNewPrivileges"] == "yes"
    assert int(lines["TimeoutStopSec"]) > DRAIN_S > Limits().total_s  # what is in flight is finished
    assert "MemoryDenyWriteExecute" not in lines  # libffi of some third parties needs it


@pytest.mark.skipif(not (shutil.which("systemd-analyze") or os.environ.get("CI")), reason="LOUD: systemd is not there")
def test_systemd_takes_the_unit_and_finds_little_exposed(tmp_path) -> None:
    file = tmp_path / "newsdigest.service"
    file.write_text(installing.unit(tmp_path / "my news" / "digest.toml", [Path(sys.executable), "-m", "digest"]))
    verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-300:]  # 2.0 of 10 at most


@pytest.mark.skipif(not (shutil.which("hadolint") or os.environ.get("CI")), reason="LOUD: hadolint is not there")
def test_the_linter_has_nothing_to_say_of_the_dockerfile() -> None:
    file = Path(__file__).parents[2] / "docs" / "how-to" / "docker" / "Dockerfile"
    linted = subprocess.run(["hadolint", "--no-color", file], capture_output=True, text=True, check=False)
    assert (linted.stdout, linted.returncode) == ("", 0)


def test_odd_paths_stay_one_word() -> None:
    text = installing.unit(Path("/srv/my news/100%/digest.toml"), [Path('/opt/"x"/$HOME/digest')])
    assert r'ExecStart="/opt/\"x\"/$$HOME/digest" run --config "/srv/my news/100%%/digest.toml"' in text
    assert "WorkingDirectory=/srv/my news/100%%\n" in text


class Answer(BaseHTTPRequestHandler):
    """A daemon that answers what its server says."""

    def do_GET(self) -> None:
        status, body = self.server.answer if self.path == "/readyz" else (404, b"")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Nothing."""


@pytest.fixture
def daemon():
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_daemon_that_is_well(daemon, host: str) -> None:
    daemon.answer = (200, b"ok\n")
    assert installing.fault(host, daemon.server_port) == ""


def test_a_daemon_that_is_not(daemon) -> None:
    daemon.answer = (503, b"the database does not answer\n")
    assert installing.fault("127.0.0.1", daemon.server_port) == "503 the database does not answer"


def test_no_daemon() -> None:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        port = server.server_port
    assert installing.fault("127.0.0.1", port).startswith("nobody answers")
