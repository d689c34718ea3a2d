"""Each value of digest.toml at its edges: what is taken, what is refused with a remedy, and what the environment makes of it."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest import config
from digest.config import cron
from digest.config.settings import Mail
from digest.errors import ConfigError

FILE = Path("/etc/newsdigest/digest.toml")
HEAD = '[mail]\nsender = "A <a@example.org>"\n'


def parse(text: str, environ: dict[str, str] | None = None, path: Path = FILE) -> config.Config:
    return config.parse(text, path=path, environ=environ or {})


def toml(table: str, key: str, value: object) -> str:
    """A sound file with one key set; `value` as TOML writes it."""
    line = f"{key} = {value}\n"
    if table == "mail":
        return f"[mail]\n{line}" + ("" if key == "sender" else 'sender = "A <a@example.org>"\n')
    title = 'title = "T"\n' if table == "newsletters.morning" and key != "title" else ""
    return f"{HEAD}[{table}]\n{title}{line}"


def refusal(text: str, environ: dict[str, str] | None = None) -> tuple[str, str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, environ)
    (fault,) = caught.value.faults
    assert fault.remedy
    return fault.file, fault.key, f"{fault.problem}. {fault.remedy}"


LETTER = "newsletters.morning"


@pytest.mark.parametrize(
    ("table", "key", "value", "says"),
    [
        ("digest", "public_url", '"news.example.org"', "is no web address"),
        ("digest", "public_url", '"https://"', "is no web address"),
        ("digest", "owner", '"nobody"', "holds no e-mail address"),
        ("digest", "engine", '"cron"', "local"),
        ("mail", "sender", '""', "holds no e-mail address"),
        ("mail", "sender", '"A <a@>"', "holds no e-mail address"),
        ("mail", "sender", '"a@example.org\\u0000"', "line break"),
        ("mail", "confirmation_sender", '"x"', "holds no e-mail address"),
        ("mail", "reply_to", '"a@example.org\\r\\nBcc: b@example.org"', "line break"),
        ("mail", "reply_to", '"nobody"', "holds no e-mail address"),
        ("mail", "unsubscribe_address", '"nobody"', "holds no e-mail address"),
        ("mail", "unsubscribe_address", '"Leave <leave@example.org>"', "Write it alone"),
        ("mail", "sender", "3", "is not valid (3). It should be text, in quotes"),
        ("mail", "per_day", '"many"', "It should be a whole number"),
        ("digest", "owner_webhook", '["https://hook.example.org/word"]', "is not valid. It should be text"),
        (LETTER, "theme", "3", "It should be a table"),
        (LETTER, "skip_dates", '["Easter"]', "It should be a date, as in 2026-12-24"),
        (LETTER, "approve_required", "[]", "It should be true or false"),
        (LETTER, "expires_after_hours", "[]", "It should be a number"),
        ("mail", "base_url", '"api.example.org"', "is no web address"),
        ("mail", "base_url", '"https://api.example.org/v1/"', "has a path"),
        ("mail", "base_url", '"https://api.example.org?x=1"', "has a path"),
        ("mail", "rate", '"10"', "is no rate"),
        ("mail", "rate", '"10/day"', "is no rate"),
        ("mail", "rate", '"-1/second"', "is no rate"),
        ("mail", "rate", '"0.0/second"', "is no rate"),
        ("mail", "per_day", "-1", "greater than or equal to 0"),
        ("web", "listen", '"8765"', "is no address to listen on"),
        ("web", "listen", '":8765"', "is no address to listen on"),
        ("web", "listen", '"127.0.0.1:"', "is no address to listen on"),
        ("web", "listen", '"127.0.0.1:-1"', "is no address to listen on"),
        ("web", "listen", '"127.0.0.1:65536"', "is no address to listen on"),
        ("web", "listen", '"127.0.0.1:²"', "is no address to listen on"),
        ("privacy", "texts_days", "30", "too short"),
        ("privacy", "pending_days", "-1", "greater than or equal to 0"),
        ("privacy", "events_days", "36501", "less than or equal to 36500"),
        (LETTER, "title", '""', "It should not be empty"),
        (LETTER, "title", '"  \\n "', "It should not be empty"),
        (LETTER, "stories", "0", "greater than or equal to 1"),
        (LETTER, "stories", "201", "less than or equal to 200"),
        (LETTER, "sentences", "21", "less than or equal to 20"),
        (LETTER, "stories", "1.5", "a whole number"),
        (LETTER, "stories", '"many"', "a whole number"),
        (LETTER, "method", '"lexrank"', "Choose one of digest, lex-rank"),
        (LETTER, "language", '"english language"', "is no language tag"),
        (LETTER, "catch_up", '"some"', "latest"),
        (LETTER, "timezone", '"../etc/passwd"', "is no time zone"),
        (LETTER, "timezone", '""', "is no time zone"),
        (LETTER, "timezone", '"Europe"', "is no time zone"),
        (LETTER, "archive", '"private"', "public"),
        (LETTER, "expires_after_hours", "0", "greater than 0"),
        (LETTER, "expires_after_hours", "745", "less than or equal to 744"),
        (LETTER, "send_between", '"07:00"', "is no window"),
        (LETTER, "send_between", '"07:60-09:00"', "is no window"),
        (LETTER, "approve", '"7d 1h"', "is no time ahead"),
        (LETTER, "approve", '"169h"', "is no time ahead"),
        (LETTER, "include", '"bridge"', "a list, in brackets"),
        (LETTER, "feeds", '"https://example.org/f"', "a list, in brackets"),
        (LETTER, "feeds", "[7]", "It should"),
        (LETTER, "feeds", '[{ section = "World" }]', "is missing"),
        (LETTER, "feeds", '[{ url = "https://example.org", weight = 0 }]', "greater than 0"),
        (LETTER, "feeds", '[{ url = "https://example.org", weight = nan }]', ""),
        (LETTER, "feeds", '[{ url = "https://example.org", limit = 0 }]', "greater than or equal to 1"),
        (LETTER, "feeds", '[{ url = "https://example.org", full_text = "yes" }]', "auto"),
        (LETTER, "feeds", '[{ url = "https://example.org", kind = "rss" }]', "sitemap"),
        (LETTER, "cadences", '{ "A B" = "0 8 * * *" }', "is no name of a cadence"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_key_with_a_remedy(
    table: str, key: str, value: str, says: str
) -> None:
    file, place, said = refusal(toml(table, key, value))
    assert (file, place.startswith(f"{table}.{key}")) == ("digest.toml", True)
    assert says in said


@pytest.mark.parametrize(
    ("table", "key", "value", "expected"),
    [
        ("digest", "owner", '""', ""),
        ("digest", "postal_address", '"1 Street\\n10115 Berlin"', "1 Street 10115 Berlin"),
        ("mail", "sender", '"Zoë <zoe@bücher.example.org>"', "Zoë <zoe@bücher.example.org>"),
        ("mail", "base_url", '"https://api.example.org/"', "https://api.example.org"),
        ("mail", "rate", '" 2.5 / minute "', " 2.5 / minute "),
        ("web", "listen", '"[::1]:0"', "[::1]:0"),
        ("web", "listen", '"127.0.0.1:65535"', "127.0.0.1:65535"),
        ("privacy", "texts_days", "31", 31),
        ("privacy", "pending_days", "0", 0),
        (LETTER, "title", '"  Good\\tMorning "', "Good Morning"),
        (LETTER, "stories", "200", 200),
        (LETTER, "stories", '"20"', 20),
        (LETTER, "language", '"pt-BR"', "pt-BR"),
        (LETTER, "approve", '"7d"', "7d"),
        (LETTER, "send_between", '"23:00-01:00"', "23:00-01:00"),
        (LETTER, "expires_after_hours", "0.5", 0.5),
    ],
)
def test_a_value_at_its_edge_is_taken(table: str, key: str, value: str, expected: object) -> None:
    found = parse(toml(table, key, value))
    holder = found.newsletters["morning"] if table == LETTER else getattr(found, table)
    assert getattr(holder, key) == expected


@pytest.mark.parametrize(
    "value", ["10.0.0.5", "10.0.0.0/8", "10.0.0.5/8", "10.0.0.5:65535", "::1", "[::1]:80", "fd00::/8"]
)
def test_a_private_address_may_be_a_network_or_have_a_port(value: str) -> None:
    assert parse(toml("collect", "allow_private", f'["{value}"]')).collect.allow_private == (value,)


@pytest.mark.parametrize("value", ["10.0.0.0/33", "10.0.0.5:65536", "10.0.0", "intranet:80", "[::1]:x", "", "::1::"])
def test_a_private_address_that_is_none_is_refused(value: str) -> None:
    _, place, said = refusal(toml("collect", "allow_private", f'["10.0.0.1", "{value}"]'))
    assert place == "collect.allow_private.1"
    assert "address" in said or "port" in said


def test_a_secret_address_is_refused_without_being_shown() -> None:
    _, place, said = refusal(toml("digest", "owner_webhook", '"hooks.example.org/T0/hidden-token"'))
    assert place == "digest.owner_webhook"
    assert "hidden-token" not in said


@pytest.mark.parametrize("key", ["api_key", "webhook_secret"])
def test_a_secret_is_never_in_a_fault_a_repr_or_a_dump(key: str) -> None:
    found = parse(toml("mail", key, '"hidden-token"'))
    assert "hidden-token" not in f"{found!r} {found} {found.mail.model_dump()} {found.model_dump_json()}"
    assert "hidden-token" not in refusal(toml("mail", key, '["hidden-token"]'))[2]


# ------------------------------------------------------------------ the environment


@pytest.mark.parametrize(
    ("variable", "value", "read", "expected"),
    [
        ("DIGEST_MAIL__PER_DAY", "500", lambda c: c.mail.per_day, 500),
        ("DIGEST_NEWSLETTERS__MORNING__EXPIRES_AFTER_HOURS", "1.5", lambda c: c.newsletters["morning"].expires_after_hours, 1.5),
        ("DIGEST_NEWSLETTERS__MORNING__APPROVE", "30m", lambda c: c.newsletters["morning"].approve_ahead, timedelta(minutes=30)),
        ("DIGEST_NEWSLETTERS__MORNING__EXCLUDE", '["a", "ü"]', lambda c: c.newsletters["morning"].exclude, ("a", "ü")),
        ("DIGEST_NEWSLETTERS__MORNING__THEME", '{"brand": "#fff"}', lambda c: c.newsletters["morning"].theme, {"brand": "#fff"}),
        ("DIGEST_NEWSLETTERS__MORNING__FEEDS", '["https://x.example/f"]', lambda c: c.newsletters["morning"].feeds[0].url, "https://x.example/f"),
        ("DIGEST_NEWSLETTERS__MORNING__FEEDS", '[{"url": "https://x.example/f", "weight": 2}]', lambda c: c.newsletters["morning"].feeds[0].weight, 2.0),
        ("DIGEST_NEWSLETTERS__MORNING__SKIP_DATES", '["2026-12-25"]', lambda c: c.newsletters["morning"].skip_dates[0].day, 25),
        ("DIGEST_NEWSLETTERS__MORNING__TITLE", "[Morning]", lambda c: c.newsletters["morning"].title, "[Morning]"),
        ("DIGEST_NEWSLETTERS__MORNING__TITLE", "{x}", lambda c: c.newsletters["morning"].title, "{x}"),
        ("DIGEST_COLLECT__ALLOW_PRIVATE", '["10.0.0.0/8"]', lambda c: c.collect.allow_private, ("10.0.0.0/8",)),
        ("DIGEST_WEB__LISTEN", "0.0.0.0:80", lambda c: (c.web.host, c.web.port), ("0.0.0.0", 80)),
        ("DIGEST_WEB__LISTEN", "[::]:80", lambda c: (c.web.host, c.web.port), ("::", 80)),
        ("DIGEST_DIGEST__OWNER", "Ada <ada@example.org>", lambda c: c.owner, "ada@example.org"),
        ("digest_mail__per_day", "500", lambda c: c.mail.per_day, 0),
        ("DIGEST_MAIL", "x", lambda c: c.mail.per_day, 0),
    ],
)  # fmt: skip
def test_a_variable_of_each_kind(variable: str, value: str, read, expected: object) -> None:
    found = parse(HEAD + '[newsletters.morning]\ntitle = "T"\n', {variable: value})
    assert read(found) == expected


def test_a_variable_makes_the_tables_it_needs() -> None:
    found = parse("", {"DIGEST_MAIL__SENDER": "a@example.org", "DIGEST_NEWSLETTERS__NEW__TITLE": "New"})
    assert (found.mail.sender_address, found.newsletters["new"].title) == ("a@example.org", "New")


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("DIGEST_MAIL__RATE", "fast", "mail.rate"),
        ("DIGEST_MAIL__COLOUR", "red", "mail.colour"),
        ("DIGEST_NOWHERE__KEY", "x", "nowhere"),
        ("DIGEST_NEWSLETTERS__MORNING__FEEDS", '["x"]', "newsletters.morning.feeds.0.url"),
        ("DIGEST_NEWSLETTERS__MORNING__STORIES", "", "newsletters.morning.stories"),
        ("DIGEST_NEWSLETTERS__MORNING__INCLUDE", "[half", "newsletters.morning.include"),
    ],
)
def test_a_fault_of_a_variable_names_it(variable: str, value: str, key: str) -> None:
    file, place, _ = refusal(HEAD + '[newsletters.morning]\ntitle = "T"\n', {variable: value})
    assert (file, place) == (f"${variable}", key)


def test_a_table_that_is_none_is_a_fault_whatever_the_environment_adds() -> None:
    with pytest.raises(ConfigError) as caught:
        parse('mail = "x"\n', {"DIGEST_MAIL__SENDER": "a@example.org", "DIGEST_MAIL__API_KEY_FILE": "k"})
    assert [fault.key for fault in caught.value.faults] == ["mail"]


def test_any_variables_are_values_or_named_faults() -> None:
    @settings(max_examples=60, deadline=None)
    @given(
        st.dictionaries(
            st.from_regex(r"\ADIGEST_(MAIL|WEB|NEWSLETTERS__A)__[A-Z_]{1,8}\Z"), st.text(max_size=12), max_size=4
        )
    )
    def run(environ: dict[str, str]) -> None:
        try:
            parse(HEAD + '[newsletters.a]\ntitle = "T"\n', environ)
        except ConfigError as error:
            assert all(fault.key for fault in error.faults)

    run()


# ------------------------------------------------------------------ secrets in files


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"key\n", "key"),
        (b"  key \r\n\n", "key"),
        ("schlüssel".encode(), "schlüssel"),
        (b"\xef\xbb\xbfkey\n", "key"),
        (b"", ""),
    ],
)
def test_a_key_is_read_from_its_file_without_its_edges(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(content)
    for key in ("api_key", "webhook_secret"):
        found = parse(toml("mail", f"{key}_file", '"k"'), path=tmp_path / "digest.toml")
        assert getattr(found.mail, key).get_secret_value() == expected


@pytest.mark.parametrize("kind", ["missing", "folder", "bytes"])
def test_a_key_file_that_cannot_be_read_says_why(kind: str, tmp_path: Path) -> None:
    if kind == "folder":
        (tmp_path / "k").mkdir()
    elif kind == "bytes":
        (tmp_path / "k").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError) as caught:
        parse(toml("mail", "webhook_secret_file", '"k"'), path=tmp_path / "digest.toml")
    (fault,) = caught.value.faults
    assert (fault.key, "k cannot be read" in fault.problem) == ("mail.webhook_secret_file", True)
    assert fault.remedy == "Put the webhook secret into that file"


def test_a_key_in_the_file_wins_over_its_file_and_an_absolute_path_is_one(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("from-file", encoding="utf-8")
    given = '[mail]\nsender = "a@example.org"\napi_key = "outright"\napi_key_file = "nowhere"\n'
    assert parse(given).mail.api_key.get_secret_value() == "outright"
    given = f'[mail]\nsender = "a@example.org"\napi_key_file = "{tmp_path}/k"\n'
    assert parse(given).mail.api_key.get_secret_value() == "from-file"


# ------------------------------------------------------------------ what follows from the values


def letter(*lines: str) -> config.Newsletter:
    return parse(HEAD + '[newsletters.morning]\ntitle = "T"\n' + "\n".join(lines)).newsletters["morning"]


def test_the_first_cadence_is_the_usual_one_and_the_others_are_asked_for() -> None:
    morning = letter('cadences = { daily = "30 7 * * *", weekly = "0 8 * * 7" }')
    assert (morning.usual_cadence, list(morning.timetable)) == ("daily", ["daily", "weekly"])
    assert morning.choosers("daily").but == ("weekly",)
    assert morning.choosers("weekly").only == ("weekly",)
    assert morning.choosers("gone") == morning.choosers("")
    assert (morning.told_with("daily"), morning.told_with("weekly"), morning.told_with("")) == (
        ("daily", ""),
        ("weekly",),
        None,
    )


def test_sections_stand_once_in_the_order_of_the_feeds() -> None:
    feeds = ", ".join(
        f'{{ url = "https://{n}.example/", section = "{s}" }}' for n, s in enumerate(["World", "", "Home", "World"])
    )
    morning = letter(f"feeds = [{feeds}]")
    assert morning.sections == ("World", "Home")
    assert morning.feed("https://2.example/").section == "Home"
    assert morning.feed("https://elsewhere.example/").section == ""


def test_folders_lie_beside_the_file() -> None:
    found = parse(toml("digest", "templates", '"mine"'))
    assert (found.folder, found.templates, found.mailbox) == (
        FILE.parent,
        FILE.parent / "mine",
        FILE.parent / "mailbox",
    )
    assert parse(HEAD).templates is None


@pytest.mark.parametrize(
    ("mail", "reaches"),
    [
        ({"provider": "mailbox"}, False),
        ({"provider": "file"}, False),
        ({"provider": "mailpit", "base_url": "http://mailpit:8025"}, False),
        ({"provider": "resend"}, True),
        ({"provider": "resend", "base_url": "http://127.0.0.1:9"}, False),
        ({"provider": "resend", "base_url": "http://[::1]:9"}, False),
        ({"provider": "resend", "base_url": "http://localhost:9"}, False),
        ({"provider": "kumomta", "base_url": "http://10.0.0.2:8000"}, True),
        ({"provider": "a-plug-in"}, True),
    ],
)
def test_mail_that_goes_out_into_the_world(mail: dict[str, str], reaches: bool) -> None:
    assert Mail(sender="a@example.org", **mail).reaches_readers is reaches


def test_the_owner_is_the_sender_where_none_is_named() -> None:
    assert parse(HEAD).owner == "a@example.org"


@pytest.mark.parametrize(
    ("schedule", "texts"),
    [
        ("0 8 * * 0", ("0 8 * * sun",)),
        ("0 8 * * 7", ("0 8 * * sun",)),
        ("0 8 * * 1-5/2", ("0 8 * * mon,wed,fri",)),
        ("0 8 * * 5-1", ("0 8 * * sun,mon,fri,sat",)),
        ("0 8 * * sat-sun", ("0 8 * * sun,sat",)),
        ("0 8 * * 0-7", ("0 8 * * sun,mon,tue,wed,thu,fri,sat",)),
        ("0 8 * * 2/2", ("0 8 * * tue,thu,sat",)),
        ("0 8 * * */3", ("0 8 * * sun,wed,sat",)),
        ("0 8 * * MON,Wed", ("0 8 * * mon,wed",)),
        ("0 8 1,15 * *", ("0 8 1,15 * *",)),
        ("0 8 1 * 1", ("0 8 1 * *", "0 8 * * mon")),
        ("0 8 */2 * 1", ("0 8 */2 * mon",)),  # crontab(5): a field that begins with * joins by "and"
    ],
)
def test_weekdays_are_counted_from_sunday(schedule: str, texts: tuple[str, ...]) -> None:
    assert cron.texts(schedule) == texts
    cron.check(schedule)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert config.load(tmp_path / "digest.toml", environ={}).mail.sender_address == "a@example.org"


def test_any_unreadable_file_is_one_fault(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "digest.toml", environ=dict(os.environ))


def test_a_fault_is_told_in_json_too() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(toml(LETTER, "stories", "0"))
    assert json.dumps([fault.key for fault in caught.value.faults]) == '["newsletters.morning.stories"]'
