"""How long until a person sees it: the first page, and a changed template. python tests/bench/bench_preview.py

A real `digest preview` of the sample's feeds in Chromium, which is open before it. The rival is a plain reload of the same
page. "Server" is what the machine's processor did for it, which a busy machine does not change.
"""

import asyncio
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright
from starlette.applications import Starlette

from digest import sample as shipped
from digest.web import server
from digest.web.preview import sample

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """[digest]
templates = "templates"
postal_address = "1 Example Street"
[mail]
sender = "a@example.org"
[collect]
allow_private = ["127.0.0.1"]
[newsletters.coast]
title = "Coast"
feeds = [{feeds}]
"""
TEMPLATE = '{%% extends "builtin/digest.html.j2" %%}\n{%% block masthead %%}<p id="round">%d</p>{%% endblock %%}\n'
ROUNDS = 9
# When the frame was painted that shows the text, by the clock of all: looked for before each of the screen's frames.
SEEN = """n => new Promise(seen => {
  const shown = () => document.getElementById('mail').contentDocument?.getElementById('round')?.textContent === String(n);
  const painted = () => seen((performance.timeOrigin + performance.now()) / 1000);
  const look = () => requestAnimationFrame(() => shown() ? setTimeout(painted) : look());
  look();
})"""


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "templates" / "digest.html.j2"
        template.parent.mkdir()
        template.write_text(TEMPLATE % 0, encoding="utf-8")
        async with server.serve(Starlette(routes=[sample.route()])) as site, async_playwright() as playwright:
            feeds = ", ".join(f'"{site}{sample.ROOT}{path}"' for path in shipped.FEEDS)
            (Path(folder) / "digest.toml").write_text(CONFIG.format(feeds=feeds), encoding="utf-8")
            await (await digest(folder, "collect")).wait()
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            begun = time.perf_counter()
            process = await digest(folder, "preview", "--port", "0", "--no-browser")
            address = (await process.stdout.readline()).decode().split()[-1]
            ready = time.perf_counter() - begun
            try:
                await look(browser, process.pid, address, template, ready)
            finally:
                process.send_signal(signal.SIGINT)
                await process.wait()
                await browser.close()


async def digest(folder: str, *words: str) -> asyncio.subprocess.Process:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-m", "digest", *words)
    return await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE)


async def look(browser: Browser, pid: int, address: str, template: Path, ready: float) -> None:
    page = await browser.new_page()
    first, first_cpu = await timed(pid, page.goto(address))
    sampled, sampled_cpu = await timed(pid, page.goto(f"{address}?issue=sample"))
    await page.goto(address)
    await page.locator("#live[data-state=on]").wait_for()
    changes = [await changed(pid, page, template, number) for number in range(1, ROUNDS + 1)]
    reloads = [await timed(pid, page.reload()) for _ in range(ROUNDS)]
    reload, reload_cpu = (statistics.median(each) for each in zip(*reloads, strict=True))
    change, change_cpu = (statistics.median(each) for each in zip(*changes, strict=True))
    print(f"{'':34} {'ms':>7}  {'server ms':>9}  {'of a reload':>11}")
    for name, took, server_took in (
        ("start to printed address", ready, float("nan")),
        ("first page, asked at once", first, first_cpu),
        ("first page of the sample", sampled, sampled_cpu),
        ("template saved to mail refreshed", change, change_cpu),
        ("plain reload of the page", reload, reload_cpu),
    ):
        print(f"{name:34} {took * 1000:7.0f}  {server_took * 1000:9.0f}  {took / reload:11.2f}")


async def timed(pid: int, work: object) -> tuple[float, float]:
    """Seconds by the clock, and of the server's processor."""
    begun, used = time.perf_counter(), cpu(pid)
    await work
    return time.perf_counter() - begun, cpu(pid) - used


async def changed(pid: int, page: Page, template: Path, number: int) -> tuple[float, float]:
    watching = asyncio.create_task(page.evaluate(SEEN, number))
    await asyncio.sleep(0.5)  # the panels of the round before
    begun, used = time.time(), cpu(pid)
    template.write_text(TEMPLATE % number, encoding="utf-8")
    seen = await watching
    return seen - begun, cpu(pid) - used


def cpu(pid: int) -> float:
    """Seconds of processor that process has had (proc(5): fields 14 and 15, in ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    asyncio.run(main())
