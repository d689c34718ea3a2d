"""`digest run` as a process of its own, for tests: what its service manager hears, its pages, its log."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])


class Daemon:
    """The process, what the service manager hears of it, and its log."""

    def __init__(self, desk, *, watchdog_s: float = 0) -> None:
        self.desk, self.port = desk, free_port()
        text = desk.config.read_text()
        desk.config.write_text(re.sub(r'listen = "127.0.0.1:\d+"', f'listen = "127.0.0.1:{self.port}"', text))
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(desk.folder / "notify"))
        self.manager.settimeout(60)
        environ = {**os.environ, "NOTIFY_SOCKET": str(desk.folder / "notify")}
        environ |= {"DIGEST_DIGEST__OWNER": "ada@example.org"}
        environ["PYTHONPATH"] = str(Path(__file__).parents[2])
        if watchdog_s:
            environ["WATCHDOG_USEC"] = str(int(watchdog_s * 1_000_000))
        command = [sys.executable, "-m", "digest", "run", "--config", str(desk.config)]
        self.process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.log: list[str] = []
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def hears(self, word: str) -> None:
        while self.manager.recv(200).decode() != word:
            pass

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def says(self, event: str) -> dict:
        """The line of the log with that event, once it is there."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for line in [line for line in self.log if line.startswith("{")]:
                if (found := json.loads(line))["event"] == event:
                    return found
            time.sleep(0.05)
        raise AssertionError((event, self.log))

    def sweep(self) -> None:
        """Has it look at the tables now, instead of at the next minute."""
        self.process.send_signal(signal.SIGHUP)

    def comes_to(self, status: int, path: str = "/readyz") -> str:
        """What it says at that path, once it answers so."""
        until = time.monotonic() + 60
        while (found := self.get(path))[0] != status:
            assert time.monotonic() < until, (status, found, self.log)
            time.sleep(0.05)
        return found[1]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.reader.join(10)
        return code


@contextlib.contextmanager
def running(desk, **named: float) -> Iterator[Daemon]:
    made = Daemon(desk, **named)
    try:
        made.hears("READY=1")
        yield made
    finally:
        made.process.kill()
        made.process.communicate()
        made.manager.close()
