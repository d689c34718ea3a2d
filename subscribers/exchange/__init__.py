"""People in and out as CSV.

table = exchange.read(Path("readers.csv"))
async with database.write() as connection:
report = await exchange.import_rows(connection, table, newsletter="morning", consent="fair, May 2026", at=now)
"""

from subscribers.exchange.exporting import export
from subscribers.exchange.importing import ImportReport, Planned, Verdict, import_rows, plan
from subscribers.exchange.reading import Row, RowFault, Table, read

__all__ = ["ImportReport", "Planned", "Row", "RowFault", "Table", "Verdict", "export", "import_rows", "plan", "read"]
