"""digest.toml → Config. Unknown keys are errors; every fault is shown at once, with file, key and remedy.

    config = load(Path("digest.toml"), environ=os.environ, providers={"mailbox", "resend"})

Any key can come from the environment as DIGEST_SECTION__KEY; lists and tables as JSON.
"""

from digest.config.load import find, load, parse, read, sound_part, spare
from digest.config.settings import (
    METHODS,
    Collecting,
    Config,
    FeedSettings,
    General,
    Mail,
    Newsletter,
    Privacy,
    Web,
    is_language,
)

__all__ = [
    "METHODS",
    "Collecting",
    "Config",
    "FeedSettings",
    "General",
    "Mail",
    "Newsletter",
    "Privacy",
    "Web",
    "find",
    "is_language",
    "load",
    "parse",
    "read",
    "sound_part",
    "spare",
]
