"""The state machine by itself: every act in every state."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.consent import Act, decide
from subscribers.model import SubscriptionState as State

STATES = [None, *State]
OWN_WORD = {Act.CONFIRMED, Act.CHOSE}
everything = pytest.mark.parametrize(("state", "act"), list(product(STATES, Act)))


@everything
def test_a_suppressed_address_never_becomes_more_than_it_was(state: State | None, act: Act) -> None:
    after = decide(state, act, is_suppressed=True)
    assert after.state in {state, State.UNSUBSCRIBED}


@everything
def test_only_consent_makes_active(state: State | None, act: Act) -> None:
    after = decide(state, act, is_suppressed=False)
    if after.state is State.ACTIVE and state is not State.ACTIVE:
        assert act in OWN_WORD | {Act.VOUCHED}


@everything
def test_who_left_comes_back_by_themselves_alone(state: State | None, act: Act) -> None:
    after = decide(State.UNSUBSCRIBED, act, is_suppressed=False)
    assert after.state is State.UNSUBSCRIBED or act in {Act.ASKED, Act.CHOSE}
    del state


@everything
def test_a_change_is_logged_and_a_refusal_changes_nothing(state: State | None, act: Act) -> None:
    for suppressed in (False, True):
        after = decide(state, act, is_suppressed=suppressed)
        if after.state is not state:
            assert after.log is act
        if after.refusal:
            assert (after.state, after.log) == (state, None)


@given(st.sampled_from(STATES), st.lists(st.sampled_from(list(Act))))
def test_leaving_always_leaves(state: State | None, acts: list[Act]) -> None:
    for act in acts:
        state = decide(state, act, is_suppressed=False).state
    left = decide(state, Act.LEFT, is_suppressed=False).state
    assert left in {None, State.UNSUBSCRIBED}
    assert decide(left, Act.LEFT, is_suppressed=False).log is None
