"""Who holds a claim, as text that tells a living process of this machine from a dead one.

`machine:pid:start`. The machine is a boot of a host and a namespace of process numbers, so that two containers never
judge each other's processes; the start tells a number used again.
"""

import os
import platform
from functools import cache
from hashlib import sha256
from pathlib import Path


def me() -> str:
    """This process."""
    return f"{_machine()}:{os.getpid()}:{_start(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Whether that process surely is no more; of another machine's nothing is sure."""
    machine, _, process = owner.partition(":")
    pid, _, start = process.partition(":")
    if machine != _machine() or not pid.isdigit():
        return False
    return not _is_alive(int(pid)) or _start(int(pid)) != start


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start(pid: int) -> str:
    """When it began, in ticks since boot (proc(5), field 22), and empty where the system does not tell.

    A zombie counts as ended: it has a number and a start, but runs no more.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if fields[0] in {"Z", "X"} else fields[19]


@cache
def _machine() -> str:
    parts = (platform.node(), _read("/proc/sys/kernel/random/boot_id"), _link("/proc/self/ns/pid"))
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
