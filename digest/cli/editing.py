"""Changing the feeds in digest.toml without disturbing a comment of it."""

from typing import Any

from digest.config import Config, FeedSettings


def change(config: Config, newsletter: str, new: list[FeedSettings] | tuple[()], gone: list[str] | tuple[()]) -> None:
    """Changes one list of digest.toml, whole or not at all."""
    import tomlkit

    document = tomlkit.parse(config.path.read_text(encoding="utf-8"))
    letter: Any = document["newsletters"][newsletter]
    if "feeds" not in letter:
        letter["feeds"] = tomlkit.array().multiline(multiline=True)
    listed = letter["feeds"]
    for url in gone:
        for at in [i for i, feed in enumerate(listed) if (feed if isinstance(feed, str) else feed["url"]) == url]:
            del listed[at]
    for feed in new:
        listed.append(_item(feed))
    listed.multiline(True)
    temporary = config.path.with_suffix(".toml.new")
    temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
    temporary.replace(config.path)


def _item(feed: FeedSettings) -> object:
    """Its address alone, or a table where more is said."""
    import tomlkit

    more = feed.model_dump(exclude_defaults=True)
    if set(more) == {"url"}:
        return feed.url
    table = tomlkit.inline_table()
    table.update(more)
    return table
