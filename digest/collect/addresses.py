"""Which addresses may be reached: public ones, those the owner listed, and the hosts the owner named (DESIGN §5.6)."""

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from digest.errors import FetchError

IPAddress = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL = IPv6Network("2000::/3")  # all the unicast that IANA gives out; ::/96 and ::ffff:0:0:0/96 wrap IPv4 addresses
_NOBODYS = (
    IPv4Network("192.0.0.0/24"),
    IPv6Network("3fff::/20"),
)  # what older Pythons take for global (RFC 6890, 9637)
_PORTS = {"http": 80, "https": 443}


class Addresses:
    """The rule for every connect, made of `[collect] allow_private` and the addresses the owner named."""

    def __init__(self, *, allow_private: Sequence[str] = (), named: Collection[str] = ()) -> None:
        """`allow_private`: an address, a network, or address:port each; `named`: whole web addresses."""
        self._allowed = tuple(_network(text) for text in allow_private)
        self._named = frozenset(host_and_port(url) for url in named)

    def is_named(self, url: str) -> bool:
        """Whether the owner named this host and port."""
        return host_and_port(url) in self._named

    def admits(self, host: str, ip: IPAddress, port: int) -> bool:
        """Whether a connection may go there, whoever asks for it."""
        del host  # names prove nothing: whoever owns one may point it anywhere
        return is_public(ip) or any(_holds(network, ip) and wanted in {None, port} for network, wanted in self._allowed)

    def admits_named(self, host: str, ip: IPAddress, port: int) -> bool:
        """The same, for the first request to a host the owner named."""
        return (host.lower().strip("[]"), port) in self._named or self.admits(host, ip, port)


def is_public(ip: IPAddress) -> bool:
    """Whether that address is on the open internet, also when it is wrapped into an IPv6 one.

    >>> [is_public(ip_address(a)) for a in ("93.184.215.14", "10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe")]
    [True, False, False, False]
    """
    inner = _inner(ip)
    if inner is not None and not is_public(inner):
        return False
    if isinstance(ip, IPv6Address) and inner is None and ip not in _GLOBAL:
        return False
    is_nobodys = any(ip in network for network in _NOBODYS)
    return (ip.is_global or inner is not None) and not ip.is_multicast and not is_nobodys


def _inner(ip: IPAddress) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(ip, IPv4Address):
        return None
    if ip in _NAT64:
        return IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _network(text: str) -> tuple[Sequence[object], int | None]:
    address, _, port = text.rpartition(":") if re.search(r"(\]|\.\d+):\d+$", text) else (text, "", "")
    network = ip_network(address.strip("[]"), strict=False)
    return (network,), int(port) if port else None


def _holds(networks: Sequence[object], ip: IPAddress) -> bool:
    plain = (ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip
    return any(plain in network for network in networks)  # type: ignore[operator]  # of either version


def host_and_port(url: str) -> tuple[str, int]:
    """Both as a connection sees them; ("", 0) where the address has none."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", 0


def authority(url: str) -> str:
    """host:port, by which politeness counts."""
    host, port = host_and_port(url)
    return f"{host}:{port}"


def is_local_name(url: str) -> bool:
    """Whether the address itself says that it is this machine or a private network: nobody there needs a pause."""
    host = host_and_port(url)[0]
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(ip_address(host))
    except ValueError:
        return False


def no_address(url: str) -> FetchError:
    """What is said of a text that is none."""
    return FetchError(f"{url}: is no web address; write it in full: https://…", kind="address")
