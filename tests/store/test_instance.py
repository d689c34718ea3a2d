"""The first daemon on a database knows it, the next is told; the lock goes with its holder."""

import subprocess
import sys

import pytest

from digest.store import Database, instance

pytestmark = pytest.mark.anyio
HOLD = """
import fcntl, sys, time
held = open(sys.argv[1] + ".lock", "a")
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


async def test_one_is_first_the_other_is_not_and_then_it_is_free_again(database: Database) -> None:
    async with Database(database.url) as other:
        async with instance.first(database) as is_first, instance.first(other) as is_second:
            assert (is_first, is_second) == (True, False)
        async with instance.first(other) as is_first:
            assert is_first


async def test_a_killed_holder_holds_nothing(tmp_path) -> None:
    file = tmp_path / "digest.db"
    async with Database(f"sqlite+aiosqlite:///{file}") as database:
        child = subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE)
        try:
            assert child.stdout.readline() == b"held\n"
            async with instance.first(database) as is_first:
                assert not is_first
        finally:
            child.kill()
            child.communicate()
        async with instance.first(database) as is_first:
            assert is_first


async def test_a_database_in_memory_is_its_own() -> None:
    async with Database("sqlite+aiosqlite:///:memory:") as database, instance.first(database) as is_first:
        assert is_first
