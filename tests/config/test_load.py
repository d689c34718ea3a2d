"""digest.toml: unknown keys are errors, every fault at once, the environment over the file, secrets never shown."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest import config
from digest.errors import ConfigError

SOUND = """
[mail]
sender = "Morning digest <digest@example.org>"

[newsletters.morning]
title = "Morning digest"
feeds = ["https://example.org/feed.xml", { url = "https://example.com/rss", section = "World", weight = 2.0 }]
"""
FILE = Path("/etc/newsdigest/digest.toml")


def parse(text: str, environ: dict[str, str] | None = None, providers: tuple[str, ...] = ()) -> config.Config:
    return config.parse(text, path=FILE, environ=environ or {}, providers=providers)


def faults(text: str, environ: dict[str, str] | None = None, providers: tuple[str, ...] = ()) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, environ, providers)
    assert caught.value.exit_code == 2
    return {fault.key: f"{fault.problem}. {fault.remedy}" for fault in caught.value.faults}


def test_a_sound_file_gives_values_with_defaults() -> None:
    found = parse(SOUND)
    morning = found.newsletters["morning"]
    assert morning.name == "morning"
    assert [feed.url for feed in morning.feeds] == ["https://example.org/feed.xml", "https://example.com/rss"]
    assert (morning.feeds[1].section, morning.feeds[1].weight) == ("World", 2.0)
    assert (found.mail.provider, found.web.listen, found.digest.engine) == ("mailbox", "127.0.0.1:8765", "local")


def test_every_fault_is_named_at_once_with_key_and_remedy() -> None:
    found = faults(
        """
        [digest]
        colour = "red"
        [mail]
        provider = "pigeon"
        [web]
        listen = "somewhere"
        [newsletters.morning]
        title = "M"
        schedule = "61 25 * * *"
        timezone = "Europe/Atlantis"
        stories = -1
        feeds = ["no address"]
        """,
        providers=("mailbox", "resend"),
    )
    assert set(found) == {
        "digest.colour",
        "mail.provider",
        "mail.sender",
        "web.listen",
        "newsletters.morning.schedule",
        "newsletters.morning.timezone",
        "newsletters.morning.stories",
        "newsletters.morning.feeds.0.url",
    }
    assert all(text.rpartition(". ")[2] for text in found.values())


def test_a_fault_names_the_file() -> None:
    with pytest.raises(ConfigError, match=r"^digest\.toml: mail\.sender: is missing"):
        parse("[mail]\n")


def test_a_misspelt_key_is_told_what_was_meant() -> None:
    found = faults(SOUND.replace("title", "titel"))
    assert "Did you mean title?" in found["newsletters.morning.titel"]


def test_a_misspelt_key_of_a_feed_is_told_too() -> None:
    assert "weight" in faults(SOUND.replace("weight", "wieght"))["newsletters.morning.feeds.1.wieght"]


@pytest.mark.parametrize("key", ["name", "path"])
def test_what_the_program_fills_in_is_no_key(key: str) -> None:
    text = f'{key} = "x"\n{SOUND}' if key == "path" else SOUND + f'{key} = "x"\n'
    assert any(found.endswith(key) for found in faults(text))


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("mail", "sender", '"nobody"'),
        ("mail", "sender", '"A\\r\\nBcc: x@example.org <a@example.org>"'),
        ("mail", "rate", '"fast"'),
        ("mail", "rate", '"0/second"'),
        ("mail", "base_url", '"https://api.example.org/v1"'),
        ("digest", "public_url", '"ftp://example.org"'),
        ("digest", "database", '"mysql://x"'),
        ("digest", "engine", '"procrastinate"'),
        ("collect", "allow_private", '["127.0.0.1:99999"]'),
        ("collect", "allow_private", '["home"]'),
        ("web", "listen", '"127.0.0.1:70000"'),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(table: str, key: str, value: str) -> None:
    text = f"{'' if table == 'mail' else '[mail]'}\n" if table == "mail" else ""
    sender = "" if key == "sender" else 'sender = "A <a@example.org>"\n'
    text = f"[mail]\n{sender}{key} = {value}\n" if table == "mail" else f"[mail]\n{sender}[{table}]\n{key} = {value}\n"
    assert any(found.startswith(table) for found in faults(text))


@pytest.mark.parametrize("key", ["method", "language", "catch_up", "timezone", "schedule"])
def test_a_newsletter_with_a_value_out_of_its_set_is_refused(key: str) -> None:
    assert f"newsletters.morning.{key}" in faults(SOUND + f'{key} = "?"\n')


@pytest.mark.parametrize("name", ["Morning", "mor ning", "../x", "a/1"])
def test_a_newsletter_is_named_in_plain_letters(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name"):
        parse(SOUND.replace("newsletters.morning", f'newsletters."{name}"'))


def test_the_environment_lies_over_the_file() -> None:
    found = parse(
        SOUND,
        {
            "DIGEST_MAIL__PROVIDER": "resend",
            "DIGEST_NEWSLETTERS__MORNING__STORIES": "5",
            "DIGEST_NEWSLETTERS__MORNING__INCLUDE": json.dumps(["bridge", "ferry"]),
            "DIGEST_CONFIG": "elsewhere.toml",
            "UNRELATED__KEY": "x",
        },
    )
    assert (found.mail.provider, found.newsletters["morning"].stories) == ("resend", 5)
    assert found.newsletters["morning"].include == ("bridge", "ferry")


def test_a_fault_of_the_environment_is_named_by_its_key() -> None:
    assert "newsletters.morning.stories" in faults(SOUND, {"DIGEST_NEWSLETTERS__MORNING__STORIES": "many"})


def test_a_key_file_is_read_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "resend.key").write_text("re_secret\n", encoding="utf-8")
    text = SOUND.replace("[mail]", '[mail]\napi_key_file = "resend.key"')
    found = config.parse(text, path=tmp_path / "digest.toml", environ={})
    assert found.mail.api_key.get_secret_value() == "re_secret"


def test_a_key_file_of_the_environment_wins_over_a_key_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.key").write_text("re_other", encoding="utf-8")
    text = SOUND.replace("[mail]", '[mail]\napi_key = "re_secret"')
    environ = {"DIGEST_MAIL__API_KEY_FILE": "other.key"}
    found = config.parse(text, path=tmp_path / "digest.toml", environ=environ)
    assert found.mail.api_key.get_secret_value() == "re_other"
    both = config.parse(text, path=tmp_path / "digest.toml", environ={**environ, "DIGEST_MAIL__API_KEY": "re_third"})
    assert both.mail.api_key.get_secret_value() == "re_third"


def test_what_is_sound_of_a_faulty_file_can_be_had(tmp_path: Path) -> None:
    path = tmp_path / "digest.toml"
    path.write_text(SOUND.replace("https://example.com/rss", "x") + 'stories = 0\ncolour = "red"\n', encoding="utf-8")
    rest = config.sound_part(path, environ={"DIGEST_MAIL__RATE": "fast"})
    assert rest is not None
    assert (rest.newsletters["morning"].stories, rest.newsletters["morning"].feeds, rest.mail.rate) == (
        12,
        (),
        "10/second",
    )


@pytest.mark.parametrize("text", ["[broken", 'mail = "x"\n', "", "[newsletters.'A B']\ntitle = 'x'\n"])
def test_any_file_has_a_sound_part_or_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "digest.toml"
    path.write_text(text, encoding="utf-8")
    rest = config.sound_part(path, environ={})
    assert rest is None or rest.mail.sender == "digest@example.org"


def test_a_key_file_that_is_not_there_is_a_fault() -> None:
    found = faults(SOUND, {"DIGEST_MAIL__API_KEY_FILE": "nowhere.key"})
    assert "nowhere.key cannot be read" in found["mail.api_key_file"]


def test_a_secret_is_never_shown() -> None:
    found = parse(SOUND, {"DIGEST_MAIL__API_KEY": "re_secret", "DIGEST_MAIL__WEBHOOK_SECRET": "whsec_secret"})
    assert "secret" not in repr(found).replace("webhook_secret", "").replace("SecretStr", "")
    assert "secret" not in str(found.mail).replace("webhook_secret", "").replace("SecretStr", "")


def test_a_secret_of_the_wrong_kind_is_not_shown_either() -> None:
    found = faults(SOUND, {"DIGEST_MAIL__API_KEY": '["re_hidden"]'})
    assert not any("re_hidden" in text for text in found.values())


def test_a_file_that_is_not_there_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="digest init"):
        config.load(tmp_path / "digest.toml", environ={})


def test_bytes_that_are_no_text_are_one_fault(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(ConfigError, match="UTF-8"):
        config.load(tmp_path / "digest.toml", environ={})


def test_toml_that_is_broken_names_the_line() -> None:
    with pytest.raises(ConfigError, match="line 2"):
        parse("[mail]\nsender = \n")


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ("sqlite:///digest.db", "sqlite+aiosqlite:////etc/newsdigest/digest.db"),
        ("sqlite:////var/lib/digest.db", "sqlite+aiosqlite:////var/lib/digest.db"),
        ("postgresql://me@db/news", "postgresql+psycopg://me@db/news"),
    ],
)
def test_the_database_lies_beside_the_file(database: str, expected: str) -> None:
    assert parse(SOUND + f'\n[digest]\ndatabase = "{database}"\n').database_url == expected


@pytest.mark.parametrize(("rate", "expected"), [("10/second", 10), ("90/minute", 1.5), ("3600 / hour", 1)])
def test_a_rate_is_requests_a_second(rate: str, expected: float) -> None:
    found = parse(SOUND.replace("[mail]", f'[mail]\nrate = "{rate}"'))
    assert found.mail.requests_per_second == expected


def test_where_the_file_is_sought() -> None:
    assert config.find(Path("a.toml"), {"DIGEST_CONFIG": "b.toml"}).name == "a.toml"
    assert config.find(None, {"DIGEST_CONFIG": "b.toml"}).name == "b.toml"
    assert config.find(None, {}).name == "digest.toml"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_named_fault(text: str) -> None:
    try:
        parse(text)
    except ConfigError as error:
        assert error.faults


SPARED = """
[mail]
sender = "a@example.org"
[newsletters.good]
title = "Good"
[newsletters.bad]
title = "Bad"
schedule = "whenever"
colour = 1
[newsletters."Odd Name"]
title = "Odd"
"""


def test_a_daemon_spares_the_newsletters_that_are_sound() -> None:
    found, faulty = config.spare(SPARED, path=Path("digest.toml"), environ={})
    assert list(found.newsletters) == ["good"]
    assert {name: sorted(fault.key for fault in faults) for name, faults in faulty.items()} == {
        "bad": ["newsletters.bad.colour", "newsletters.bad.schedule"],
        "Odd Name": ["newsletters.Odd Name"],
    }


def test_what_is_no_newsletters_fault_spares_nobody() -> None:
    with pytest.raises(ConfigError) as caught:
        config.spare(SPARED.replace("a@example.org", "nobody"), path=Path("digest.toml"), environ={})
    assert {fault.key.split(".")[0] for fault in caught.value.faults} == {"mail", "newsletters"}


def test_a_sound_file_is_as_it_reads() -> None:
    text = SPARED.partition("[newsletters.bad]")[0]
    given = {"path": Path("digest.toml"), "environ": {}}
    assert config.spare(text, **given) == (config.parse(text, **given), {})
