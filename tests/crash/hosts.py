"""Hosts for tests: network namespaces joined by cables (veth) to a bridge of this machine. Needs root."""

import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from typing import Self

BRIDGE, NET = "nd-test-br", "10.213.0"


def are_possible() -> bool:
    """Whether this machine lets us make them."""
    if os.geteuid() or not shutil.which("ip"):
        return False
    made = subprocess.run(["ip", "netns", "add", "nd-test-probe"], capture_output=True, check=False).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", "nd-test-probe"], check=False)
    return made


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


class Host:
    """One host. Use as a context manager; the bridge comes with the first and goes with it."""

    def __init__(self, number: int) -> None:
        self.number, self.name = number, f"nd-test-{number}"
        self.gateway = f"{NET}.1"  # this machine, as the hosts see it
        self.address = f"{NET}.{number + 10}"

    def __enter__(self) -> Self:
        if self.number == 0:
            _ip("link", "add", BRIDGE, "type", "bridge")
            _ip("addr", "add", f"{self.gateway}/24", "dev", BRIDGE)
            _ip("link", "set", BRIDGE, "up")
        _ip("netns", "add", self.name)
        _ip("link", "add", f"{self.name}a", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", f"{self.name}a", "master", BRIDGE, "up")
        for words in (
            ("addr", "add", f"{self.address}/24", "dev", "eth0"),
            ("link", "set", "lo", "up"),
            ("link", "set", "eth0", "up"),
        ):
            _ip("-n", self.name, *words)
        return self

    def __exit__(self, *_: object) -> None:
        _ip("link", "del", f"{self.name}a", check=False)
        _ip("netns", "del", self.name, check=False)
        if self.number == 0:
            _ip("link", "del", BRIDGE, check=False)

    def command(self, words: Sequence[str]) -> list[str]:
        """The same command, on that host: with its own network, its own name and its own processes."""
        apart = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
        named = ["sh", "-c", f'hostname {self.name}; exec "$@"', "sh"]
        return ["ip", "netns", "exec", self.name, *apart, *named, *words]

    def unplug(self, seconds: float) -> None:
        """Pulls the cable, and plugs it in again after a while."""
        _ip("link", "set", f"{self.name}a", "down", check=False)
        threading.Timer(seconds, lambda: _ip("link", "set", f"{self.name}a", "up", check=False)).start()
