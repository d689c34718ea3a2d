"""Off a terminal each record is one JSON object with its fields, whoever wrote it."""

import io
import json
import logging

import pytest
import structlog

from digest.cli import logs


@pytest.fixture
def stream():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_fields_of_both_kinds_of_logger(stream) -> None:
    logs.begin(verbose=False, stream=stream)
    logging.getLogger("digest.a").warning("slot missed", extra={"newsletter": "morning", "slot": "2026-11-23T07:30"})
    structlog.get_logger("digest.b").info("feed read", url="https://example.org", new=3)
    first, second = lines(stream)
    assert (first["event"], first["newsletter"], first["level"], first["logger"]) == (
        "slot missed",
        "morning",
        "warning",
        "digest.a",
    )
    assert (second["event"], second["new"], second["level"]) == ("feed read", 3, "info")
    assert first["timestamp"].endswith("Z")


def test_a_traceback_stays_on_its_line(stream) -> None:
    logs.begin(verbose=False, stream=stream)
    logging.getLogger("digest").error("step broke", exc_info=ValueError("two\nlines"))
    (record,) = lines(stream)
    assert "ValueError: two\nlines" in record["exception"]


def test_verbose_says_more(stream) -> None:
    logs.begin(verbose=False, stream=stream)
    logging.getLogger("digest").debug("detail")
    assert lines(stream) == []
    logs.begin(verbose=True, stream=stream)
    logging.getLogger("digest").debug("detail")
    assert len(lines(stream)) == 1


def test_third_parties_keep_quiet(stream) -> None:
    logs.begin(verbose=True, stream=stream)
    logging.getLogger("apscheduler.scheduler").info("added job")
    logging.getLogger("httpx").info("HTTP Request")
    assert lines(stream) == []
