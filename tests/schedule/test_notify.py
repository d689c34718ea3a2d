"""One datagram, to a path or an abstract name; silence where nobody listens."""

import socket

import pytest

from digest.schedule import notify


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears(tmp_path, abstract) -> None:
    address = f"@newsdigest-{tmp_path.name}-{id(tmp_path)}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0", 1) if abstract else address)
        manager.settimeout(5)
        assert notify.tell("READY=1", {"NOTIFY_SOCKET": address})
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative/path", "vsock:2:1234"])
def test_without_a_manager_nothing_is_said(address: str) -> None:
    assert not notify.tell("READY=1", {"NOTIFY_SOCKET": address})
    assert not notify.tell("READY=1", {})


def test_a_manager_that_is_gone_harms_nothing(tmp_path, caplog) -> None:
    assert not notify.tell("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})
    assert "did not hear" in caplog.text


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_its_time(environ: dict[str, str], seconds: float | None) -> None:
    assert notify.watchdog_s(environ, 7) == seconds
