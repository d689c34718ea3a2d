"""Word to the service manager, by sd_notify(3): one datagram to $NOTIFY_SOCKET. Nothing where there is none."""

import logging
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


def tell(message: str, environ: Mapping[str, str]) -> bool:
    """Says `READY=1`, `WATCHDOG=1`, `STOPPING=1` or `STATUS=…`; whether somebody was there to hear it."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):  # a name in the abstract space begins with NUL
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(1)
            sender.sendto(message.encode(), address)
    except OSError as error:
        log.warning("the service manager did not hear", extra={"cause": str(error)})
        return False
    return True


def watchdog_s(environ: Mapping[str, str], pid: int) -> float | None:
    """How often to say WATCHDOG=1: half the time after which the manager gives up; None where it does not watch us."""
    text, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not text.isdecimal() or int(text) == 0 or whose not in {"", str(pid)}:
        return None
    return int(text) / 2_000_000
