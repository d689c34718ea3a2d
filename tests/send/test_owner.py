"""A dead owner is told from a living one, and nothing is said of another machine's."""

import multiprocessing

from digest.send import owner


def test_this_process_lives() -> None:
    assert not owner.is_dead(owner.me())
    assert len(owner.me()) <= 64


def test_an_ended_process_is_dead() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_tell, args=(theirs,))
    process.start()
    name = ours.recv()
    assert not owner.is_dead(name)
    process.kill()
    process.join()
    assert owner.is_dead(name)


def _tell(pipe) -> None:
    pipe.send(owner.me())
    pipe.recv()


def test_a_number_used_again_is_another_process() -> None:
    machine, pid, start = owner.me().split(":")
    assert owner.is_dead(f"{machine}:{pid}:{int(start) + 1}")


def test_of_another_machine_nothing_is_known() -> None:
    _, pid, start = owner.me().split(":")
    assert not owner.is_dead(f"elsewhere:{pid}:{int(start) + 1}")
    assert not owner.is_dead("nonsense")
