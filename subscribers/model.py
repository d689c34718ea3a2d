"""People as values: frozen, slotted, keyword-only. Times are aware and UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SubscriptionState(StrEnum):
    """How a person stands with one newsletter."""

    PENDING = "pending"  # asked, not confirmed
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


class SuppressionReason(StrEnum):
    """Why an address is never mailed again."""

    MANUAL = "manual"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"  # told to the provider, not to us
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person. `id` is None where only the suppression of the address is known."""

    id: int | None
    address: str  # as given
    name: str = ""
    language: str | None = None  # BCP 47
    fields: Mapping[str, str] = field(default_factory=dict)  # further columns of an import
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A person on a newsletter."""

    newsletter: str
    state: SubscriptionState
    since: datetime  # of the state
    cadence: str = ""
    sections: tuple[str, ...] | None = None  # None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosers:
    """Readers of a newsletter by the cadence they chose: of `only`, or any but `but`. Neither: everybody."""

    only: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()


EVERYBODY = Choosers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a reader wants an issue."""

    language: str = ""  # BCP 47, in lower case; empty: the issue's
    sections: tuple[str, ...] | None = None  # None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address never mailed again."""

    address: str | None  # its key; None once erased
    reason: SuppressionReason
    since: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the consent log: what happened, when, how, from where, after which words."""

    newsletter: str  # empty: all of them
    what: str
    at: datetime
    source: str = ""
    remote: str | None = None  # the network address it came from
    text_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subscriber with all that stands about them; `log` oldest first, empty in a listing."""

    subscriber: Subscriber
    subscriptions: tuple[Subscription, ...] = ()
    suppression: Suppression | None = None
    log: tuple[LogEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key of the tokens; the newest signs, all verify."""

    id: int
    secret: bytes
    created_at: datetime

    def __repr__(self) -> str:
        return f"SigningKey(id={self.id})"  # never the secret
