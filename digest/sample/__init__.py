"""The sample of ``digest demo``: four invented publishers of an invented coast.

``site/`` holds their feeds, pages and pictures as they are served, save for
tokens that :func:`page` replaces while it reads: ``@BASE@`` is the address of
the site, and ``@rfc822:-26h30m@``, ``@rfc3339:-26h30m@`` and
``@human:-26h30m@`` are the time that long before now. The texts carry the
bylines, datelines, credits and pleas that real feeds carry; :func:`junk` lists
them. All of it, people, places and events, is fiction written for the sample.
"""

import re
import shutil
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

__all__ = ["FEEDS", "copy", "junk", "page"]

FEEDS: tuple[str, ...] = (
    "/gazette/feed.xml",
    "/signal/atom.xml",
    "/tidelines/feed.json",
    "/courier/rss.xml",
)

_HERE = Path(__file__).parent
_PATH = re.compile(r"/(?:[a-z0-9-]+/)*(?:[a-z0-9-]+\.[a-z]+)?")
_TOKEN = re.compile(r"@(?:BASE|(rfc822|rfc3339|human):-(?:(\d+)h)?(?:(\d+)m)?)@")
_FOLDER = re.compile(r"(@BASE@[^\"'#\s]*/)(?=[\"'#])")  # a link to a folder
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".json": "application/feed+json; charset=utf-8",
    ".xml": "application/rss+xml; charset=utf-8",
}
_ATOM = "application/atom+xml; charset=utf-8"
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def page(path: str, *, base: str, now: datetime) -> tuple[str, bytes] | None:
    """Give the media type and the body of what is served at ``path``, or None.

    ``base`` is the address of the site without a slash at its end; ``now``
    is the time, with its zone, from which the dates of the articles count.
    """
    file = _file(path)
    if file is None:
        return None
    body = file.read_bytes()
    if file.suffix != ".jpg":
        body = _filled(body.decode(), base, now).encode()
    return _ATOM if file.name == "atom.xml" else _TYPES[file.suffix], body


def copy(folder: Path, *, now: datetime) -> None:
    """Write the site below ``folder``, to be read there as files: its links are relative, and name ``index.html``.

    ``now`` is the time, with its zone, from which the dates of the articles count.
    """
    site = _HERE / "site"
    for file in sorted(path for path in site.rglob("*") if path.suffix in _TYPES):
        place = file.relative_to(site)
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".jpg":
            shutil.copyfile(file, target)
        else:
            text = _FOLDER.sub(r"\1index.html", file.read_text(encoding="utf-8"))
            up = "/".join([".."] * (len(place.parts) - 1)) or "."
            target.write_text(_filled(text, up, now), encoding="utf-8")


def junk() -> tuple[str, ...]:
    """Give every line of the texts that no issue may show, as it reads there."""
    return tuple((_HERE / "junk.txt").read_text(encoding="utf-8").splitlines())


def _file(path: str) -> Path | None:
    """Give the file served at ``path``: plain names only, so none outside the site."""
    if not _PATH.fullmatch(path):
        return None
    name = path + "index.html" if path.endswith("/") else path
    file = _HERE / "site" / name[1:]
    return file if file.suffix in _TYPES and file.is_file() else None


def _filled(text: str, base: str, now: datetime) -> str:
    """Give ``text`` with the address and the dates in place of the tokens."""

    def value(token: re.Match[str]) -> str:
        form, hours, minutes = token.groups()
        if form is None:
            return base
        ago = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return _date(form, now.astimezone(UTC) - ago)

    return _TOKEN.sub(value, text)


def _date(form: str, at: datetime) -> str:
    """Give the time ``at``, which is in UTC, written in the named form."""
    if form == "rfc822":
        return format_datetime(at, usegmt=True)
    if form == "rfc3339":
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}"
