"""The preview as a person uses it: a real browser over a real server."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from canned_preview import HOSTILE, TITLES
from playwright.async_api import Browser, Page, async_playwright, expect

pytestmark = pytest.mark.browser
TESTS = Path(__file__).resolve().parents[1]
PICTURE = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium; the tests skip where there is none, but not in CI."""
    if (path := shutil.which("chromium")) is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not there: CI needs it")
        pytest.skip("LOUD: chromium is not there, so the preview was not driven")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        await opened.close()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """What a template would be: its text stands in the issue."""
    file = tmp_path / "digest.html.j2"
    file.write_text("Good morning.", encoding="utf-8")
    return file


@pytest.fixture
def server(template: Path) -> Iterator[subprocess.Popen[str]]:
    """The preview of the canned issues, serving."""
    environ = {**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
    command = [sys.executable, str(TESTS / "serve_canned.py"), str(template)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
    yield process
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.communicate()


@pytest.fixture
def address(server: subprocess.Popen[str]) -> str:
    """Where it is reached."""
    assert server.stdout is not None
    return server.stdout.readline().strip()


@contextlib.asynccontextmanager
async def at(browser: Browser, address: str, query: str = "", **context: object) -> AsyncIterator[Page]:
    """A page there; pictures from elsewhere come from here, and nothing else from elsewhere comes at all."""
    opened = await browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **context})
    page = await opened.new_page()

    async def answer(route):
        if route.request.url.startswith(address):
            await route.continue_()
        elif route.request.resource_type == "image":
            await route.fulfill(body=PICTURE, content_type="image/gif")
        else:
            await route.abort()

    await page.route("**/*", answer)
    await page.goto(address + query)
    yield page
    await opened.close()


async def press(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name, exact=True)
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")


async def width(page: Page) -> float:
    box = await page.locator("iframe").bounding_box()
    assert box
    return box["width"]


def mail(page: Page):
    return page.frame_locator("iframe")


async def test_phone_and_desktop_are_as_wide_as_they_say(chromium, address):
    async with at(chromium, address) as page:
        assert await width(page) > 600
        await press(page, "Phone")
        assert await width(page) == 375
        await expect(mail(page).locator(".s")).to_have_css("padding-left", "16px")  # the mail's own phone rule
        await press(page, "Tablet")
        assert await width(page) == 768
        await press(page, "Desktop")
        await expect(mail(page).locator(".s")).to_have_css("padding-left", "32px")
        assert await width(page) > 600


@pytest.mark.parametrize("machine", ["light", "dark"])
async def test_dark_and_light_do_not_ask_the_machine(chromium, address, machine):
    async with at(chromium, address, color_scheme=machine) as page:
        body = mail(page).locator("body")
        await expect(body).to_have_css("background-color", "rgb(243, 240, 234)")
        await press(page, "Dark")
        await expect(body).to_have_css("background-color", "rgb(28, 27, 25)")
        await press(page, "Light")
        await expect(body).to_have_css("background-color", "rgb(243, 240, 234)")


async def test_text_source_and_headers_are_shown(chromium, address):
    async with at(chromium, address) as page:
        await press(page, "Text")
        await expect(page.locator("#stage")).to_contain_text("MORNING DIGEST")
        await expect(page.locator("iframe")).to_be_hidden()
        await press(page, "Source")
        await expect(page.locator("#stage")).to_contain_text('<!doctype html><html lang="en">')
        await press(page, "Headers")
        await expect(page.locator("#stage")).to_contain_text("List-Unsubscribe")
        await press(page, "HTML")
        await expect(page.locator("iframe")).to_be_visible()


async def test_styles_and_images_can_be_taken_away_and_given_back(chromium, address):
    async with at(chromium, address) as page:
        await press(page, "Dark")
        await press(page, "No styles")
        await expect(mail(page).locator(".s")).to_have_css("background-color", "rgb(255, 255, 255)")
        await press(page, "No images")
        picture = mail(page).locator("img").first
        await expect(picture).to_have_js_property("naturalWidth", 0)
        await page.get_by_role("button", name="No images", exact=True).click()
        await expect(picture).to_have_js_property("naturalWidth", 1)
        await page.get_by_role("button", name="No styles", exact=True).click()
        await expect(mail(page).locator("body")).to_have_css("background-color", "rgb(28, 27, 25)")


async def test_every_view_has_its_link(chromium, address):
    async with at(chromium, address) as page:
        await press(page, "Phone")
        await press(page, "Dark")
        link = page.url
        assert "device=phone" in link
        await page.goto("about:blank")
        await page.goto(link)
        assert await width(page) == 375
        await expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")


async def test_a_click_in_the_list_shows_that_issue(chromium, address):
    async with at(chromium, address) as page:
        await press(page, "Phone")
        await page.get_by_role("link", name="morning/12").click()
        await expect(page.locator("nav a[aria-current]")).to_contain_text("morning/12")
        assert await width(page) == 375


