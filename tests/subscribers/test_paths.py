"""The arrows of the state machine, one by one; tokens that were tampered with; one person however their address is written."""

import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers import addresses, tokens
from subscribers.consent import Act, decide
from subscribers.errors import AddressError
from subscribers.model import SubscriptionState as State

# by column: what each act makes of nothing, pending, active, unsubscribed. "." changes nothing, "!" is refused with words
ARROWS = """
               none          pending       active        unsubscribed
ASKED          pending       pending       .             pending
INVITED        pending       .             .             !
VOUCHED        active        active        .             !
CONFIRMED      !             active        .             !
CHOSE          active        active        .             active
LEFT           .             unsubscribed  unsubscribed  .
LEFT_ELSEWHERE unsubscribed  .             .             .
BARRED         .             unsubscribed  unsubscribed  .
"""


def arrows():
    head, *lines = ARROWS.strip().splitlines()
    for line in lines:
        act, *after = line.split()
        for state, becomes in zip(head.split(), after, strict=True):
            before = None if state == "none" else State(state)
            yield pytest.param(before, Act[act], becomes, id=f"{state}-{act}")


@pytest.mark.parametrize(("state", "act", "becomes"), tuple(arrows()))
def test_an_arrow(state: State | None, act: Act, becomes: str) -> None:
    found = decide(state, act, is_suppressed=False)
    if becomes in {".", "!"}:
        assert (found.state, found.log, bool(found.refusal)) == (state, None, becomes == "!")
    else:
        assert (found.state, found.log, found.refusal) == (State(becomes), act, "")
    assert found.is_change is (found.log is not None)


@pytest.mark.parametrize(("state", "act", "becomes"), tuple(arrows()))
def test_a_suppressed_address_has_the_arrows_of_leaving_alone(state: State | None, act: Act, becomes: str) -> None:
    found = decide(state, act, is_suppressed=True)
    if act in {Act.LEFT, Act.LEFT_ELSEWHERE, Act.BARRED}:
        assert found == decide(state, act, is_suppressed=False)
    else:
        assert (found.state, found.log, found.refusal) == (state, None, "is suppressed")


@pytest.mark.parametrize(
    ("acts", "ends"),
    [
        ("ASKED CONFIRMED", State.ACTIVE),
        ("ASKED ASKED CONFIRMED CONFIRMED", State.ACTIVE),
        ("INVITED LEFT CONFIRMED", State.UNSUBSCRIBED),
        ("VOUCHED LEFT VOUCHED INVITED", State.UNSUBSCRIBED),
        ("VOUCHED LEFT ASKED", State.PENDING),
        ("VOUCHED LEFT ASKED VOUCHED", State.ACTIVE),
        ("ASKED CONFIRMED BARRED CONFIRMED", State.UNSUBSCRIBED),
        ("LEFT_ELSEWHERE VOUCHED", State.UNSUBSCRIBED),
        ("CONFIRMED LEFT", None),
    ],
)
def test_a_life(acts: str, ends: State | None) -> None:
    state: State | None = None
    for name in acts.split():
        state = decide(state, Act[name], is_suppressed=False).state
    assert state is ends


# ------------------------------------------------------------------ tokens

KEY = b"k" * 32


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.sampled_from(sorted(tokens.PURPOSES)))
def test_no_part_of_one_token_fits_another(one: int, other: int, purpose: str) -> None:
    first, second = (tokens.sign(KEY, purpose, number, "morning") for number in (one, other))
    mixed = f"{first.partition('.')[0]}.{second.partition('.')[2]}"
    assert tokens.read([KEY], purpose, mixed) == ((one, "morning") if one == other else None)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: "." + token.partition(".")[2],
        lambda token: token + ".x",
        lambda token: "x" + token,
        lambda token: token[:-2],
        lambda token: token.swapcase(),
        lambda token: token.replace(".", ":"),
        lambda token: token + "\u00e9",
        lambda token: token.partition(".")[0] + "=" * 600 + "." + token.partition(".")[2],
        lambda token: urlsafe_b64encode(b"8:morning").decode().rstrip("=") + "." + token.partition(".")[2],
        lambda token: "",
    ],
)
def test_a_token_that_was_tampered_with_names_nobody(spoil) -> None:
    token = tokens.sign(KEY, "unsubscribe", 7, "morning")
    assert tokens.read([KEY], "unsubscribe", token) == (7, "morning")
    assert tokens.read([KEY], "unsubscribe", spoil(token)) is None


