"""How a command runs: its errors become one clear line and an exit code; its loop ends cleanly on Ctrl-C."""

import asyncio
import functools
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import typer

from digest.errors import ConfigError, DigestError

P = ParamSpec("P")
T = TypeVar("T")
_AGAIN = "Nothing was half done: run the command again"
_REMEDIES = {  # by SQLite's words
    "database or disk is full": "Make room on the disk, and run the command again: nothing was half done",
    "attempt to write a readonly database": "Let whoever runs this write the database's file and its folder",
    "unable to open database file": "Let whoever runs this write the database's file and its folder",
    "database is locked": "Another program holds it: run the command again once that is through",
}


def command(function: Callable[P, Any]) -> Callable[P, None]:
    """A command whose DigestError is printed as it reads and becomes the exit code of its kind."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        verbose = bool(kwargs.get("verbose"))
        _log(verbose=verbose)
        try:
            code = function(*args, **kwargs)
        except DigestError as error:
            _fail(error, as_json=bool(kwargs.get("as_json")), verbose=verbose)
            raise typer.Exit(error.exit_code) from None
        except (KeyboardInterrupt, asyncio.CancelledError):
            sys.stderr.write("stopped\n")
            raise typer.Exit(130) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if verbose:
                raise
            sys.stderr.write(_unforeseen(error))
            raise typer.Exit(1) from None
        if code:
            raise typer.Exit(int(code))

    return guarded


def loop(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` to its end; SIGTERM cancels it as Ctrl-C does."""

    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    return asyncio.run(main())


def _unforeseen(error: Exception) -> str:
    """What is said of an error that no command knows: of the machine's where it is that, else of the program itself."""
    refused = getattr(error, "orig", None)  # by the database: SQLAlchemy's own words would show statement and values
    if isinstance(refused, Exception) and type(refused).__name__ == "OperationalError":
        return f"digest: the database refused: {_one_line(refused)}. {_REMEDIES.get(str(refused), _AGAIN)}\n"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"digest: {where}{error.strerror}\n"
    said = _one_line(refused if isinstance(refused, Exception) else error)
    return (
        f"digest: an error of the program itself: {type(error).__name__}: {said}\n"
        "Run it again with --verbose for the details, and please report them.\n"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _fail(error: DigestError, *, as_json: bool, verbose: bool) -> None:
    if as_json:
        import orjson

        sys.stdout.write(orjson.dumps({"error": str(error)}).decode() + "\n")
    if verbose:
        logging.getLogger(__name__).debug("failed", exc_info=error)
    for line in str(error).splitlines() or [type(error).__name__]:
        sys.stderr.write(f"{line}\n" if isinstance(error, ConfigError) else f"digest: {line}\n")


def _log(*, verbose: bool) -> None:
    """Logs on standard error: warnings, or all with --verbose."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line(verbose=verbose))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, handlers=[handler], force=True)
    for noisy in (
        "aiosqlite",
        "asyncio",
        "httpx",
        "httpcore",
        "trafilatura",
        "cssutils",
        "CSSUTILS",
        "readability",
        "htmldate",
        "alembic",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING if verbose else logging.ERROR)


class Line(logging.Formatter):
    """A record with its fields on one line; tracebacks with --verbose alone."""

    _PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

    def __init__(self, *, verbose: bool) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s" if verbose else "%(levelname)s: %(message)s")
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        """As the daemon logs it, but for people."""
        fields = {key: value for key, value in record.__dict__.items() if key not in self._PLAIN}
        line = logging.makeLogRecord(record.__dict__)
        line.msg, line.args = " ".join([record.getMessage(), *(f"{k}={v}" for k, v in fields.items())]), None
        if not self._verbose:
            line.exc_info = line.exc_text = None
        return super().format(line)
