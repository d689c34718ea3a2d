"""Two daemons, two workers and their database, hurt in mid-sending: the short form of tests/crash/fleet.py."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash.fleet import WITHIN_S, Fleet, Server, Watch, prepare, running

from digest.testing import MailServer

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]
READERS = 12_000  # 120 requests, shared by two


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="newsdigest-fleet-"))
    folder.chmod(0o755)  # the server runs as a user of its own
    made = Server(folder / "pg")
    yield made
    made.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(400)
async def test_each_message_once_whoever_dies(server: Server, tmp_path: Path) -> None:
    await prepare(server.url, READERS)
    async with MailServer(tmp_path / "log", delay_s=0.1) as far:
        fleet, watch = Fleet(tmp_path, server.url, far.url, rate=4), Watch(far, READERS)
        with running(fleet, "daemon-0", "daemon-1", "worker-0", "worker-1"):
            await watch.until_more(120)
            server.restart()
            await watch.until_more()
            fleet.start("hand-0")  # shares the batches with the workers
            fleet.kill("worker-0")
            await watch.until_more()
            server.cut()
            await watch.until_more()
            fleet.kill("daemon-0")
            await watch.until_all(200)
            assert await asyncio.to_thread(fleet.running.pop("hand-0").wait, 60) == 0, fleet.log("hand-0")
            assert not fleet.dead(), "a database that went away ended a program"
            assert [fleet.stop(name) for name in ("worker-1", "daemon-1")] == [0, 0]
        lost, doubled = watch.judge()
    assert (lost.total(), doubled.total()) == (0, 0)
    assert max(watch.waits[1:]) < WITHIN_S
    for name in ("daemon-1", "worker-1"):
        assert "Traceback" not in fleet.log(name), fleet.log(name)[-3000:]