def test_a_token_holds_a_number_and_a_newsletter_and_nothing_else() -> None:
    payload = tokens.sign(KEY, "view", 7, "morning/12").partition(".")[0]
    assert urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) == b"7:morning/12"


@pytest.mark.parametrize("signed_by", [0, 1, 2])
def test_any_of_the_keys_reads_and_a_key_that_is_gone_reads_no_more(signed_by: int) -> None:
    keys = [bytes([number]) * 32 for number in (1, 2, 3)]
    token = tokens.sign(keys[signed_by], "confirm", 7, "morning")
    assert tokens.read(keys, "confirm", token) == (7, "morning")
    rest = [key for place, key in enumerate(keys) if place != signed_by]
    assert tokens.read(rest, "confirm", token) is None


def test_what_is_longer_than_any_of_ours_is_not_even_verified() -> None:
    assert tokens.read([KEY], "view", tokens.sign(KEY, "view", 7, "x" * 300)) == (7, "x" * 300)
    assert tokens.read([KEY], "view", tokens.sign(KEY, "view", 7, "x" * 400)) is None


def test_a_purpose_nobody_has_reads_nothing_either() -> None:
    with pytest.raises(ValueError, match="purpose"):
        tokens.read([KEY], "login", tokens.sign(KEY, "view", 1, "x"))


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "writings",
    [
        ("ann@example.org", " ANN@EXAMPLE.ORG ", "Ann@Example.Org\n"),
        ("jörg@müller.example", "JÖRG@MÜLLER.EXAMPLE", "jörg@xn--mller-kva.example", "jo\u0308rg@mu\u0308ller.example"),
        ("a@faß.example", "a@xn--fa-hia.example"),
        ("x@example.org", "x@EXAMPLE.org"),
    ],
)
def test_one_person_has_one_key_however_it_is_written(writings: tuple[str, ...]) -> None:
    assert len({addresses.parse(writing).key for writing in writings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "ann@example.com"),
        ("ann+a@example.org", "ann@example.org"),
        ("a.nn@example.org", "ann@example.org"),
        ("jorg@example.org", "jörg@example.org"),
    ],
)
def test_two_people_have_two(one: str, other: str) -> None:
    assert addresses.parse(one).key != addresses.parse(other).key


@settings(max_examples=80, deadline=None)
@given(st.from_regex(r"\A[a-zA-Zäöüß0-9.+_-]{1,12}@[a-zA-Zäöü0-9-]{1,10}\.example\Z"))
def test_an_address_is_kept_as_given_and_its_key_has_no_case_and_an_ascii_domain(text: str) -> None:
    try:
        found = addresses.parse(text)
    except AddressError:
        return
    assert found.given == text
    assert found.key == found.key.casefold()
    assert found.key.rpartition("@")[2].isascii()
    assert addresses.parse(unicodedata.normalize("NFD", text)).key == found.key


@pytest.mark.parametrize(
    ("local", "domain", "is_one"),
    [(64, 10, True), (65, 10, False), (1, 252 - 4, True), (1, 253 - 4, False), (6, 100, True)],
)
def test_an_address_is_as_long_as_the_rules_have_it(local: int, domain: int, is_one: bool) -> None:
    labels = ".".join("b" * min(60, domain - start) for start in range(0, domain, 61))
    text = f"{'a' * local}@{labels}.org"
    if is_one:
        assert addresses.parse(text).given == text
    else:
        with pytest.raises(AddressError):
            addresses.parse(text)


def test_a_fault_says_which_address_shortened_and_why() -> None:
    with pytest.raises(AddressError) as caught:
        addresses.parse("x" * 500)
    assert len(str(caught.value)) < 300
    with pytest.raises(AddressError, match="empty"):
        addresses.parse(" \t ")


@given(st.text(max_size=30), st.binary(min_size=1, max_size=64), st.binary(min_size=1, max_size=64))
def test_a_hash_is_of_key_and_secret(key: str, one: bytes, other: bytes) -> None:
    assert addresses.hash_of(key, one) == addresses.hash_of(key, one)
    assert (addresses.hash_of(key, one) == addresses.hash_of(key, other)) is (
        one.ljust(64, b"\0") == other.ljust(64, b"\0")
    )
    assert addresses.hash_of(key + "x", one) != addresses.hash_of(key, one)
