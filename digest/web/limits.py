"""How often one client may ask: a bucket of tokens each, in memory, of a bounded number of clients."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

_CLIENTS = 10_000  # remembered at once; the one not seen for longest is forgotten first
_NAME = 600  # characters of what they are known by: a path may hold 64 KB of them, and no token of ours has as many


@dataclass(slots=True, kw_only=True)
class Limit:
    """At most `burst` at once, and as many again every `period`."""

    burst: int
    period: timedelta
    _left: OrderedDict[str, tuple[float, datetime]] = field(default_factory=OrderedDict)

    def wait(self, who: str, now: datetime) -> timedelta | None:
        """None, and one is taken; or how long to wait for the next."""
        who = who[:_NAME]
        per_second = self.burst / self.period.total_seconds()
        left, since = self._left.pop(who, (float(self.burst), now))
        left = min(float(self.burst), left + max(0.0, (now - since).total_seconds()) * per_second)
        refused = left < 1
        self._left[who] = (left if refused else left - 1, now)
        if len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return timedelta(seconds=(1 - left) / per_second) if refused else None


def client(host: str | None) -> str:
    """What one client is known by: its address, and for IPv6 its /64, of which one household has them all.

    >>> client("2001:db8::1") == client("2001:db8::2")
    True
    """
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or ""
    if isinstance(address, IPv6Address):
        return f"{address.exploded[:19]}::/64"
    return str(address)
