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
AXE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
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


def started(*words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
    command = [sys.executable, str(TESTS / "serve_canned.py"), *words]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    )


@pytest.fixture(scope="module")
def servers() -> Iterator[subprocess.Popen[str]]:
    """What serves a preview of the canned issues for each test, in a process of its own."""
    process = started()
    yield process
    process.communicate()


@pytest.fixture
def address(servers: subprocess.Popen[str], template: Path) -> Iterator[str]:
    """Where this test's is reached."""
    assert servers.stdin is not None
    assert servers.stdout is not None
    servers.stdin.write(f"{template}\n")
    servers.stdin.flush()
    pid, found = servers.stdout.readline().split()
    yield found
    os.kill(int(pid), signal.SIGKILL)


@pytest.fixture
def server(template: Path) -> Iterator[subprocess.Popen[str]]:
    """One by itself, as `digest preview` runs it."""
    process = started(str(template))
    yield process
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.communicate()


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
    async with at(chromium, address, viewport={"width": 1600, "height": 900}) as page:
        assert await width(page) > 600
        await press(page, "Phone")
        assert await width(page) == 375
        await expect(mail(page).locator(".s")).to_have_css("padding-left", "16px")  # the mail's own phone rule
        await press(page, "Tablet")
        assert await width(page) == 768
        await press(page, "Desktop")
        await expect(mail(page).locator(".s")).to_have_css("padding-left", "32px")
        assert await width(page) > 600


async def test_the_desktop_is_seen_whole_in_a_window_of_any_width(chromium, address):
    """The frame is shown smaller; the mail in it has a desktop's width still."""
    async with at(chromium, address) as page:
        for wide in (375, 768, 1200):
            await page.set_viewport_size({"width": wide, "height": 800})
            stage = await page.evaluate(
                "(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)(document.getElementById('stage'))"
            )
            within = await page.evaluate("document.getElementById('mail').contentWindow.innerWidth")
            assert (wide, stage, within >= 679) == (wide, 0, True)


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


async def test_a_place_in_a_table_is_found_though_browsers_put_a_body_into_it(chromium, address):
    async with at(chromium, address, "?part=text", viewport={"width": 1400, "height": 500}) as page:
        await page.locator(".notes summary").click()
        await page.get_by_role("button", name="Show it: The HTML is small.").click()
        await expect(mail(page).locator("#two")).to_be_in_viewport()  # the HTML part is shown for it
        await expect(page.locator("#jumped")).to_be_empty()


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


async def test_a_changed_mail_comes_into_the_frame_that_stands_and_nothing_in_it_runs(chromium, address, template):
    """A navigation would take three times as long; its window would be another."""
    async with at(chromium, address) as page:
        await expect(page.locator("#live")).to_contain_text("Live")
        await page.evaluate("document.getElementById('mail').contentWindow.stands = true")
        evil = "<img src=x onerror=\"top.ran=1\"><script>top.ran=2</script><svg onload='top.ran=3'></svg>"
        template.write_text(f"Good evening.{evil}", encoding="utf-8")
        await expect(mail(page).locator(".k")).to_contain_text("Good evening.")
        await expect(mail(page).locator(".k img")).to_have_count(1)
        assert await page.evaluate("document.getElementById('mail').contentWindow.stands")
        template.write_text("Good night.", encoding="utf-8")
        await expect(mail(page).locator(".k")).to_contain_text("Good night.")
        assert await page.evaluate("window.ran === undefined")


async def test_a_mail_without_a_doctype_is_shown_as_clients_would(chromium, address, template):
    """What stands in the frame keeps its mode: such a mail takes a frame of its own."""
    async with at(chromium, address) as page:
        await expect(page.locator("#live")).to_contain_text("Live")
        template.write_text("QUIRKS Good evening.", encoding="utf-8")
        await expect(mail(page).locator(".k")).to_contain_text("Good evening.")
        await page.wait_for_function("document.getElementById('mail').contentDocument.compatMode === 'BackCompat'")


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
        await expect(page.locator("#rows .title").last).to_have_text(HOSTILE)
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


VIEWS = ("", "?part=text&device=phone", "?part=source", "?part=headers", "?mode=dark&device=phone", "?issue=morning/11")


async def violations(page: Page) -> list[object]:
    """What axe finds, everything folded out."""
    from axe_playwright_python.async_playwright import Axe

    await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = await Axe().run(page, options={"runOnly": AXE, "iframes": False})
    return list(found.response["violations"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1200, 1000, 375])
async def test_nothing_stands_in_the_way_of_anybody(chromium, address, scheme, wide):
    """axe, WCAG 2.2 AA; and the page never scrolls sideways."""
    async with at(chromium, address, color_scheme=scheme, viewport={"width": wide, "height": 800}) as page:
        for view in VIEWS:
            await page.goto(address + view)
            assert (view, await violations(page)) == (view, [])
            assert (view, await page.evaluate("document.documentElement.scrollWidth")) == (view, wide)


