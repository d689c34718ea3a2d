"""A kit for commands that work without a configuration: a page or a feed named on the command line, nothing kept."""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from digest import config as settings
from digest.cli import desk
from digest.config import Collecting, Config, General, Mail, Newsletter, Web
from digest.pipeline.kit import Kit


def config(folder: Path, given: Path | None, *, newsletters: dict[str, Newsletter] | None = None) -> Config:
    """A configuration whose database lies in `folder`; where there is a digest.toml, its network rules hold."""
    path = settings.find(given, os.environ)
    found = desk.load(given) if given or path.exists() else None
    return Config(
        path=folder / "digest.toml",
        digest=General(
            database="sqlite:///digest.db",
            public_url=found.digest.public_url if found else "http://127.0.0.1:8765",
            postal_address=found.digest.postal_address if found and found.digest.postal_address else "Your address",
        ),
        mail=Mail(sender="Newsdigest <preview@example.org>"),
        web=found.web if found else Web(),
        collect=found.collect if found else Collecting(),
        newsletters=newsletters or {},
    )


@contextlib.asynccontextmanager
async def kit(given: Path | None, *, trusted: tuple[str, ...] = ()) -> AsyncIterator[Kit]:
    """All of it over a database that goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix="newsdigest-") as folder:
        async with desk.kit(config(Path(folder), given), trusted=trusted) as opened:
            yield opened
