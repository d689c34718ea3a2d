"""What a person's standing becomes when something happens: a pure state machine.

          ┌─────────────── asked ◄──────────────┐
          ▼                                     │
    (nothing) ── asked, invited ──► pending ── left ──► unsubscribed
          │                           │                  ▲       │
          └── vouched, chose ──► active ◄─ confirmed ─┘  │       │
                                      ├────── left ──────┘       │
                                      ◄──────── chose ───────────┘

Who has left comes back by their own hand alone: an import never brings them back. A suppressed address can leave, and
nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum

from subscribers.model import SubscriptionState


class Act(StrEnum):
    """What happens; its value stands in the log."""

    ASKED = "subscribed"  # the reader, on the public page: a confirmation message follows
    INVITED = "invited"  # the owner, without proof of consent: likewise
    VOUCHED = "imported"  # the owner, who vouches for the consent
    CONFIRMED = "confirmed"  # the reader, by the link in the confirmation message
    CHOSE = "chosen"  # the reader, on their own preferences page, reached by a signed link
    LEFT = "unsubscribed"  # the reader
    LEFT_ELSEWHERE = "left-elsewhere"  # a list of another program says so
    BARRED = "suppressed"  # the address is never mailed again


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows: the state from now on (None: no subscription), what to log, and why not where it is refused."""

    state: SubscriptionState | None
    log: Act | None = None  # None: nothing has changed
    refusal: str = ""

    @property
    def is_change(self) -> bool:
        """Whether there is something to write."""
        return self.log is not None


_P, _A, _U = SubscriptionState.PENDING, SubscriptionState.ACTIVE, SubscriptionState.UNSUBSCRIBED
_NEXT: dict[tuple[SubscriptionState | None, Act], SubscriptionState] = {
    (None, Act.ASKED): _P,
    (None, Act.INVITED): _P,
    (None, Act.VOUCHED): _A,
    (None, Act.CHOSE): _A,
    (None, Act.LEFT_ELSEWHERE): _U,
    (_P, Act.ASKED): _P,
    (_P, Act.VOUCHED): _A,
    (_P, Act.CONFIRMED): _A,
    (_P, Act.CHOSE): _A,
    (_P, Act.LEFT): _U,
    (_P, Act.BARRED): _U,
    (_A, Act.LEFT): _U,
    (_A, Act.BARRED): _U,
    (_U, Act.ASKED): _P,
    (_U, Act.CHOSE): _A,
}
_REFUSED: dict[tuple[SubscriptionState | None, Act], str] = {
    (None, Act.CONFIRMED): "nobody asked for it",
    (_U, Act.INVITED): "has unsubscribed; only they can come back",
    (_U, Act.VOUCHED): "has unsubscribed; only they can come back",
    (_U, Act.CONFIRMED): "has unsubscribed since; ask again to come back",
}
_LEAVING = frozenset({Act.LEFT, Act.LEFT_ELSEWHERE, Act.BARRED})


def decide(state: SubscriptionState | None, act: Act, *, is_suppressed: bool) -> Decision:
    """What follows from `act` for one who stands at `state` (None: not on that newsletter).

    >>> decide(SubscriptionState.PENDING, Act.CONFIRMED, is_suppressed=False).state
    <SubscriptionState.ACTIVE: 'active'>
    >>> decide(SubscriptionState.PENDING, Act.CONFIRMED, is_suppressed=True).refusal
    'is suppressed'
    """
    if is_suppressed and act not in _LEAVING:
        return Decision(state=state, refusal="is suppressed")
    if refusal := _REFUSED.get((state, act)):
        return Decision(state=state, refusal=refusal)
    after = _NEXT.get((state, act))
    return Decision(state=state) if after is None else Decision(state=after, log=act)
