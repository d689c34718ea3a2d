"""The first program at work while this one brings its database up to date: both go on, nothing is lost or doubled."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from crash import upgrade

from digest.store import Database

pytestmark = pytest.mark.anyio
STEMS = sorted(path.name.partition(".")[0] for path in upgrade.KEPT.glob("*.tar.xz"))


@pytest.fixture(autouse=True)
def needs() -> None:
    """What old programs import and this one does not."""
    if importlib.util.find_spec("httpx_secure") is None:
        if os.environ.get("CI"):
            pytest.fail("httpx-secure is not installed: the first program needs it")
        pytest.skip("LOUD: httpx-secure is not installed, so the first program was not run")


def test_the_first_program_is_kept() -> None:
    assert STEMS[:1] == ["0001"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("stem", STEMS)
async def test_an_old_daemon_and_a_new_one_share_the_database_from_the_upgrade_on(tmp_path: Path, stem: str) -> None:
    told = await upgrade.run(tmp_path, days=4, stem=stem)
    assert told.wrong == []
    assert told.old_code == 0
    assert told.issues == 5
    assert told.messages > 1500


@pytest.mark.parametrize("stem", STEMS)
async def test_an_old_program_refuses_the_newer_database_and_writes_nothing(tmp_path: Path, stem: str) -> None:
    old = upgrade.unpacked(stem, tmp_path / "old")
    file = tmp_path / "digest.db"
    file.write_bytes((upgrade.KEPT / f"{stem}.db").read_bytes())
    (tmp_path / "digest.toml").write_text(upgrade.CONFIG.format(mail="http://127.0.0.1:9", feeds="[]"))
    async with Database(f"sqlite+aiosqlite:///{file}"):
        pass
    before = file.read_bytes()
    command = [sys.executable, "-m", "digest", "run", "--config", tmp_path / "digest.toml"]
    done = subprocess.run(
        command, cwd=tmp_path, env=upgrade.environment(old), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in {1, 2}
    assert "the database is newer" in done.stderr
    assert "Traceback" not in done.stderr
    assert file.read_bytes() == before
