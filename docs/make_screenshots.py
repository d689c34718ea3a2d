"""Makes the pictures of the README and the gallery from the shipped sample: python docs/make_screenshots.py

Serves the sample's preview on loopback and looks at it with Chromium; nothing is fetched from elsewhere.
Pictures have a palette of 256 colours: a third of the bytes, and none is over 300 KB.
It needs Debian's chromium and `pip install -e '.[docs]'`.

    docs/images/issue-light.png, issue-dark.png   the issue's first screen, 680 pixels wide at twice the density
    docs/images/preview.png                       the preview with the phone's frame
    docs/images/gallery/LAYOUT-MODE-WIDTH.png     every layout, light and dark, at 375 and 1200 pixels
    docs/gallery.md                               those pictures on one page
"""

import asyncio
import io
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

DOCS = Path(__file__).resolve().parent
IMAGES = DOCS / "images"
GALLERY = IMAGES / "gallery"
WIDTHS = (375, 1200)
MOST = 300_000  # bytes of one picture
CONFIG = """
[digest]
postal_address = "The Coast Digest, 4 Harbour Steps, 24101 Port Ellin"
[mail]
sender = "The Coast Digest <digest@example.org>"
[newsletters.coast]
title = "The Coast Digest"
timezone = "Europe/Berlin"
"""


async def main() -> None:
    """Makes them all."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or sys.exit(
        "There is no chromium: install Debian's, as in `apt-get install chromium`."
    )
    async with preview() as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for mode in ("light", "dark"):
            await mail(browser, address, IMAGES / f"issue-{mode}.png", width=680, height=900, mode=mode, scale=2)
        await page(browser, address, IMAGES / "preview.png")
        layouts = await choices(browser, address)
        for layout in layouts:
            for mode in ("light", "dark"):
                for width in WIDTHS:
                    file = GALLERY / f"{layout}-{mode}-{width}.png"
                    await mail(browser, address, file, width=width, height=1400, mode=mode, layout=layout)
        await browser.close()
    write_gallery(layouts)


@asynccontextmanager
async def preview() -> AsyncIterator[str]:
    """The address of `digest preview`, running in a folder that goes again."""
    with tempfile.TemporaryDirectory(prefix="newsdigest-") as folder:
        (Path(folder) / "digest.toml").write_text(CONFIG, encoding="utf-8")
        environ = {**os.environ, "PYTHONPATH": str(DOCS.parent)}
        command = (sys.executable, "-m", "digest", "preview", "--port", "0", "--no-browser")
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        yield line.split()[-1]
        process.send_signal(signal.SIGINT)
        await process.wait()


async def mail(
    browser: Browser, address: str, file: Path, *, width: int, height: int, mode: str, layout: str = "", scale: int = 1
) -> None:
    """The sample issue alone, its top."""
    context = await browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale)
    opened = await context.new_page()
    await opened.goto(f"{address}mail?{urlencode({'issue': 'sample', 'mode': mode, 'layout': layout})}")
    await opened.wait_for_load_state("networkidle")
    await shot(opened, file)
    await context.close()


async def page(browser: Browser, address: str, file: Path) -> None:
    """The preview itself."""
    context = await browser.new_context(viewport={"width": 1400, "height": 900}, device_scale_factor=2)
    opened = await context.new_page()
    await opened.goto(f"{address}?{urlencode({'issue': 'sample', 'device': 'phone'})}")
    await opened.locator("#live[data-state=on]").wait_for()  # its stream stays open: the network is never idle
    await opened.frame_locator("iframe").locator("body").wait_for()
    await opened.evaluate(_SETTLED)
    await shot(opened, file)
    await context.close()


async def shot(opened: Page, file: Path) -> None:
    """What the page shows, as a PNG with a palette; ends the program where that is too large to ship."""
    with Image.open(io.BytesIO(await opened.screenshot())) as picture:
        made = io.BytesIO()
        picture.convert("RGB").quantize(256, kmeans=4, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    if len(made.getvalue()) > MOST:
        sys.exit(f"{file} would have more than {MOST} bytes: make it smaller.")
    await asyncio.to_thread(file.write_bytes, made.getvalue())


async def choices(browser: Browser, address: str) -> list[str]:
    """The layouts there are."""
    opened = await browser.new_page()
    await opened.goto(f"{address}?issue=sample")
    values = await opened.get_by_label("Layout").locator("option").all_text_contents()
    await opened.close()
    return values[1:]


def write_gallery(layouts: list[str]) -> None:
    """The page that shows them side by side."""
    lines = ["# Gallery", "", "The shipped sample in every layout. Made by `python docs/make_screenshots.py`."]
    for layout in layouts:
        lines += ["", f"## {layout}", "", "| light | dark |", "| --- | --- |"]
        for width in reversed(WIDTHS):
            cells = [
                f"![{layout}, {mode}, {width} pixels wide](images/gallery/{layout}-{mode}-{width}.png)"
                for mode in ("light", "dark")
            ]
            lines.append(f"| {' | '.join(cells)} |")
    (DOCS / "gallery.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


_SETTLED = """async () => {
  const pictures = [...document.getElementById("mail").contentDocument.images];
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => undefined)));
}"""

if __name__ == "__main__":
    asyncio.run(main())
