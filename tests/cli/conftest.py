"""A publisher's desk for command-line tests: a folder with a digest.toml, and the sample's site on loopback."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from digest import sample


class Site:
    """The sample on a free loopback port; further pages by path; what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.now = datetime.now(UTC)

    def answer(self, path: str) -> tuple[str, bytes] | None:
        self.asked.append(path)
        return self.pages.get(path) or sample.page(path, base=self.base, now=self.now)


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = site.answer(self.path.split("?")[0])
            kind, body = found or ("text/plain", b"not found")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def _toml(value: object) -> str:
    """JSON spells strings, numbers and lists as TOML does; tables it does not."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


class Desk:
    """A folder with a configuration, and `digest` to type there."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder, self.site = folder, site

    @property
    def config(self) -> Path:
        return self.folder / "digest.toml"

    def configure(self, *, feeds: list[str] | None = None, more: str = "", **newsletter: object) -> None:
        """Writes digest.toml; `more`: further tables as text; the keywords change the newsletter `morning`."""
        urls = feeds if feeds is not None else [self.site.base + path for path in sample.FEEDS]
        keys = {
            "title": "Morning digest",
            "schedule": "30 7 * * *",
            "timezone": "Europe/Berlin",
            "feeds": urls,
        } | newsletter
        lines = "\n".join(f"{key} = {_toml(value)}" for key, value in keys.items() if value is not None)
        self.config.write_text(
            f"""
[digest]
database = "sqlite:///digest.db"
public_url = "https://news.example.org"
postal_address = "1 Example Street, 10115 Berlin"
[mail]
sender = "Morning digest <digest@example.org>"
[web]
listen = "127.0.0.1:0"
[collect]
allow_private = ["127.0.0.1"]
{more}
[newsletters.morning]
{lines}
""",
            encoding="utf-8",
        )

    def digest(self, *args: str, stdin: str | bytes | None = None, env: dict[str, str] | None = None) -> Result:
        from digest.cli.app import app

        command, *rest = args
        where = [] if "--config" in args or command in {"init", "demo"} else ["--config", str(self.config)]
        made = CliRunner().invoke(app, [command, *rest, *where], input=stdin, env=env, catch_exceptions=False)
        return Result(made.exit_code, made.stdout, made.stderr)

    def messages(self) -> list[Path]:
        return sorted((self.folder / "mailbox").glob("*.eml"))


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    made = Site()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def desk(tmp_path: Path, site: Site) -> Iterator[Desk]:
    made = Desk(tmp_path, site)
    made.configure()
    with contextlib.chdir(tmp_path):
        yield made
