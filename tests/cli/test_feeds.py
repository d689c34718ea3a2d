"""feeds: found behind a page, written into digest.toml without disturbing it, as OPML in and out."""

import tomllib

from digest import sample


def urls(desk) -> list[str]:
    listed = tomllib.loads(desk.config.read_text("utf-8"))["newsletters"]["morning"]["feeds"]
    return [feed if isinstance(feed, str) else feed["url"] for feed in listed]


def test_the_feed_behind_a_page_is_found_and_added(desk) -> None:
    desk.configure(feeds=[])
    added = desk.digest("feeds", "add", desk.site.base + "/gazette/index.html", "--section", "City", "--json")
    assert (added.code, added.json["added"]) == (0, True)
    assert urls(desk) == [desk.site.base + "/gazette/feed.xml"]
    assert desk.digest("feeds", "add", desk.site.base + "/gazette/feed.xml").code == 3


def test_comments_survive(desk) -> None:
    desk.config.write_text(desk.config.read_text("utf-8").replace("[mail]", "# mine\n[mail]"), "utf-8")
    gone = desk.site.base + sample.FEEDS[0]
    assert desk.digest("feeds", "remove", gone).code == 0
    assert "# mine\n[mail]" in desk.config.read_text("utf-8")
    assert gone not in urls(desk)


def test_opml_goes_out_and_in(desk) -> None:
    exported = desk.digest("feeds", "export").out
    (desk.folder / "all.opml").write_text(exported, "utf-8")
    before = urls(desk)
    desk.configure(feeds=[])
    assert desk.digest("feeds", "import", "all.opml").code == 0
    assert sorted(urls(desk)) == sorted(before)
    assert desk.digest("feeds", "import", "all.opml").code == 3


def test_a_page_without_a_feed_is_named(desk) -> None:
    desk.site.pages["/plain.html"] = ("text/html", b"<!doctype html><title>x</title><p>Nothing here.")
    before = desk.config.read_bytes()
    found = desk.digest("feeds", "add", desk.site.base + "/plain.html")
    assert found.code in {1, 2}
    assert "/plain.html" in found.err
    assert desk.config.read_bytes() == before


def test_the_list_says_how_each_feed_fares(desk) -> None:
    bad = desk.site.base + "/no-such-feed.xml"
    desk.configure(feeds=[desk.site.base + sample.FEEDS[0], bad])
    desk.digest("collect")
    feeds = {feed["url"]: feed for feed in desk.digest("feeds", "list", "--json").json["feeds"]}
    assert feeds[bad]["error"]
    assert feeds[desk.site.base + sample.FEEDS[0]]["error"] is None
    status = desk.digest("status", "--json").json
    assert {"newsletters", "feeds", "issues", "deliveries"} <= set(status)
