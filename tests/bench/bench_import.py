"""A million rows: reading, importing, listing, fanning out; time and the highest memory.

    PYTHONPATH=.:tests python tests/bench/bench_import.py [ROWS] [--database sqlite|postgresql|URL]

`postgresql`: a server of its own, whose CPU stands apart. Each step is told with the process's highest memory so far
(ru_maxrss), the interpreter and its libraries included.
"""

import argparse
import asyncio
import contextlib
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, insert, literal, select, text

from digest.store import Database, tables
from subscribers import exchange, roster

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def memory() -> float:
    """The highest so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("address,name\n")
        for i in range(rows):
            file.write(f"Reader.{i:07d}@Example{i % 997}.org,Reader Number {i}\n")


class Clock:
    def __init__(self, rows: int, server_cpu: Callable[[], float]) -> None:
        self.rows, self.server_cpu = rows, server_cpu
        print(f"{'step':<28}{'seconds':>10}{'of CPU':>10}{'server':>10}{'rows/s':>12}{'MB at most':>12}")
        self.begin()

    def begin(self) -> None:
        self.since, self.worked, self.served = time.perf_counter(), time.process_time(), self.server_cpu()

    def told(self, step: str) -> None:
        took = time.perf_counter() - self.since
        worked, served = time.process_time() - self.worked, self.server_cpu() - self.served
        speed = f"{self.rows / took:>12,.0f}"
        print(f"{step:<28}{took:>10.1f}{worked:>10.1f}{served:>10.1f}{speed}{memory():>12.0f}", flush=True)
        self.begin()


async def measure(url: str, path: Path, rows: int, server_cpu: Callable[[], float]) -> None:
    async with Database(url) as database:
        clock = Clock(rows, server_cpu)
        table = exchange.read(path)
        clock.told("read to its end")
        async with database.write() as connection:
            report = await exchange.import_rows(connection, table, newsletter="morning", consent="bench", at=NOW)
        assert report.added == rows, report
        clock.told("import")
        async with database.read() as connection:
            planned = [0 async for _ in exchange.plan(connection, table, newsletter="morning", consent="bench")]
        assert len(planned) == rows
        clock.told("plan of the same again")
        async with database.read() as connection:
            assert sum([1 async for _ in roster.listed(connection)]) == rows
        clock.told("list")
        if not database.is_sqlite:
            async with database.write() as connection:
                await connection.execute(text("ANALYZE subscriber, subscription"))
        await fan_out(database, rows)
        clock.told("fan out (INSERT..SELECT)")


async def fan_out(database: Database, rows: int) -> None:
    async with database.write() as connection:
        made = tables.issue.insert().values(newsletter="morning", number=1, slot="s", due_at=NOW, state="ready")
        number = (await connection.execute(made.returning(tables.issue.c.id))).scalar_one()
        found = roster.recipients("morning").subquery()
        names = ["issue_id", "subscriber_id", "batch" if "batch" in tables.delivery.c else "batch_id"]
        values = [literal(number), found.c.subscriber_id, found.c.subscriber_id / 100]
        chosen = found.select().with_only_columns(*values, found.c.address, found.c.name, literal("pending"))
        statement = insert(tables.delivery).from_select([*names, "address", "name", "state"], chosen)
        await connection.execute(statement)
        made = await connection.scalar(select(func.count()).select_from(tables.delivery))
        assert made == rows


def main() -> None:
    """Runs it once."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or an address")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own
        path = Path(folder) / "readers.csv"
        write(path, given.rows)
        url, server_cpu = given.database, lambda: 0.0
        if given.database == "sqlite":
            url = f"sqlite+aiosqlite:///{folder}/digest.db"
        elif given.database == "postgresql":
            from bench_engine import _cpu_s
            from crash.fleet import Server

            server = Server(Path(folder) / "pg")
            stack.callback(server.end)
            url, pid = server.url.replace("postgresql://", "postgresql+psycopg://"), server.pid
            server_cpu = lambda: _cpu_s([pid])  # noqa: E731
        asyncio.run(measure(url, path, given.rows, server_cpu))


if __name__ == "__main__":
    main()
