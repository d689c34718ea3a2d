"""`digest worker` and what `digest status` says of workers and queues."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cli.service_process import free_port
from conftest import postgres_database
from typer.testing import CliRunner

from digest.cli import desk, overview, statuspage, working
from digest.cli.app import app
from digest.config import Config, General, Mail
from digest.errors import ConfigError, DatabaseAway
from digest.model import Step
from digest.pipeline.kit import Kit
from digest.schedule.metrics import Metrics
from digest.store import Database, crew

pytestmark = pytest.mark.anyio
SETTINGS = """
[digest]
database = "{database}"
public_url = "https://news.example.org"
postal_address = "1 Example Street"
engine = "{engine}"
[mail]
sender = "A <a@example.org>"
[newsletters.morning]
title = "Morning"
"""


def written(folder: Path, database: str, engine: str) -> Path:
    file = folder / "digest.toml"
    file.write_text(SETTINGS.format(database=database, engine=engine))
    return file


@pytest.fixture
async def config(postgres: str, tmp_path: Path) -> AsyncIterator[Config]:
    async with postgres_database(postgres) as url:
        yield desk.load(written(tmp_path, url.replace("+psycopg", ""), "procrastinate"))


@pytest.mark.postgres
async def test_status_names_workers_queues_and_the_stalled(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    async with Database(config.database_url) as database:
        kit = Kit(config=config, database=database, workers=None, fetcher=None, now=desk.now)
        async with working.engine(kit) as engine:
            await engine.submit([Step(name="send", key=f"send:{n}", args={"issue": n}) for n in range(3)])
            manager = engine._app.job_manager
            await manager.fetch_job(queues=None, worker_id=await manager.register_worker())
        async with database.write() as connection:
            now = await crew.clock(connection)
            for name, seconds in (("here:1:2", 1), ("gone:3:4", 35)):
                one = crew.Worker(name=name, queues=("send", "make"), concurrency=4, started_at=now)
                await crew.sign(connection, one, at=now - timedelta(seconds=seconds))
            await connection.exec_driver_sql("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 h'")
    found = await overview.gather(config)
    engine_found = found["engine"]
    assert engine_found["queues"] == [{"name": "send", "todo": 2, "doing": 1, "failed": 0}]
    assert {w["name"]: w["is_alive"] for w in engine_found["workers"]} == {"here:1:2": True, "gone:3:4": False}
    assert engine_found["stalled"] == 1
    statuspage.show(found)
    said = capsys.readouterr().out
    for expected in ("here:1:2", "gone:3:4", "send"):
        assert expected in said
    assert "dead" in said


@pytest.mark.postgres
async def test_status_says_where_nobody_works(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    statuspage.show(found := await overview.gather(config))
    assert found["engine"] == {"name": "procrastinate", "queues": [], "workers": [], "stalled": 0}
    assert "digest worker" in capsys.readouterr().out


async def test_the_local_engine_has_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = await overview.gather(desk.load(written(tmp_path, "sqlite:///d.db", "local")))
    statuspage.show(found)
    assert found["engine"] == {"name": "local"}
    assert "worker" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("engine", "database", "words", "expected"),
    [
        ("local", "sqlite:///d.db", [], "the local engine needs no workers"),
        ("procrastinate", "sqlite:///d.db", [], "postgresql"),
        ("procrastinate", "postgresql://127.0.0.1:9/x", ["--queue", "juggle"], "there are: collect, make, send"),
    ],
)
def test_what_a_worker_cannot_work_with(
    tmp_path: Path, engine: str, database: str, words: list[str], expected: str
) -> None:
    file = written(tmp_path, database, engine)
    done = CliRunner().invoke(app, ["worker", *words, "--config", str(file)])
    assert done.exit_code == 2
    assert expected in done.output


async def test_the_engine_wants_postgresql(tmp_path: Path) -> None:
    nothing: Any = SimpleNamespace()
    settings = Config(path=tmp_path / "digest.toml", digest=General(), mail=Mail(sender="A <a@example.org>"))
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}") as database:
        kit = Kit(config=settings, database=database, workers=nothing, fetcher=nothing, now=desk.now)
        with pytest.raises(ConfigError, match="needs a PostgreSQL database"):
            async with working.engine(kit):
                pass


@contextlib.contextmanager
def worker(config: Config, port: int) -> Iterator[subprocess.Popen[str]]:
    """`digest worker --listen` as a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = ["worker", "--listen", f"127.0.0.1:{port}", "--config", str(config.path)]
    command = [sys.executable, "-m", "digest", *words]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert f"http://127.0.0.1:{port}" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def asked(port: int, path: str) -> tuple[int, str]:
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=20)
    return answer.status_code, answer.text


@pytest.mark.postgres
async def test_a_worker_says_how_it_is_where_it_is_told_to_listen(config: Config) -> None:
    port = free_port()
    with worker(config, port) as process:
        assert asked(port, "/healthz") == asked(port, "/readyz") == (200, "ok\n")
        async with Database(config.database_url) as database:
            kit = Kit(config=config, database=database, workers=None, fetcher=None, now=desk.now)
            async with working.engine(kit) as engine:
                await engine.submit([Step(name="send", key="send:9", args={"issue": 9})])
        done = 'digest_steps_total{outcome="done",step="send"} 1.0'
        async with asyncio.timeout(30):
            while done not in (found := asked(port, "/metrics")[1]):
                await asyncio.sleep(0.1)
        assert 'digest_step_seconds_count{step="send"} 1.0' in found
        assert "digest_articles 0.0" in found
        assert "digest_last_sweep" not in found  # its schedule is the daemon's, or any worker's
        words = ["healthcheck", "--listen", f"127.0.0.1:{port}"]
        well = CliRunner().invoke(app, words)
        assert (well.exit_code, well.output) == (0, f"127.0.0.1:{port}: ok\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    gone = CliRunner().invoke(app, words)
    assert (gone.exit_code, "nobody answers" in gone.output) == (1, True)


@pytest.mark.parametrize(("unheard_s", "status"), [(5.0, 200), (31.0, 503)])
async def test_a_worker_that_its_database_does_not_hear_is_not_ready(
    tmp_path: Path, unheard_s: float, status: int
) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}") as database:
        opened: Any = SimpleNamespace(kit=SimpleNamespace(database=database, now=desk.now), unheard_s=unheard_s)
        listen = desk.listen("127.0.0.1:0")
        async with working._watched(opened, Metrics(sweeps=False), listen) as url, httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/readyz")).status_code == status
            assert (await client.get(f"{url}/healthz")).status_code == 200


@pytest.mark.parametrize("words", [["worker", "--listen", "9101"], ["healthcheck", "--listen", "here:x"]])
def test_what_is_no_address_to_listen_on_is_named(tmp_path: Path, words: list[str]) -> None:
    file = written(tmp_path, "postgresql://127.0.0.1:9/x", "procrastinate")
    done = CliRunner().invoke(app, [*words, "--config", str(file)])
    assert done.exit_code == 2
    assert "is no address to listen on: write it as 127.0.0.1:8766" in done.output


async def test_a_program_waits_for_its_database_until_it_is_told_to_stop(tmp_path: Path) -> None:
    away = desk.load(written(tmp_path, "postgresql://nobody@127.0.0.1:9/digest", "procrastinate"))
    stopping = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        opening = asyncio.create_task(desk.opened(stack, away, stopping=stopping))
        await asyncio.wait([opening], timeout=0.5)
        assert not opening.done()
        stopping.set()
        with pytest.raises(DatabaseAway, match="does not answer"):
            await asyncio.wait_for(opening, 20)