async def test_a_frame_wider_than_its_room_is_shown_smaller(chromium, address):
    async with at(chromium, address) as page:
        for device in ("desktop", "tablet", "phone"):
            await page.goto(f"{address}?device={device}")
            for wide in (375, 480, 560, 600, 640, 680, 719, 721, 740, 788, 830, 900, 1100, 1181, 1300):
                await page.set_viewport_size({"width": wide, "height": 800})
                over = await page.locator("#stage").evaluate("stage => stage.scrollWidth - stage.clientWidth")
                assert (device, wide, over) == (device, wide, 0)


async def test_the_text_parts_lines_stand_unbroken(chromium, address):
    """72 columns, as in a terminal."""
    lines = """sheet => {
        sheet.textContent = "x".repeat(72);
        const range = document.createRange();
        range.selectNodeContents(sheet);
        return range.getClientRects().length;
    }"""
    async with at(chromium, address, "?part=text") as page:
        for wide in (700, 788, 1000, 1200, 1600):
            await page.set_viewport_size({"width": wide, "height": 800})
            assert (wide, await page.locator(".sheet.text").evaluate(lines)) == (wide, 1)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_ends_it_with_0_though_a_page_listens(chromium, server, sign):
    address = server.stdout.readline().strip()
    async with at(chromium, address) as page:
        await expect(page.locator("#live")).to_contain_text("Live")
        server.send_signal(sign)
        _, errors = server.communicate(timeout=10)
        assert (server.returncode, errors) == (0, "")
        await expect(page.locator("#live")).to_contain_text("ended")


# ------------------------------------------------------------------ editing


def named(page: Page, name: str):
    """The button of that name."""
    return page.get_by_role("button", name=name, exact=True)


async def told(page: Page) -> list[str]:
    """The titles in the mail, once it shows as many as the editor's list."""
    count = await page.locator("#rows > li").count()
    await expect(mail(page).locator("h2")).to_have_count(count)
    return await mail(page).locator("h2").all_inner_texts()


async def rows(page: Page) -> list[str]:
    return await page.locator("#rows .title").all_inner_texts()


async def test_a_story_is_moved_by_the_keyboard_and_the_focus_goes_with_it(chromium, address):
    async with at(chromium, address) as page:
        down = named(page, f"Move down: {TITLES[0]}")
        await down.focus()
        for place in (2, 3):
            await page.keyboard.press("Enter")
            await expect(page.locator("#said")).to_have_text(f"Moved: {place} of 6.")
            await expect(down).to_be_focused()
        await expect(mail(page).locator("h2").nth(2)).to_have_text(TITLES[0])
        assert (await rows(page))[:3] == [TITLES[1], TITLES[2], TITLES[0]]
        assert (await told(page))[:3] == [TITLES[1], TITLES[2], TITLES[0]]


async def test_at_the_end_of_the_list_the_focus_stays_with_the_story(chromium, address):
    async with at(chromium, address) as page:
        up = named(page, f"Move up: {TITLES[1]}")
        await up.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#said")).to_have_text("Moved: 1 of 6.")
        await expect(up).to_be_disabled()
        await expect(named(page, f"Move down: {TITLES[1]}")).to_be_focused()


async def test_a_story_is_dragged_to_its_place(chromium, address):
    async with at(chromium, address, viewport={"width": 1400, "height": 2600}) as page:
        grip = page.locator("#rows > li").first.locator(".grip")
        await grip.drag_to(page.locator("#rows > li").nth(2), target_position={"x": 60, "y": 100})
        await expect(page.locator("#said")).to_have_text("Moved: 3 of 6.")
        await expect(mail(page).locator("h2").nth(2)).to_have_text(TITLES[0])
        assert (await rows(page))[:3] == [TITLES[1], TITLES[2], TITLES[0]]


async def test_a_pinned_story_comes_first_and_a_dropped_one_goes_and_comes_back(chromium, address):
    async with at(chromium, address) as page:
        await named(page, f"Pin first: {TITLES[3]}").click()
        await expect(named(page, f"Pin first: {TITLES[3]}")).to_have_attribute("aria-pressed", "true")
        await expect(mail(page).locator("h2").first).to_have_text(TITLES[3])
        await named(page, f"Leave out: {TITLES[0]}").click()
        await expect(page.locator("#said")).to_have_text("Left out.")
        await expect(named(page, f"Leave out: {TITLES[1]}")).to_be_focused()
        assert TITLES[0] not in await told(page)
        await named(page, f"Tell it again: {TITLES[0]}").click()
        await expect(mail(page).locator("h2", has_text=TITLES[0])).to_have_count(1)


