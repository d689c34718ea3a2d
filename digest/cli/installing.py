"""Installing the daemon and asking how it is."""

import http.client
from collections.abc import Sequence
from pathlib import Path

_TIMEOUT_S = 10.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 — listened on, not by us

_UNIT = """\
# systemd unit of Newsdigest. Put it to /etc/systemd/system/newsdigest.service, then:
#   systemctl daemon-reload && systemctl enable --now newsdigest
[Unit]
Description=Newsdigest: collects, builds and sends newsletters
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={command} run --config {config}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
WatchdogSec=60
# Longer than the longest request to a mail provider: what is in flight is finished first.
TimeoutStopSec=180
KillMode=mixed

# An account of its own that owns the folder of the configuration: database, mailbox and templates lie there.
User=newsdigest
Group=newsdigest
WorkingDirectory={folder}
ReadWritePaths={writable}
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def unit(config: Path, command: Sequence[Path | str]) -> str:
    """The systemd unit that runs `command` (its words) with that configuration."""
    named = {"command": " ".join(map(_quoted, command)), "config": _quoted(config), "folder": _escaped(config.parent)}
    named["writable"] = _word(_escaped(config.parent))  # a list, where a blank parts two paths
    return _UNIT.format(**named)


def fault(host: str, port: int) -> str:
    """What is wrong with the daemon that listens there; empty where it is ready."""
    connection = http.client.HTTPConnection(_ANY.get(host, host), port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read(500).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"nobody answers ({error})"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"{answer.status} {said}"


def _quoted(path: Path | str) -> str:
    """A path as one word of a systemd command line (systemd.syntax(7)): % and $ doubled, in quotes where need be."""
    return _word(_escaped(path).replace("$", "$$"))


def _word(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if any(c in text for c in " \t\"'\\") else text


def _escaped(path: Path | str) -> str:
    return str(path).replace("%", "%%")
