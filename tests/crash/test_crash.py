"""Killed at any instant, nobody is lost and nobody doubled: judged by what the far side wrote down."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from crash.killing import Scene, ended, kill_at_random

from digest.testing import Fault, MailServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(tmp_path) -> AsyncIterator[MailServer]:
    async with MailServer(tmp_path / "log") as running:
        yield running


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("provider", "kind"),
    [("resend", "sqlite"), pytest.param("resend", "postgresql", marks=pytest.mark.postgres), ("mailpit", "sqlite")],
)
async def test_death_at_every_border(provider: str, anew: Callable[[], Awaitable[str]], tmp_path) -> None:
    """n = 1, 2, 3 …: the n-th crossing of commit and request is the last, until a run has no n-th."""
    readers = {"resend": 150, "mailpit": 3}[provider]
    for fatal in range(1, 200):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        async with MailServer(folder / "log") as server:
            scene = await Scene.make(await anew(), server, folder, readers=readers, provider=provider)
            process = scene.start(fatal=fatal)
            await ended(process)
            report = await scene.finish()
            missing = set(scene.expected - scene.got)
            assert not scene.got - scene.expected, f"doubled after death at border {fatal}"
            if provider == "resend":
                assert not missing, f"lost after death at border {fatal}"
                assert report.accepted == readers
            else:  # without keys, it knows what it does not know
                unknown = await scene.unknown()
                assert missing <= unknown, f"lost unawares after death at border {fatal}"
                assert (report.accepted, report.pending) == (readers - len(unknown), 0)
                assert len(unknown) <= 3
        if process.exitcode == 0:
            break
    assert process.exitcode == 0
    assert fatal > 12


@pytest.mark.timeout(300)
@pytest.mark.parametrize("senders", [1, 2])
async def test_killed_at_random(senders: int, database_url: str, server: MailServer, tmp_path) -> None:
    scene = await Scene.make(database_url, server, tmp_path, readers=3000)
    killed = await kill_at_random(scene, kills=10, chance=random.Random(senders), senders=senders)
    report = await scene.finish()
    assert not scene.expected - scene.got, "lost"
    assert not scene.got - scene.expected, "doubled"
    assert report.accepted == 3000
    assert killed >= 3


@pytest.mark.timeout(120)
async def test_two_living_senders_share_the_work(database_url: str, tmp_path) -> None:
    async with MailServer(tmp_path / "log", delay_s=0.05) as server:
        scene = await Scene.make(database_url, server, tmp_path, readers=3000)
        both = [scene.start(), scene.start()]
        for process in both:
            await ended(process)
        report = await scene.finish()
    assert [process.exitcode for process in both] == [0, 0]
    assert scene.got == scene.expected
    assert report.accepted == 3000
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == len(server.seen) == 30


async def test_the_owner_may_send_again_what_is_unknown(tmp_path) -> None:
    async with MailServer(tmp_path / "log", faults=[Fault.CUT_BEFORE]) as server:
        url = f"sqlite+aiosqlite:///{tmp_path / 'd.db'}"
        scene = await Scene.make(url, server, tmp_path, readers=3, provider="mailpit")
        held = await scene.finish()
        assert (held.accepted, held.unknown) == (2, 1)
        assert (await scene.finish()).unknown == 1
        released = await scene.finish(resend_unknown=True)
    assert (released.accepted, released.unknown) == (3, 0)
    assert scene.got == scene.expected
