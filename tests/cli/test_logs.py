"""Off a terminal each record is one JSON object with its fields, whoever wrote it."""

import io
import json
import logging

import pytest
import structlog

from digest.cli import logs, run


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


def test_what_a_step_has_bound_stands_on_every_line_and_what_it_has_not_on_none(stream) -> None:
    logs.begin(verbose=False, stream=stream)
    with structlog.contextvars.bound_contextvars(step="tell", newsletter=None, issue="morning/1"):
        logging.getLogger("digest.a").info("one")
    logging.getLogger("digest.a").info("two")
    first, second = lines(stream)
    assert (first["step"], first["issue"]) == ("tell", "morning/1")
    assert "newsletter" not in first
    assert "step" not in second


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


def line_of(*, verbose: bool) -> str:
    record = logging.makeLogRecord(
        {
            "levelname": "WARNING",
            "name": "digest.a",
            "msg": "feed crashed: %s",
            "args": ("x",),
            "feed": "https://e.org/",
        }
    )
    error = ValueError("deep")
    record.exc_info = (ValueError, error, error.__traceback__)
    return run.Line(verbose=verbose).format(record)


def test_a_command_logs_a_record_with_its_fields_and_no_traceback() -> None:
    assert line_of(verbose=False) == "WARNING: feed crashed: x feed=https://e.org/"


def test_verbose_logs_the_traceback_too() -> None:
    said = line_of(verbose=True)
    assert said.startswith("WARNING digest.a: feed crashed: x feed=https://e.org/\n")
    assert "ValueError: deep" in said


def test_what_is_logged_never_stands_on_standard_output(desk) -> None:
    desk.configure(feeds=[f"http://127.0.0.{n}:1/feed.xml" for n in range(2, 8)])  # an outage, which is logged
    collected = desk.digest("collect", "--json")
    assert collected.code == 4
    assert len(collected.json["feeds"]) == 6
    assert "most hosts out of reach" in collected.err