async def test_the_reader_can_be_changed(chromium, address):
    async with at(chromium, address) as page:
        await page.get_by_label("Reader").select_option("7")
        await expect(mail(page).locator("#name")).to_have_text("Zoë <i>")
        await page.get_by_label("Reader").select_option("")
        await expect(mail(page).locator("#name")).to_have_text("")


async def test_a_finding_leads_to_its_place(chromium, address):
    async with at(chromium, address, viewport={"width": 1400, "height": 500}) as page:
        link = mail(page).locator('a[href="https://example.org/3"]')
        await expect(link).not_to_be_in_viewport()
        await page.get_by_role("button", name="Jump to https://example.org/3").click()
        await expect(link).to_be_in_viewport()


async def test_a_changed_template_shows_by_itself_and_the_mail_stays_where_it_was(chromium, address, template):
    async with at(chromium, address, viewport={"width": 1400, "height": 500}) as page:
        await expect(page.locator("#live")).to_contain_text("Live")
        await press(page, "Phone")
        await mail(page).locator("h2").last.scroll_into_view_if_needed()
        before = await page.evaluate("document.getElementById('mail').contentWindow.scrollY")
        assert before > 100
        template.write_text("Good evening.", encoding="utf-8")
        await expect(mail(page).locator(".k")).to_contain_text("Good evening.")
        await page.wait_for_function(f"document.getElementById('mail').contentWindow.scrollY === {before}")
        assert await width(page) == 375


async def test_a_fault_is_a_card_that_goes_when_it_is_mended(chromium, address, template):
    async with at(chromium, address) as page:
        await expect(page.locator("#live")).to_contain_text("Live")
        template.write_text("{% oops", encoding="utf-8")
        card = page.get_by_role("region", name="A template has a fault")
        await expect(card).to_contain_text("digest.html.j2:1: unexpected '%'.")
        await expect(mail(page).locator(".k")).to_contain_text("Good morning.")
        template.write_text("Mended.", encoding="utf-8")
        await expect(card).to_have_count(0)
        await expect(mail(page).locator(".k")).to_contain_text("Mended.")


async def test_focus_stays_on_the_control_that_was_pressed(chromium, address):
    async with at(chromium, address) as page:
        for name in ("Phone", "Dark", "Text", "Source", "HTML"):
            button = page.get_by_role("button", name=name, exact=True)
            await button.focus()
            await page.keyboard.press("Enter")
            await expect(button).to_have_attribute("aria-pressed", "true")
            await expect(button).to_be_focused()


async def test_it_works_without_javascript(chromium, address):
    async with at(chromium, address, java_script_enabled=False) as page:
        await press(page, "Phone")
        assert await width(page) == 375
        await press(page, "Text")
        await expect(page.locator("#stage")).to_contain_text("MORNING DIGEST")


async def test_hostile_titles_stay_text_in_page_and_mail(chromium, address):
    said = []
    async with at(chromium, address) as page:
        page.on("dialog", lambda dialog: said.append(dialog.message))
        await expect(page.locator(".stories .title").last).to_have_text(HOSTILE)
        await expect(mail(page).locator("h2").last).to_have_text(HOSTILE)
        assert await page.title() != "taken"
        assert await page.locator("img[src=x]").count() == 0
    assert said == []


async def test_a_script_in_the_mail_does_not_run(chromium, address, template):
    template.write_text(
        '<img src=x onerror="parent.document.title=\'taken\'"><script>parent.document.title="taken"</script>',
        encoding="utf-8",
    )
    async with at(chromium, address, "?issue=morning/12") as page:
        await expect(mail(page).locator("h2").first).to_have_text(TITLES[0])
        assert await page.title() != "taken"


async def test_a_test_copy_is_sent_from_the_page(chromium, address):
    async with at(chromium, address) as page:
        await page.get_by_label("Send a test copy to").fill("me@example.org")
        await page.get_by_role("button", name="Send copy").click()
        await expect(page.locator("#copy-said")).to_have_text("Sent to me@example.org.")
        await press(page, "Phone")
        await expect(page.get_by_label("Send a test copy to")).to_have_value("me@example.org")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1400, 1000, 400])
@pytest.mark.parametrize(
    "query", ["", "?part=text&device=phone", "?part=source", "?part=headers", "?mode=dark&device=phone"]
)
async def test_nothing_stands_in_the_way_of_anybody(chromium, address, scheme, wide, query):
    """axe, WCAG 2.2 AA; and the page never scrolls sideways."""
    from axe_playwright_python.async_playwright import Axe

    async with at(chromium, address, query, color_scheme=scheme, viewport={"width": wide, "height": 800}) as page:
        await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        options = {
            "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            "iframes": False,
        }
        found = await Axe().run(page, options=options)
        assert found.response["violations"] == []
        assert await page.evaluate("document.documentElement.scrollWidth") == wide


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_ends_it_with_0_though_a_page_listens(chromium, address, server, sign):
    async with at(chromium, address) as page:
        await expect(page.locator("#live")).to_contain_text("Live")
        server.send_signal(sign)
        _, errors = server.communicate(timeout=10)
        assert (server.returncode, errors) == (0, "")
        await expect(page.locator("#live")).to_contain_text("ended")
