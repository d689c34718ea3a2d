"""Makes `clients.json`, the trimmed table of what mail programs support, from caniemail.com's data (MIT).

For maintainers, now and then:

    npm pack caniemail && tar xzf caniemail-*.tgz
    python -m digest.render.caniemail package/dist/data/caniemail.json
    cp package/LICENSE digest/render/clients.LICENSE
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path(__file__).with_name("clients.json")
CLIENTS: Final = {
    "Apple Mail on macOS": ("apple-mail", "macos"),
    "Apple Mail on iOS": ("apple-mail", "ios"),
    "Gmail": ("gmail", "desktop-webmail"),
    "Gmail on iOS": ("gmail", "ios"),
    "Gmail on Android": ("gmail", "android"),
    "Outlook on Windows": ("outlook", "windows"),
    "Outlook on macOS": ("outlook", "macos"),
    "Outlook.com": ("outlook", "outlook-com"),
    "Outlook on iOS": ("outlook", "ios"),
    "Outlook on Android": ("outlook", "android"),
    "Yahoo Mail": ("yahoo", "desktop-webmail"),
    "Yahoo Mail on iOS": ("yahoo", "ios"),
    "Yahoo Mail on Android": ("yahoo", "android"),
    "Samsung Email": ("samsung-email", "android"),
    "Thunderbird": ("thunderbird", "macos"),
    "GMX": ("gmx", "desktop-webmail"),
    "WEB.DE": ("web-de", "desktop-webmail"),
    "Proton Mail": ("protonmail", "desktop-webmail"),
    "Fastmail": ("fastmail", "desktop-webmail"),
}


def newest(versions: Mapping[str, str]) -> str:
    """The letter of the newest version: y yes, n no, a in part, u unknown. The data's own order is not reliable.

    >>> newest({"16.80": "y", "2016": "n"}), newest({})
    ('n', 'u')
    """
    if not versions:
        return "u"
    return versions[max(versions, key=lambda version: [int(part) for part in re.findall(r"\d+", version)])][0]


def trimmed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The table: for each feature of CSS and HTML and each image format a letter for each of CLIENTS, in order."""
    features = {
        feature["slug"]: "".join(
            newest(feature["stats"].get(family, {}).get(platform, {})) for family, platform in CLIENTS.values()
        )
        for feature in data["data"]
        if feature["category"] in {"css", "html", "image"}
    }
    return {
        "source": "caniemail.com, MIT licence, see clients.LICENSE",
        "updated": data["last_update_date"][:10],
        "clients": list(CLIENTS),
        "features": dict(sorted(features.items())),
    }


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    TABLE.write_text(json.dumps(trimmed(given), indent=0, ensure_ascii=False) + "\n", "utf-8")
