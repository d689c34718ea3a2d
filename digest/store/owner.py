"""Who holds a claim: a host, one of its processes, and when that began, so that a number used again is not mistaken.

A host is known by its name, its boot and its process table: two containers of one name, or a machine that started
anew, are not the same, and nothing is said of the other's processes.
"""

import hashlib
import itertools
import os
import re
import socket
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_NUMBERS = itertools.count(1)
_AT_WORK: set[str] = set()  # runs of this process
_BROKEN: set[str] = set()  # those that broke off: what they held is still to be given up


def mine() -> str:
    """This process, as it signs its claims: host:pid:start; at most 64 characters."""
    return f"{_host()}:{os.getpid()}:{_began(os.getpid()) or ''}"


def of_run() -> str:
    """One run of this process, so that what it held when it broke off is told from what its siblings hold."""
    name = f"{mine()}/{next(_NUMBERS)}"
    _AT_WORK.add(name)
    return name


def ended(name: str, *, in_order: bool = True) -> None:
    """That run of this process is over: what it still holds is nobody's, though the process lives."""
    _AT_WORK.discard(name)
    if not in_order:
        _BROKEN.add(name)


def broken() -> frozenset[str]:
    """The runs of this process that broke off and may have left claims behind."""
    return frozenset(_BROKEN)


def forget(names: Iterable[str]) -> None:
    """Nothing is left of those."""
    _BROKEN.difference_update(names)


def is_dead(name: str) -> bool:
    """Whether that owner was a process of this machine that is no more, or a run of this very process that is over.

    Of other machines, and of the runs of other processes, nothing is known: False.
    """
    whole, _, run = name.partition("/")
    if run and whole == mine():
        return name not in _AT_WORK
    host, _, process = whole.partition(":")
    pid, _, began = process.partition(":")
    if host != _host() or not re.fullmatch(r"[0-9]{1,9}", pid):
        return False
    found = _began(int(pid))
    return found is None or (bool(found) and bool(began) and found != began)


@cache
def _host() -> str:
    """The name for people to read, and a digest of what tells it from others of that name."""
    name = socket.gethostname()
    known = "|".join((name, _read(_PROC / "sys/kernel/random/boot_id"), _link(_PROC / "self/ns/pid")))
    return f"{re.sub('[^A-Za-z0-9.-]', '-', name)[:24]}-{hashlib.sha256(known.encode()).hexdigest()[:8]}"


def _began(pid: int) -> str | None:
    """When that process began, in the kernel's ticks since boot; None where it is no more, empty where that is unknown.

    proc(5): field 22 of /proc/PID/stat, counted behind the parenthesis that closes the command's name.
    """
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    if len(fields) > 19:
        return None if fields[0] in "ZX" else fields[19]
    return "" if _answers(pid) else None


def _answers(pid: int) -> bool:
    """Whether there is such a process, where /proc does not say: it hides those of others, or there is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
