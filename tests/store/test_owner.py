"""An owner is a process, not a number; of other machines nothing is claimed."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.store import owner


def test_this_process_is_alive_and_fits_its_column() -> None:
    assert not owner.is_dead(owner.mine())
    assert len(owner.mine()) <= 64
    assert owner.mine() == owner.mine()


def test_a_process_that_ended_is_dead() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "from digest.store import owner; print(owner.mine(), flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    name = child.stdout.readline().strip()
    assert name.split(":")[1] == str(child.pid)
    assert not owner.is_dead(name)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # killed and not yet reaped: a zombie makes no issue
    assert owner.is_dead(name)
    child.communicate()
    assert owner.is_dead(name)


def test_a_number_used_again_is_another_process() -> None:
    host, pid, began = owner.mine().split(":")
    assert owner.is_dead(f"{host}:{pid}:{int(began) - 1}")


def test_where_the_beginning_is_unknown_the_number_alone_counts() -> None:
    host, pid, _ = owner.mine().split(":")
    assert not owner.is_dead(f"{host}:{pid}:")


@pytest.mark.parametrize("pid", ["4194304", "999999999"])  # beyond the largest pid there can be
def test_a_number_that_nobody_has_is_dead(pid: str) -> None:
    assert owner.is_dead(f"{owner.mine().split(':')[0]}:{pid}:1")


def test_nothing_is_said_of_another_machine() -> None:
    assert not owner.is_dead("elsewhere-00000000:4194304:1")


@pytest.mark.parametrize("name", ["", ":", "::", "test", "HOST:", "HOST:x:1", "HOST:-1:1", "HOST:0x1:1", "HOST:١:1"])
def test_what_is_no_owner_of_ours_is_not_dead(name: str) -> None:
    assert not owner.is_dead(name.replace("HOST", owner.mine().split(":")[0]))


@given(st.text(max_size=80))
def test_any_text_has_an_answer(name: str) -> None:
    assert owner.is_dead(name) is False


def test_a_run_that_is_over_is_dead_though_its_process_lives() -> None:
    one, other = owner.of_run(), owner.of_run()
    owner.ended(one)
    assert (owner.is_dead(one), owner.is_dead(other), owner.is_dead(owner.mine())) == (True, False, False)
    assert one not in owner.broken()
    owner.ended(other, in_order=False)
    assert owner.is_dead(other)
    assert other in owner.broken()
    owner.forget([other])
    assert other not in owner.broken()
