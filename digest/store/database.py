"""One database, two kinds of transaction: `read()` and `write()`. SQLite or PostgreSQL, by its address.

`at_once()` and `look()` are the same handed over whole: for what is done a hundred times a second.

SQLite: WAL, synchronous FULL (a committed outcome survives a power cut), BEGIN IMMEDIATE for writers.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from digest.errors import DatabaseAway, StoreError
from digest.store.direct import Direct
from digest.store.driver import to_json

_T = TypeVar("_T")
_BUSY_MS = 15_000  # another process's transaction; ours never span a request
# PostgreSQL: what ends the transactions of a host that vanished in the middle, so that its locks fall within a minute.
# Ours never wait for anything but the database.
_SESSION = {
    "idle_in_transaction_session_timeout": "45s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# The same from our side (libpq): a server that vanished is not waited for.
_CONNECT = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# For a connection of this process: waiting its turn is no error (four rounds of collecting share fifteen), and after
# SQLAlchemy's 30 s a loaded worker of 10,000 feeds broke off.
_TURN_S = 120
_AWAY = ("08", "57P", "53300")  # SQLSTATE: connection exceptions, shutdown and start, too many connections
_UNDONE = ("40P01", "40001")  # SQLSTATE: a deadlock, what cannot be put in a row; all of it is undone
_DEADLOCKS = 5  # in a row, of one transaction
_LOOKED_AT = 400  # rows an index, when SQLite estimates
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}")


class _Undone(Exception):  # noqa: N818 — a state
    """The transaction was undone for another's sake: it may be done again."""


