"""The daemon's log on standard error: for people on a terminal, one JSON object a line elsewhere."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

_QUIET = (
    "httpx",
    "httpcore",
    "trafilatura",
    "cssutils",
    "CSSUTILS",
    "htmldate",
    "alembic",
    "apscheduler",
    "uvicorn",
    "procrastinate",
)
_MUTE = ("psycopg",)  # it warns of each connection that a restarted server drops; we say once that it is away


def begin(*, verbose: bool, stream: TextIO | None = None) -> None:
    """Sends structlog's and the standard library's records there, with their fields."""
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _without_none,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(is_terminal=out.isatty()))
    )
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _MUTE:
        logging.getLogger(name).setLevel(logging.ERROR)


def _without_none(_logger: object, _name: str, fields: EventDict) -> EventDict:
    """What a step has not bound is not said."""
    return {key: value for key, value in fields.items() if value is not None}


def _last(*, is_terminal: bool) -> list[Processor]:
    keep = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if is_terminal:
        return [keep, structlog.dev.ConsoleRenderer()]
    return [keep, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
