"""A provider's request, and the readings that several of them need."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any

from digest.model import Event, EventKind

_DETAIL = 500  # characters kept of what a receiving server said
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # no report is older: what says so has no time
# A signature proves who spoke, for ever: what is older than its sender goes on trying is a replay. Numbers of reports
# are kept longer than this (31 days at least, by [privacy]), so that within it none counts twice.
OLDEST = timedelta(hours=25)


class Forged(Exception):  # noqa: N818 — reads as what it says
    """Not from the provider, or altered, or too old."""


class Unreadable(Exception):  # noqa: N818 — likewise
    """From the provider, but no report that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A request as it came. `headers` by lower-case name; `given`: the secret in the path, the query or basic auth."""

    headers: Mapping[str, str]
    body: bytes
    given: str = ""
    certificate: bytes = b""  # of Amazon SNS, where the request names one

    def header(self, *names: str) -> str:
        """The first of those headers that is there; Forged where none is."""
        for name in names:
            if found := self.headers.get(name):
                return found
        raise Forged(f"there is no {names[0]} header")


def check_fresh(told: datetime | None, now: datetime) -> None:
    """Forged where what was signed then is older than its sender goes on trying, or as far ahead, or has no time."""
    if told is None or abs(now - told) > OLDEST:
        raise Forged("the request is too old")


def check_secret(report: Report, secret: str) -> None:
    """Forged unless the shared secret was given; compared in constant time."""
    if not secret or not hmac.compare_digest(report.given.encode(), secret.encode()):
        raise Forged("the secret is missing or another")


def parsed(body: bytes | str) -> Any:
    """The JSON of a verified body; Unreadable where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is not JSON") from error


def table(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects of a JSON list, or the one object there is; Unreadable where it is neither."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise Unreadable("the body holds no events")
    return [each for each in value if isinstance(each, dict)]


def words(value: object) -> str:
    """A text as it may be stored: no NUL, which PostgreSQL refuses, nor half a surrogate pair, which JSON may hold."""
    return value.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(value, str) else ""


def instant(value: object) -> datetime | None:
    """A time as providers write it: seconds, milliseconds or ISO 8601; None where it is none, or of another century."""
    try:
        if isinstance(value, int | float) or (isinstance(value, str) and value.replace(".", "", 1).isdigit()):
            seconds = float(value)
            made = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        else:
            read = datetime.fromisoformat(str(value))
            made = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return made if made >= _EARLIEST else None


def moment(value: object, now: datetime) -> datetime:
    """When a report says that something happened; `now` where it says nothing, or a time that has not come."""
    return min(instant(value) or now, now)


def fingerprint(*parts: object) -> str:
    """An event's identity where the provider gives none: what it says of what."""
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:40]


def decoded(text: str) -> bytes:
    """Base64; Forged where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Forged("a signature that is not base64") from error


def event(
    provider: str,
    *,
    id: str,  # noqa: A002 — the event's own word
    kind: EventKind,
    address: object,
    at: datetime,
    provider_id: object = None,
    is_permanent: bool = False,
    detail: object = "",
) -> Event:
    """An event of what was read, bounded and storable."""
    named = words(provider_id).strip("<>")[:500] or None
    return Event(
        provider=provider,
        id=words(id)[:300],
        kind=kind,
        address=_bare(words(address))[:320],
        at=at,
        provider_id=named,
        is_permanent=is_permanent,
        detail=" ".join(words(detail).split())[:_DETAIL],
    )


def _bare(text: str) -> str:
    """The address alone, where a provider repeats the To field with the name in it (RFC 5322 §3.4)."""
    return (parseaddr(text)[1] if "<" in text else "") or text.strip()
