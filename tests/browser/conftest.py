"""One Chromium for all browser tests: Debian's, driven by Playwright, and never let out to the network."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; without one the test skips, loudly, and fails in CI."""
    found = os.environ.get("DIGEST_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("Chromium is not there: CI needs it")
    pytest.skip("LOUD: Chromium is not there, so nothing was looked at in a browser")


@pytest.fixture(scope="module")  # Playwright's own loop runs while it does: no async test may run beside it
def browser(chromium: str) -> Iterator[Browser]:
    """A running Chromium; ask it for `new_page(...)`, and close what you opened."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield made
        made.close()
