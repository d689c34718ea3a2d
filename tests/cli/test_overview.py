"""`digest status` on a desk where much has happened: readable at any width, and everything to do is named."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest import config as settings
from digest.cli import checks, statuspage

OLD = Path(__file__).parents[1] / "data" / "db" / "0001.db"
HOUR = timedelta(hours=1)


@pytest.fixture
def lived_in(desk):
    """The desk of an old database, with an issue in every kind of trouble."""
    shutil.copy(OLD, desk.folder / "digest.db")
    with closing(sqlite3.connect(desk.folder / "digest.db")) as found:
        feeds = [row[0] for row in found.execute("SELECT requested_url FROM feed")]
    desk.configure(feeds=[*feeds, "https://example.org/new.xml"], skip_dates=["2026-12-25"])
    assert desk.digest("db", "upgrade").code == 0
    soon = (datetime.now(UTC) + 2 * HOUR).strftime("%Y-%m-%d %H:%M:%S.000000")
    with closing(sqlite3.connect(desk.folder / "digest.db")) as found, found:
        for number, state, note in ((3, "held", None), (4, "failed", "it [b]must not[/b] leave"), (5, "sent", None)):
            found.execute(
                "INSERT INTO issue (newsletter, number, slot, due_at, state, note) VALUES ('morning', ?, ?, ?, ?, ?)",
                (number, f"2026-11-1{number}T07:30", f"2026-11-1{number} 06:30:00.000000", state, note),
            )
        (sent,) = found.execute("SELECT id FROM issue WHERE number = 5").fetchone()
        found.execute("INSERT INTO batch (issue_id, number, state) VALUES (?, 0, 'unknown')", (sent,))
        rows = [(sent, n, f"a{n}@example.org", "unknown" if n < 3 else "accepted") for n in range(1_500)]
        found.executemany(
            "INSERT INTO delivery (issue_id, subscriber_id, batch, address, state) VALUES (?, ?, 0, ?, ?)", rows
        )
        refused = "UPDATE delivery SET event = 'refused' WHERE issue_id = ? AND subscriber_id BETWEEN 10 AND 29"
        found.execute(refused, (sent,))
        found.execute(
            "INSERT INTO event (provider, event_id, kind, address, at, detail)"
            " VALUES ('resend', 'e', 'refused', 'a12@example.org', '2027-01-01 07:00:00.000000', '550-5.7.26 no DMARC')"
        )
        found.execute("UPDATE feed SET last_error = 'no whole answer in 30 s', error_count = 3 WHERE id = 1")
        found.execute("INSERT INTO circuit (provider, open_until, failures) VALUES ('resend', ?, 7)", (soon,))
        found.execute(
            "INSERT INTO notice (about, way, at, address, subject, state, key, note)"
            " VALUES ('issue:9:failed', 'mail', ?, 'a@example.org', 'issue failed', 'pending', 'k', '503')",
            (soon,),
        )
    return desk


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_and_names_all_that_is_to_do(lived_in, width: int) -> None:
    done = lived_in.digest("status", env={"COLUMNS": str(width)})
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= width
    flat = " ".join(done.out.split())
    assert "morning/3 is held: digest issues approve morning/3" in flat
    assert "morning/5: 3 may not have arrived: digest issues show morning/5" in flat
    assert "morning/5: 20 refused because of the sender: digest issues show morning/5" in flat
    assert re.search(r"resend does not answer; asked again in \d", flat)
    assert "not told (mail, pending): issue failed. 503" in flat
    assert "must not" in flat
    assert "Feeds: 4 active, 1 new" in flat


def test_numbers_and_dates_as_people_write_them(lived_in) -> None:
    out = lived_in.digest("status", env={"COLUMNS": "120"}).out
    assert "1,497 accepted, 3 unknown" in out or "3 unknown, 1,497 accepted" in out
    assert "Fri 13 Nov 07:30" in out
    assert "it [b]must not[/b] leave" in out  # untrusted words are no markup
    assert "127.0.0.1" in out


def test_the_same_for_programs(lived_in) -> None:
    found = lived_in.digest("status", "--json").json
    assert [one["provider"] for one in found["circuits"]] == ["resend"]
    assert [one["about"] for one in found["notices"]] == ["issue:9:failed"]
    (letter,) = found["newsletters"]
    assert letter["next_slot"] == letter["next_slots"][""][0]
    assert letter["readers"] == 458


def test_what_servers_refused_for_the_senders_sake_is_shown_with_their_words(lived_in) -> None:
    found = lived_in.digest("issues", "show", "morning/5", "--json").json
    assert found["reported"] == {"refused": 20}
    assert found["refusals"] == [{"reason": "550-5.7.26 no DMARC", "count": 1}]
    shown = lived_in.digest("issues", "show", "morning/5").out
    assert "reported: 20 refused" in shown
    assert "refused: sender: 550-5.7.26 no DMARC (1)" in shown
    told = {one["issue"]: one["refused"] for one in lived_in.digest("status", "--json").json["issues"]}
    assert (told["morning/5"], told["morning/1"]) == (20, 0)


def test_workers_and_queues_stand_there_where_others_do_the_work(capsys) -> None:
    seen = datetime.now(UTC).isoformat()
    worker = {"name": "mill:7", "queues": ["send"], "concurrency": 4, "seen_at": seen, "is_alive": True}
    engine = {
        "name": "procrastinate",
        "queues": [{"name": "send", "todo": 12, "doing": 3, "failed": 1}],
        "workers": [worker],
        "stalled": 2,
    }
    empty = {"newsletters": [], "feeds": [], "issues": [], "circuits": [], "notices": []}
    statuspage.show({**empty, "engine": engine})
    said = capsys.readouterr().out
    assert re.search(r"mill:7 +4 +now +send", said)
    assert re.search(r"send +12 +3 +1", said)
    assert "2 jobs of a dead worker: others take it up within a minute" in said
    statuspage.show({**empty, "engine": {**engine, "workers": [{**worker, "is_alive": False}], "stalled": 0}})
    assert "no worker lives" in capsys.readouterr().out


def test_a_new_desk_says_what_to_do_first(desk) -> None:
    desk.configure(feeds=[])
    out = desk.digest("status").out
    assert "Feeds: none yet. Add one: digest feeds add URL" in out
    assert "Issues: none yet" in out
    assert "To do" not in out


def test_days_off_are_not_announced(desk) -> None:
    today = datetime.now(UTC).date()
    desk.configure(skip_dates=[f"{today + timedelta(days=n)}" for n in range(5)])
    first = f"{today + timedelta(days=5)}"
    (letter,) = desk.digest("status", "--json").json["newsletters"]
    assert letter["next_slot"] >= first
    assert desk.digest("check", "--json").json["next_slots"]["morning"][""][0] >= first


def test_the_previews_column_has_five_dates(desk) -> None:
    desk.configure(schedule="30 7 1 1 *")
    words = checks.in_words(settings.load(desk.config, environ={}).newsletters["morning"])
    assert re.fullmatch(r"[A-Z][a-z]{2} 01 Jan 07:30, then ([A-Z][a-z]{2} 01 Jan(, )?){4}", words)
