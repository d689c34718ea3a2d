"""feeds: found behind a page, written into digest.toml without disturbing it, as OPML in and out."""

import re
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


# ------------------------------------------------------------------ a site without a feed; what a first poll lets in

HOME = "<!doctype html><title>City</title><main>{}</main>"


def city(desk, *, stories: int = 5) -> None:
    """Serves a site of some stories that has no feed."""
    from collect.making import page, prose

    links = "".join(f'<h2><a href="/city/2026/11/story-{n}">Story number {n}</a></h2>' for n in range(stories))
    desk.site.pages["/city/"] = ("text/html", HOME.format(links).encode())
    for n in range(stories):
        desk.site.pages[f"/city/2026/11/story-{n}"] = ("text/html", page(f"Story {n} told", prose(n)).encode())


def listed(desk) -> dict[str, object]:
    (feed,) = tomllib.loads(desk.config.read_text("utf-8"))["newsletters"]["morning"]["feeds"]
    return feed if isinstance(feed, dict) else {"url": feed}


def test_a_page_of_a_site_without_a_feed_is_added_as_a_page_and_said_to_be(desk) -> None:
    city(desk)
    desk.configure(feeds=[])
    url = desk.site.base + "/city/"
    added = desk.digest("feeds", "add", url)
    assert added.code == 0
    assert "no feed was found" in added.err
    assert listed(desk) == {"url": url, "kind": "page"}
    assert desk.digest("collect", "--json").json["articles"] == 5
    titles = {article["title"] for article in desk.digest("articles", "--json").json}
    assert titles == {f"Story {n} told" for n in range(5)}
    assert desk.digest("feeds", "add", url, "--json").json == {"url": url, "kind": "page", "added": False}


def test_kind_is_taken_at_its_word(desk) -> None:
    city(desk)
    desk.configure(feeds=[])
    assert desk.digest("feeds", "add", desk.site.base + "/city/", "--kind", "sitemap").code == 1
    assert desk.digest("feeds", "add", desk.site.base + "/city/", "--kind", "book").code == 2
    assert urls(desk) == []
    assert desk.digest("feeds", "add", desk.site.base + "/city/", "--kind", "page", "--json").json["kind"] == "page"


def new_stories(desk) -> int:
    made = desk.digest("build", "morning", "--dry-run", "--json")
    return len(made.json["stories"]) if made.code == 0 else 0


def test_since_decides_what_the_next_issue_has(desk) -> None:
    from datetime import timedelta

    from collect.making import entry, rss

    now = desk.site.now
    dated = [entry(n, published=now - timedelta(days=10 * n, hours=1)) for n in range(1, 16)]
    desk.site.pages["/old.xml"] = ("application/xml", rss(dated).encode())
    url = desk.site.base + "/old.xml"
    day = f"{now - timedelta(days=35):%Y-%m-%d}"
    for since, expected in (("", 10), (day, 3), ("all", 15), ("none", 0)):
        desk.configure(feeds=[], stories=50)
        (desk.folder / "digest.db").unlink(missing_ok=True)
        assert desk.digest("feeds", "add", url, *(("--since", since) if since else ())).code == 0
        assert desk.digest("collect", "--json").json["articles"] == 15
        assert len(desk.digest("articles", "--json").json) == 15
        assert new_stories(desk) == expected, since


def test_since_comes_too_late_for_a_feed_that_was_collected(desk) -> None:
    url = desk.site.base + sample.FEEDS[0]
    desk.configure(feeds=[url])
    desk.digest("collect")
    desk.configure(feeds=[])
    added = desk.digest("feeds", "add", url, "--since", "none")
    assert added.code == 0
    assert "--since changes nothing" in added.err


def test_a_since_that_is_no_day_is_said_to_be_none(desk) -> None:
    desk.configure(feeds=[])
    refused = desk.digest("feeds", "add", desk.site.base + sample.FEEDS[0], "--since", "yesterday")
    assert refused.code == 2
    assert "2026-11-23" in refused.err
    assert urls(desk) == []


def test_the_status_names_what_the_owner_should_know(desk) -> None:
    from datetime import timedelta

    from collect.making import entry, rss

    now = desk.site.now
    quiet = [entry(n, published=now - timedelta(days=400 + n)) for n in range(9)]
    desk.site.pages["/quiet.xml"] = ("application/xml", rss(quiet).encode())
    desk.configure(feeds=[desk.site.base + "/quiet.xml"])
    desk.digest("collect")
    (feed,) = desk.digest("status", "--json").json["feeds"]
    assert [concern.partition(" ")[0] for concern in feed["concerns"]] == ["silent:"]
    assert re.search(r"/quiet.xml +active .* silent: by", desk.digest("status").out)
