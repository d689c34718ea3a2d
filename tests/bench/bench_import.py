"""A million rows: reading, importing, listing, fanning out; time and the highest memory.

    PYTHONPATH=. python tests/bench/bench_import.py [ROWS] [DATABASE_URL]

Each step is told with the process's highest memory so far (ru_maxrss), the interpreter and its libraries included.
"""

import asyncio
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, literal, text

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
    def __init__(self, rows: int) -> None:
        self.rows, self.since, self.worked = rows, time.perf_counter(), time.process_time()
        print(f"{'step':<28}{'seconds':>10}{'of CPU':>10}{'rows/s':>12}{'MB at most':>12}")

    def told(self, step: str) -> None:
        took = time.perf_counter() - self.since
        worked = time.process_time() - self.worked
        print(f"{step:<28}{took:>10.1f}{worked:>10.1f}{self.rows / took:>12,.0f}{memory():>12.0f}", flush=True)
        self.since, self.worked = time.perf_counter(), time.process_time()


async def measure(url: str, path: Path, rows: int) -> None:
    async with Database(url) as database:
        clock = Clock(rows)
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
        assert (await connection.execute(statement)).rowcount == rows


def main() -> None:
    """Runs it once."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "readers.csv"
        write(path, rows)
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite+aiosqlite:///{folder}/digest.db"
        asyncio.run(measure(url, path, rows))


if __name__ == "__main__":
    main()
