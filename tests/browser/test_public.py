"""A reader's walk through the public pages in a browser: on a phone, without scripts, and with axe's rules."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from conftest import NOW
from starlette.applications import Starlette
from web.reader import CONFIG, config

from digest.model import Message
from digest.store import Database
from digest.web import public

pytestmark = pytest.mark.browser

CADENCED = CONFIG.replace(
    "[newsletters.morning]\n", '[newsletters.morning]\ncadences = { daily = "30 7 * * *", weekly = "0 8 * * sun" }\n'
)
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


@contextmanager
def served(folder: Path, mailbox: list[Message]) -> Iterator[str]:
    """The public pages on a free loopback port, in a thread of their own."""

    async def confirm(message: Message) -> None:
        mailbox.append(message)

    database = Database(f"sqlite+aiosqlite:///{folder / 'digest.db'}")

    class Lifespan:
        async def __aenter__(self) -> None:
            await database.__aenter__()

        async def __aexit__(self, *_: object) -> None:
            await database.__aexit__()

    app = public.app(config(CADENCED), database, now=lambda: NOW, confirm=confirm)
    whole = Starlette(lifespan=lambda _: Lifespan())
    whole.mount("/", app)
    server = uvicorn.Server(uvicorn.Config(whole, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def barriers(page: Any) -> None:
    """None by all of axe's rules, and nothing wider than the phone."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def check(page: Any, seen: list[str]) -> None:
    """No barriers, and targets large enough for a thumb."""
    barriers(page)
    for box in (button.bounding_box() for button in page.locator("button").all()):
        assert box["height"] >= 44
    seen.append(page.locator("h1").inner_text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_walk_through_all_pages(tmp_path: Path, browser: Any, scheme: str) -> None:
    mailbox: list[Message] = []
    seen: list[str] = []
    with served(tmp_path, mailbox) as home:
        # axe itself is a script put into the page: allowed past the policy, which has a test of its own
        page = browser.new_page(**PHONE, color_scheme=scheme, bypass_csp=True)
        page.goto(f"{home}/subscribe/morning")
        check(page, seen)
        page.get_by_label("E-mail address").fill("ann@example.org")
        page.get_by_label("Name (optional)").fill("Ann")
        page.get_by_label("Weekly").check()
        page.get_by_label("Arts").uncheck()
        page.get_by_role("button", name="Subscribe").click()
        check(page, seen)
        until(lambda: mailbox)
        asked = browser.new_page(**PHONE, color_scheme=scheme)
        asked.set_content(mailbox[0].html)
        barriers(asked)
        asked.close()
        path = mailbox[0].text[mailbox[0].text.index("/confirm/") :].split()[0]
        page.goto(home + path)
        check(page, seen)
        page.get_by_role("button", name="Confirm").click()
        check(page, seen)
        for purpose, button, heading in (
            ("preferences", "Save", "Your choices"),
            ("unsubscribe", "Unsubscribe", "You are unsubscribed"),
        ):
            page.goto(f"{home}/{purpose}/{token(tmp_path, purpose)}")
            check(page, seen)
            if purpose == "preferences":
                assert page.get_by_label("Weekly").is_checked()
                assert not page.get_by_label("Arts").is_checked()
                page.get_by_label("Daily").check()
            page.get_by_role("button", name=button, exact=True).click()
            assert page.locator("h1").inner_text() == heading
            check(page, seen)
        page.goto(f"{home}/archive/morning")
        check(page, seen)
        page.get_by_role("link", name="Weekly").click()
        assert page.locator("[aria-current=page]").inner_text() == "Weekly"
        check(page, seen)
        page.goto(f"{home}/confirm/nothing")
        check(page, seen)
    assert seen[-1] == "This page is not here"
    assert len(seen) == 11


def test_without_scripts_it_all_works(tmp_path: Path, browser: Any) -> None:
    mailbox: list[Message] = []
    with served(tmp_path, mailbox) as home:
        page = browser.new_page(java_script_enabled=False)
        page.goto(f"{home}/subscribe/morning")
        page.get_by_label("E-mail address").fill("ann@example.org")
        page.get_by_role("button", name="Subscribe").click()
        until(lambda: mailbox)
        assert "mailbox" in page.locator("h1").inner_text()


def until(holds: Any) -> None:
    """Waits for what a background task does; fails after ten seconds."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def token(folder: Path, purpose: str) -> str:
    import sqlite3

    from subscribers import tokens

    with sqlite3.connect(folder / "digest.db") as connection:
        (key,) = connection.execute("SELECT secret FROM signing_key").fetchone()
    connection.close()
    return tokens.sign(key, purpose, 1, "morning")
