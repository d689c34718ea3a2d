"""How long until a person sees it: the first page, and a changed template. python tests/bench/bench_preview.py

The sample issue in Chromium over a real `digest preview`; the rival is a plain reload of the same page.
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

from playwright.async_api import Page, async_playwright

ROOT = Path(__file__).resolve().parents[2]
CONFIG = '[digest]\ntemplates = "templates"\npostal_address = "1 Example Street"\n[mail]\nsender = "a@example.org"\n'
TEMPLATE = '{%% extends "builtin/digest.html.j2" %%}\n{%% block masthead %%}<p id="round">%d</p>{%% endblock %%}\n'
ROUNDS = 9
SEEN = "n => document.getElementById('mail').contentDocument?.getElementById('round')?.textContent === String(n)"


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "templates" / "digest.html.j2"
        template.parent.mkdir()
        template.write_text(TEMPLATE % 0, encoding="utf-8")
        (Path(folder) / "digest.toml").write_text(CONFIG + '[newsletters.coast]\ntitle = "Coast"\n', encoding="utf-8")
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = (sys.executable, "-m", "digest", "preview", "--port", "0", "--no-browser")
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE
        )
        address = (await process.stdout.readline()).decode().split()[-1]
        ready = time.perf_counter() - begun
        try:
            await look(address, template, ready)
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()


async def look(address: str, template: Path, ready: float) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page()
        begun = time.perf_counter()
        await page.goto(f"{address}?issue=sample")
        first = time.perf_counter() - begun
        await page.locator("#live[data-state=on]").wait_for()
        changes = [await changed(page, template, number) for number in range(1, ROUNDS + 1)]
        reloads = [await reloaded(page) for _ in range(ROUNDS)]
        await browser.close()
    reload = statistics.median(reloads)
    print(f"{'':34} {'ms':>7}  {'of a reload':>11}")
    for name, took in (
        ("start to printed address", ready),
        ("first page (sample told anew)", first),
        ("template saved to mail refreshed", statistics.median(changes)),
        ("plain reload of the page", reload),
    ):
        print(f"{name:34} {took * 1000:7.0f}  {took / reload:11.2f}")


async def changed(page: Page, template: Path, number: int) -> float:
    watching = asyncio.create_task(page.wait_for_function(SEEN, arg=number, polling="raf"))
    await asyncio.sleep(0.2)  # the watcher's debounce of the round before
    begun = time.perf_counter()
    template.write_text(TEMPLATE % number, encoding="utf-8")
    await watching
    return time.perf_counter() - begun


async def reloaded(page: Page) -> float:
    begun = time.perf_counter()
    await page.reload()
    return time.perf_counter() - begun


if __name__ == "__main__":
    asyncio.run(main())
