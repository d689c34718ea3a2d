"""`digest run` as a process: ready, watched, read again, stopped; one faulty newsletter stops no other."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cli.service_process import running

BAD = '[newsletters.bad]\ntitle = "Bad"\nschedule = "whenever"\n'
GOOD = '[newsletters.second]\ntitle = "Second"\nfeeds = []\n'


def add(desk, text: str) -> None:
    desk.config.write_text(desk.config.read_text() + text)


@pytest.mark.timeout(180)
def test_ready_watched_well_read_again_and_stopped(desk) -> None:
    with running(desk, watchdog_s=0.4) as daemon:
        daemon.hears("WATCHDOG=1")
        daemon.hears("WATCHDOG=1")
        assert daemon.get("/healthz") == daemon.get("/readyz") == (200, "ok\n")
        assert "digest_last_sweep_timestamp_seconds" in daemon.get("/metrics")[1]
        done = desk.digest("healthcheck")
        assert done.code == 0, done.out
        assert daemon.get("/archive/second")[0] == 404
        add(desk, GOOD)
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.says("configuration read")["newsletters"] == 2
        assert daemon.get("/archive/second")[0] == 200
        desk.config.write_text("[mail\n")
        daemon.process.send_signal(signal.SIGHUP)
        assert "is not TOML" in daemon.says("configuration not read, the old one holds")["cause"]
        assert daemon.get("/archive/second")[0] == 200
        assert daemon.end() == 0
        daemon.hears("STOPPING=1")
    assert not [line for line in daemon.log if "Traceback" in line]


@pytest.mark.timeout(180)
def test_a_faulty_newsletter_is_left_out_the_owner_hears_and_a_second_daemon_is_told(desk) -> None:
    add(desk, BAD)
    with running(desk) as daemon:
        found = daemon.says("newsletter is faulty")
        assert (found["newsletter"], found["so"]) == ("bad", "left out")
        assert daemon.get("/archive/morning")[0] == 200
        assert daemon.get("/archive/bad")[0] == 404
        collected = daemon.says("collected")
        assert (collected["feeds"], collected["failed"], collected["articles"] > 10) == (4, 0, True)
        until = time.monotonic() + 60
        while not desk.messages() and time.monotonic() < until:
            time.sleep(0.05)
        (told,) = desk.messages()
        assert b"bad: its configuration is faulty" in told.read_bytes()
        (desk.folder / "notify").unlink()
        with running(desk) as second:
            assert (
                "another daemon"
                in second.says("another daemon works on this database: both go on, and each slot is made once")["event"]
            )
            assert second.end() == 0
        assert daemon.end() == 0
    assert len(desk.messages()) == 1


def test_where_no_newsletter_is_sound_it_does_not_start(desk) -> None:
    desk.configure(schedule="whenever")
    add(desk, BAD)
    done = desk.digest("run")
    assert done.code == 2
    assert done.err.count("is no cron schedule") == 2


@pytest.mark.timeout(120)
def test_asked_twice_it_ends_at_once(desk) -> None:
    with running(desk) as daemon:
        os.kill(daemon.process.pid, signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            os.kill(daemon.process.pid, signal.SIGTERM)
        assert daemon.process.wait(30) in {0, 130}


class Slow(BaseHTTPRequestHandler):
    """A mail API that takes its time; its server keeps what came and what was answered."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.came.append(body["To"][0]["Email"])
        self.server.first.set()
        time.sleep(1.5)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ID": "x"}')
        self.server.answered.append(body["To"][0]["Email"])

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def slow_mail() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.came, server.answered, server.first = [], [], threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.timeout(180)
def test_asked_to_stop_it_finishes_what_is_in_flight_and_begins_nothing(desk) -> None:
    with slow_mail() as server:
        mail = f'provider = "mailpit"\nbase_url = "http://127.0.0.1:{server.server_port}"\nrate = "100/second"\n'
        desk.config.write_text(desk.config.read_text().replace("[mail]\n", f"[mail]\n{mail}"))
        readers = desk.folder / "readers.csv"
        readers.write_text("address\n" + "".join(f"r{n}@example.org\n" for n in range(40)))
        for words in (
            ("subscribers", "import", str(readers), "--newsletter", "morning", "--consent", "on paper"),
            ("collect", "--all"),
            ("build", "morning"),
        ):
            assert desk.digest(*words).code == 0
        with running(desk) as daemon:
            assert server.first.wait(60)
            assert daemon.end() == 0
        counts = desk.digest("status", "--json").json["deliveries"]
    assert 0 < len(server.came) < 40
    assert sorted(server.came) == sorted(server.answered)
    assert counts["accepted"] == len(server.answered)
    assert (counts.get("unknown", 0), counts["pending"]) == (0, 40 - len(server.came))