class Database:
    """Connections to one database, migrated. Use as `async with Database(url) as database`."""

    def __init__(self, url: str) -> None:
        """`url`: an async SQLAlchemy address; ":memory:" databases live as long as this object."""
        self.url = url
        self._engine = _engine(url)
        self._direct = _direct(url)  # None: PostgreSQL, or a database in memory, which has but one connection
        self._file: tuple[str, tuple[int, int] | None] | None = None  # the file that was opened, and which it was
        self._looking = Direct(self._direct.engine, begin="DEFERRED") if self._direct else None
        self._writing = asyncio.Lock()  # one writer a process on SQLite: waiting here beats spinning on its lock

    @property
    def is_sqlite(self) -> bool:
        """Whether it is one file."""
        return self._engine.dialect.name == "sqlite"

    @property
    def engine(self) -> AsyncEngine:
        """The SQLAlchemy engine, for what brings its own statements (migrations, the job queue)."""
        return self._engine

    @property
    def engines(self) -> tuple[Engine, ...]:
        """All engines below, for who listens to their events."""
        return (self._engine.sync_engine, *((self._direct.engine,) if self._direct else ()))

    async def __aenter__(self) -> Self:
        """Opens it and brings its tables up to date; StoreError where that cannot be."""
        from digest.store.migrate import upgrade

        self._prepare_file()
        try:
            async with self.write() as connection:
                await upgrade(connection)
        except (SQLAlchemyError, OSError) as error:
            await self._engine.dispose()
            raise StoreError(f"{self.shown}: the database cannot be opened ({_cause(error)})") from error
        except StoreError:
            await self._engine.dispose()
            raise
        if self._direct:
            self._file = (file := str(self._engine.url.database), _identity(file))
        return self

    async def check(self, *, to_write: bool = False) -> None:
        """Whether the database that was opened is still there, and answers; `to_write`: to who would write, too.

        NewerDatabase where a newer program brought its tables further meanwhile, StoreError where it is not there.
        """
        from digest.store.migrate import check

        if self._file and _identity(self._file[0]) != self._file[1]:
            raise StoreError(
                f"{self.shown}: the file was removed or replaced while it was open: start the program anew"
            )
        try:
            async with self.write() if to_write else self.read() as connection:
                await connection.run_sync(check)
        except SQLAlchemyError as error:
            raise StoreError(f"{self.shown}: the database does not answer ({_cause(error)})") from error

    def _prepare_file(self) -> None:
        """Makes a SQLite file that nobody else may read: it holds addresses. One that is there keeps its mode.

        StoreError where it could not even be made (aiosqlite leaves a thread behind when it fails).
        """
        file = self._engine.url.database
        if not self.is_sqlite or not file or file == ":memory:":
            return
        if not Path(file).parent.is_dir():
            raise StoreError(f"{self.shown}: the database cannot be opened (there is no folder {Path(file).parent})")
        with contextlib.suppress(OSError):  # it is there, or SQLite says what is wrong
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    async def __aexit__(self, *_: object) -> None:
        """Closes every connection."""
        for direct in filter(None, (self._looking, self._direct)):
            await direct.close()
        await self._engine.dispose()

    @property
    def shown(self) -> str:
        """The address as the configuration writes it, without its password."""
        url = self._engine.url
        return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads: one consistent view. DatabaseAway where it does not answer."""
        with self._told():
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write; committed when the block ends, rolled back when it raises.

        DatabaseAway where it does not answer; whether a commit under way was taken is then not known.
        """
        if not self.is_sqlite:
            with self._told():
                async with self._engine.begin() as connection:
                    yield connection
            return
        async with self._writing, self._engine.connect() as connection:
            await connection.execution_options(sqlite_begin="IMMEDIATE")
            async with connection.begin():
                yield connection

    async def at_once(self, work: Callable[[Connection], _T]) -> _T:
        """What `work` gives, done in one write transaction, without returning to the event loop meanwhile.

        It may run in another thread: it must not touch what the loop works with. It may run twice: where it and another
        wait for each other (PostgreSQL), one is undone and done again. DatabaseAway as for `write`.
        """
        if self._direct is None:
            return await self.again(lambda connection: connection.run_sync(work))
        async with self._writing:
            return await self._direct.run(work)

    async def again(self, work: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """What `work` gives, done in one write transaction; anew where that was undone to end a deadlock.

        A sender and a provider's report change the same deliveries, in orders of their own.
        """
        for _ in range(_DEADLOCKS):
            with contextlib.suppress(_Undone):
                return await self._once(work)
        async with self.write() as connection:
            return await work(connection)

    async def _once(self, work: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        try:
            async with self.write() as connection:
                return await work(connection)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _UNDONE:
                raise
            raise _Undone from error

    async def look(self, work: Callable[[Connection], _T]) -> _T:
        """What `work` reads, in one transaction and one trip, as `at_once`."""
        if self._looking is None:
            async with self.read() as connection:
                return await connection.run_sync(work)
        return await self._looking.run(work)

    async def analyze(self) -> None:
        """Fresh statistics after a large change: PostgreSQL claims eight times faster with them.

        SQLite, which knows nothing of a table without them, reads a whole issue's rows for each batch.
        """
        await self.at_once(_analyze)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A lost connection by its name."""
        try:
            yield
        except DBAPIError as error:
            if not is_away(error):
                raise
            raise DatabaseAway(f"{self.shown}: the database does not answer ({_cause(error)})") from error
        except PoolTimeout as error:
            raise DatabaseAway(f"{self.shown}: no connection to the database came free") from error


def _identity(file: str) -> tuple[int, int] | None:
    """Which file stands at that path; None where there is none."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_away(error: DBAPIError) -> bool:
    """Whether the server is not there, or hung up, rather than refusing the statement."""
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or (state or "").startswith(_AWAY):
        return True
    return (
        state is None and type(error.orig).__name__ == "OperationalError" and "psycopg" in type(error.orig).__module__
    )


def _direct(url: str) -> Direct | None:
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or address.database in {None, "", ":memory:"}:
        return None
    engine = create_engine(
        address.set(drivername="sqlite"), connect_args={"timeout": _BUSY_MS / 1000}, hide_parameters=True
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return Direct(engine)


def _engine(url: str) -> AsyncEngine:
    """What is bound to a statement holds addresses: no error tells it (`hide_parameters`)."""
    if not url.startswith("sqlite"):
        return _postgres(url)
    engine = create_async_engine(
        url, connect_args={"timeout": _BUSY_MS / 1000}, json_serializer=to_json, hide_parameters=True
    )
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    return engine


def _postgres(url: str) -> AsyncEngine:
    try:
        made = create_async_engine(
            url,
            pool_pre_ping=True,
            pool_timeout=_TURN_S,
            connect_args=_CONNECT,
            json_serializer=to_json,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        shown = make_url(url).set(drivername="postgresql").render_as_string(hide_password=True)
        remedy = "install Newsdigest with its extra `postgres`, as in pip install '.[postgres]'"
        raise StoreError(f"{shown}: the driver of PostgreSQL is not installed ({error.name}): {remedy}") from error
    event.listen(made.sync_engine, "connect", _on_postgres)
    return made


def _on_postgres(dbapi_connection: Any, _record: object) -> None:
    cursor = dbapi_connection.cursor()
    for name, value in _SESSION.items():
        cursor.execute(f"SET {name} = '{value}'")
    cursor.close()
    dbapi_connection.commit()


def _on_connect(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None  # we say BEGIN, not the driver
    cursor = dbapi_connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    options: Mapping[str, Any] = connection.get_execution_options()
    connection.exec_driver_sql(f"BEGIN {options.get('sqlite_begin', 'DEFERRED')}")


def _analyze(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA analysis_limit={_LOOKED_AT}"))
        connection.execute(text("ANALYZE batch"))
        connection.execute(text("ANALYZE delivery"))
    else:
        connection.execute(text("ANALYZE batch, delivery"))


def _cause(error: Exception) -> str:
    return " ".join((str(error.orig) if isinstance(error, DBAPIError) else str(error)).split())


def dialect_of(engine: Engine | Connection) -> str:
    """Sqlite or postgresql."""
    return engine.dialect.name


def insert_of(connection: AsyncConnection, table: Table) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    build = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    return build(table)
