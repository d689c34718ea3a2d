"""The queue's connections: a server that went away is waited for, and said once; a refusal is none."""

import logging
from typing import Any

import psycopg
import pytest
from procrastinate import exceptions

from digest.schedule.patient import Patient

pytestmark = pytest.mark.anyio


class Server:
    """Answers after so many failures of one kind."""

    def __init__(self, failures: int, said: Exception) -> None:
        self.failures, self.said = failures, said
        self.asked = 0

    async def __call__(self, query: str, **arguments: Any) -> str:
        self.asked += 1
        if self.asked <= self.failures:
            raise exceptions.ConnectorException from self.said
        return f"{query} {arguments}"


def patient() -> Patient:
    return Patient("host=nowhere", running=tuple, pause_s=0)


async def test_a_server_that_went_away_is_asked_until_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(3, psycopg.OperationalError("server closed the connection\nunexpectedly"))
    with caplog.at_level(logging.WARNING):
        assert await patient()._tried(server, "SELECT", {"a": 1}) == "SELECT {'a': 1}"
    assert server.asked == 4
    assert [record.message for record in caplog.records] == [
        "the queue's database does not answer",
        "the queue's database is back",
    ]
    assert caplog.records[0].cause == "server closed the connection unexpectedly"


@pytest.mark.parametrize("said", [psycopg.errors.UndefinedTable("no such table"), ValueError("not of the server")])
async def test_what_the_server_refuses_is_not_asked_again(said: Exception) -> None:
    server = Server(1, said)
    with pytest.raises(exceptions.ConnectorException):
        await patient()._tried(server, "SELECT", {})
    assert server.asked == 1


async def test_an_answer_at_once_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await patient()._tried(Server(0, ValueError()), "SELECT", {})
    assert caplog.records == []