async def test_a_story_below_the_cut_can_be_told(chromium, address):
    async with at(chromium, address) as page:
        await page.locator(".spare summary").click()
        await named(page, "Tell it: Ferry runs late").click()
        await expect(page.locator("#said")).to_contain_text("Added")
        assert "Ferry runs late" in await told(page)


async def test_nothing_is_kept_until_it_is_saved(chromium, address):
    async with at(chromium, address) as page:
        await named(page, f"Leave out: {TITLES[0]}").click()
        await expect(page.get_by_text("Not saved yet.")).to_be_visible()
        await named(page, "Discard").click()
        await expect(page.get_by_text("Not saved yet.")).to_have_count(0)
        assert (await rows(page))[0] == TITLES[0]
        await named(page, f"Leave out: {TITLES[0]}").click()
        await named(page, "Save").click()
        await expect(page.locator("#said")).to_have_text("Saved.")
        await expect(page.locator("#stories summary .pill").first).to_have_text("edited")
        await page.reload()
        assert (await rows(page))[0] == TITLES[1]
        await named(page, "Undo all edits").click()
        await expect(page.locator("#rows .title").first).to_have_text(TITLES[0])


async def test_the_intro_is_taken_over_while_it_is_typed_and_is_not_lost(chromium, address):
    async with at(chromium, address) as page:
        await page.get_by_label("Intro").fill("Mind the <b>tide</b>.")
        await expect(page.locator("#said")).to_have_text("The intro is changed.")
        await expect(page.get_by_label("Intro")).to_be_focused()
        await named(page, f"Move down: {TITLES[0]}").click()
        await expect(page.locator("#said")).to_contain_text("Moved")
        await expect(page.get_by_label("Intro")).to_have_value("Mind the <b>tide</b>.")
        await named(page, "Discard").click()
        await expect(page.get_by_label("Intro")).to_have_value("Good morning.")


async def test_sentences_are_chosen_by_ticking_them_and_stay_text(chromium, address):
    async with at(chromium, address) as page:
        row = page.locator("#rows > li").first
        await row.locator(".sentences summary").click()
        await row.get_by_label("Another one.").check()
        await expect(page.locator("#said")).to_have_text("Its sentences are chosen: 1 of 6.")
        await expect(row.locator(".sentences")).to_have_attribute("open", "")
        await expect(row.locator(".sentences summary")).to_contain_text("2 of 3, chosen by hand")
        await expect(row.get_by_label("<b>Bold</b> it is.")).to_be_visible()
        await row.get_by_role("button", name="Back to the program's choice").click()
        await expect(row.locator(".sentences summary")).to_have_text("Sentences 1 of 3")


async def test_what_an_act_was_refused_for_is_said(chromium, address):
    async with at(chromium, address, "?issue=morning/11") as page:
        await expect(page.locator("#stories")).to_contain_text("It is sent.")
        assert await page.locator("#edit button").count() == 0
    async with at(chromium, address) as page:
        for title in (*TITLES[:4], "Ferry runs late", "Market moves to the quay", HOSTILE):
            await named(page, f"Leave out: {title}").click()
            await expect(named(page, f"Leave out: {title}")).to_have_count(0)
        await named(page, f"Leave out: {TITLES[4]}").click()
        await expect(page.locator("#said.refused")).to_have_text("An issue needs a story: this is the last one.")
        assert await rows(page) == [TITLES[4]]


async def test_another_page_sees_what_is_on_the_desk(chromium, address):
    async with at(chromium, address) as one, at(chromium, address) as other:
        await expect(other.locator("#live")).to_contain_text("Live")
        await named(one, f"Leave out: {TITLES[0]}").click()
        await expect(other.locator("#rows .title").first).to_have_text(TITLES[1])
        await expect(other.get_by_text("Not saved yet.")).to_be_visible()


async def test_editing_works_without_javascript(chromium, address):
    async with at(chromium, address, java_script_enabled=False) as page:
        await press(page, "Phone")
        await page.get_by_label("Intro").fill("By form alone.")
        await named(page, f"Move down: {TITLES[0]}").click()
        await expect(page.locator("#said")).to_have_text("Moved: 2 of 6.")
        await expect(page.get_by_label("Intro")).to_have_value("By form alone.")
        assert "device=phone" in page.url
        await named(page, "Save").click()
        await expect(page.locator("#said")).to_have_text("Saved.")
        assert (await rows(page))[:2] == [TITLES[1], TITLES[0]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1200, 375])
async def test_an_edited_issue_stands_in_nobodys_way(chromium, address, scheme, wide):
    async with at(chromium, address, color_scheme=scheme, viewport={"width": wide, "height": 800}) as page:
        await named(page, f"Pin first: {TITLES[2]}").click()
        await expect(page.locator("#said")).to_contain_text("Pinned")
        await named(page, f"Leave out: {TITLES[0]}").click()
        await expect(page.locator("#said")).to_have_text("Left out.")
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") == wide
